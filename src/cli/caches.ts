import { bytes } from './numbers.ts';

/** Where the working set of one worker outgrows a cache. */
export interface CacheMark {
  readonly workers: number;
  /** "L2" */
  readonly cache: string;
  readonly bytes: number;
  /** Between two of the measured batch sizes. */
  readonly batchSize: number;
}

/** As `describeEnvironment` lists them. */
type Caches = readonly {
  readonly level: number;
  readonly type: string;
  readonly bytes: number;
  readonly sharedBy?: number | undefined;
}[];

/** A data cache of one core, by level. */
interface Cache {
  readonly name: string;
  readonly bytes: number;
  readonly sharedBy: number | undefined;
}

interface Sized {
  readonly batchSize: number;
  readonly workers: number;
  /** Bytes. */
  readonly workingSet: number;
}

function dataCaches(caches: Caches): Cache[] {
  return caches
    .filter(({ type, bytes: size }) => type !== 'Instruction' && size > 0)
    .map(({ level, type, bytes: size, sharedBy }) => ({
      name: `L${level}${type === 'Data' ? 'd' : ''}`,
      bytes: size,
      sharedBy,
    }))
    .sort((a, b) => a.bytes - b.bytes);
}

/**
 * The batch sizes at which the working set of one worker passes the caches, one for each number of workers and cache that is
 * passed within the range. A working set is weights plus rows times the bytes of a row, so between two batch sizes it is
 * taken to grow in proportion to B.
 */
export function cacheMarks(points: readonly Sized[], caches: Caches): CacheMark[] {
  return [...bySeries(points)].flatMap(([workers, own]) =>
    dataCaches(caches).flatMap(({ name, bytes: size }) => {
      const after = own.findIndex((point, i) => i > 0 && point.workingSet > size && own[i - 1]!.workingSet <= size);
      if (after === -1) return [];
      const [a, b] = [own[after - 1]!, own[after]!];
      const share = (size - a.workingSet) / (b.workingSet - a.workingSet);
      return [{ workers, cache: name, bytes: size, batchSize: a.batchSize + share * (b.batchSize - a.batchSize) }];
    }),
  );
}

/** For each number of workers, which caches the working set of one worker fits into, and from which batch size on it does not. */
export function cachesInWords(points: readonly Sized[], caches: Caches): string[] {
  const known = dataCaches(caches);
  if (known.length === 0) return ['The machine does not tell the sizes of its caches: none is marked.'];
  const marks = cacheMarks(points, caches);
  return [...bySeries(points)].map(([workers, own]) => {
    const [least, most] = [own[0]!.workingSet, Math.max(...own.map((point) => point.workingSet))];
    const said = known.map(({ name, bytes: size, sharedBy }) => {
      const shared = sharedBy !== undefined && sharedBy > 1 ? `, shared by ${sharedBy} CPUs` : '';
      const cache = `${name} (${bytes(size)}${shared})`;
      const mark = marks.find((one) => one.workers === workers && one.cache === name);
      if (mark) return `outgrows ${cache} at B = ${mark.batchSize.toFixed(0)}`;
      return least > size ? `is larger than ${cache} at every B` : `fits into ${cache} at every B`;
    });
    const range = least === most ? bytes(least) : `${bytes(least)} to ${bytes(most)}`;
    const on = `On ${workers} worker${workers > 1 ? 's' : ''}`;
    return `${on} the working set of one worker (${range}) ${listed(said)}.`;
  });
}

/** Points by number of workers, in rising order of batch size. */
function bySeries<T extends Sized>(points: readonly T[]): Map<number, T[]> {
  const series = new Map<number, T[]>();
  for (const point of points) series.set(point.workers, [...(series.get(point.workers) ?? []), point]);
  for (const own of series.values()) own.sort((a, b) => a.batchSize - b.batchSize);
  return series;
}

function listed(parts: readonly string[]): string {
  return parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : parts.join('');
}

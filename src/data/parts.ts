import { finite, flag, integer, wrongType, wrongValue } from '../core/checks.ts';
import { Random } from '../core/random.ts';
import { partsOfGroups } from './group-parts.ts';
import { stratifiedParts } from './stratified-parts.ts';

/** Of each row a number that says with which others it belongs. */
export interface RowKeys {
  /** Classes: each part is to have its share of each. */
  readonly classes?: Uint32Array | undefined;
  /** Groups: the rows of one stay together. */
  readonly groups?: Uint32Array | undefined;
  /** When each row was: the parts follow one another in time. */
  readonly times?: Float64Array | undefined;
}

/** How rows are put into an order before they are divided. */
export interface Shuffling {
  readonly seed?: number | undefined;
  readonly shuffle?: boolean | undefined;
}

/**
 * Divides rows into parts, the first with `share` of them.
 * @param share - in (0, 1), or a list of shares that add up to at most 1, the rest being the last part
 * @param count - of rows
 * @returns the rows of each part, as numbers in [0, count)
 * @throws TypeError, RangeError also where a part would be empty
 */
export function partsOf(
  share: number | readonly number[],
  { seed = 0, shuffle }: Shuffling,
  count: number,
  keys: RowKeys = {},
): Uint32Array[] {
  const shares = typeof share === 'number' ? [share] : share;
  if (!Array.isArray(shares)) throw wrongType('share', 'number or list of numbers', share);
  const points = splitPoints(shares as number[], count);
  integer('seed', seed, 0);
  const { classes, groups, times } = keys;
  if (times !== undefined) {
    if (shuffle === true) throw new TypeError('"shuffle" expected false or nothing beside "times": time is the order');
    return partsOfTime(times, points);
  }
  const order = Uint32Array.from({ length: count }, (_, row) => row);
  if (flag('shuffle', shuffle ?? true)) new Random(seed).shuffle(order);
  const sizes = points.slice(1).map((point, i) => point - points[i]!);
  if (groups !== undefined) return partsOfGroups(order, groups, classes, sizes);
  if (classes !== undefined) return stratifiedParts(order, classes, sizes);
  return points.slice(1).map((point, i) => order.slice(points[i], point));
}

/** 0, the end of each share, and the end. */
function splitPoints(shares: readonly number[], length: number): number[] {
  if (shares.length === 0) throw new RangeError('"share" expected at least one share, got none');
  let sum = 0;
  const points = [0];
  for (const share of shares) {
    sum += finite('share', share, 0, 1);
    points.push(Math.round(Math.min(1, sum) * length));
  }
  if (sum > 1 + 1e-9) throw wrongValue('share', 'shares that add up to at most 1', sum);
  // By the shares, as where rows are few a rest of them may be rounded to none.
  if (sum < 1 - 1e-9) points.push(length);
  const empty = points.findIndex((point, i) => i > 0 && point === points[i - 1]);
  if (empty > 0 || points.length < 3) {
    throw new RangeError(
      `"share" expected every part to hold a pattern, got shares ${shares.join(', ')} of ${length} patterns`,
    );
  }
  return points;
}

/** Rows in the order of time, cut where the time changes: as near to the points as can be. */
function partsOfTime(times: Float64Array, points: readonly number[]): Uint32Array[] {
  const order = Uint32Array.from({ length: times.length }, (_, row) => row);
  order.sort((a, b) => times[a]! - times[b]!);
  const sorted = Float64Array.from(order, (row) => times[row]!);
  const places = cutsInTime(sorted, points.slice(1, -1));
  return [0, ...places].map((from, i) => order.slice(from, places[i]));
}

/**
 * Places where the time changes, as near to the wanted ones as can be, each above the one before.
 * @param sorted - times, ascending
 * @param wanted - ascending
 * @throws RangeError where there are too few different times
 */
export function cutsInTime(sorted: Float64Array, wanted: readonly number[]): number[] {
  const changes: number[] = [];
  for (let i = 1; i < sorted.length; i++) if (sorted[i] !== sorted[i - 1]) changes.push(i);
  if (changes.length < wanted.length) {
    throw new RangeError(
      `"times" expected at least ${wanted.length + 1} different times for as many parts, got ${changes.length + 1}`,
    );
  }
  let at = -1;
  return wanted.map((cut, i) => {
    const most = changes.length - (wanted.length - i);
    at++;
    while (at < most && Math.abs(changes[at + 1]! - cut) <= Math.abs(changes[at]! - cut)) at++;
    return changes[at]!;
  });
}

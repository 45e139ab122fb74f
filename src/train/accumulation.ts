import { integer } from '../core/checks.ts';

/**
 * How a batch that is to need little memory goes through the network: B = microBatchSize x accumulation x workers. The gradients of
 * the passes are summed, and divided once by the rows of the batch: the update is that of the whole batch.
 */
export interface Accumulation {
  /** Rows of each worker that go through together. */
  readonly microBatchSize: number;
  /** Passes of each worker in an update. */
  readonly accumulation: number;
}

interface Given {
  readonly batchSize?: number | undefined;
  readonly microBatchSize?: number | undefined;
  readonly accumulation?: number | undefined;
  readonly workers?: number | undefined;
  readonly blockRows?: number | undefined;
  readonly strategy?: string | undefined;
}

const MOST = 2 ** 31 - 1;
const NAMES = ['microBatchSize', 'accumulation'] as const;

/**
 * The two factors of the batch size that were given, and the one that follows; undefined where neither was asked for.
 * @throws TypeError, RangeError naming the option
 */
export function resolveAccumulation(o: Given): Accumulation | undefined {
  const [first] = NAMES.filter((name) => o[name] !== undefined);
  if (first === undefined) return undefined;
  const micro = o.microBatchSize === undefined ? undefined : integer('microBatchSize', o.microBatchSize, 1, MOST);
  const passes = o.accumulation === undefined ? undefined : integer('accumulation', o.accumulation, 1, MOST);
  if (o.workers === undefined)
    throw new RangeError(`"${first}" expected "workers" beside it, which is a factor of the batch size, got none`);
  if (o.blockRows !== undefined)
    throw new RangeError(`"${first}" expected no "blockRows" beside it: the micro-batch is what goes through together`);
  if (o.strategy === 'hogwild')
    throw new RangeError(`"${first}" expected "strategy" other than hogwild, whose workers take whole batches`);
  const workers = integer('workers', o.workers, 1);
  if (o.batchSize === undefined) {
    if (micro === undefined)
      throw new RangeError('"accumulation" expected "microBatchSize" or "batchSize" beside it, got neither');
    return { microBatchSize: micro, accumulation: passes ?? 1 };
  }
  const B = integer('batchSize', o.batchSize, 1, MOST);
  if (micro !== undefined && passes !== undefined) {
    const product = micro * passes * workers;
    if (B !== product)
      throw new RangeError(
        `"batchSize" expected microBatchSize x accumulation x workers = ${micro} x ${passes} x ${workers} = ${product}, got ${B}`,
      );
    return { microBatchSize: micro, accumulation: passes };
  }
  const known = (micro ?? passes)! * workers;
  if (B % known !== 0)
    throw new RangeError(
      `"batchSize" expected a multiple of ${first} x workers = ${known / workers} x ${workers}, got ${B}`,
    );
  return { microBatchSize: micro ?? B / known, accumulation: passes ?? B / known };
}

/** @throws RangeError if a batch is to be divided whose size is not a number */
export function refuseAccumulation(o: Omit<Given, 'batchSize'>, batchSize: string): void {
  for (const name of NAMES)
    if (o[name] !== undefined)
      throw new RangeError(`"${name}" expected a number for "batchSize" beside it, or none, got ${batchSize}`);
}

import { wrongType } from '../core/checks.ts';
import { Random } from '../core/random.ts';
import { type NetworkSpec, trainingFlops } from '../core/spec.ts';
import { Dataset } from '../data/dataset.ts';
import type { Backend } from '../kernels/kernels.ts';
import { allocate } from '../memory/shared.ts';
import { Network } from '../nn/network.ts';
import { type NumericOptions, resolveOptions, type TrainerOptions } from './options.ts';
import { exactly } from './order.ts';
import type { BatchSizeChoice, EpochReport, FitOptions } from './report.ts';

/** What is searched: 16, 32, ..., 4096. */
const SIZES = Array.from({ length: 9 }, (_, i) => 2 ** (i + 4));
/** An update of the largest takes at most about so many operations, some 0.1 s: wide networks are at their best before. */
const MOST_FLOPS = 1e10;
const LEAST_LARGEST = 64;
/** How much longer a row may take than with the largest batch. */
const TOLERANCE = 0.08;
/** Seconds of training before the clock counts, and for each of the pieces that do. */
const WARM_UP = 0.04;
const PIECE = 0.012;
const PIECES = 5;
/** No more pieces are begun after so many seconds. */
const BUDGET = 0.06;

/** A learning rate with which made-up patterns do not make numbers grow. */
const TAME = 1e-3;

/** A trainer, as far as it is needed here. */
interface Trains {
  readonly info: { readonly backend: Backend };
  fit(data: Dataset, options: FitOptions): Promise<EpochReport[]>;
  close(): Promise<void>;
}

/**
 * The options with a number for the batch size; for 'auto' it is chosen for this network on this machine: the smallest with
 * which a row takes at most 8% longer than at best. Time per row falls to a plateau as B grows: a larger batch gains no time
 * and costs updates. Some four batch sizes are measured, by bisection, each on a trainer of its own with made-up patterns.
 * @param create - makes a trainer
 * @throws TypeError, RangeError naming the option, before anything is measured
 */
export async function decideBatchSize(
  network: Network,
  given: TrainerOptions,
  create: (network: Network, options: NumericOptions) => Promise<Trains>,
): Promise<{ numeric: NumericOptions; choice: BatchSizeChoice | undefined }> {
  if (given?.batchSize !== 'auto') return { numeric: given as NumericOptions, choice: undefined };
  if (!(network instanceof Network)) throw wrongType('network', 'Network', network);
  const { workers } = resolveOptions({ ...given, batchSize: undefined });
  const { spec } = network;
  const most = Math.max(LEAST_LARGEST, MOST_FLOPS / trainingFlops(spec));
  const sizes = SIZES.filter((size) => size <= most);
  const data = patterns(spec, sizes.at(-1)!);
  const made = new Network(spec);
  // That of the largest batch serves for all: where batches are long enough, so does the fastest backend.
  let { backend } = given;
  const choice = await searchBatchSize(sizes, async (batchSize) => {
    const options = { ...given, workers, backend, learningRate: TAME, trace: undefined, batchSize };
    const trainer = await create(made, options);
    ({ backend } = trainer.info);
    try {
      return await secondsPerRow(trainer, data, batchSize);
    } finally {
      await trainer.close();
    }
  });
  return { numeric: { ...given, batchSize: choice.batchSize }, choice };
}

/** Bisects for the smallest batch size that is fast enough; `measure` gives seconds per row. */
export async function searchBatchSize(
  sizes: readonly number[],
  measure: (batchSize: number) => Promise<number>,
): Promise<BatchSizeChoice> {
  const measured: { batchSize: number; secondsPerRow: number }[] = [];
  const time = async (batchSize: number) => {
    const seconds = await measure(batchSize);
    measured.push({ batchSize, secondsPerRow: seconds });
    return seconds;
  };
  let least = await time(sizes.at(-1)!);
  let [low, high] = [0, sizes.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    const seconds = await time(sizes[middle]!);
    least = Math.min(least, seconds);
    if (seconds <= least * (1 + TOLERANCE)) high = middle;
    else low = middle + 1;
  }
  // A larger one may have been taken for fast enough before a faster one was seen.
  const enough = measured.filter(({ secondsPerRow: s }) => s <= least * (1 + TOLERANCE)).map((m) => m.batchSize);
  const batchSize = Math.min(...enough);
  const own = measured.find((m) => m.batchSize === batchSize)!.secondsPerRow;
  const why =
    `the smallest of ${sizes[0]} to ${sizes.at(-1)} with which a row takes at most ${100 * TOLERANCE}% longer than at best: ` +
    `${(own * 1e6).toPrecision(3)} µs against ${(least * 1e6).toPrecision(3)} µs, measured at the start`;
  return { batchSize, why, measured };
}

/** The best of several pieces of training. */
async function secondsPerRow(trainer: Trains, data: Dataset, batchSize: number): Promise<number> {
  const run = async (updates: number) => {
    const history = await trainer.fit(data, exactly(updates, data.length, batchSize));
    return history.reduce((sum, epoch) => sum + epoch.seconds, 0) / history.reduce((sum, e) => sum + e.updates, 0);
  };
  let updates = 1;
  for (let spent = 0; spent < WARM_UP;) {
    const each = await run(updates);
    spent += each * updates;
    updates = Math.max(1, Math.min(4 * updates, Math.ceil(PIECE / each)));
  }
  let best = Infinity;
  const end = performance.now() + 1000 * BUDGET;
  for (let piece = 0; piece === 0 || (piece < PIECES && performance.now() < end); piece++) {
    best = Math.min(best, await run(updates));
  }
  return best / batchSize;
}

/** As many patterns as a batch of the largest size has; the values do not matter, but denormal numbers would. */
function patterns({ inputs, layers, loss }: NetworkSpec, count: number): Dataset {
  const random = new Random(1);
  const K = layers.at(-1)!.units;
  const values = new Float32Array(allocate(4 * count * inputs));
  for (let i = 0; i < values.length; i++) values[i] = random.uniform() - 0.5;
  const targets =
    loss === 'cross-entropy'
      ? { targets: Uint32Array.from({ length: count }, (_, i) => i % K) }
      : { targets: new Float32Array(count * K).fill(0.5), targetSize: K };
  return Dataset.fromArrays({ inputs: values, inputSize: inputs, ...targets });
}

import { finite, integer, oneOf, options, wrongType } from '../core/checks.ts';
import { Random } from '../core/random.ts';
import { type NetworkSpec, trainingFlops } from '../core/spec.ts';
import { Dataset } from '../data/dataset.ts';
import type { Backend } from '../kernels/kernels.ts';
import { allocate } from '../memory/shared.ts';
import { Network } from '../nn/network.ts';
import { refuseAccumulation } from './accumulation.ts';
import { type AdaptiveBatchSize, type NumericOptions, resolveOptions, type TrainerOptions } from './options.ts';
import type { FitOptions } from './fit-options.ts';
import { exactly } from './order.ts';
import { ADAPTIVE_RULES } from './rate-rule.ts';
import type { AdaptiveChoice, BatchSizeChoice, EpochReport, TrainerInfo } from './report.ts';

/** What is searched: 16, 32, ..., 4096. */
const SIZES = Array.from({ length: 9 }, (_, i) => 2 ** (i + 4));
/** An update of the largest takes at most about so many operations, some 0.1 s: wide networks are at their best before. */
const MOST_FLOPS = 1e10;
const LEAST_LARGEST = 64;
/** How much longer a row may take than with the largest batch. */
const TOLERANCE = 0.05;
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

/** Batch sizes at which the time of an update is measured for an adaptive one; in between it is taken to be on a line. */
const COSTS = 4;
const LARGEST = 2 ** 20;
const KEYS = ['adaptive', 'least', 'most', 'referenceBatchSize', 'rule', 'cost'] as const;

type Create = (network: Network, options: NumericOptions) => Promise<Trains>;

/** What became of the option `batchSize`: a number to plan with, and how it was chosen or will be. */
export interface BatchSizeDecision {
  readonly numeric: NumericOptions;
  readonly choice?: BatchSizeChoice;
  readonly adaptive?: AdaptiveChoice;
}

/**
 * The options with a number for the batch size. For 'auto' it is chosen for this network on this machine: the smallest with
 * which a row takes at most 5% longer than at best. Time per row falls to a plateau as B grows: a larger batch gains no time
 * and costs updates. For an adaptive one it is the largest that may come. Some four batch sizes are measured, each on a trainer
 * of its own with made-up patterns.
 * @param create - makes a trainer
 * @throws TypeError, RangeError naming the option, before anything is measured
 */
export async function decideBatchSize(
  network: Network,
  given: TrainerOptions,
  create: Create,
): Promise<BatchSizeDecision> {
  const batchSize = given?.batchSize;
  if (batchSize !== 'auto' && (typeof batchSize !== 'object' || batchSize === null || Array.isArray(batchSize)))
    return { numeric: given as NumericOptions };
  if (!(network instanceof Network)) throw wrongType('network', 'Network', network);
  refuseAccumulation(given, batchSize === 'auto' ? 'auto' : 'an adaptive one');
  const resolved = resolveOptions({ ...given, batchSize: undefined });
  const sizes = SIZES.filter((size) => size <= mostAffordable(network.spec));
  if (batchSize === 'auto') {
    const measure = measuring(network.spec, { ...given, workers: resolved.workers }, sizes.at(-1)!, create);
    const choice = await searchBatchSize(sizes, measure);
    return { numeric: { ...given, batchSize: choice.batchSize }, choice };
  }
  const { strategy } = resolved;
  if (strategy === 'local-sgd' || strategy === 'hogwild')
    throw new RangeError(`an adaptive "batchSize" expected a synchronous "strategy", got ${strategy}`);
  if (resolved.schedule.name !== 'constant')
    throw new RangeError(
      `an adaptive "batchSize" expected "schedule" constant beside it: the learning rate follows the batch size, got ${resolved.schedule.name}`,
    );
  const range = rangeOf(batchSize, sizes.at(-1)!);
  // The bits must not depend on how a batch of the largest size would be divided.
  const numeric = {
    ...given,
    batchSize: range.most,
    strategy: strategy === 'auto' ? ('owner-computes' as const) : strategy,
  };
  const measure = measuring(network.spec, { ...numeric, workers: resolved.workers }, range.most, create);
  return { numeric, adaptive: { ...range, ...(await costsOf(batchSize, range, measure)) } };
}

/** What is told of a trainer whose batch size was decided so. */
export function withBatchSize(info: TrainerInfo, { choice, adaptive }: BatchSizeDecision): TrainerInfo {
  const { reproducible } = info;
  if (choice)
    return {
      ...info,
      batchSizeChoice: choice,
      reproducible: `${reproducible}; the batch size was measured, and may be another next time`,
    };
  if (!adaptive) return info;
  const why = adaptive.measured ? '; the time of an update was measured, and batch sizes may be others next time' : '';
  return { ...info, batchSize: adaptive.referenceBatchSize, adaptive, reproducible: `${reproducible}${why}` };
}

function mostAffordable(spec: NetworkSpec): number {
  return Math.max(LEAST_LARGEST, MOST_FLOPS / trainingFlops(spec));
}

type Range = Pick<AdaptiveChoice, 'least' | 'most' | 'referenceBatchSize' | 'rule'>;

function rangeOf(given: AdaptiveBatchSize, affordable: number): Range {
  const o = options<AdaptiveBatchSize>('batchSize', given, KEYS);
  if (o.adaptive !== true) throw wrongType('batchSize.adaptive', 'true', o.adaptive);
  const least = integer('batchSize.least', o.least ?? Math.min(16, o.most ?? 16), 1, LARGEST);
  const most = integer('batchSize.most', o.most ?? Math.max(least, affordable), least, LARGEST);
  const middle = Math.min(most, Math.max(least, 64));
  const referenceBatchSize = integer('batchSize.referenceBatchSize', o.referenceBatchSize ?? middle, least, most);
  return { least, most, referenceBatchSize, rule: oneOf('batchSize.rule', o.rule ?? 'noise-scale', ADAPTIVE_RULES) };
}

/** The time of an update at some batch sizes: as it was given, or measured. */
async function costsOf(
  { cost }: AdaptiveBatchSize,
  { least, most }: Range,
  measure: (batchSize: number) => Promise<number>,
): Promise<Pick<AdaptiveChoice, 'costs' | 'measured'>> {
  if (cost !== undefined) {
    const o = options<typeof cost>('batchSize.cost', cost, ['perUpdate', 'perRow']);
    const perUpdate = finite('batchSize.cost.perUpdate', o.perUpdate, 0);
    const perRow = finite('batchSize.cost.perRow', o.perRow, 0);
    const line = (batchSize: number) => ({ batchSize, seconds: perUpdate + perRow * batchSize });
    return { costs: [line(least), line(Math.max(most, least + 1))], measured: false };
  }
  const ratio = (most / least) ** (1 / (COSTS - 1));
  const sizes = [...new Set(Array.from({ length: COSTS }, (_, i) => Math.round(least * ratio ** i)))];
  const costs: { batchSize: number; seconds: number }[] = [];
  // From the largest down, which has most to say of which backend is fast; none may take longer than a larger one.
  for (const batchSize of sizes.reverse()) {
    const seconds = batchSize * (await measure(batchSize));
    costs.unshift({ batchSize, seconds: Math.min(seconds, costs[0]?.seconds ?? Infinity) });
  }
  return { costs, measured: true };
}

/** Measures seconds per row, on a trainer of its own for each batch size. */
function measuring(
  spec: NetworkSpec,
  given: TrainerOptions,
  largest: number,
  create: Create,
): (batchSize: number) => Promise<number> {
  const data = patterns(spec, largest);
  const made = new Network(spec);
  // That of the largest batch, which comes first, serves for all: where batches are long enough, so does the fastest backend.
  let { backend } = given;
  return async (batchSize) => {
    const trainer = await create(made, {
      ...given,
      backend,
      learningRate: TAME,
      schedule: undefined,
      trace: undefined,
      batchSize,
    });
    ({ backend } = trainer.info);
    try {
      return await secondsPerRow(trainer, data, batchSize);
    } finally {
      await trainer.close();
    }
  };
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

import { finite, integer, oneOf, options, wrongType } from '../core/checks.ts';
import { type NetworkSpec, trainingFlops } from '../core/spec.ts';
import { Network } from '../nn/network.ts';
import { refuseAccumulation } from './accumulation.ts';
import { type AdaptiveBatchSize, type NumericOptions, resolveOptions, type TrainerOptions } from './options.ts';
import { ADAPTIVE_RULES } from './rate-rule.ts';
import type { AdaptiveChoice, BatchSizeChoice, TrainerInfo } from './report.ts';
import { measureRowTimes, type RowTime, type Trains } from './row-times.ts';

/** What is searched: 16, 32, ..., 4096. */
const SIZES = Array.from({ length: 9 }, (_, i) => 2 ** (i + 4));
/** An update of the largest takes at most about so many operations, some 0.1 s: wide networks are at their best before. */
const MOST_FLOPS = 1e10;
const LEAST_LARGEST = 64;
/** How much longer a row may take than at best. */
const TOLERANCE = 0.03;
/** What takes so many times as long is out of the question. */
const HOPELESS = 1.5;

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
 * which a row takes at most 3% longer than at best. Time per row falls to a plateau as B grows: a larger batch gains no time
 * and costs updates. For an adaptive one it is the largest that may come.
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
  const { workers } = resolved;
  if (batchSize === 'auto') {
    const times = await measureRowTimes(network.spec, { ...given, batchSize: 1, workers }, sizes, create, HOPELESS);
    const choice = smallestAsFast(times);
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
  const measure = (at: readonly number[]) =>
    measureRowTimes(network.spec, { ...numeric, workers }, at, create, Infinity);
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
  measure: (sizes: readonly number[]) => Promise<RowTime[]>,
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
  // None may take longer than a larger one.
  for (const { batchSize, secondsPerRow } of (await measure(sizes)).reverse()) {
    const seconds = batchSize * secondsPerRow;
    costs.unshift({ batchSize, seconds: Math.min(seconds, costs[0]?.seconds ?? Infinity) });
  }
  return { costs, measured: true };
}

/** The smallest batch size with which a row takes at most 3% longer than at best. */
export function smallestAsFast(measured: readonly RowTime[]): BatchSizeChoice {
  const fastest = measured.reduce((a, b) => (b.secondsPerRow < a.secondsPerRow ? b : a));
  const asFast = measured.find(({ secondsPerRow }) => secondsPerRow <= fastest.secondsPerRow * (1 + TOLERANCE))!;
  const row = ({ batchSize, secondsPerRow }: RowTime) => `${(secondsPerRow * 1e6).toPrecision(3)} µs with ${batchSize}`;
  const why =
    `the smallest of ${measured[0]!.batchSize} to ${measured.at(-1)!.batchSize} with which a row takes at most ` +
    `${100 * TOLERANCE}% longer than at best: ${row(asFast)} against ${row(fastest)}, measured at the start`;
  return { batchSize: asFast.batchSize, why, measured };
}

import type { DataSource } from '../core/table.ts';
import type { Network } from '../nn/network.ts';
import { bind } from '../train/bound.ts';
import { runnerOf, Trainer } from '../train/trainer.ts';
import { type LearningRateOptions, resolveLearningRate, type ResolvedLearningRate } from './learning-rate-options.ts';
import { type RatePoint, type RateSuggestion, suggestRate } from './learning-rate-suggestion.ts';
import { copyOf } from './rounds.ts';

export interface LearningRateReport {
  kind: 'learning-rate';
  version: 1;
  batchSize: number;
  least: number;
  most: number;
  smoothing: number;
  divergence: number;
  /** Whether the last rate was reached, or the loss had become too large before. */
  state: 'complete' | 'diverged';
  points: RatePoint[];
  suggestion: RateSuggestion;
}

/**
 * The learning-rate range test (Smith 2017, section 3.3): a short training in which the rate rises by the same factor from update
 * to update, from far too small to far too large. The loss falls where the rate is good, and rises where it is too large.
 *
 * What it finds is a guess from one short training, from the weights as they are, with this batch size and these options. The network
 * is not changed.
 *
 * @throws TypeError, RangeError naming the argument; GradpoolError as `Trainer.fit`
 * @example
 * const { suggestion } = await findLearningRate(network, train, { trainer: { batchSize: 32, momentum: 0.9 } });
 * console.log(suggestion.why);
 */
export async function findLearningRate(
  network: Network,
  dataset: DataSource,
  given: LearningRateOptions = {},
): Promise<LearningRateReport> {
  const o = resolveLearningRate(network, dataset, given);
  const copy = copyOf(network);
  await using trainer = await Trainer.create(copy, o.trainer);
  const { points, state } = await riseRate(trainer, copy, dataset, o);
  const { least, most, smoothing, divergence } = o;
  return {
    kind: 'learning-rate',
    version: 1,
    batchSize: o.trainer.batchSize,
    least,
    most,
    smoothing,
    divergence,
    state,
    points,
    suggestion: suggestRate(points),
  };
}

/** Trains update by update, through as many epochs as that takes, until all rates are tried or the loss is too large. */
async function riseRate(
  trainer: Trainer,
  network: Network,
  dataset: DataSource,
  { least, most, updates, smoothing, divergence, trainer: { batchSize }, signal, onProgress }: ResolvedLearningRate,
): Promise<Pick<LearningRateReport, 'points' | 'state'>> {
  const runner = runnerOf(trainer);
  const train = bind(network, 'dataset', dataset);
  const P = train.rows.length;
  const points: RatePoint[] = [];
  let mean = 0;
  let lowest = Infinity;
  for (let u = 0, stream = 0, from = 0; u < updates; u++) {
    const learningRate = least * (most / least) ** (u / (updates - 1));
    const before = { epoch: stream + 1, updates: 0, totalUpdates: 1, samples: 0, loss: 0, seconds: 0 };
    const rates = { name: 'constant', rate: learningRate } as const;
    const piece = { train, epochs: 1, updates: 1, batchSize, rates, from, stream, before };
    const { epochs } = await runner.run(piece, signal, undefined);
    const rows = Math.min(batchSize, P - from);
    const loss = epochs[0]!.loss / rows;
    mean = smoothing * mean + (1 - smoothing) * loss;
    // The mean begins at 0, and is small at first by just this factor (Kingma & Ba 2015, section 3).
    const smoothed = mean / (1 - smoothing ** (u + 1));
    if (!Number.isFinite(smoothed) || smoothed > divergence * lowest) return { points, state: 'diverged' };
    points.push({ learningRate, loss, smoothed });
    lowest = Math.min(lowest, smoothed);
    onProgress?.({ updates: u + 1, totalUpdates: updates, learningRate });
    from += rows;
    if (from === P) [from, stream] = [0, stream + 1];
  }
  return { points, state: 'complete' };
}

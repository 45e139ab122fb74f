import type { DataSource } from '../core/table.ts';
import type { Network } from '../nn/network.ts';
import { bind } from '../train/bound.ts';
import type { Runner } from '../train/runner.ts';
import type { ResolvedLearningRate } from './learning-rate-options.ts';

/** One update of the range test. */
export interface RatePoint {
  /** alpha of this update. */
  learningRate: number;
  /** Of its batch, before it: what the rate does shows from the next point on. */
  loss: number;
  /** The running mean of the losses up to here. */
  smoothed: number;
}

/** What the range test has found. */
export interface RateRange {
  readonly points: RatePoint[];
  /** Whether the last rate was reached, or the loss had become too large before. */
  readonly state: 'complete' | 'diverged';
  /** Epochs that were begun. */
  readonly epochs: number;
}

/** Trains update by update, through as many epochs as that takes, until all rates are tried or the loss is too large. */
export async function riseRate(
  runner: Runner,
  network: Network,
  dataset: DataSource,
  {
    least,
    most,
    updates,
    smoothing,
    divergence,
    trainer: { batchSize, lastBatch },
    signal,
    onProgress,
  }: ResolvedLearningRate,
): Promise<RateRange> {
  const train = bind(network, 'dataset', dataset);
  const P = train.rows.length;
  const points: RatePoint[] = [];
  let mean = 0;
  let lowest = Infinity;
  let stream = 0;
  for (let u = 0, from = 0; u < updates; u++) {
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
    if (!Number.isFinite(smoothed) || smoothed > divergence * lowest)
      return { points, state: 'diverged', epochs: stream + 1 };
    points.push({ learningRate, loss, smoothed });
    lowest = Math.min(lowest, smoothed);
    onProgress?.({ stage: 'range', updates: u + 1, totalUpdates: updates, learningRate });
    from += rows;
    if (from === P || (lastBatch === 'drop' && P - from < batchSize)) [from, stream] = [0, stream + 1];
  }
  return { points, state: 'complete', epochs: stream + 1 };
}

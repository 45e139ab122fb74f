import { integer, options, wrongType } from '../core/checks.ts';
import type { DataSource } from '../core/table.ts';
import { Network } from '../nn/network.ts';
import { bind } from '../train/bound.ts';
import type { TrainerOptions } from '../train/options.ts';
import { Trainer } from '../train/trainer.ts';

/** The gradient noise scale and what it was computed from. */
export interface NoiseScale {
  /** B_n = S / |G|^2, in rows: at this batch size the noise of the gradient is as large as the gradient. */
  noiseScale: number;
  /** |G|^2, of the gradient over all patterns. */
  gradient: number;
  /** S, the trace of the covariance of one pattern's gradient. */
  noise: number;
  /** Rows of a batch, and how many batches. */
  rows: number;
  draws: number;
}

/** What is drawn by default: enough rows for the noise to be small, few enough to be quick. */
const DRAWS = { rows: 64, draws: 32 };

/** A step so long that the weights' own rounding does not count beside it. */
const RATE = 1;

/**
 * Measures the simple noise scale (McCandlish et al. 2018, section 2.2) at the weights of a network, from the gradients g_i
 * of m random batches of b rows and their mean g:
 *   V = b sum |g_i - g|^2 / (m - 1),   |G|^2 = |g|^2 - V / (m b),   S = V (P - 1) / (P - b);
 * V is less than S, because no pattern is twice in a batch of b of the P patterns.
 * The network is not changed.
 * @param batches - b, by default 64 or half of the patterns, and m, by default 32
 * @throws TypeError, RangeError naming the argument; as `Trainer.fit`
 */
export async function measureNoiseScale(
  network: Network,
  dataset: DataSource,
  batches: { rows?: number | undefined; draws?: number | undefined } = {},
  trainer: TrainerOptions = {},
  signal?: AbortSignal,
): Promise<NoiseScale> {
  if (!(network instanceof Network)) throw wrongType('network', 'Network', network);
  bind(network, 'dataset', dataset);
  const P = integer('dataset.length', dataset.length, 2);
  const given = options<typeof batches>('batches', batches, ['rows', 'draws']);
  const rows = integer('rows', given.rows ?? Math.min(DRAWS.rows, P >> 1), 1, P - 1);
  const draws = integer('draws', given.draws ?? DRAWS.draws, 2);
  let mean: Float64Array | undefined;
  let squares = 0;
  let count = 0;
  await drawGradients(network, dataset, rows, draws, trainer, signal, (g) => {
    mean ??= new Float64Array(g.length);
    squares += addToMean(mean, g, ++count);
  });
  const variance = (rows * squares) / (draws - 1);
  const gradient = mean!.reduce((sum, g) => sum + g * g, 0) - variance / (draws * rows);
  const noise = (variance * (P - 1)) / (P - rows);
  return { noiseScale: noise / gradient, gradient, noise, rows, draws };
}

/**
 * Draws batches of `rows` patterns at random and shows the gradient of each, all W_l and b_l in a row: the difference that one
 * update of plain SGD makes, on the pool. The network is not changed.
 * @param look - must not keep the array
 */
export async function drawGradients(
  network: Network,
  dataset: DataSource,
  rows: number,
  draws: number,
  given: TrainerOptions,
  signal: AbortSignal | undefined,
  look: (gradient: Float32Array) => void,
): Promise<void> {
  const copy = new Network({ ...network.spec, normalization: network.normalization });
  const start = network.parameters;
  const before = flat(start);
  const steps = { optimizer: 'sgd', learningRate: RATE, schedule: 'constant', momentum: 0, nesterov: false } as const;
  const plain = { ...steps, weightDecay: 0, l1: 0, clipNorm: undefined, clipValue: undefined, shuffle: true };
  const whole = { microBatchSize: undefined, accumulation: undefined, batchSize: rows };
  await using trainer = await Trainer.create(copy, { ...given, ...plain, ...whole });
  for (let i = 0; i < draws; i++) {
    copy.setParameters(start);
    await trainer.fit(dataset, { maxUpdates: 1, signal });
    look(flat(copy.parameters).map((after, k) => (before[k]! - after) / RATE));
  }
}

/** Takes a gradient into the mean of `count`; returns what it adds to the sum of squared distances (Welford 1962). */
function addToMean(mean: Float64Array, gradient: Float32Array, count: number): number {
  let added = 0;
  for (let k = 0; k < mean.length; k++) {
    const distance = gradient[k]! - mean[k]!;
    mean[k]! += distance / count;
    added += distance * (gradient[k]! - mean[k]!);
  }
  return added;
}

function flat(layers: Network['parameters']): Float32Array {
  const parts = layers.flatMap(({ weights, bias }) => [weights, bias]);
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

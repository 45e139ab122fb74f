import { integer, options, wrongType } from '../core/checks.ts';
import type { DataSource } from '../core/table.ts';
import { Network } from '../nn/network.ts';
import { bind } from '../train/bound.ts';
import type { TrainerOptions } from '../train/options.ts';
import { drawGradients, measureNoiseScale, type NoiseScale } from './noise-scale.ts';
import { spread, standardError } from './statistics.ts';

/** How far the gradients g of random batches of one size are from the gradient G over all patterns. */
export interface BatchNoise {
  batchSize: number;
  /** Batches drawn; 1 where all patterns are one batch. */
  draws: number;
  /** Of the angle between g and G: mean over the draws, and the standard error of that mean. */
  cosine: { mean: number; error: number };
  /** |g - G|^2 / |G|^2: the same. */
  noise: { mean: number; error: number };
  /** The same from the noise scale, which was measured with other batches: theory. */
  predicted: { cosine: number; noise: number };
}

export interface GradientNoise {
  patterns: number;
  /** |G|^2. */
  gradient: number;
  noiseScale: NoiseScale;
  batches: BatchNoise[];
}

/**
 * Measures how noisy the direction of the gradient is at the weights of a network, from random batches g of each size against the
 * gradient G over all P patterns. Beside it stands what the noise scale B_n lets one expect of batches of B without repetition:
 *   E |g - G|^2 / |G|^2 = B_n / B (1 - (B - 1) / (P - 1)),   cos ~ 1 / sqrt(1 + E |g - G|^2 / |G|^2),
 * the latter where the noise is spread over many directions. The network is not changed.
 * @param batches - B of each kind, and how many batches are drawn of it
 * @throws TypeError, RangeError naming the argument; as `Trainer.fit`
 */
export async function measureGradientNoise(
  network: Network,
  dataset: DataSource,
  batches: { batchSizes: readonly number[]; draws: number },
  trainer: TrainerOptions = {},
  signal?: AbortSignal,
): Promise<GradientNoise> {
  if (!(network instanceof Network)) throw wrongType('network', 'Network', network);
  bind(network, 'dataset', dataset);
  const P = dataset.length;
  integer('dataset.length', P, 2);
  const { batchSizes, draws } = options<typeof batches>('batches', batches, ['batchSizes', 'draws']);
  if (!Array.isArray(batchSizes)) throw wrongType('batchSizes', 'list of numbers', batchSizes);
  const sizes = batchSizes.map((size, i) => integer(`batchSizes[${i}]`, size, 1, P));
  integer('draws', draws, 2);
  const whole = await wholeGradient(network, dataset, trainer, signal);
  const gradient = dot(whole, whole);
  const noiseScale = await measureNoiseScale(network, dataset, {}, trainer, signal);
  const found: BatchNoise[] = [];
  for (const batchSize of sizes) {
    const cosines: number[] = [];
    const noises: number[] = [];
    const count = batchSize === P ? 1 : draws;
    await drawGradients(network, dataset, batchSize, count, trainer, signal, (g) => {
      cosines.push(dot(g, whole) / Math.sqrt(dot(g, g) * gradient));
      noises.push(g.reduce((sum, value, k) => sum + (value - whole[k]!) ** 2, 0) / gradient);
    });
    const noise = (noiseScale.noise / gradient / batchSize) * (1 - (batchSize - 1) / (P - 1));
    const predicted = { cosine: 1 / Math.sqrt(1 + noise), noise };
    found.push({ batchSize, draws: count, cosine: meanOf(cosines), noise: meanOf(noises), predicted });
  }
  return { patterns: P, gradient, noiseScale, batches: found };
}

async function wholeGradient(
  network: Network,
  dataset: DataSource,
  trainer: TrainerOptions,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  let whole = new Float32Array();
  await drawGradients(network, dataset, dataset.length, 1, trainer, signal, (g) => (whole = g.slice()));
  return whole;
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, k) => sum + value * b[k]!, 0);
}

/** The mean and its standard error. */
function meanOf(values: readonly number[]): { mean: number; error: number } {
  return { mean: spread(values).mean, error: standardError(values) };
}

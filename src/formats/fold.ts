// An affine step beside a linear layer becomes part of it. y = x W + b, W (inputs x units) row-major.
import type { Affine } from '../core/table.ts';
import type { LayerParameters } from '../memory/arena.ts';

/** What batch normalisation has learnt and measured, per column; gamma and beta may be missing. */
export interface BatchStatistics {
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
  readonly gamma: ArrayLike<number> | undefined;
  readonly beta: ArrayLike<number> | undefined;
}

/** Batch normalisation as it predicts: gamma (x - mean) / sqrt(variance + epsilon) + beta. */
export function batchAffine({ mean, variance, gamma, beta }: BatchStatistics, epsilon: number): Affine {
  const scale = Float64Array.from(variance, (v, i) => (gamma?.[i] ?? 1) / Math.sqrt(v + epsilon));
  return { scale, shift: scale.map((a, i) => (beta?.[i] ?? 0) - mean[i]! * a) };
}

/** The second step after the first. */
export function composed(first: Affine | undefined, second: Affine): Affine {
  if (first === undefined) return second;
  return {
    scale: second.scale.map((a, i) => a * first.scale[i]!),
    shift: second.shift.map((c, i) => second.scale[i]! * first.shift[i]! + c),
  };
}

/** The step, then the layer: (scale x + shift) W + b. */
export function foldBefore({ weights, bias }: LayerParameters, { scale, shift }: Affine): LayerParameters {
  const units = bias.length;
  const sums = Float64Array.from(bias);
  for (let i = 0; i < scale.length; i++)
    for (let k = 0; k < units; k++) sums[k]! += shift[i]! * weights[i * units + k]!;
  return {
    weights: weights.map((w, at) => w * scale[Math.floor(at / units)]!),
    bias: Float32Array.from(sums),
  };
}

/** The layer, then the step: scale (x W + b) + shift. */
export function foldAfter({ weights, bias }: LayerParameters, { scale, shift }: Affine): LayerParameters {
  const units = bias.length;
  return {
    weights: weights.map((w, at) => w * scale[at % units]!),
    bias: bias.map((b, k) => b * scale[k]! + shift[k]!),
  };
}

/** Whether all numbers of a layer are finite. */
export function isFiniteLayer({ weights, bias }: LayerParameters): boolean {
  return weights.every(Number.isFinite) && bias.every(Number.isFinite);
}

// Training in float64 with the reference formulas, for tests that need an exact course.
import { backwardBatch, batchLoss, forwardBatch } from '#src/kernels/reference/batch.js';
import type { Layer64 } from '#src/kernels/reference/pattern.js';
import type { NetworkSpec } from '#src/core/spec.js';
import type { Golden, NestedLayer } from './golden.ts';

export interface Sgd {
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
}

export function layers64(layers: readonly NestedLayer[]): Layer64[] {
  return layers.map(({ weights, bias }) => ({
    W: Float64Array.from(weights.flat()),
    b: Float64Array.from(bias),
  }));
}

export function zeros(layers: readonly Layer64[]): Layer64[] {
  return layers.map(({ W, b }) => ({ W: new Float64Array(W.length), b: new Float64Array(b.length) }));
}

/** D (rows x K): rows of values, or one 1 at each class. */
export function desiredRows({ spec, d }: Pick<Golden, 'spec' | 'd'>, from: number, to: number): Float64Array {
  const K = spec.layers.at(-1)!.units;
  return Float64Array.from(
    d
      .slice(from, to)
      .flatMap((value) => (typeof value === 'number' ? Array.from({ length: K }, (_, k) => +(k === value)) : value)),
  );
}

/** One update as torch.optim.SGD makes it, in place; returns the mean loss before it. */
export function sgdStep(
  spec: NetworkSpec,
  layers: readonly Layer64[],
  velocity: readonly Layer64[],
  X: Float64Array,
  D: Float64Array,
  B: number,
  { learningRate, momentum, nesterov, weightDecay }: Sgd,
): number {
  const forward = forwardBatch(spec, layers, X, B);
  const { loss } = batchLoss(spec, forward, D, B);
  backwardBatch(spec, layers, forward.H, D, B).forEach((gradient, l) => {
    for (const part of ['W', 'b'] as const) {
      const [w, v, sum] = [layers[l]![part], velocity[l]![part], gradient[part]];
      for (let i = 0; i < w.length; i++) {
        const g = sum[i]! / B + weightDecay * w[i]!;
        v[i] = momentum * v[i]! + g;
        w[i]! -= learningRate * (nesterov ? g + momentum * v[i]! : v[i]!);
      }
    }
  });
  return loss / B;
}

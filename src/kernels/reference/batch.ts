// Forward and backward for a batch of B patterns, as in the notes with their errors mended: rows are patterns
// throughout, the hidden delta takes the derivative f', and the vector of ones has length B.
import { type NetworkSpec, widths } from '../../core/spec.ts';
import { softmax } from './activations.ts';
import { activateAll, addBiasGradient, addWeightGradient, hiddenDelta, synaptic } from './dense.ts';
import { patternLoss, patternRight } from './losses.ts';
import type { Layer64 } from './pattern.ts';

/** H_0 ... H_L; U_L apart, because the loss needs it. */
export interface BatchForward {
  readonly H: readonly Float64Array[];
  readonly U: Float64Array;
}

/** U_l = H_{l-1} W_l + 1 b_l^T,  H_l = f_l(U_l). X (B, n). */
export function forwardBatch(spec: NetworkSpec, layers: readonly Layer64[], X: Float64Array, B: number): BatchForward {
  const n = widths(spec);
  const H = [X];
  let U = X;
  spec.layers.forEach(({ units, activation }, l) => {
    const { W, b } = layers[l]!;
    U = new Float64Array(B * units);
    synaptic(U, H[l]!, W, b, B, n[l]!, units);
    const out = U.slice();
    activateAll(out, activation, out.length);
    if (activation === 'softmax') for (let p = 0; p < B; p++) softmax(out, p * units, units);
    H.push(out);
  });
  return { H, U };
}

/** The sum of the losses, each times its weight, and the sum of the right answers of B patterns. D (B, K), weights (B). */
export function batchLoss(
  spec: NetworkSpec,
  { U }: BatchForward,
  D: Float64Array,
  B: number,
  weights?: ArrayLike<number>,
): { loss: number; right: number } {
  const K = spec.layers.at(-1)!.units;
  let loss = 0;
  let right = 0;
  for (let p = 0; p < B; p++) {
    loss += (weights?.[p] ?? 1) * patternLoss(spec.loss, U, p * K, D, p * K, K);
    right += patternRight(spec.loss, U, p * K, D, p * K, K);
  }
  return { loss, right };
}

/** D_L = w (Y - D),  D_l = (D_{l+1} W_{l+1}^T) * f_l'(U_l),  grad W_l = H_{l-1}^T D_l,  grad b_l = D_l^T 1_B: sums over the batch. */
export function backwardBatch(
  spec: NetworkSpec,
  layers: readonly Layer64[],
  H: readonly Float64Array[],
  D: Float64Array,
  B: number,
  weights?: ArrayLike<number>,
): Layer64[] {
  const n = widths(spec);
  const K = n.at(-1)!;
  let delta = H.at(-1)!.map((y, i) => (weights?.[Math.floor(i / K)] ?? 1) * (y - D[i]!));
  const gradients: Layer64[] = [];
  for (let l = spec.layers.length; l >= 1; l--) {
    const [below, units] = [n[l - 1]!, n[l]!];
    const gradient = { W: new Float64Array(below * units), b: new Float64Array(units) };
    addWeightGradient(gradient.W, H[l - 1]!, delta, B, below, units);
    addBiasGradient(gradient.b, delta, B, units);
    gradients.unshift(gradient);
    if (l === 1) break;
    const next = delta;
    delta = new Float64Array(B * below);
    hiddenDelta(delta, H[l - 1]!, next, layers[l - 1]!.W, spec.layers[l - 2]!.activation, B, below, units);
  }
  return gradients;
}

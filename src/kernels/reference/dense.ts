// The formulas of one dense layer, as they stand in the notes, in float64. Rows are patterns:
//   B rows, n inputs of the layer, m units;  X (B, n)  W (n, m)  b (m)  U, H, D (B, m), all row-major.
// Outputs come first in argument lists, sizes last. This is the oracle: clarity before speed, and it stays.
import type { Activation } from '../../core/spec.ts';
import { activate, derivative } from './activations.ts';

/** U = X W + 1 b^T. */
export function synaptic(
  U: Float64Array,
  X: Float64Array,
  W: Float64Array,
  b: Float64Array,
  B: number,
  n: number,
  m: number,
): void {
  for (let p = 0; p < B; p++) {
    const row = p * m;
    for (let j = 0; j < m; j++) U[row + j] = b[j]!;
    for (let i = 0; i < n; i++) {
      const x = X[p * n + i]!;
      for (let j = 0; j < m; j++) U[row + j]! += x * W[i * m + j]!;
    }
  }
}

/** H = f(U), in place, element by element. */
export function activateAll(H: Float64Array, activation: Activation, count: number): void {
  if (activation === 'linear' || activation === 'softmax') return;
  for (let i = 0; i < count; i++) H[i] = activate(H[i]!, activation);
}

/** D_l = (D_{l+1} W_{l+1}^T) * f_l'(U_l): n units of layer l, m of layer l + 1; H_l = f_l(U_l). */
export function hiddenDelta(
  D: Float64Array,
  H: Float64Array,
  next: Float64Array,
  W: Float64Array,
  activation: Activation,
  B: number,
  n: number,
  m: number,
): void {
  for (let p = 0; p < B; p++) {
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < m; j++) sum += next[p * m + j]! * W[i * m + j]!;
      D[p * n + i] = sum * derivative(H[p * n + i]!, activation);
    }
  }
}

/** G += H_{l-1}^T D_l for the inputs [first, last): a sum over the patterns, divided by nothing. */
export function addWeightGradient(
  G: Float64Array,
  H: Float64Array,
  D: Float64Array,
  B: number,
  n: number,
  m: number,
  first = 0,
  last = n,
): void {
  for (let p = 0; p < B; p++) {
    for (let i = first; i < last; i++) {
      const h = H[p * n + i]!;
      for (let j = 0; j < m; j++) G[i * m + j]! += h * D[p * m + j]!;
    }
  }
}

/** g += D_l^T 1_B. */
export function addBiasGradient(g: Float64Array, D: Float64Array, B: number, m: number): void {
  for (let p = 0; p < B; p++) for (let j = 0; j < m; j++) g[j]! += D[p * m + j]!;
}

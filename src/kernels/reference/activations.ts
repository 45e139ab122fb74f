import { type Activation, ACTIVATION_TABLE } from '../../core/activations.ts';

/** f(u) for one unit. Softmax needs its whole row: see {@link softmax}. */
export function activate(u: number, activation: Activation): number {
  return ACTIVATION_TABLE[activation].f(u);
}

/** f'(u), written in terms of h = f(u). */
export function derivative(h: number, activation: Activation): number {
  return ACTIVATION_TABLE[activation].derivative(h);
}

/** y_k = e^{u_k - max u} / sum_j e^{u_j - max u}, in place on u[from, from + K). */
export function softmax(u: Float64Array, from: number, K: number): void {
  let max = -Infinity;
  for (let k = 0; k < K; k++) max = Math.max(max, u[from + k]!);
  let sum = 0;
  for (let k = 0; k < K; k++) {
    const e = Math.exp(u[from + k]! - max);
    u[from + k] = e;
    sum += e;
  }
  for (let k = 0; k < K; k++) u[from + k]! /= sum;
}

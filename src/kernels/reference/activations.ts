import type { Activation } from '../../core/spec.ts';

const LEAK = 0.01;

/** f(u) for one unit. Softmax needs its whole row: see {@link softmax}. */
export function activate(u: number, activation: Activation): number {
  switch (activation) {
    case 'linear':
    case 'softmax':
      return u;
    case 'sigmoid':
      return 1 / (1 + Math.exp(-u));
    case 'tanh':
      return Math.tanh(u);
    case 'relu':
      return u < 0 ? 0 : u;
    case 'leaky-relu':
      return u < 0 ? LEAK * u : u;
  }
}

/** f'(u), written in terms of h = f(u). */
export function derivative(h: number, activation: Activation): number {
  switch (activation) {
    case 'linear':
    case 'softmax':
      return 1;
    case 'sigmoid':
      return h * (1 - h);
    case 'tanh':
      return 1 - h * h;
    case 'relu':
      return h > 0 ? 1 : 0;
    case 'leaky-relu':
      return h > 0 ? 1 : LEAK;
  }
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

import type { Loss } from '../../core/spec.ts';

// Each takes the synaptic inputs u_L of one pattern's output layer (not y: the logarithm of a rounded y loses
// everything near 0 and 1) and its desired outputs d, both K long from `u0` and `d0`.

/** The loss J of one pattern. */
export function patternLoss(loss: Loss, u: Float64Array, u0: number, d: Float64Array, d0: number, K: number): number {
  switch (loss) {
    case 'mse':
      return halfSquaredError(u, u0, d, d0, K);
    case 'cross-entropy':
      return crossEntropy(u, u0, d, d0, K);
    case 'binary-cross-entropy':
      return binaryCrossEntropy(u, u0, d, d0, K);
  }
}

/** J = 1/2 sum_k (y_k - d_k)^2 with y = u. */
function halfSquaredError(u: Float64Array, u0: number, d: Float64Array, d0: number, K: number): number {
  let sum = 0;
  for (let k = 0; k < K; k++) sum += (u[u0 + k]! - d[d0 + k]!) ** 2;
  return sum / 2;
}

/** J = -sum_k d_k ln y_k with y = softmax(u): sum_k d_k (ln sum_j e^{u_j - m} + m - u_k), m = max u. */
function crossEntropy(u: Float64Array, u0: number, d: Float64Array, d0: number, K: number): number {
  let max = -Infinity;
  for (let k = 0; k < K; k++) max = Math.max(max, u[u0 + k]!);
  let exponentials = 0;
  for (let k = 0; k < K; k++) exponentials += Math.exp(u[u0 + k]! - max);
  const logarithm = Math.log(exponentials) + max;
  let sum = 0;
  for (let k = 0; k < K; k++) if (d[d0 + k] !== 0) sum += d[d0 + k]! * (logarithm - u[u0 + k]!);
  return sum;
}

/** J = -sum_k (d_k ln y_k + (1 - d_k) ln(1 - y_k)) with y = sigmoid(u): sum_k max(u, 0) - u d + ln(1 + e^{-|u|}). */
function binaryCrossEntropy(u: Float64Array, u0: number, d: Float64Array, d0: number, K: number): number {
  let sum = 0;
  for (let k = 0; k < K; k++) {
    const x = u[u0 + k]!;
    sum += Math.max(x, 0) - x * d[d0 + k]! + Math.log1p(Math.exp(-Math.abs(x)));
  }
  return sum;
}

/**
 * How right the answer to one pattern is: for cross-entropy 1 if the largest u, and so the largest output, (the first of
 * equals) is the largest desired one; for binary cross-entropy the share of outputs on the desired side of 1/2, where u is 0;
 * undefined for mse.
 */
export function patternRight(loss: Loss, u: Float64Array, u0: number, d: Float64Array, d0: number, K: number): number {
  if (loss === 'mse') return 0;
  if (loss === 'cross-entropy') return largest(u, u0, K) === largest(d, d0, K) ? 1 : 0;
  let right = 0;
  for (let k = 0; k < K; k++) if (u[u0 + k]! >= 0 === d[d0 + k]! >= 0.5) right++;
  return right / K;
}

function largest(values: Float64Array, from: number, K: number): number {
  let at = 0;
  for (let k = 1; k < K; k++) if (values[from + k]! > values[from + at]!) at = k;
  return at;
}

// Forward and backward for one pattern, as in the notes; W_l is (n_{l-1}, n_l), row-major.
import { type NetworkSpec, widths } from '../../core/spec.ts';
import { activate, derivative, softmax } from './activations.ts';

/** W_l and b_l in float64. */
export interface Layer64 {
  readonly W: Float64Array;
  readonly b: Float64Array;
}

/**
 * u_l = W_l^T h_{l-1} + b_l,  h_l = f_l(u_l),  y = h_L.
 * @returns h_0 = x, h_1, ..., h_L = y
 */
export function forwardPattern(spec: NetworkSpec, layers: readonly Layer64[], x: ArrayLike<number>): Float64Array[] {
  const h = [Float64Array.from(x)];
  spec.layers.forEach(({ units, activation }, l) => {
    const { W, b } = layers[l]!;
    const input = h[l]!;
    const u = Float64Array.from(b);
    for (let j = 0; j < units; j++) for (let i = 0; i < input.length; i++) u[j]! += W[i * units + j]! * input[i]!;
    if (activation === 'softmax') softmax(u, 0, units);
    h.push(activation === 'softmax' ? u : u.map((value) => activate(value, activation)));
  });
  return h;
}

/**
 * delta_L = y - d,  delta_l = (W_{l+1} delta_{l+1}) * f_l'(u_l),  grad W_l = h_{l-1} delta_l^T,  grad b_l = delta_l.
 * @param h - what forwardPattern returned
 * @param d - the K desired outputs
 */
export function backwardPattern(
  spec: NetworkSpec,
  layers: readonly Layer64[],
  h: readonly Float64Array[],
  d: ArrayLike<number>,
): Layer64[] {
  const n = widths(spec);
  let delta = h.at(-1)!.map((y, k) => y - d[k]!);
  const gradients: Layer64[] = [];
  for (let l = spec.layers.length; l >= 1; l--) {
    const input = h[l - 1]!;
    const units = n[l]!;
    gradients.unshift({ W: outer(input, delta), b: delta });
    if (l === 1) break;
    const { W } = layers[l - 1]!;
    const { activation } = spec.layers[l - 2]!;
    const above = delta;
    delta = input.map((hi, i) => {
      let sum = 0;
      for (let j = 0; j < units; j++) sum += W[i * units + j]! * above[j]!;
      return sum * derivative(hi, activation);
    });
  }
  return gradients;
}

function outer(h: Float64Array, delta: Float64Array): Float64Array {
  const product = new Float64Array(h.length * delta.length);
  h.forEach((hi, i) => delta.forEach((dj, j) => (product[i * delta.length + j] = hi * dj)));
  return product;
}

/**
 * The Jacobian dy/dx at one pattern, by the chain rule forward through the layers:
 * J_l = diag(f_l'(u_l)) W_l^T J_{l-1}, J_0 = I; for softmax diag(f') is diag(y) - y y^T.
 * @returns K x n, row-major
 */
export function jacobianPattern(spec: NetworkSpec, layers: readonly Layer64[], x: ArrayLike<number>): Float64Array {
  const h = forwardPattern(spec, layers, x);
  const n = spec.inputs;
  let J = new Float64Array(n * n);
  for (let i = 0; i < n; i++) J[i * n + i] = 1;
  spec.layers.forEach(({ units, activation }, l) => {
    const { W } = layers[l]!;
    const inputs = h[l]!.length;
    const y = h[l + 1]!;
    const next = new Float64Array(units * n);
    for (let j = 0; j < units; j++) {
      const slope = derivative(y[j]!, activation);
      for (let i = 0; i < inputs; i++) {
        const w = slope * W[i * units + j]!;
        for (let c = 0; c < n; c++) next[j * n + c]! += w * J[i * n + c]!;
      }
    }
    if (activation === 'softmax') softmaxJacobian(next, y, n);
    J = next;
  });
  return J;
}

/** J <- (diag(y) - y y^T) J. */
function softmaxJacobian(J: Float64Array, y: Float64Array, n: number): void {
  for (let c = 0; c < n; c++) {
    let mean = 0;
    for (let j = 0; j < y.length; j++) mean += y[j]! * J[j * n + c]!;
    for (let j = 0; j < y.length; j++) J[j * n + c] = y[j]! * (J[j * n + c]! - mean);
  }
}

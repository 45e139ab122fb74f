import { timesDerivative } from './elementary';
import { fma, laneSums, ROW } from './lanes';

/**
 * D_l = (D_{l+1} W_{l+1}^T) * f_l'(U_l) for `rows` rows and the units [first, last) of layer l, multiples of 4.
 *
 * delta and h (rows, n_l), next (rows, n_{l+1}), w (n_l, n_{l+1}), all in panels; `depth` is n_{l+1} padded, in panels.
 * 2 x 4 dot products stay in registers, each as four partial sums, so that W is read along its rows as it lies.
 */
export function backward(
  delta: usize, stride: usize, h: usize, hStride: usize, next: usize, nextStride: usize, w: usize, wStride: usize,
  rows: i32, depth: i32, first: i32, last: i32, activation: i32,
): void {
  const paired = rows & ~1;
  for (let k = first; k < last; k += 4) {
    const wk = w + <usize>k * ROW;
    const column = <usize>(k >> 3), within = <usize>(k & 4) * 4;
    const out = delta + column * stride + within;
    const hk = h + column * hStride + within;
    for (let i = 0; i < paired; i += 2) {
      const at = <usize>i * ROW;
      tile2x4(out + at, hk + at, next + at, nextStride, wk, wStride, depth, activation);
    }
    if (paired < rows) {
      const at = <usize>paired * ROW;
      tile1x4(out + at, hk + at, next + at, nextStride, wk, wStride, depth, activation);
    }
  }
}

// @ts-ignore: decorator
@inline
function tile2x4(
  out: usize, h: usize, d: usize, dStride: usize, w: usize, wStride: usize, depth: i32, activation: i32,
): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c02 = zero, c03 = zero, c10 = zero, c11 = zero, c12 = zero, c13 = zero;
  for (let p = 0; p < depth; p++) {
    for (let half = 0; half < 2; half++) {
      const d0 = v128.load(d), d1 = v128.load(d, 32);
      const w0 = v128.load(w), w1 = v128.load(w, 32), w2 = v128.load(w, 64), w3 = v128.load(w, 96);
      c00 = fma(d0, w0, c00); c01 = fma(d0, w1, c01); c02 = fma(d0, w2, c02); c03 = fma(d0, w3, c03);
      c10 = fma(d1, w0, c10); c11 = fma(d1, w1, c11); c12 = fma(d1, w2, c12); c13 = fma(d1, w3, c13);
      d += 16;
      w += 16;
    }
    d += dStride - ROW;
    w += wStride - ROW;
  }
  v128.store(out, timesDerivative(laneSums(c00, c01, c02, c03), v128.load(h), activation));
  v128.store(out, timesDerivative(laneSums(c10, c11, c12, c13), v128.load(h, 32), activation), 32);
}

// @ts-ignore: decorator
@inline
function tile1x4(
  out: usize, h: usize, d: usize, dStride: usize, w: usize, wStride: usize, depth: i32, activation: i32,
): void {
  const zero = f32x4.splat(0);
  let c0 = zero, c1 = zero, c2 = zero, c3 = zero;
  for (let p = 0; p < depth; p++) {
    for (let half = 0; half < 2; half++) {
      const d0 = v128.load(d);
      c0 = fma(d0, v128.load(w), c0); c1 = fma(d0, v128.load(w, 32), c1);
      c2 = fma(d0, v128.load(w, 64), c2); c3 = fma(d0, v128.load(w, 96), c3);
      d += 16;
      w += 16;
    }
    d += dStride - ROW;
    w += wStride - ROW;
  }
  v128.store(out, timesDerivative(laneSums(c0, c1, c2, c3), v128.load(h), activation));
}

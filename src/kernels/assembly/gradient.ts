import { fma, fnma, ROW } from './lanes';

/**
 * G = H_{l-1}^T D_l, or G += ... with `accumulate`, for `depth` panels of 8 inputs and `panels` panels of 8 units.
 *
 * g (n_{l-1}, n_l), h (rows, n_{l-1}), delta (rows, n_l), all in panels. 4 x 8 sums over the rows stay in registers.
 */
export function gradient(
  g: usize, gStride: usize, h: usize, hStride: usize, delta: usize, deltaStride: usize,
  rows: i32, inputs: i32, panels: i32, accumulate: i32,
): void {
  for (let j = 0; j < panels; j++) {
    let out = g;
    for (let k = 0; k < inputs; k += 4) {
      tile4x8(out, 0, h + <usize>(k >> 3) * hStride + <usize>(k & 4) * 4, delta, rows, accumulate, 0, 0);
      out += 4 * ROW;
    }
    delta += deltaStride;
    g += gStride;
  }
}

/** W' = decay W - step H_{l-1}^T D_l: gradient and plain SGD in one pass, for a batch that is in one place. */
export function gradientStep(
  next: usize, w: usize, wStride: usize, h: usize, hStride: usize, delta: usize, deltaStride: usize,
  rows: i32, inputs: i32, panels: i32, step: f32, decay: f32,
): void {
  for (let j = 0; j < panels; j++) {
    let at: usize = 0;
    if (rows == 1) {
      rankOne(next, w, h, hStride, delta, inputs, step, decay);
    } else {
      for (let k = 0; k < inputs; k += 4) {
        tile4x8(next + at, w + at, h + <usize>(k >> 3) * hStride + <usize>(k & 4) * 4, delta, rows, 2, step, decay);
        at += 4 * ROW;
      }
    }
    delta += deltaStride;
    w += wStride;
    next += wStride;
  }
}

// mode 0: out = sum; 1: out += sum; 2: out = decay * w - step * sum
// @ts-ignore: decorator
@inline
function tile4x8(
  out: usize, w: usize, h: usize, d: usize, rows: i32, mode: i32, step: f32, decay: f32,
): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
  if (mode == 1) {
    c00 = v128.load(out); c01 = v128.load(out, 16); c10 = v128.load(out, 32); c11 = v128.load(out, 48);
    c20 = v128.load(out, 64); c21 = v128.load(out, 80); c30 = v128.load(out, 96); c31 = v128.load(out, 112);
  }
  const end = d + <usize>rows * ROW;
  while (d < end) {
    const d0 = v128.load(d), d1 = v128.load(d, 16);
    const h0 = v128.load32_splat(h), h1 = v128.load32_splat(h, 4);
    const h2 = v128.load32_splat(h, 8), h3 = v128.load32_splat(h, 12);
    c00 = fma(h0, d0, c00); c01 = fma(h0, d1, c01);
    c10 = fma(h1, d0, c10); c11 = fma(h1, d1, c11);
    c20 = fma(h2, d0, c20); c21 = fma(h2, d1, c21);
    c30 = fma(h3, d0, c30); c31 = fma(h3, d1, c31);
    h += ROW;
    d += ROW;
  }
  if (mode == 2) {
    const s = f32x4.splat(step), q = f32x4.splat(decay);
    c00 = fnma(s, c00, f32x4.mul(q, v128.load(w))); c01 = fnma(s, c01, f32x4.mul(q, v128.load(w, 16)));
    c10 = fnma(s, c10, f32x4.mul(q, v128.load(w, 32))); c11 = fnma(s, c11, f32x4.mul(q, v128.load(w, 48)));
    c20 = fnma(s, c20, f32x4.mul(q, v128.load(w, 64))); c21 = fnma(s, c21, f32x4.mul(q, v128.load(w, 80)));
    c30 = fnma(s, c30, f32x4.mul(q, v128.load(w, 96))); c31 = fnma(s, c31, f32x4.mul(q, v128.load(w, 112)));
  }
  v128.store(out, c00); v128.store(out, c01, 16); v128.store(out, c10, 32); v128.store(out, c11, 48);
  v128.store(out, c20, 64); v128.store(out, c21, 80); v128.store(out, c30, 96); v128.store(out, c31, 112);
}

/** One pattern: W' = decay W - step h d^T, one stream through a panel. */
function rankOne(
  next: usize, w: usize, h: usize, hStride: usize, d: usize, inputs: i32, step: f32, decay: f32,
): void {
  const d0 = v128.load(d), d1 = v128.load(d, 16);
  const s = f32x4.splat(step), q = f32x4.splat(decay);
  const end = w + <usize>inputs * ROW;
  while (w < end) {
    const panelEnd = w + 256;
    while (w < panelEnd) {
      const hk = v128.load32_splat(h);
      v128.store(next, fnma(s, f32x4.mul(hk, d0), f32x4.mul(q, v128.load(w))));
      v128.store(next, fnma(s, f32x4.mul(hk, d1), f32x4.mul(q, v128.load(w, 16))), 16);
      h += 4;
      w += ROW;
      next += ROW;
    }
    h += hStride - ROW;
  }
}

/** g_b = D_l^T 1 over `rows` rows, or += with `accumulate`: the gradient of the bias of `panels` panels of units. */
export function biasGradient(
  g: usize, delta: usize, deltaStride: usize, rows: i32, panels: i32, accumulate: i32,
): void {
  for (let j = 0; j < panels; j++) {
    columnSums(g, delta, rows, accumulate ? v128.load(g) : f32x4.splat(0), accumulate ? v128.load(g, 16) : f32x4.splat(0));
    delta += deltaStride;
    g += ROW;
  }
}

/** b' = decay b - step D_l^T 1. */
export function biasGradientStep(
  next: usize, bias: usize, delta: usize, deltaStride: usize, rows: i32, panels: i32, step: f32, decay: f32,
): void {
  const s = f32x4.splat(step), q = f32x4.splat(decay);
  for (let j = 0; j < panels; j++) {
    columnSums(next, delta, rows, f32x4.splat(0), f32x4.splat(0));
    v128.store(next, fnma(s, v128.load(next), f32x4.mul(q, v128.load(bias))));
    v128.store(next, fnma(s, v128.load(next, 16), f32x4.mul(q, v128.load(bias, 16))), 16);
    delta += deltaStride;
    next += ROW;
    bias += ROW;
  }
}

// @ts-ignore: decorator
@inline
function columnSums(out: usize, d: usize, rows: i32, low: v128, high: v128): void {
  let low1 = f32x4.splat(0), high1 = low1;
  const end = d + <usize>rows * ROW, paired = d + <usize>(rows & ~1) * ROW;
  while (d < paired) {
    low = f32x4.add(low, v128.load(d)); high = f32x4.add(high, v128.load(d, 16));
    low1 = f32x4.add(low1, v128.load(d, 32)); high1 = f32x4.add(high1, v128.load(d, 48));
    d += 2 * ROW;
  }
  if (d < end) {
    low = f32x4.add(low, v128.load(d));
    high = f32x4.add(high, v128.load(d, 16));
  }
  v128.store(out, f32x4.add(low, low1));
  v128.store(out, f32x4.add(high, high1), 16);
}

import { fma, fnma, ROW } from './lanes';

/**
 * G = H_{l-1}^T D_l, or G += ... with `accumulate`, for the inputs [first, last), multiples of 4, of `panels` panels of 8 units.
 *
 * g (n_{l-1}, n_l), h (rows, n_{l-1}), delta (rows, n_l), all in panels. 4 x 8 sums over the rows stay in registers, and
 * run through the rows in order: how the inputs and panels are divided among calls does not change a bit.
 */
export function gradient(
  g: usize, gStride: usize, h: usize, hStride: usize, delta: usize, deltaStride: usize,
  rows: i32, first: i32, last: i32, panels: i32, accumulate: i32,
): void {
  for (let j = 0; j < panels; j++) {
    for (let k = first; k < last; k += 4) {
      const out = g + <usize>k * ROW;
      tile4x8(out, accumulate ? out : 0, h + <usize>(k >> 3) * hStride + <usize>(k & 4) * 4, delta, rows, 0, 0, 0);
    }
    delta += deltaStride;
    g += gStride;
  }
}

/**
 * W' = decay W - step (G + H_{l-1}^T D_l): gradient and plain SGD in one pass. `g` holds the sums over earlier rows, or is 0.
 */
export function gradientStep(
  next: usize, w: usize, g: usize, wStride: usize, h: usize, hStride: usize, delta: usize, deltaStride: usize,
  rows: i32, first: i32, last: i32, panels: i32, step: f32, decay: f32,
): void {
  for (let j = 0; j < panels; j++) {
    const at = <usize>first * ROW;
    if (rows == 1 && g == 0) {
      rankOne(next + at, w + at, h + <usize>(first >> 3) * hStride, hStride, delta, first & 4, last - (first & ~7), step, decay);
    } else {
      for (let k = first; k < last; k += 4) {
        const tile = <usize>k * ROW;
        tile4x8(
          next + tile, g == 0 ? 0 : g + tile, h + <usize>(k >> 3) * hStride + <usize>(k & 4) * 4, delta, rows, w + tile, step, decay,
        );
      }
    }
    delta += deltaStride;
    w += wStride;
    next += wStride;
    if (g != 0) g += wStride;
  }
}

// c = sum over the rows, added to what is at `start` unless that is 0; out = c, or decay * w - step * c unless w is 0.
// @ts-ignore: decorator
@inline
function tile4x8(
  out: usize, start: usize, h: usize, d: usize, rows: i32, w: usize, step: f32, decay: f32,
): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
  if (start != 0) {
    c00 = v128.load(start); c01 = v128.load(start, 16); c10 = v128.load(start, 32); c11 = v128.load(start, 48);
    c20 = v128.load(start, 64); c21 = v128.load(start, 80); c30 = v128.load(start, 96); c31 = v128.load(start, 112);
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
  if (w != 0) {
    const s = f32x4.splat(step), q = f32x4.splat(decay);
    c00 = fnma(s, c00, f32x4.mul(q, v128.load(w))); c01 = fnma(s, c01, f32x4.mul(q, v128.load(w, 16)));
    c10 = fnma(s, c10, f32x4.mul(q, v128.load(w, 32))); c11 = fnma(s, c11, f32x4.mul(q, v128.load(w, 48)));
    c20 = fnma(s, c20, f32x4.mul(q, v128.load(w, 64))); c21 = fnma(s, c21, f32x4.mul(q, v128.load(w, 80)));
    c30 = fnma(s, c30, f32x4.mul(q, v128.load(w, 96))); c31 = fnma(s, c31, f32x4.mul(q, v128.load(w, 112)));
  }
  v128.store(out, c00); v128.store(out, c01, 16); v128.store(out, c10, 32); v128.store(out, c11, 48);
  v128.store(out, c20, 64); v128.store(out, c21, 80); v128.store(out, c30, 96); v128.store(out, c31, 112);
}

/** One pattern: W' = decay W - step h d^T, one stream through the inputs [from, to) of a panel; `h` is that of input 0. */
function rankOne(
  next: usize, w: usize, h: usize, hStride: usize, d: usize, from: i32, to: i32, step: f32, decay: f32,
): void {
  const d0 = v128.load(d), d1 = v128.load(d, 16);
  const s = f32x4.splat(step), q = f32x4.splat(decay);
  for (let k = from; k < to; ) {
    const panelEnd = min((k & ~7) + 8, to);
    let hk = h + <usize>(k >> 3) * hStride + <usize>(k & 7) * 4;
    for (; k < panelEnd; k++) {
      const x = v128.load32_splat(hk);
      v128.store(next, fnma(s, f32x4.mul(x, d0), f32x4.mul(q, v128.load(w))));
      v128.store(next, fnma(s, f32x4.mul(x, d1), f32x4.mul(q, v128.load(w, 16))), 16);
      hk += 4;
      w += ROW;
      next += ROW;
    }
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

/** b' = decay b - step (g + D_l^T 1); `g` holds the sums over earlier rows, or is 0. */
export function biasGradientStep(
  next: usize, bias: usize, g: usize, delta: usize, deltaStride: usize, rows: i32, panels: i32, step: f32, decay: f32,
): void {
  const s = f32x4.splat(step), q = f32x4.splat(decay), zero = f32x4.splat(0);
  for (let j = 0; j < panels; j++) {
    columnSums(next, delta, rows, g == 0 ? zero : v128.load(g), g == 0 ? zero : v128.load(g, 16));
    v128.store(next, fnma(s, v128.load(next), f32x4.mul(q, v128.load(bias))));
    v128.store(next, fnma(s, v128.load(next, 16), f32x4.mul(q, v128.load(bias, 16))), 16);
    delta += deltaStride;
    next += ROW;
    bias += ROW;
    if (g != 0) g += ROW;
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

import { activate, LINEAR, RELU, SIGMOID } from './elementary';
import { columnMask, fma, ROW } from './lanes';

/**
 * H_l = f_l(H_{l-1} W_l + 1 b_l^T) for `rows` rows and `panels` panels of 8 units.
 *
 * h (rows, n_l), x (rows, n_{l-1}), w (n_{l-1}, n_l), all in panels; bias (n_l). `depth` is n_{l-1} padded, in panels.
 * `tail` is the number of real columns in the last panel (1 to 8); the others are left zero.
 * 4 x 8 results stay in registers: 8 independent sums hide the latency of FMA. Exactly 6 loads stand in the inner
 * loop, and it is not unrolled: V8 moves all loads of a loop body before its products, and more than 7 spill.
 */
export function forward(
  h: usize, hStride: usize, x: usize, xStride: usize, w: usize, wStride: usize, bias: usize,
  rows: i32, depth: i32, panels: i32, tail: i32, activation: i32,
): void {
  const single = (rows & 3) == 1;
  const tiled = single ? rows - 1 : rows;
  for (let j = 0; j < panels; j++) {
    for (let i = 0; i < tiled; i += 4) {
      const at = <usize>i * ROW;
      tile4x8(h + at, x + at, xStride, w, bias, depth, activation);
    }
    w += wStride;
    h += hStride;
    bias += ROW;
  }
  w -= <usize>panels * wStride;
  h -= <usize>panels * hStride;
  bias -= <usize>panels * ROW;
  if (single) {
    const at = <usize>tiled * ROW;
    let j = 0;
    for (; j + 2 <= panels; j += 2) {
      tile1x16(h + at, hStride, x + at, xStride, w, wStride, bias, depth, activation);
      w += 2 * wStride;
      h += 2 * hStride;
      bias += 2 * ROW;
    }
    if (j < panels) {
      tile1x8(h + at, x + at, xStride, w, bias, depth, activation);
      h += hStride;
    }
  } else {
    h += <usize>panels * hStride;
  }
  if (activation == SIGMOID && tail < 8) clearPadding(h - hStride, rows, tail);
}

// @ts-ignore: decorator
@inline
function tile4x8(h: usize, x: usize, xStride: usize, w: usize, bias: usize, depth: i32, activation: i32): void {
  const b0 = v128.load(bias), b1 = v128.load(bias, 16);
  let c00 = b0, c01 = b1, c10 = b0, c11 = b1, c20 = b0, c21 = b1, c30 = b0, c31 = b1;
  const wEnd = w + (<usize>depth << 8);
  while (w < wEnd) {
    const panelEnd = w + 256;
    while (w < panelEnd) {
      const w0 = v128.load(w), w1 = v128.load(w, 16);
      const x0 = v128.load32_splat(x), x1 = v128.load32_splat(x, 32);
      const x2 = v128.load32_splat(x, 64), x3 = v128.load32_splat(x, 96);
      c00 = fma(x0, w0, c00); c01 = fma(x0, w1, c01);
      c10 = fma(x1, w0, c10); c11 = fma(x1, w1, c11);
      c20 = fma(x2, w0, c20); c21 = fma(x2, w1, c21);
      c30 = fma(x3, w0, c30); c31 = fma(x3, w1, c31);
      x += 4;
      w += ROW;
    }
    x += xStride - ROW;
  }
  if (activation == RELU) {
    const zero = f32x4.splat(0);
    c00 = f32x4.pmax(c00, zero); c01 = f32x4.pmax(c01, zero);
    c10 = f32x4.pmax(c10, zero); c11 = f32x4.pmax(c11, zero);
    c20 = f32x4.pmax(c20, zero); c21 = f32x4.pmax(c21, zero);
    c30 = f32x4.pmax(c30, zero); c31 = f32x4.pmax(c31, zero);
  } else if (activation != LINEAR) {
    c00 = activate(c00, activation); c01 = activate(c01, activation);
    c10 = activate(c10, activation); c11 = activate(c11, activation);
    c20 = activate(c20, activation); c21 = activate(c21, activation);
    c30 = activate(c30, activation); c31 = activate(c31, activation);
  }
  v128.store(h, c00); v128.store(h, c01, 16);
  v128.store(h, c10, 32); v128.store(h, c11, 48);
  v128.store(h, c20, 64); v128.store(h, c21, 80);
  v128.store(h, c30, 96); v128.store(h, c31, 112);
}

// @ts-ignore: decorator
@inline
function tile1x16(
  h: usize, hStride: usize, x: usize, xStride: usize, w: usize, wStride: usize, bias: usize, depth: i32, activation: i32,
): void {
  let c0 = v128.load(bias), c1 = v128.load(bias, 16), c2 = v128.load(bias, 32), c3 = v128.load(bias, 48);
  let v = w + wStride;
  const wEnd = w + (<usize>depth << 8);
  while (w < wEnd) {
    const panelEnd = w + 256;
    while (w < panelEnd) {
      const x0 = v128.load32_splat(x);
      c0 = fma(x0, v128.load(w), c0); c1 = fma(x0, v128.load(w, 16), c1);
      c2 = fma(x0, v128.load(v), c2); c3 = fma(x0, v128.load(v, 16), c3);
      x += 4;
      w += ROW;
      v += ROW;
    }
    x += xStride - ROW;
  }
  v128.store(h, activate(c0, activation)); v128.store(h, activate(c1, activation), 16);
  v128.store(h + hStride, activate(c2, activation)); v128.store(h + hStride, activate(c3, activation), 16);
}

// @ts-ignore: decorator
@inline
function tile1x8(h: usize, x: usize, xStride: usize, w: usize, bias: usize, depth: i32, activation: i32): void {
  let c0 = v128.load(bias), c1 = v128.load(bias, 16);
  const wEnd = w + (<usize>depth << 8);
  while (w < wEnd) {
    const panelEnd = w + 256;
    while (w < panelEnd) {
      const x0 = v128.load32_splat(x);
      c0 = fma(x0, v128.load(w), c0); c1 = fma(x0, v128.load(w, 16), c1);
      x += 4;
      w += ROW;
    }
    x += xStride - ROW;
  }
  v128.store(h, activate(c0, activation)); v128.store(h, activate(c1, activation), 16);
}

/** Zeroes the columns from `tail` on of one panel: sigmoid(0) is not 0. */
function clearPadding(h: usize, rows: i32, tail: i32): void {
  const low = columnMask(0, tail), high = columnMask(4, tail);
  const end = h + <usize>rows * ROW;
  for (; h < end; h += ROW) {
    v128.store(h, v128.and(v128.load(h), low));
    v128.store(h, v128.and(v128.load(h, 16), high), 16);
  }
}

// What is done element by element around the products of a BLAS, on plain rows: element (r, c) at base + r * stride + c * 4.
// Rows are padded to a multiple of 8 columns; `panels` counts groups of 8, and padding is worked on like the rest.
import { activate, timesDerivative, RELU } from './elementary';
import { fnma, ROW } from './lanes';

/** H = f(H + 1 b^T). */
export function addBiasActivate(h: usize, stride: usize, bias: usize, rows: i32, panels: i32, activation: i32): void {
  const zero = f32x4.splat(0);
  for (let i = 0; i < rows; i++) {
    let at = h + <usize>i * stride,
      b = bias;
    const end = at + <usize>panels * ROW;
    while (at < end) {
      const low = f32x4.add(v128.load(at), v128.load(b));
      const high = f32x4.add(v128.load(at, 16), v128.load(b, 16));
      if (activation == RELU) {
        v128.store(at, f32x4.pmax(low, zero));
        v128.store(at, f32x4.pmax(high, zero), 16);
      } else {
        v128.store(at, activate(low, activation));
        v128.store(at, activate(high, activation), 16);
      }
      at += ROW;
      b += ROW;
    }
  }
}

/** D = D * f'(U), with f' in terms of H = f(U). */
export function multiplyDerivative(delta: usize, h: usize, stride: usize, rows: i32, panels: i32, activation: i32): void {
  for (let i = 0; i < rows; i++) {
    let d = delta + <usize>i * stride,
      v = h + <usize>i * stride;
    const end = d + <usize>panels * ROW;
    while (d < end) {
      v128.store(d, timesDerivative(v128.load(d), v128.load(v), activation));
      v128.store(d, timesDerivative(v128.load(d, 16), v128.load(v, 16), activation), 16);
      d += ROW;
      v += ROW;
    }
  }
}

/** next = factor * w, `count` elements (a multiple of 4). */
export function scaledCopy(next: usize, w: usize, count: i32, factor: f32): void {
  const q = f32x4.splat(factor);
  const end = w + (<usize>count << 2);
  while (w < end) {
    v128.store(next, f32x4.mul(q, v128.load(w)));
    w += 16;
    next += 16;
  }
}

/** One row *= factor, 8 columns in each of `panels`, which are `panel` bytes apart. */
export function scaleRow(row: usize, panel: usize, panels: i32, factor: f32): void {
  const q = f32x4.splat(factor);
  for (let p = 0; p < panels; p++) {
    v128.store(row, f32x4.mul(q, v128.load(row)));
    v128.store(row, f32x4.mul(q, v128.load(row, 16)), 16);
    row += panel;
  }
}

/** g = D^T 1, or += with `accumulate`: sums over the rows in order, for `panels` groups of columns. */
export function columnTotals(g: usize, delta: usize, stride: usize, rows: i32, panels: i32, accumulate: i32): void {
  for (let j = 0; j < panels; j++) {
    const zero = f32x4.splat(0);
    if (!accumulate) {
      v128.store(g + <usize>j * ROW, zero);
      v128.store(g + <usize>j * ROW, zero, 16);
    }
  }
  // Four rows to a pass over g: one row alone would load and store g as often as it loads the row.
  let i = 0;
  for (; i + 4 <= rows; i += 4) {
    const d = delta + <usize>i * stride;
    for (let at: usize = 0; at < <usize>panels * ROW; at += 16) {
      const a = d + at;
      const first = f32x4.add(v128.load(a), v128.load(a + stride));
      const second = f32x4.add(v128.load(a + 2 * stride), v128.load(a + 3 * stride));
      v128.store(g + at, f32x4.add(v128.load(g + at), f32x4.add(first, second)));
    }
  }
  for (; i < rows; i++) {
    const d = delta + <usize>i * stride;
    for (let at: usize = 0; at < <usize>panels * ROW; at += 16) {
      v128.store(g + at, f32x4.add(v128.load(g + at), v128.load(d + at)));
    }
  }
}

/** next = decay * w - step * g, `count` elements (a multiple of 4). `next` may be g. */
export function plainStep(next: usize, w: usize, g: usize, count: i32, step: f32, decay: f32): void {
  const s = f32x4.splat(step),
    q = f32x4.splat(decay);
  const end = w + (<usize>count << 2);
  while (w < end) {
    v128.store(next, fnma(s, v128.load(g), f32x4.mul(q, v128.load(w))));
    w += 16;
    g += 16;
    next += 16;
  }
}

/** Zeroes the columns [first, last) of one row. */
export function clearColumns(row: usize, first: i32, last: i32): void {
  for (let c = first; c < last; c++) store<f32>(row + (<usize>c << 2), 0);
}

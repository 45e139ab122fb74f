import { exp, ln, sigmoid } from './elementary';
import { columnMask, laneSum, ROW } from './lanes';

// The output layer: Y = f_L(U_L), D_L = Y - D, the loss and the number of right answers, row by row.
// y (rows, K) holds U_L on entry and Y on return; delta (rows, K). Both have `row` bytes from row to row, and `yStride` or
// `deltaStride` from one 8 columns to the next: panels, or plain rows with 32. `result` points to two float64, the sum
// of the losses and the sum of the right answers, to which the rows are added.

/** Softmax and cross-entropy for class numbers: labels (rows) int32. Right: the largest output is the class. */
export function softmaxClasses(
  y: usize,
  yStride: usize,
  delta: usize,
  deltaStride: usize,
  labels: usize,
  row: usize,
  rows: i32,
  columns: i32,
  result: usize,
): void {
  let loss: f64 = 0,
    right: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const at = <usize>i * row;
    const label = load<i32>(labels + ((<usize>i) << 2));
    const place = <usize>(label >> 3) * yStride + <usize>(label & 7) * 4 + at;
    const max = rowMax(y + at, yStride, columns);
    const own = load<f32>(y + place);
    // Before they become outputs, of which rounding makes some equal.
    if (own == max && firstAt(y + at, yStride, columns) == label) right += 1;
    const sum = exponentials(y + at, yStride, columns, max);
    normalise(y + at, yStride, delta + at, deltaStride, columns, sum);
    const deltaPlace = delta + <usize>(label >> 3) * deltaStride + <usize>(label & 7) * 4 + at;
    store<f32>(deltaPlace, load<f32>(deltaPlace) - 1);
    loss += ln(<f64>sum) - (<f64>own - <f64>max);
  }
  store<f64>(result, load<f64>(result) + loss);
  store<f64>(result, load<f64>(result, 8) + right, 8);
}

/** Softmax and cross-entropy for rows of probabilities: desired (rows, K padded) float32, row-major. */
export function softmaxValues(
  y: usize,
  yStride: usize,
  delta: usize,
  deltaStride: usize,
  desired: usize,
  row: usize,
  rows: i32,
  columns: i32,
  result: usize,
): void {
  const desiredStride = <usize>((columns + 7) & ~7) * 4;
  let loss: f64 = 0,
    right: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const at = <usize>i * row;
    const max = rowMax(y + at, yStride, columns);
    let cross: f64 = 0,
      total: f64 = 0,
      best: f32 = -1,
      bestAt = 0;
    for (let k = 0; k < columns; k++) {
      const d = load<f32>(desired + ((<usize>k) << 2));
      const u = load<f32>(y + at + <usize>(k >> 3) * yStride + <usize>(k & 7) * 4);
      if (d != 0) cross += <f64>d * (<f64>u - <f64>max);
      total += d;
      if (d > best) {
        best = d;
        bestAt = k;
      }
    }
    if (firstAt(y + at, yStride, columns) == bestAt) right += 1;
    const sum = exponentials(y + at, yStride, columns, max);
    normalise(y + at, yStride, delta + at, deltaStride, columns, sum);
    subtractRow(delta + at, deltaStride, desired, columns);
    loss += total * ln(<f64>sum) - cross;
    desired += desiredStride;
  }
  store<f64>(result, load<f64>(result) + loss);
  store<f64>(result, load<f64>(result, 8) + right, 8);
}

/** Linear outputs and half the squared error, summed over the outputs. There are no right answers. */
export function linearValues(
  y: usize,
  yStride: usize,
  delta: usize,
  deltaStride: usize,
  desired: usize,
  row: usize,
  rows: i32,
  columns: i32,
  result: usize,
): void {
  const panels = (columns + 7) >> 3,
    desiredStride = <usize>panels * ROW;
  let loss: f64 = 0;
  for (let i = 0; i < rows; i++) {
    let u = y + <usize>i * row,
      out = delta + <usize>i * row,
      d = desired;
    for (let p = 0; p < panels; p++) {
      const low = f32x4.sub(v128.load(u), v128.load(d)),
        high = f32x4.sub(v128.load(u, 16), v128.load(d, 16));
      v128.store(out, low);
      v128.store(out, high, 16);
      loss += 0.5 * <f64>laneSum(f32x4.add(f32x4.mul(low, low), f32x4.mul(high, high)));
      u += yStride;
      out += deltaStride;
      d += ROW;
    }
    desired += desiredStride;
  }
  store<f64>(result, load<f64>(result) + loss);
}

/**
 * Sigmoid outputs and binary cross-entropy, summed over the outputs, as max(u, 0) - u d + ln(1 + e^-|u|).
 * Right: the share of outputs on the same side of one half as their desired value.
 */
export function sigmoidValues(
  y: usize,
  yStride: usize,
  delta: usize,
  deltaStride: usize,
  desired: usize,
  row: usize,
  rows: i32,
  columns: i32,
  result: usize,
): void {
  const panels = (columns + 7) >> 3;
  let loss: f64 = 0,
    right: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const at = <usize>i * row;
    for (let k = 0; k < columns; k++) {
      const u = load<f32>(y + at + <usize>(k >> 3) * yStride + <usize>(k & 7) * 4);
      const d = load<f32>(desired + ((<usize>k) << 2));
      const e = f32x4.extract_lane(exp(f32x4.splat(-abs(u))), 0);
      loss += <f64>(u > 0 ? u : <f32>0) - <f64>u * <f64>d + ln(1 + <f64>e) + (u != u ? <f64>u : 0);
      if (u >= 0 == d >= 0.5) right += 1.0 / <f64>columns;
    }
    for (let p = 0; p < panels; p++) {
      const v = y + at + <usize>p * yStride,
        out = delta + at + <usize>p * deltaStride,
        d = desired + <usize>p * ROW;
      const low = v128.and(sigmoid(v128.load(v)), columnMask(p * 8, columns));
      const high = v128.and(sigmoid(v128.load(v, 16)), columnMask(p * 8 + 4, columns));
      v128.store(v, low);
      v128.store(v, high, 16);
      v128.store(out, f32x4.sub(low, v128.load(d)));
      v128.store(out, f32x4.sub(high, v128.load(d, 16)), 16);
    }
    desired += <usize>panels * ROW;
  }
  store<f64>(result, load<f64>(result) + loss);
  store<f64>(result, load<f64>(result, 8) + right, 8);
}

/** The largest of the first `columns` values of a row; NaN where one is NaN. */
function rowMax(u: usize, stride: usize, columns: i32): f32 {
  const lowest = f32x4.splat(-f32.MAX_VALUE);
  let max = lowest;
  for (let k = 0; k < columns; k += 8) {
    max = f32x4.max(max, v128.bitselect(v128.load(u), lowest, columnMask(k, columns)));
    max = f32x4.max(max, v128.bitselect(v128.load(u, 16), lowest, columnMask(k + 4, columns)));
    u += stride;
  }
  max = f32x4.max(max, i32x4.shuffle(max, max, 2, 3, 0, 1));
  max = f32x4.max(max, i32x4.shuffle(max, max, 1, 0, 3, 2));
  return f32x4.extract_lane(max, 0);
}

/** u <- e^(u - max), zero in the padding; returns the sum. */
function exponentials(u: usize, stride: usize, columns: i32, max: f32): f32 {
  const m = f32x4.splat(max);
  let sum = f32x4.splat(0);
  for (let k = 0; k < columns; k += 8) {
    const low = v128.and(exp(f32x4.sub(v128.load(u), m)), columnMask(k, columns));
    const high = v128.and(exp(f32x4.sub(v128.load(u, 16), m)), columnMask(k + 4, columns));
    v128.store(u, low);
    v128.store(u, high, 16);
    sum = f32x4.add(sum, f32x4.add(low, high));
    u += stride;
  }
  return laneSum(sum);
}

/** u <- u / sum, and delta = u. */
function normalise(u: usize, stride: usize, delta: usize, deltaStride: usize, columns: i32, sum: f32): void {
  const s = f32x4.splat(1 / sum);
  for (let k = 0; k < columns; k += 8) {
    const low = f32x4.mul(v128.load(u), s),
      high = f32x4.mul(v128.load(u, 16), s);
    v128.store(u, low);
    v128.store(u, high, 16);
    v128.store(delta, low);
    v128.store(delta, high, 16);
    u += stride;
    delta += deltaStride;
  }
}

/** delta <- delta - d, one row. */
function subtractRow(delta: usize, stride: usize, d: usize, columns: i32): void {
  for (let k = 0; k < columns; k += 8) {
    v128.store(delta, f32x4.sub(v128.load(delta), v128.load(d)));
    v128.store(delta, f32x4.sub(v128.load(delta, 16), v128.load(d, 16)), 16);
    delta += stride;
    d += ROW;
  }
}

/** The first column that holds the largest value of a row. */
function firstAt(y: usize, stride: usize, columns: i32): i32 {
  let at = 0,
    best = load<f32>(y);
  for (let k = 1; k < columns; k++) {
    const value = load<f32>(y + <usize>(k >> 3) * stride + <usize>(k & 7) * 4);
    if (value > best) {
      best = value;
      at = k;
    }
  }
  return at;
}

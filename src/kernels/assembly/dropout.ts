import { timesDerivative } from './elementary';
import { ROW } from './lanes';

// Inverted dropout, row by row: h and delta (rows, n_l) have `row` bytes from row to row and `panel` from one 8 columns to the
// next: panels, or plain rows with 32. `first` is the place of the first row in the epoch. A unit is left out whose hash is
// below `threshold`, unsigned; masks.ts has the hash one by one.

const GOLDEN: i32 = 0x9e3779b9;
const FIRST: i32 = 0x21f0aaad;
const SECOND: i32 = 0x735a2d97;

/** H = H * M, where M is `factor`, or 0. */
export function drop(
  h: usize, panel: usize, row: usize, rows: i32, panels: i32,
  first: i32, key: i32, other: i32, threshold: i32, factor: f32,
): void {
  const f = f32x4.splat(factor), t = i32x4.splat(threshold);
  for (let i = 0; i < rows; i++) {
    let at = h + <usize>i * row;
    let low = firstUnits(key, first + i), high = i32x4.add(low, i32x4.splat(4 * GOLDEN));
    const b = i32x4.splat(rowKey(other, first + i));
    for (let p = 0; p < panels; p++) {
      v128.store(at, v128.andnot(f32x4.mul(v128.load(at), f), dropped(low, b, t)));
      v128.store(at, v128.andnot(f32x4.mul(v128.load(at, 16), f), dropped(high, b, t)), 16);
      low = i32x4.add(low, i32x4.splat(8 * GOLDEN));
      high = i32x4.add(high, i32x4.splat(8 * GOLDEN));
      at += panel;
    }
  }
}

/** D = D * f'(U) * M, with f' in terms of f(U) = H / factor: where H is 0 by M, so is D. */
export function dropDelta(
  delta: usize, h: usize, panel: usize, row: usize, rows: i32, panels: i32,
  first: i32, key: i32, other: i32, threshold: i32, factor: f32, keep: f32, activation: i32,
): void {
  const f = f32x4.splat(factor), k = f32x4.splat(keep), t = i32x4.splat(threshold);
  for (let i = 0; i < rows; i++) {
    let at = h + <usize>i * row, d = delta + <usize>i * row;
    let low = firstUnits(key, first + i), high = i32x4.add(low, i32x4.splat(4 * GOLDEN));
    const b = i32x4.splat(rowKey(other, first + i));
    for (let p = 0; p < panels; p++) {
      const d0 = f32x4.mul(v128.load(d), f), d1 = f32x4.mul(v128.load(d, 16), f);
      const h0 = f32x4.mul(v128.load(at), k), h1 = f32x4.mul(v128.load(at, 16), k);
      v128.store(d, v128.andnot(timesDerivative(d0, h0, activation), dropped(low, b, t)));
      v128.store(d, v128.andnot(timesDerivative(d1, h1, activation), dropped(high, b, t)), 16);
      low = i32x4.add(low, i32x4.splat(8 * GOLDEN));
      high = i32x4.add(high, i32x4.splat(8 * GOLDEN));
      at += panel;
      d += panel;
    }
  }
}

/** What the hashes of the units 0 to 3 of a row begin with. */
// @ts-ignore: decorator
@inline
function firstUnits(key: i32, row: i32): v128 {
  return i32x4.add(i32x4.splat(rowKey(key, row)), i32x4(0, GOLDEN, 2 * GOLDEN, 3 * GOLDEN));
}

function rowKey(key: i32, row: i32): i32 {
  let z = key + row * GOLDEN;
  z = (z ^ (z >>> 16)) * FIRST;
  z = (z ^ (z >>> 15)) * SECOND;
  return z ^ (z >>> 15);
}

/** All ones in the lanes of units that are left out. */
// @ts-ignore: decorator
@inline
function dropped(units: v128, b: v128, threshold: v128): v128 {
  let z = i32x4.mul(v128.xor(units, i32x4.shr_u(units, 16)), i32x4.splat(FIRST));
  z = i32x4.mul(v128.xor(v128.xor(z, i32x4.shr_u(z, 15)), b), i32x4.splat(SECOND));
  return i32x4.lt_u(v128.xor(z, i32x4.shr_u(z, 15)), threshold);
}

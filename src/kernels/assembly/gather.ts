import { fma, ROW } from './lanes';

/**
 * H_0 = scale * X + shift, column by column, from `rows` rows of bytes.
 *
 * h: `row` bytes from row to row and `hStride` from one 8 columns to the next: panels, or plain rows with 32.
 * x: rows of `xStride` bytes, padded to a multiple of 8; scale and shift: padded to `panels` * 8, zero in the padding.
 */
export function gatherBytes(
  h: usize,
  hStride: usize,
  x: usize,
  xStride: usize,
  scale: usize,
  shift: usize,
  row: usize,
  rows: i32,
  panels: i32,
): void {
  for (let i = 0; i < rows; i++) {
    let out = h + <usize>i * row,
      from = x + <usize>i * xStride,
      s = scale,
      t = shift;
    for (let p = 0; p < panels; p++) {
      const wide = v128.load8x8_u(from);
      const low = f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(wide));
      const high = f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(wide));
      v128.store(out, fma(low, v128.load(s), v128.load(t)));
      v128.store(out, fma(high, v128.load(s, 16), v128.load(t, 16)), 16);
      from += 8;
      s += ROW;
      t += ROW;
      out += hStride;
    }
  }
}

/** The same from rows of float32; `xStride` in bytes, a multiple of 32, zero in the padding. x may be h itself. */
export function gatherFloats(
  h: usize,
  hStride: usize,
  x: usize,
  xStride: usize,
  scale: usize,
  shift: usize,
  row: usize,
  rows: i32,
  panels: i32,
): void {
  for (let i = 0; i < rows; i++) {
    let out = h + <usize>i * row,
      from = x + <usize>i * xStride,
      s = scale,
      t = shift;
    for (let p = 0; p < panels; p++) {
      v128.store(out, fma(v128.load(from), v128.load(s), v128.load(t)));
      v128.store(out, fma(v128.load(from, 16), v128.load(s, 16), v128.load(t, 16)), 16);
      from += ROW;
      s += ROW;
      t += ROW;
      out += hStride;
    }
  }
}

// Four float32 lanes at a time: the few helpers that every kernel is written on.
//
// Matrices are stored in panels of 8 columns: element (r, c) of an R x C matrix is at
//   base + (c / 8) * panelStride + r * 32 + (c % 8) * 4     (bytes)
// so that 8 columns of one row are two adjacent vectors, and a walk down the rows is one stream.
// Columns are padded to a multiple of 8 with zeros; every kernel keeps the padding zero.

/** Bytes of one row within a panel: 8 float32. */
export const ROW: usize = 32;

/** a * b + c, in one rounding where relaxed SIMD is enabled (and the hardware has FMA). */
// @ts-ignore: decorator
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** c - a * b. */
// @ts-ignore: decorator
@inline
export function fnma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** The sums over the lanes of a, b, c and d, as one vector. */
// @ts-ignore: decorator
@inline
export function laneSums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(i32x4.shuffle(a, b, 0, 4, 2, 6), i32x4.shuffle(a, b, 1, 5, 3, 7));
  const cd = f32x4.add(i32x4.shuffle(c, d, 0, 4, 2, 6), i32x4.shuffle(c, d, 1, 5, 3, 7));
  return f32x4.add(i32x4.shuffle(ab, cd, 0, 1, 4, 5), i32x4.shuffle(ab, cd, 2, 3, 6, 7));
}

/** The sum over the four lanes. */
// @ts-ignore: decorator
@inline
export function laneSum(a: v128): f32 {
  return (
    f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 1) + (f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3))
  );
}

/** All ones in the lanes whose column (first + lane) is below `columns`, else zeros. */
// @ts-ignore: decorator
@inline
export function columnMask(first: i32, columns: i32): v128 {
  const lane = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3));
  return i32x4.lt_s(lane, i32x4.splat(columns));
}

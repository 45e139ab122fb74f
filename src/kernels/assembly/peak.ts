import { fma, laneSum } from './lanes';

/** The fused multiply-add peak, to compare kernels with: `count` times 12 independent multiply-adds of 4 lanes. */
export function fmaPeak(count: i32): f32 {
  const x = f32x4.splat(0.999), y = f32x4.splat(0.001);
  let a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
  for (let n = 0; n < count; n++) {
    a = fma(x, y, a); b = fma(x, y, b); c = fma(x, y, c); d = fma(x, y, d);
    e = fma(x, y, e); f = fma(x, y, f); g = fma(x, y, g); h = fma(x, y, h);
    i = fma(x, y, i); j = fma(x, y, j); k = fma(x, y, k); l = fma(x, y, l);
  }
  const sum = f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(f32x4.add(e, f), f32x4.add(g, h)));
  return laneSum(f32x4.add(sum, f32x4.add(f32x4.add(i, j), f32x4.add(k, l))));
}

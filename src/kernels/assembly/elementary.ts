// exp, ln, and the activations, without tables (a static table would lie in the shared memory of every instance).
import { fma, fnma } from './lanes';

// The codes of core/activations.ts.
export const LINEAR: i32 = 0;
export const RELU: i32 = 1;
const LEAKY_RELU: i32 = 2;
export const SIGMOID: i32 = 3;
const TANH: i32 = 4;
const ELU: i32 = 5;

/**
 * e^x by range reduction x = n ln 2 + r, |r| <= ln 2 / 2, and the polynomial of Cephes' expf.
 * Relative error below 3e-7 on [-87.3, 88]; saturates outside. NaN in, NaN out.
 */
export function exp(x: v128): v128 {
  const high = f32x4.splat(88.02);
  const low = f32x4.splat(-87.33);
  // pmin and pmax keep x where the comparison is false, so NaN passes.
  const u = f32x4.pmin(f32x4.pmax(x, low), high);
  const n = f32x4.nearest(f32x4.mul(u, f32x4.splat(1.44269504088896341)));
  let r = fnma(n, f32x4.splat(0.693359375), u);
  r = fnma(n, f32x4.splat(-2.12194440e-4), r);
  let p = f32x4.splat(1.9875691500e-4);
  p = fma(p, r, f32x4.splat(1.3981999507e-3));
  p = fma(p, r, f32x4.splat(8.3334519073e-3));
  p = fma(p, r, f32x4.splat(4.1665795894e-2));
  p = fma(p, r, f32x4.splat(1.6666665459e-1));
  p = fma(p, r, f32x4.splat(5.0000001201e-1));
  p = fma(p, f32x4.mul(r, r), f32x4.add(r, f32x4.splat(1)));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(p, power);
}

/** ln x for finite x > 0, by ln m = 2 artanh((m - 1) / (m + 1)) with m in [sqrt 1/2, sqrt 2); absolute error below 1e-12. */
export function ln(x: f64): f64 {
  let bits = reinterpret<u64>(x);
  let exponent = <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent += 1;
  }
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let series = 1.0 / 17.0;
  series = series * z + 1.0 / 15.0;
  series = series * z + 1.0 / 13.0;
  series = series * z + 1.0 / 11.0;
  series = series * z + 1.0 / 9.0;
  series = series * z + 1.0 / 7.0;
  series = series * z + 1.0 / 5.0;
  series = series * z + 1.0 / 3.0;
  series = series * z + 1.0;
  return 2.0 * s * series + <f64>exponent * 0.6931471805599453;
}

/** 1 / (1 + e^-u). */
export function sigmoid(u: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(u))));
}

/** tanh u: Cephes' polynomial below |u| = 0.625, (1 - e^-2|u|) / (1 + e^-2|u|) above. Relative error below 5e-7. */
export function tanh(u: v128): v128 {
  const one = f32x4.splat(1);
  const size = f32x4.abs(u);
  const e = exp(f32x4.mul(size, f32x4.splat(-2)));
  const large = f32x4.div(f32x4.sub(one, e), f32x4.add(one, e));
  const signed = v128.or(large, v128.and(u, i32x4.splat(0x80000000)));
  const z = f32x4.mul(u, u);
  let p = f32x4.splat(-5.70498872745e-3);
  p = fma(p, z, f32x4.splat(2.06390887954e-2));
  p = fma(p, z, f32x4.splat(-5.37397155531e-2));
  p = fma(p, z, f32x4.splat(1.33314422036e-1));
  p = fma(p, z, f32x4.splat(-3.33332819422e-1));
  const small = fma(f32x4.mul(p, z), u, u);
  return v128.bitselect(small, signed, f32x4.lt(size, f32x4.splat(0.625)));
}

/** u above 0, e^u - 1 below: 2 t / (1 - t) with t = tanh(u / 2), which is as exact near 0 as elsewhere. Relative error below 7e-7. */
export function elu(u: v128): v128 {
  const t = tanh(f32x4.mul(u, f32x4.splat(0.5)));
  const below = f32x4.div(f32x4.add(t, t), f32x4.sub(f32x4.splat(1), t));
  return v128.bitselect(u, below, f32x4.gt(u, f32x4.splat(0)));
}

/** f(u). */
export function activate(u: v128, activation: i32): v128 {
  if (activation == RELU) return f32x4.pmax(u, f32x4.splat(0));
  if (activation == LEAKY_RELU) return f32x4.pmax(u, f32x4.mul(u, f32x4.splat(0.01)));
  if (activation == SIGMOID) return sigmoid(u);
  if (activation == TANH) return tanh(u);
  if (activation == ELU) return elu(u);
  return u;
}

/** delta * f'(u), where f' is written in terms of h = f(u). */
// @ts-ignore: decorator
@inline
export function timesDerivative(delta: v128, h: v128, activation: i32): v128 {
  const zero = f32x4.splat(0);
  if (activation == RELU) return v128.and(delta, f32x4.gt(h, zero));
  if (activation == LEAKY_RELU) {
    return v128.bitselect(delta, f32x4.mul(delta, f32x4.splat(0.01)), f32x4.gt(h, zero));
  }
  if (activation == SIGMOID) return f32x4.mul(delta, f32x4.mul(h, f32x4.sub(f32x4.splat(1), h)));
  if (activation == TANH) return f32x4.mul(delta, f32x4.sub(f32x4.splat(1), f32x4.mul(h, h)));
  if (activation == ELU) {
    return v128.bitselect(delta, fma(delta, h, delta), f32x4.gt(h, zero));
  }
  return delta;
}

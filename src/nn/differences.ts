/**
 * The Jacobian of any function by central differences: (f(x + h e_i) - f(x - h e_i)) / 2h, h = step max(1, |x_i|).
 *
 * @param f - from n numbers to K numbers
 * @param x - n numbers
 * @param step - relative; the error is of the order of step^2 and of 1e-16 / step
 * @returns K x n, row-major
 * @example
 * // f(x) = (5 - 2 x1 + 3 x3, x1 + 5 x2^2 + x3^3 - 1) at (1, 2, 3) has the Jacobian (-2, 0, 3; 1, 20, 27)
 * numericalJacobian(([a, b, c]) => [5 - 2 * a + 3 * c, a + 5 * b ** 2 + c ** 3 - 1], [1, 2, 3]);
 */
export function numericalJacobian(
  f: (x: number[]) => ArrayLike<number>,
  x: ArrayLike<number>,
  step = 1e-5,
): Float64Array {
  const at = Array.from(x);
  const K = f(at).length;
  const J = new Float64Array(K * at.length);
  at.forEach((value, i) => {
    const h = step * Math.max(1, Math.abs(value));
    const above = f(at.with(i, value + h));
    const below = f(at.with(i, value - h));
    for (let k = 0; k < K; k++) J[k * at.length + i] = (above[k]! - below[k]!) / (2 * h);
  });
  return J;
}

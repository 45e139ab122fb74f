// Least squares of times against batch sizes. Errors are relative: a percent of a short time counts as a percent of a long one.

/** c_1 x_1 + c_2 x_2 + ..., each c at least 0, and what was left over. */
export interface Fit {
  readonly coefficients: readonly number[];
  /** The sum of the squared errors; of times they are relative. */
  readonly error: number;
}

/** Time per epoch as a function of B: a / B + b + c B. Without cache overflow, imbalance and the like, c is 0. */
export interface EpochFit {
  /** Seconds, times rows: N t0, the cost of an update that does not depend on its rows. */
  a: number;
  /** Seconds: what the rows of an epoch cost. */
  b: number;
  /** Seconds per row. */
  c: number;
  /** Akaike's criterion, corrected for small samples, of the fit with c less that of the fit without; below 0 speaks for c. */
  aiccDifference: number | undefined;
}

/** Time per update as a function of B: t0 + c' B. */
export interface UpdateFit {
  /** Seconds. */
  t0: number;
  /** Seconds per row. */
  c: number;
}

/** Fits a / B + b + c B to times per epoch, one for each batch size. */
export function fitEpochTimes(batchSizes: readonly number[], times: readonly number[]): EpochFit {
  const without = fit([batchSizes.map((B) => 1 / B), batchSizes.map(() => 1)], times);
  const whole = fit([batchSizes.map((B) => 1 / B), batchSizes.map(() => 1), [...batchSizes]], times);
  const [a, b, c] = whole.coefficients;
  const [with3, with2] = [aicc(whole.error, times.length, 3), aicc(without.error, times.length, 2)];
  const aiccDifference = with3 === undefined || with2 === undefined ? undefined : with3 - with2;
  return { a: a!, b: b!, c: c!, aiccDifference };
}

/** Fits t0 + c B to times per update. */
export function fitUpdateTimes(batchSizes: readonly number[], times: readonly number[]): UpdateFit {
  const [t0, c] = fit([batchSizes.map(() => 1), [...batchSizes]], times).coefficients;
  return { t0: t0!, c: c! };
}

/** AICc (Hurvich & Tsai 1989) of a least squares fit; the variance is a parameter too. Undefined for too few points. */
function aicc(error: number, points: number, coefficients: number): number | undefined {
  const k = coefficients + 1;
  if (points - k - 1 <= 0) return undefined;
  // Times are never known to a millionth: a perfect fit must not win by infinity.
  const variance = Math.max(error / points, 1e-12);
  return points * Math.log(variance) + 2 * k + (2 * k * (k + 1)) / (points - k - 1);
}

/** Least squares of relative errors: the sum of (X c / t - 1)^2. */
function fit(columns: readonly (readonly number[])[], times: readonly number[]): Fit {
  return fitNonNegative(
    columns.map((column) => column.map((x, p) => x / times[p]!)),
    times.map(() => 1),
  );
}

/**
 * The coefficients c >= 0 that make the sum of (X c - y)^2 least. They are few, so that all choices of those above 0 are tried.
 * @param columns - those of X, each with a value for each of y
 */
export function fitNonNegative(columns: readonly (readonly number[])[], y: readonly number[]): Fit {
  let best: Fit = { coefficients: columns.map(() => 0), error: y.reduce((sum, value) => sum + value ** 2, 0) };
  for (let chosen = 1; chosen < 2 ** columns.length; chosen++) {
    const used = columns.filter((_, i) => (chosen >> i) & 1);
    const solution = solve(used, y);
    if (solution === undefined || solution.some((c) => c < 0)) continue;
    const error = y.reduce((sum, value, p) => {
      const fitted = used.reduce((total, column, i) => total + solution[i]! * column[p]!, 0);
      return sum + (fitted - value) ** 2;
    }, 0);
    if (error >= best.error) continue;
    let next = 0;
    best = { coefficients: columns.map((_, i) => ((chosen >> i) & 1 ? solution[next++]! : 0)), error };
  }
  return best;
}

/** The coefficients that make the sum of (X c - y)^2 least, by the normal equations; undefined if they are singular. */
function solve(columns: readonly (readonly number[])[], y: readonly number[]): number[] | undefined {
  // Columns of size 1, so that the equations are well conditioned.
  const sizes = columns.map((column) => Math.hypot(...column));
  const X = columns.map((column, i) => column.map((x) => x / sizes[i]!));
  const dot = (u: readonly number[], v: readonly number[]) => u.reduce((sum, x, p) => sum + x * v[p]!, 0);
  const A = X.map((u) => [...X.map((v) => dot(u, v)), dot(u, y)]);
  const n = A.length;
  for (let k = 0; k < n; k++) {
    const pivot = A.slice(k).reduce((top, row, i) => (Math.abs(row[k]!) > Math.abs(A[top]![k]!) ? k + i : top), k);
    [A[k], A[pivot]] = [A[pivot]!, A[k]!];
    if (Math.abs(A[k]![k]!) < 1e-12) return undefined;
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = A[i]![k]! / A[k]![k]!;
      for (let j = k; j <= n; j++) A[i]![j]! -= factor * A[k]![j]!;
    }
  }
  return A.map((row, i) => row[n]! / row[i]! / sizes[i]!);
}

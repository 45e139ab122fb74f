import { integer } from '../core/checks.ts';
import { checkNumbers, checkOneEach } from './lists.ts';

/** Errors of one output, in the units of the targets. */
export interface ValueScore {
  output: number;
  /** Mean |y - d|. */
  mae: number;
  /** Root of the mean (y - d)^2. */
  rmse: number;
  /**
   * 1 - sum (y - d)^2 / sum (d - mean d)^2. Where all targets are equal, 1 if so are the outputs, else 0, as in scikit-learn. Absent
   * where there is one pattern.
   */
  r2?: number;
}

export interface ValueScores {
  /** Means over the outputs. */
  mae: number;
  rmse: number;
  /** Absent where there is one pattern. */
  r2?: number;
  perOutput: ValueScore[];
  /** Outputs whose targets are all equal, or one: there is nothing that r2 could explain. */
  undefined: { metric: 'r2'; output: number }[];
}

/**
 * Mean absolute error, root mean squared error and coefficient of determination of each output, and their means.
 * @param actual - P x K targets, row-major
 * @param outputs - P x K, row-major
 * @param size - K
 * @throws TypeError, RangeError naming the argument
 * @example
 * valueScores([1, 2, 3], [1, 2, 4], 1).mae; // 1/3
 */
export function valueScores(actual: ArrayLike<number>, outputs: ArrayLike<number>, size = 1): ValueScores {
  checkOneEach('outputs', outputs, actual);
  checkNumbers('actual', actual);
  checkNumbers('outputs', outputs);
  const K = integer('size', size, 1, actual.length);
  if (actual.length % K !== 0)
    throw new RangeError(`"actual" expected rows of ${K} numbers (size), got ${actual.length} numbers`);
  const missing: ValueScores['undefined'] = [];
  const perOutput = Array.from({ length: K }, (_, k) => {
    const { constant, ...score } = scoreOf(actual, outputs, k, K);
    if (constant) missing.push({ metric: 'r2', output: k });
    return { output: k, ...score };
  });
  const mean = (of: 'mae' | 'rmse' | 'r2') => perOutput.reduce((sum, score) => sum + score[of]!, 0) / K;
  const r2 = actual.length > K && { r2: mean('r2') };
  return { mae: mean('mae'), rmse: mean('rmse'), ...r2, perOutput, undefined: missing };
}

function scoreOf(actual: ArrayLike<number>, outputs: ArrayLike<number>, k: number, K: number) {
  const rows = actual.length / K;
  const first = actual[k]!;
  let shifted = 0;
  let absolute = 0;
  let squared = 0;
  for (let i = k; i < actual.length; i += K) {
    const error = outputs[i]! - actual[i]!;
    shifted += actual[i]! - first;
    absolute += Math.abs(error);
    squared += error ** 2;
  }
  const mean = first + shifted / rows;
  let spread = 0;
  for (let i = k; i < actual.length; i += K) spread += (actual[i]! - mean) ** 2;
  // Exactly 0 where all are equal, because the mean is then the first.
  const constant = spread === 0;
  const r2 = constant ? (squared === 0 ? 1 : 0) : 1 - squared / spread;
  return { mae: absolute / rows, rmse: Math.sqrt(squared / rows), ...(rows > 1 && { r2 }), constant };
}

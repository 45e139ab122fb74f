import { integer } from '../core/checks.ts';
import { checkClasses, checkNumbers, checkOneEach, precisionOf, rowSize } from './lists.ts';

/** By how much a rounded probability may be above 1. */
const ROUNDING = 1e-6;

/**
 * The area under the receiver operating characteristic: how likely a pattern of the class has a higher score than one that is
 * not, equal scores counting one half (Mann & Whitney 1947; Fawcett 2006). 0.5 is chance.
 *
 * @param actual - P values: 1 or true where the pattern belongs to the class, 0 or false where it does not
 * @param scores - P scores, of any scale
 * @returns undefined where all patterns belong to the class, or none
 * @throws TypeError, RangeError naming the argument
 * @example
 * rocAuc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]); // 0.75
 */
export function rocAuc(actual: ArrayLike<number | boolean>, scores: ArrayLike<number>): number | undefined {
  checkOneEach('scores', scores, actual);
  checkNumbers('scores', scores);
  const positive = Array.from(actual, Number);
  checkClasses('actual', positive, 2);
  const P = positive.length;
  const order = Uint32Array.from({ length: P }, (_, p) => p).sort((a, b) => scores[a]! - scores[b]!);
  let below = 0;
  let wins = 0;
  let positives = 0;
  for (let from = 0; from < P;) {
    let [to, own] = [from, 0];
    for (; to < P && scores[order[to]!] === scores[order[from]!]; to++) own += positive[order[to]!]!;
    const others = to - from - own;
    wins += own * (below + others / 2);
    below += others;
    positives += own;
    from = to;
  }
  return positives === 0 || below === 0 ? undefined : wins / (positives * below);
}

/**
 * The share of patterns whose class is among the k with the highest scores. Of equal scores the lower class comes first, as
 * everywhere in this library, so that k = 1 gives the accuracy; scikit-learn puts the higher class first.
 *
 * @param actual - P class numbers
 * @param scores - P x C, row-major
 * @param k - in [1, C]
 * @throws TypeError, RangeError naming the argument
 */
export function topKAccuracy(actual: ArrayLike<number>, scores: ArrayLike<number>, k: number): number {
  const C = rowSize('scores', scores, actual);
  integer('k', k, 1, C);
  checkNumbers('scores', scores);
  checkClasses('actual', actual, C);
  let right = 0;
  for (let p = 0; p < actual.length; p++) {
    const own = actual[p]!;
    const score = scores[p * C + own]!;
    let before = 0;
    for (let c = 0; c < C; c++) {
      const other = scores[p * C + c]!;
      if (other > score || (other === score && c < own)) before++;
    }
    if (before < k) right++;
  }
  return right / actual.length;
}

/**
 * The mean of -ln of the probability that was given to the right class. Probabilities are kept 2^-52 away from 0 and 1, those in
 * a Float32Array 2^-23, so that one wrong answer does not make the loss infinite; and are then divided by the sum of their row.
 *
 * @param actual - P class numbers
 * @param probabilities - P x C, row-major
 * @param precision - how far they are kept away, if not as far as their list has it
 * @throws TypeError, RangeError naming the argument
 */
export function logLoss(
  actual: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  precision = precisionOf(probabilities),
): number {
  const C = rowSize('probabilities', probabilities, actual);
  checkNumbers('probabilities', probabilities, 0, 1 + ROUNDING);
  checkClasses('actual', actual, C);
  const clipped = (probability: number) => Math.min(1 - precision, Math.max(precision, probability));
  let loss = 0;
  for (let p = 0; p < actual.length; p++) {
    let sum = 0;
    for (let c = 0; c < C; c++) sum += clipped(probabilities[p * C + c]!);
    loss -= Math.log(clipped(probabilities[p * C + actual[p]!]!) / sum);
  }
  return loss / actual.length;
}

import { integer, wrongType } from '../core/checks.ts';
import { checkClasses, checkOneEach } from './lists.ts';

/** How good the answers for one class are. Where nothing was to be divided by, 0, as in scikit-learn. */
export interface ClassScore {
  class: number;
  /** Patterns that belong to it. */
  support: number;
  /** Patterns that were taken for it. */
  predicted: number;
  /** Of those that were taken for it, the share that belongs to it. */
  precision: number;
  /** Of those that belong to it, the share that was taken for it. */
  recall: number;
  /** The harmonic mean of precision and recall. */
  f1: number;
}

/** Of all classes together. */
export interface AverageScore {
  precision: number;
  recall: number;
  f1: number;
}

/** A figure that is 0 only because nothing was to be divided by; or, of `rocAuc`, one that there is not. */
export interface UndefinedScore {
  metric: 'precision' | 'recall' | 'f1' | 'rocAuc';
  class: number;
}

export interface ClassScores {
  perClass: ClassScore[];
  /** The mean of the classes that some pattern belongs to or was taken for; of labels, which are outputs, of all. As in scikit-learn. */
  macro: AverageScore;
  /** From the counts of all classes added up; where each pattern has one class, all three are the accuracy. */
  micro: AverageScore;
  /** The mean, each class with the weight of its patterns. */
  weighted: AverageScore;
  undefined: UndefinedScore[];
}

/** What the scores of one class are computed from. */
export interface ClassCounts {
  /** Patterns that belong to it and were taken for it. */
  right: number;
  predicted: number;
  support: number;
}

/**
 * How many patterns of each class were taken for which.
 * @param actual - P class numbers
 * @param predicted - P class numbers
 * @param classes - C, how many classes there are
 * @returns C x C: row = actual, column = predicted
 * @throws TypeError, RangeError naming the argument
 * @example
 * confusionMatrix([0, 1, 1], [0, 1, 0], 2); // [[1, 0], [1, 1]]
 */
export function confusionMatrix(actual: ArrayLike<number>, predicted: ArrayLike<number>, classes: number): number[][] {
  integer('classes', classes, 1);
  checkOneEach('predicted', predicted, actual);
  checkClasses('actual', actual, classes);
  checkClasses('predicted', predicted, classes);
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let p = 0; p < actual.length; p++) counts[actual[p]!]![predicted[p]!]!++;
  return counts;
}

/**
 * Precision, recall and F1 of each class and their averages.
 * @param confusion - C x C counts: row = actual, column = predicted
 * @throws TypeError, RangeError naming the row and the column
 */
export function classScores(confusion: readonly (readonly number[])[]): ClassScores {
  if (!Array.isArray(confusion) || confusion.length === 0) throw wrongType('confusion', 'square of counts', confusion);
  const C = confusion.length;
  const counts = Array.from({ length: C }, () => ({ right: 0, predicted: 0, support: 0 }));
  confusion.forEach((row: readonly number[], actual) => {
    if (!Array.isArray(row)) throw wrongType(`confusion[${actual}]`, 'row of counts', row);
    if (row.length !== C) throw new RangeError(`"confusion[${actual}]" expected ${C} counts, got ${row.length}`);
    row.forEach((value: number, predicted) => {
      const count = integer(`confusion[${actual}][${predicted}]`, value, 0);
      counts[actual]!.support += count;
      counts[predicted]!.predicted += count;
      if (actual === predicted) counts[actual]!.right = count;
    });
  });
  return scoresOfCounts(counts);
}

/**
 * The same from counts, which may be of classes that do not exclude each other.
 * @param averaged - which of them are in the macro average: those that occur, in the patterns or in the answers, or all
 */
export function scoresOfCounts(
  counts: readonly ClassCounts[],
  averaged: 'occurring' | 'all' = 'occurring',
): ClassScores {
  const missing: UndefinedScore[] = [];
  const perClass = counts.map(({ right, predicted, support }, k) => {
    const over = (metric: UndefinedScore['metric'], numerator: number, denominator: number) => {
      if (denominator > 0) return numerator / denominator;
      missing.push({ metric, class: k });
      return 0;
    };
    return {
      class: k,
      support,
      predicted,
      precision: over('precision', right, predicted),
      recall: over('recall', right, support),
      f1: over('f1', 2 * right, predicted + support),
    };
  });
  const total = (of: keyof ClassCounts) => counts.reduce((sum, count) => sum + count[of], 0);
  const [right, predicted, support] = [total('right'), total('predicted'), total('support')];
  const macro = perClass.filter((score) => averaged === 'all' || score.support + score.predicted > 0);
  return {
    perClass,
    macro: average(macro, () => 1 / macro.length),
    micro: {
      precision: ratio(right, predicted),
      recall: ratio(right, support),
      f1: ratio(2 * right, predicted + support),
    },
    weighted: average(perClass, (score) => ratio(score.support, support)),
    undefined: missing,
  };
}

function ratio(numerator: number, denominator: number): number {
  return denominator > 0 ? numerator / denominator : 0;
}

function average(perClass: readonly ClassScore[], weight: (score: ClassScore) => number): AverageScore {
  const sum = (of: keyof AverageScore) => perClass.reduce((total, score) => total + weight(score) * score[of], 0);
  return { precision: sum('precision'), recall: sum('recall'), f1: sum('f1') };
}

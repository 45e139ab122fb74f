import { leastSizes } from './best.ts';
import { type Interval, median, medianInterval } from './statistics.ts';

/**
 * One size against the best of its series, repeat by repeat. Which is the best (or the peak) is chosen by the other repeats each time,
 * so that having been chosen is no advantage.
 */
export interface CapacityContrast {
  size: number;
  /** Its test error over that of the best. */
  test: Interval;
  /** The same of the training error. */
  training: Interval;
  /** There are five repeats or more, and the whole interval of `test` is above 1. */
  worse: boolean;
}

/** What a series says. */
export interface CapacityVerdict {
  axis: 'width' | 'depth';
  /** The size of least median test error. */
  least: number;
  /** All that cannot be told from it: with fewer than five repeats, all whose trainings come to an end. */
  asGood: number[];
  /** The size of least median validation error: what one would choose without a look at the test part. */
  byValidation: number;
  smallest: CapacityContrast;
  /** Where the test error is highest beyond the least; the same as `largest` where it goes on rising. */
  peak: CapacityContrast;
  largest: CapacityContrast;
  /** The test error of the largest over that of the peak: below 1 where the error falls a second time. */
  afterPeak: Interval;
  /** The largest is worse, or the peak is. */
  risesAgain: boolean;
  /** All this in words. */
  text: string;
}

/** The errors of a series: for each size one per repeat, the same seeds in the same places. */
export interface CapacitySeries {
  readonly axis: 'width' | 'depth';
  /** In rising order. */
  readonly sizes: readonly number[];
  readonly training: readonly (readonly number[])[];
  readonly validation: readonly (readonly number[])[];
  readonly test: readonly (readonly number[])[];
}

/** With fewer repeats their agreement is no proof: all of four on one side is chance in 1 of 16. */
export const LEAST_REPEATS = 5;

/**
 * Says which size is best and whether the error rises on either side of it.
 * @returns undefined where most trainings of every size diverged
 */
export function judgeCapacity(series: CapacitySeries, tolerance: number, seed: number): CapacityVerdict | undefined {
  const { axis, sizes, training, validation, test } = series;
  const found = leastSizes(sizes, test, { tolerance, seed });
  if (found === undefined) return undefined;
  const { repeats, all } = choices(test);
  const end = sizes.length - 1;
  const ratio = (errors: CapacitySeries['test'], of: (choice: Choice) => number, to: (choice: Choice) => number) =>
    medianInterval(
      repeats.map((choice, r) => ratioOf(errors[of(choice)]![r]!, errors[to(choice)]![r]!)),
      seed,
    );
  const contrast = (size: number, of: (choice: Choice) => number): CapacityContrast => {
    const own = ratio(test, of, (choice) => choice.best);
    return { size, test: own, training: ratio(training, of, (choice) => choice.best), worse: !few && own.low > 1 };
  };
  const medians = test.map((values) => median(values));
  const few = repeats.length < LEAST_REPEATS;
  const asGood = few ? sizes.filter((_, i) => Number.isFinite(medians[i])) : found.asGood;
  const peak = contrast(sizes[all.peak]!, (choice) => choice.peak);
  const largest = contrast(sizes[end]!, () => end);
  const verdict = {
    axis,
    least: found.least,
    asGood,
    byValidation: sizes[indexOfLeast(validation.map((values) => median(values)))]!,
    smallest: contrast(sizes[0]!, () => 0),
    peak,
    largest,
    afterPeak: ratio(
      test,
      () => end,
      (choice) => choice.peak,
    ),
    risesAgain: largest.worse || peak.worse,
  };
  return { ...verdict, text: inWords(verdict, medians[all.best]!, tolerance, few) };
}

/** Places in a series: of the least median, and of the highest from there on. */
interface Choice {
  readonly best: number;
  readonly peak: number;
}

/** By all repeats, and for each repeat by all others. */
function choices(test: CapacitySeries['test']): { all: Choice; repeats: Choice[] } {
  const choose = (errors: CapacitySeries['test']): Choice => {
    const medians = errors.map((values) => median(values));
    const best = indexOfLeast(medians);
    return { best, peak: medians.lastIndexOf(Math.max(...medians.slice(best))) };
  };
  const all = choose(test);
  const count = test[0]!.length;
  if (count === 1) return { all, repeats: [all] };
  const without = (r: number) => test.map((values) => values.filter((_, other) => other !== r));
  return { all, repeats: Array.from({ length: count }, (_, r) => choose(without(r))) };
}

function indexOfLeast(values: readonly number[]): number {
  return values.indexOf(Math.min(...values));
}

/** Equal errors, none or both diverged, are 1. */
function ratioOf(a: number, b: number): number {
  return a === b ? 1 : a / b;
}

function inWords(found: Omit<CapacityVerdict, 'text'>, error: number, tolerance: number, few: boolean): string {
  const { axis, least, asGood, smallest, largest, peak, afterPeak } = found;
  const others = asGood.filter((size) => size !== least);
  const by = tolerance > 0 ? ` by more than ${100 * tolerance}%` : '';
  const same = few
    ? `too few repeats to tell it from the others: it takes ${LEAST_REPEATS}`
    : others.length === 0
      ? `all others are shown to be worse${by}`
      : `${others.join(', ')} ${others.length > 1 ? 'are' : 'is'} not shown to be worse${by}`;
  const sentences = [`The test error is least at a ${axis} of ${least} (${error.toPrecision(3)}); ${same}.`];
  if (smallest.size !== least) sentences.push(leftInWords(smallest));
  if (largest.size !== least) sentences.push(rightInWords(largest));
  else if (smallest.size !== least) sentences.push('That is the largest: the test error was not seen to rise again.');
  if (peak.size !== largest.size && peak.worse && afterPeak.high < 1)
    sentences.push(
      `In between it is higher still: ${ratioInWords(peak.test)} times the least at ${peak.size}; beyond that it falls a second time.`,
    );
  return sentences.join(' ');
}

function leftInWords({ size, test, training, worse }: CapacityContrast): string {
  const text = `At ${size} it is ${ratioInWords(test)} times the least`;
  if (!worse) return `${text}: not larger beyond doubt.`;
  return training.low > 1
    ? `${text}, and the training error is ${ratioInWords(training)} times as large: underfitting.`
    : `${text}, though the training error is not larger beyond doubt.`;
}

function rightInWords({ size, test, training, worse }: CapacityContrast): string {
  if (!worse) return `At ${size}, the largest, it is ${ratioInWords(test)} times the least: not larger beyond doubt.`;
  const text = `It rises again: at ${size} it is ${ratioInWords(test)} times the least`;
  const trained = `${ratioInWords(training)} times as large`;
  if (training.high < 1) return `${text}, while the training error is ${trained}: overfitting.`;
  return training.low > 1
    ? `${text}, and the training error is ${trained}, too: training does not get there, which is not overfitting.`
    : `${text}, while the training error stays about the same.`;
}

function ratioInWords({ median: middle, low, high }: Interval): string {
  const round = (ratio: number) => (Number.isFinite(ratio) ? ratio.toPrecision(3) : 'infinitely many');
  return `${round(middle)} (${round(low)} to ${round(high)})`;
}

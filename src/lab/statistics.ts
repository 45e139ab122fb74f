import { Random } from '../core/random.ts';

/** A median with its bootstrap confidence interval. */
export interface Interval {
  /** Of a figure that is computed from all rounds together, such as a coefficient of a fit: its value. */
  median: number;
  low: number;
  high: number;
}

/** The mean, and the sum of the squares of the distances from it. */
export function spread(values: readonly number[]): { mean: number; squares: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, squares: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) };
}

/** Of the mean of some values; 0 where there is one alone. */
export function standardError(values: readonly number[]): number {
  const n = values.length;
  return n < 2 ? 0 : Math.sqrt(spread(values).squares / (n - 1) / n);
}

/** The middle value, or the mean of the two middle values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * The value below which a share of the values lies, on a straight line between its neighbours (Hyndman and Fan 1996, type 7).
 * @param share - in [0, 1]
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  const beyond = place - Math.floor(place);
  return low === high ? low : (1 - beyond) * low + beyond * high;
}

/** The element below which a share of all lies by their figures; between two, the lower. @param share - in [0, 1] */
export function elementAt<T>(elements: readonly T[], share: number, figure: (element: T) => number): T {
  const sorted = [...elements].sort((a, b) => figure(a) - figure(b));
  return sorted[Math.floor(share * (sorted.length - 1))]!;
}

/**
 * The percentile bootstrap interval of the median (Efron 1979): resample the rounds with replacement, take the median of
 * each resample, cut off half of 1 - level at each end. With fewer than some 5 rounds the interval is too narrow.
 *
 * @param values - one per round: rounds are independent, the updates within one are not
 * @param level - the confidence, in (0, 1)
 */
export function medianInterval(values: readonly number[], seed: number, level = 0.95, resamples = 2000): Interval {
  const random = new Random(seed);
  const medians = Array.from({ length: resamples }, () =>
    median(values.map(() => values[random.below(values.length)]!)),
  );
  return { median: median(values), ...percentiles(medians, level) };
}

/**
 * Percentile bootstrap intervals of figures that are computed from all rounds together, such as the coefficients of a fit: whole
 * rounds are drawn, the same for all that goes into the figures, so that what slowed a round down stays together.
 *
 * @param rounds - how many there are
 * @param figures - computes all of them, always as many, from the rounds with these indices
 * @returns for each figure its value from all rounds, as `median`, and its interval
 */
export function figureIntervals(
  rounds: number,
  figures: (rounds: readonly number[]) => readonly number[],
  seed: number,
  level = 0.95,
  resamples = 2000,
): Interval[] {
  const random = new Random(seed);
  const all = Array.from({ length: rounds }, (_, r) => r);
  const drawn = Array.from({ length: resamples }, () => figures(all.map(() => random.below(rounds))));
  return figures(all).map((value, i) => ({
    median: value,
    ...percentiles(
      drawn.map((values) => values[i]!),
      level,
    ),
  }));
}

/** What is left of the values when half of 1 - level is cut off at each end. */
function percentiles(values: readonly number[], level: number): { low: number; high: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const tail = (1 - level) / 2;
  return {
    low: sorted[Math.floor(tail * sorted.length)]!,
    high: sorted[Math.min(sorted.length - 1, Math.ceil((1 - tail) * sorted.length) - 1)]!,
  };
}

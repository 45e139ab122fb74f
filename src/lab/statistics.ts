import { Random } from '../core/random.ts';

/** A median with its bootstrap confidence interval. */
export interface Interval {
  median: number;
  low: number;
  high: number;
}

/** The middle value, or the mean of the two middle values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
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
  ).sort((a, b) => a - b);
  const tail = (1 - level) / 2;
  return {
    median: median(values),
    low: medians[Math.floor(tail * resamples)]!,
    high: medians[Math.min(resamples - 1, Math.ceil((1 - tail) * resamples) - 1)]!,
  };
}

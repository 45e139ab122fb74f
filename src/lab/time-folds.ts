import { integer, options } from '../core/checks.ts';
import { timesOf } from '../data/split-options.ts';

/** Folds that follow one another in time: each is judged by what was trained on patterns before it. */
export interface TimeSeriesFolds {
  /** When each pattern was. Default: they stand in the order of time. */
  times?: ArrayLike<number> | undefined;
  /** Patterns before each fold that are not trained with; default 0. */
  gap?: number | undefined;
  /** Patterns of a fold; default P / (folds + 1), rounded down. */
  testSize?: number | undefined;
  /** At most so many patterns are trained with, the last ones; default all. */
  maxTrainSize?: number | undefined;
}

/** What is trained with and what is judged by it, as indices of patterns in the order of time. */
export interface TimeFold {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/**
 * The folds of scikit-learn's `TimeSeriesSplit`; but what was at the time at which a fold begins is not trained with.
 * @param count - P
 * @throws TypeError, RangeError naming the option
 */
export function timeFolds(count: number, folds: number, given: TimeSeriesFolds | true): TimeFold[] {
  const o = options<TimeSeriesFolds>('timeSeries', given === true ? {} : given, [
    'times',
    'gap',
    'testSize',
    'maxTrainSize',
  ]);
  const gap = integer('timeSeries.gap', o.gap ?? 0, 0);
  const size = integer('timeSeries.testSize', o.testSize ?? Math.floor(count / (folds + 1)), 1);
  const most = o.maxTrainSize === undefined ? count : integer('timeSeries.maxTrainSize', o.maxTrainSize, 1);
  if (count - gap - size * folds <= 0)
    throw new RangeError(
      `"timeSeries" expected patterns to train with before ${folds} folds of ${size} and a gap of ${gap}, got ${count} in all`,
    );
  const times = o.times === undefined ? undefined : timesOf('timeSeries.times', o.times, count);
  const order = Uint32Array.from({ length: count }, (_, p) => p);
  if (times !== undefined) order.sort((a, b) => times[a]! - times[b]!);
  return Array.from({ length: folds }, (_, fold) => {
    const start = count - size * (folds - fold);
    let end = start - gap;
    while (times !== undefined && end > 0 && times[order[end - 1]!] === times[order[start]!]) end--;
    if (end === 0)
      throw new RangeError(`"timeSeries.times" expected times before fold ${fold}, got none: fewer folds may help`);
    return { train: order.slice(Math.max(0, end - most), end), validation: order.slice(start, start + size) };
  });
}

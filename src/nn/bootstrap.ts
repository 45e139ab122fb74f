import { Random } from '../core/random.ts';
import type { Turns } from '../core/turns.ts';
import type { Predictions } from './predictions.ts';

/** Where a figure would lie on other patterns of the same kind, with 95% confidence. */
export interface FigureInterval {
  low: number;
  high: number;
}

/** By metric: those that are means over patterns, or follow from such. */
export type FigureIntervals = Partial<Record<'accuracy' | 'exact' | 'mae' | 'rmse' | 'r2', FigureInterval>>;

type Name = keyof FigureIntervals;

const RESAMPLES = 1000;
const LEVEL = 0.95;
/** Patterns beyond this are put into so many bundles at random, which are drawn as wholes: sums of many say the same. */
const MOST = 20_000;
/** Of a pattern: shares that are right and exact; or of each output |e|, e^2, d and d^2. */
const PER_OUTPUT = 4;

/**
 * Intervals by the bootstrap (Efron 1979): the patterns, each with its answer, are drawn again with replacement, as many as there are,
 * a thousand times, the same every time; 95% of what the metric becomes lies in between. Where all answers are right, or all are
 * wrong, drawing again says nothing, and the bound is that of Clopper and Pearson (1934). It tells how much chance there is in which
 * patterns were judged, not in the training.
 *
 * @returns nothing where there is one pattern
 * @throws GradpoolError ERR_ABORTED
 */
export async function figureIntervals(found: Predictions, turns: Turns): Promise<FigureIntervals> {
  const { rows, task } = found;
  if (rows < 2) return {};
  const random = new Random(0);
  const { sums, counts, width } = bundled(found, random);
  const drawn = new Map<Name, number[]>();
  const total = new Float64Array(width);
  for (let b = 0; b < RESAMPLES; b++) {
    await turns.next();
    total.fill(0);
    let patterns = 0;
    for (let i = 0; i < counts.length; i++) {
      const at = random.below(counts.length);
      patterns += counts[at]!;
      for (let j = 0; j < width; j++) total[j]! += sums[at * width + j]!;
    }
    for (const [name, value] of task === 'values' ? valuesOf(total, patterns) : sharesOf(found, total, patterns)) {
      const list = drawn.get(name) ?? [];
      drawn.set(name, list);
      list.push(value);
    }
  }
  const trials = task === 'labels' ? rows * found.classes : rows;
  return Object.fromEntries(
    [...drawn].map(([name, values]) => [
      name,
      intervalOf(values, task === 'values' ? 0 : name === 'exact' ? rows : trials),
    ]),
  );
}

/** What each bundle of patterns adds to the sums that the metrics follow from. */
function bundled(found: Predictions, random: Random): { sums: Float64Array; counts: Uint32Array; width: number } {
  const { rows, task, classes } = found;
  const width = task === 'values' ? PER_OUTPUT * classes : 2;
  const bundles = Math.min(rows, MOST);
  const sums = new Float64Array(bundles * width);
  const counts = new Uint32Array(bundles);
  const order = Uint32Array.from({ length: rows }, (_, p) => p);
  if (rows > bundles) random.shuffle(order);
  // Targets are counted from the first, so that the squares of large ones do not swallow what they differ by.
  const from = found.actual.slice(0, classes);
  order.forEach((p, i) => {
    const bundle = i % bundles;
    counts[bundle]!++;
    if (task === 'values') addErrors(found, p, from, sums, bundle * width);
    else addAnswers(found, p, sums, bundle * width);
  });
  return { sums, counts, width };
}

function addErrors(
  { actual, outputs, classes: K }: Predictions,
  p: number,
  from: Float64Array,
  sums: Float64Array,
  at: number,
): void {
  for (let k = 0; k < K; k++) {
    const error = outputs[p * K + k]! - actual[p * K + k]!;
    const d = actual[p * K + k]! - from[k]!;
    const place = at + PER_OUTPUT * k;
    sums[place]! += Math.abs(error);
    sums[place + 1]! += error ** 2;
    sums[place + 2]! += d;
    sums[place + 3]! += d ** 2;
  }
}

function addAnswers(
  { task, actual, predicted, classes }: Predictions,
  p: number,
  sums: Float64Array,
  at: number,
): void {
  const K = task === 'labels' ? classes : 1;
  let right = 0;
  for (let k = 0; k < K; k++) if (actual[p * K + k] === predicted[p * K + k]) right++;
  sums[at]! += right / K;
  if (right === K) sums[at + 1]!++;
}

function sharesOf({ task }: Predictions, total: Float64Array, patterns: number): [Name, number][] {
  const accuracy: [Name, number] = ['accuracy', total[0]! / patterns];
  return task === 'labels' ? [accuracy, ['exact', total[1]! / patterns]] : [accuracy];
}

/** Means over the outputs; no r2 where the targets that were drawn are all equal. */
function valuesOf(total: Float64Array, patterns: number): [Name, number][] {
  const K = total.length / PER_OUTPUT;
  let [mae, rmse, r2, isDefined] = [0, 0, 0, true];
  for (let k = 0; k < K; k++) {
    const [absolute, squares, sum, square] = total.subarray(PER_OUTPUT * k, PER_OUTPUT * (k + 1));
    const spread = square! - sum! ** 2 / patterns;
    mae += absolute! / patterns / K;
    rmse += Math.sqrt(squares! / patterns) / K;
    if (spread <= 1e-12 * square!) isDefined = false;
    else r2 += (1 - squares! / spread) / K;
  }
  return [['mae', mae], ['rmse', rmse], ...(isDefined ? ([['r2', r2]] as [Name, number][]) : [])];
}

/** @param trials - of shares: how many answers they are of; 0 for others */
function intervalOf(values: number[], trials: number): FigureInterval {
  values.sort((a, b) => a - b);
  const outside = (1 - LEVEL) / 2;
  const [low, high] = [quantile(values, outside), quantile(values, 1 - outside)];
  if (trials > 0 && values[0] === values.at(-1)) {
    const bound = outside ** (1 / trials);
    if (low >= 1 - 1e-9) return { low: bound, high: 1 };
    if (high <= 1e-9) return { low: 0, high: 1 - bound };
  }
  return { low, high };
}

/** Between two values in proportion, as NumPy has it by default. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}

import { Random } from '../core/random.ts';
import { type EpochFit, fitEpochTimes } from './fit.ts';
import { median } from './statistics.ts';

/**
 * - `U-shaped`: falls to a minimum and rises after it, both beyond the noise;
 * - `L-shaped`: falls to a plateau; a rise after it, if any, is within the noise;
 * - `rising`: only the rise is beyond the noise: the smallest batch is best;
 * - `inconclusive`: neither is.
 */
export type Verdict = 'U-shaped' | 'L-shaped' | 'rising' | 'inconclusive';

/** One arm of the curve: from the minimum to the highest point on that side. */
export interface Arm {
  /** Where the highest point is; undefined if the minimum is at that end. */
  batchSize: number | undefined;
  /** Its time over that of the minimum. */
  ratio: number;
  /** How likely noise alone makes so large a difference between any two points in that order. */
  p: number;
  /** p is below the level and the ratio is worth a word. */
  significant: boolean;
}

export interface Shape {
  verdict: Verdict;
  /** The same in a sentence. */
  text: string;
  /** The probability of seeing an arm that is not there. */
  level: number;
  /** The batch size with the smallest median. */
  minimum: number | undefined;
  /** Of an L: the smallest batch size within 10% of the minimum. */
  knee: number | undefined;
  evidence: { left: Arm; right: Arm; fit: EpochFit | undefined; rounds: number; batchSizes: number[] };
}

export interface ShapeOptions {
  /** Default 0.05. */
  level?: number;
  /** Default 0. */
  seed?: number;
}

/** An arm of less than this is not worth a word, however sure it is. */
const LEAST_RATIO = 1.02;
const KNEE = 1.1;
const RESAMPLES = 2000;
/** So many residuals the noise of all points counts for in that of one. */
const PRIOR = 1;
const NO_ARM: Arm = { batchSize: undefined, ratio: 1, p: 1, significant: false };

/**
 * Says what shape a curve of times against batch sizes has.
 *
 * Logarithms of the times are compared within rounds, so that what slowed a whole round down cancels out. A difference counts
 * if noise alone makes the largest difference between any two points, in that order, so large in fewer than `level` of
 * resamplings; the noise is drawn from the residuals of all points and rounds, each point's stretched to how noisy it was itself. Because the largest of all differences
 * is the measure, it does not matter that the minimum was chosen by looking at the data.
 *
 * @param batchSizes - in rising order
 * @param samples - for each batch size its times, one per round (or seed); all the same number, positive and finite. Of a run
 * that never arrived, as long as it was allowed to take: it counts as at least so slow
 * @throws RangeError naming what is wrong with the samples
 */
export function judgeShape(
  batchSizes: readonly number[],
  samples: readonly (readonly number[])[],
  { level = 0.05, seed = 0 }: ShapeOptions = {},
): Shape {
  const rounds = samples[0]?.length ?? 0;
  if (samples.length !== batchSizes.length)
    throw new RangeError(
      `"samples" expected a list for each of ${batchSizes.length} batch sizes, got ${samples.length}`,
    );
  for (const [i, values] of samples.entries()) {
    const good = values.length === rounds && values.every((t) => t > 0 && Number.isFinite(t));
    if (!good) throw new RangeError(`"samples[${i}]" expected ${rounds} positive times, got ${values.join(', ')}`);
  }
  const medians = samples.map((values) => median(values));
  const common = { level, evidence: { rounds, batchSizes: [...batchSizes] } };
  if (batchSizes.length < 3 || rounds < 2) {
    const text = `Inconclusive: ${batchSizes.length} batch sizes in ${rounds} rounds, at least 3 in 2 are needed.`;
    const evidence = { ...common.evidence, left: NO_ARM, right: NO_ARM, fit: undefined };
    return { ...common, verdict: 'inconclusive', text, minimum: undefined, knee: undefined, evidence };
  }
  const { centres, residuals } = centre(samples);
  const noise = largestDifferences(residuals, rounds, seed);
  const low = centres.indexOf(Math.min(...centres));
  const left = arm(batchSizes, centres, low, 0, low, noise.falls, level);
  const right = arm(batchSizes, centres, low, low + 1, centres.length, noise.rises, level);
  const verdict: Verdict = left.significant
    ? right.significant
      ? 'U-shaped'
      : 'L-shaped'
    : right.significant
      ? 'rising'
      : 'inconclusive';
  const knee =
    verdict === 'L-shaped' ? batchSizes.find((_, i) => centres[i]! <= centres[low]! + Math.log(KNEE)) : undefined;
  const minimum = batchSizes[low]!;
  return {
    ...common,
    verdict,
    text: inWords(verdict, left, right, minimum, knee),
    minimum,
    knee,
    evidence: { ...common.evidence, left, right, fit: fitEpochTimes(batchSizes, medians) },
  };
}

/** The logarithms less those of their round, by batch size: their medians, and what is left of each. */
function centre(samples: readonly (readonly number[])[]): { centres: number[]; residuals: number[][] } {
  const logs = samples.map((values) => values.map(Math.log));
  const [n, R] = [logs.length, logs[0]!.length];
  const ofRound = Array.from({ length: R }, (_, r) => logs.reduce((sum, row) => sum + row[r]!, 0) / n);
  const within = logs.map((row) => row.map((y, r) => y - ofRound[r]!));
  // Residuals are smaller than the noise by the means that were fitted.
  const swell = Math.sqrt((n * R) / ((n - 1) * (R - 1)));
  const residuals = within.map((row) => {
    const mean = row.reduce((sum, y) => sum + y, 0) / R;
    return row.map((y) => swell * (y - mean));
  });
  return { centres: within.map((row) => median(row)), residuals };
}

/**
 * How noisy each point is: the root mean square of its residuals, drawn towards that of all points, because a few rounds
 * tell little of one.
 */
function scalesOf(residuals: readonly (readonly number[])[]): number[] {
  const squares = residuals.map((row) => row.reduce((sum, e) => sum + e * e, 0) / row.length);
  const all = squares.reduce((sum, s) => sum + s, 0) / squares.length;
  return squares.map((s, i) => {
    const own = residuals[i]!.length - 1;
    return Math.sqrt((own * s + PRIOR * all) / (own + PRIOR)) || 1;
  });
}

/** By how much a scale that was estimated from so many residuals may be off: sqrt(n / chi^2_n), as in Student's t. */
function spread(random: Random, count: number): number {
  let squares = 0;
  for (let i = 0; i < count; i++) squares += random.normal() ** 2;
  return Math.sqrt(count / squares);
}

/** The largest rise and the largest fall among medians of `rounds` residuals, one for each point, many times. */
function largestDifferences(
  residuals: readonly (readonly number[])[],
  rounds: number,
  seed: number,
): { rises: number[]; falls: number[] } {
  const random = new Random(seed);
  const scales = scalesOf(residuals);
  const pool = residuals.flatMap((row, i) => row.map((e) => e / scales[i]!));
  const [rises, falls] = [[] as number[], [] as number[]];
  for (let s = 0; s < RESAMPLES; s++) {
    let [lowest, highest, rise, fall] = [Infinity, -Infinity, 0, 0];
    for (const estimate of scales) {
      const scale = estimate * spread(random, rounds - 1 + PRIOR);
      const z = scale * median(Array.from({ length: rounds }, () => pool[random.below(pool.length)]!));
      rise = Math.max(rise, z - lowest);
      fall = Math.max(fall, highest - z);
      lowest = Math.min(lowest, z);
      highest = Math.max(highest, z);
    }
    rises.push(rise);
    falls.push(fall);
  }
  return { rises, falls };
}

function arm(
  batchSizes: readonly number[],
  centres: readonly number[],
  low: number,
  from: number,
  to: number,
  noise: readonly number[],
  level: number,
): Arm {
  if (from >= to) return NO_ARM;
  let top = from;
  for (let i = from; i < to; i++) if (centres[i]! > centres[top]!) top = i;
  const height = centres[top]! - centres[low]!;
  const p = (1 + noise.filter((difference) => difference >= height).length) / (noise.length + 1);
  const ratio = Math.exp(height);
  return { batchSize: batchSizes[top], ratio, p, significant: p < level && ratio >= LEAST_RATIO };
}

function inWords(verdict: Verdict, left: Arm, right: Arm, minimum: number, knee: number | undefined): string {
  const more = ({ ratio, batchSize }: Arm) => `${(100 * (ratio - 1)).toFixed(0)}% more at B = ${batchSize}`;
  if (verdict === 'U-shaped') return `U-shaped: least at B = ${minimum}; ${more(left)} and ${more(right)}.`;
  if (verdict === 'L-shaped') {
    const arm =
      right.batchSize === undefined ? 'the largest batch is the fastest' : 'no rise beyond the noise after the least';
    return `L-shaped: ${more(left)}, within 10% of the least from B = ${knee} on; ${arm}.`;
  }
  if (verdict === 'rising')
    return `Rising: least at B = ${minimum}, ${more(right)}; no fall beyond the noise before it.`;
  return 'Inconclusive: no batch size differs from the others beyond the noise.';
}

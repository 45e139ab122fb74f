// The laws of speed-up, and their fits to speed-ups that were measured on several numbers of workers N. Pure.
import { fitNonNegative } from './fit.ts';
import { figureIntervals, type Interval, median } from './statistics.ts';

/** Amdahl's law (1967): S = N / (1 + sigma (N - 1)), where a share sigma of the work of one worker is not divided. */
export interface AmdahlFit {
  /** sigma, in [0, 1]. */
  serial: Interval;
  /** 1 / sigma: what no number of workers gets past; Infinity where nothing serial was seen. */
  limit: Interval;
}

/** The universal scalability law (Gunther 1993): S = N / (1 + alpha (N - 1) + beta N (N - 1)). */
export interface UslFit {
  /** Contention: waiting for what only one can have. In [0, 1]. */
  alpha: Interval;
  /** Coherency: each worker exchanging with each other. At least 0. */
  beta: Interval;
  /** The N of the largest speed-up, sqrt((1 - alpha) / beta), at least 1; Infinity where beta is 0. */
  peak: Interval;
}

/** Gustafson's law (1988): S = N - s (N - 1), where a worker spends a share s of its time on what is not divided. */
export interface GustafsonFit {
  /** s, in [0, 1]. */
  serial: Interval;
}

/** What a law that was fitted says of a number of workers that was not measured. */
export interface ScalingPrediction {
  workers: number;
  law: 'amdahl' | 'usl';
  /** The interval tells the noise of the measurement, not whether the law holds so far out. */
  speedup: Interval;
  /** More workers than the machine has cores: a prediction, not a measurement. */
  beyond: true;
}

/** The speed-ups against one worker, one for each round; the rounds are the same for all numbers of workers. */
export interface Speedups {
  readonly workers: number;
  readonly speedups: readonly number[];
}

/** Amdahl's law is the same with `beta` = 0. */
export function lawSpeedup(workers: number, alpha: number, beta: number): number {
  return workers / (1 + alpha * (workers - 1) + beta * workers * (workers - 1));
}

/** The experimentally determined serial fraction (Karp & Flatt 1990); below 0 for a speed-up of more than N. */
export function karpFlatt(workers: number, speedup: number): number {
  return (1 / speedup - 1 / workers) / (1 - 1 / workers);
}

/**
 * Fits Amdahl's law, which needs one N above 1, and the universal law, which needs two, by least squares of the relative error of
 * N / S; intervals are from resampled rounds. Where the serial fraction is 1 in all of them, Amdahl's law predicts nothing.
 * @param measured - a speed-up of 1 on one worker may be among them, and changes nothing
 * @param predict - numbers of workers for which to say what the laws say
 */
export function fitStrong(
  measured: readonly Speedups[],
  predict: readonly number[],
  seed: number,
): { amdahl: AmdahlFit | undefined; usl: UslFit | undefined; predictions: ScalingPrediction[] } {
  const used = measured.filter(({ workers }) => workers > 1);
  const amdahl = intervals(used, 1, seed, (workers, speedups) => {
    const { alpha } = estimate(workers, speedups, false);
    return [alpha, 1 / alpha, ...predict.map((N) => lawSpeedup(N, alpha, 0))];
  });
  const usl = intervals(used, 2, seed, (workers, speedups) => {
    const { alpha, beta } = estimate(workers, speedups, true);
    return [alpha, beta, peakOf(alpha, beta), ...predict.map((N) => lawSpeedup(N, alpha, beta))];
  });
  // At 1 Amdahl's law says that more workers change nothing, and is there because it cannot say that they harm.
  const telling = amdahl && amdahl[0]!.low < 1 ? amdahl : undefined;
  const predictions = (law: ScalingPrediction['law'], found: Interval[] | undefined, first: number) =>
    predict.flatMap((workers, i): ScalingPrediction[] =>
      found ? [{ workers, law, speedup: found[first + i]!, beyond: true }] : [],
    );
  return {
    amdahl: amdahl && { serial: amdahl[0]!, limit: amdahl[1]! },
    usl: usl && { alpha: usl[0]!, beta: usl[1]!, peak: usl[2]! },
    predictions: [...predictions('amdahl', telling, 2), ...predictions('usl', usl, 3)],
  };
}

/** Fits Gustafson's law to scaled speed-ups, by least squares of the efficiency S / N = 1 - s (N - 1) / N. */
export function fitWeak(measured: readonly Speedups[], seed: number): GustafsonFit | undefined {
  const used = measured.filter(({ workers }) => workers > 1);
  const found = intervals(used, 1, seed, (workers, speedups) => {
    const [serial] = fitNonNegative(
      [workers.map((N) => (N - 1) / N)],
      workers.map((N, i) => 1 - speedups[i]! / N),
    ).coefficients;
    return [Math.min(1, serial!)];
  });
  return found && { serial: found[0]! };
}

/** Figures that follow from the median speed-ups, with their intervals; undefined with fewer numbers of workers than needed. */
function intervals(
  used: readonly Speedups[],
  needed: number,
  seed: number,
  figures: (workers: readonly number[], speedups: readonly number[]) => number[],
): Interval[] | undefined {
  const workers = used.map((one) => one.workers);
  if (new Set(workers).size < needed) return undefined;
  const rounds = used[0]!.speedups.length;
  const middle = (drawn: readonly number[]) => used.map(({ speedups }) => median(drawn.map((r) => speedups[r]!)));
  return figureIntervals(rounds, (drawn) => figures(workers, middle(drawn)), seed);
}

/** Both laws are linear in their coefficients: N / S - 1 = alpha (N - 1) + beta N (N - 1). */
function estimate(
  workers: readonly number[],
  speedups: readonly number[],
  withBeta: boolean,
): { alpha: number; beta: number } {
  const work = workers.map((N, i) => N / speedups[i]!);
  const contention = workers.map((N, i) => (N - 1) / work[i]!);
  const coherency = workers.map((N, i) => (N * (N - 1)) / work[i]!);
  const extra = work.map((w) => (w - 1) / w);
  const [alpha, beta = 0] = fitNonNegative(withBeta ? [contention, coherency] : [contention], extra).coefficients;
  if (alpha! <= 1) return { alpha: alpha!, beta };
  // More than all of the work cannot be contention: the rest is coherency, if the law has it.
  const rest = extra.map((y, i) => y - contention[i]!);
  return { alpha: 1, beta: withBeta ? fitNonNegative([coherency], rest).coefficients[0]! : 0 };
}

function peakOf(alpha: number, beta: number): number {
  if (alpha === 1) return 1;
  return Math.max(1, Math.sqrt((1 - alpha) / beta));
}

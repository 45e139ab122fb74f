import { type Figures, figuresOf, METRICS, type MetricName } from '../nn/figures.ts';
import type { Metrics } from '../nn/metrics.ts';
import type { ResolvedCrossValidation } from './cross-validation-options.ts';
import type { SideBySide } from './side-by-side.ts';
import { spread } from './statistics.ts';
import { studentQuantile } from './student.ts';

/** What came of the training without one fold. */
export type FoldRun = {
  /** From 0 on. */
  repeat: number;
  fold: number;
  seed: number;
  /** Patterns trained with, and those of the fold. */
  training: number;
  validation: number;
  /** Of training, without evaluation. */
  seconds: number;
} & (
  | {
      state: 'trained';
      /** Of the last epoch, each pattern before its update, in the units in which the network trains. */
      trainingLoss: number;
      /** On the fold, in the same units. */
      loss: number;
      /** On the fold, in the units of the data. */
      metrics: Metrics;
    }
  /** The loss was not finite. */
  | { state: 'diverged' }
);

/** One figure over all trainings that did not diverge and have it, those that have none left out. */
export interface FoldSummary {
  metric: MetricName;
  /** How many trainings have it. */
  runs: number;
  mean: number;
  /** Standard deviation of the trainings; absent of a single one. */
  deviation?: number;
  /**
   * For the mean, with 95% confidence. The trainings share patterns, so their variance is taken times 1 / runs + (size of a fold) /
   * (patterns trained with), with Student's distribution (Nadeau & Bengio 2003). It may reach beyond what the figure can
   * be, such as an accuracy of 1. Absent of a single training.
   */
  interval?: { low: number; high: number };
}

export interface CrossValidationReport {
  kind: 'cross-validation';
  version: 1;
  /** Whether it was ended before all repeats were done. */
  state: 'complete' | 'partial';
  task: Metrics['task'];
  patterns: number;
  folds: number;
  stratified: boolean;
  /** How many, where those of one stayed together. */
  groups?: number;
  /** Where folds followed one another in time. */
  timeSeries?: true;
  /** Where folds are stratified: classes with fewer patterns than folds, which some folds have none of. */
  rare?: { class: number; patterns: number }[];
  /** That were done. */
  repeats: number;
  seed: number;
  epochs: number;
  sideBySide: SideBySide;
  runs: FoldRun[];
  /** Trainings whose loss was not finite; they are in no summary. */
  diverged: number;
  summary: FoldSummary[];
  /**
   * Figures that some of the trainings that did not diverge do not have, and how many those are: `rocAuc` of a fold with one class,
   * `r2` of a fold with one pattern, or one target value. A figure that none has is not in `summary`.
   */
  undefined: { metric: MetricName; runs: number }[];
}

const LEVEL = 0.95;

/** @param runs - of complete repeats */
export function crossValidationReport(
  o: ResolvedCrossValidation,
  runs: FoldRun[],
  sideBySide: SideBySide,
  state: CrossValidationReport['state'],
): CrossValidationReport {
  const { task, patterns, folds, stratified, groups, timeSeries, rare, seed, epochs } = o;
  const trained = runs.filter((run) => run.state === 'trained');
  const figures = trained.map(({ metrics }) => definedFigures(metrics));
  return {
    kind: 'cross-validation',
    version: 1,
    state,
    task,
    patterns,
    folds,
    stratified,
    ...(groups !== undefined && { groups }),
    ...(timeSeries && { timeSeries }),
    ...(rare.length > 0 && { rare }),
    repeats: runs.length / folds,
    seed,
    epochs,
    sideBySide,
    runs,
    diverged: runs.length - trained.length,
    summary: summarise(figures, timeSeries ? meanShare(runs) : 1 / (folds - 1)),
    undefined: METRICS[task].flatMap((metric) => {
      const without = figures.filter((run) => run[metric] === undefined).length;
      return without > 0 ? [{ metric, runs: without }] : [];
    }),
  };
}

/** Without an r2 that is 0 or 1 by convention: it says nothing of the network. */
function definedFigures(metrics: Metrics): Figures {
  const { r2, ...others } = figuresOf(metrics);
  const isDefined = r2 !== undefined && metrics.undefined.length === 0;
  return isDefined ? { ...others, r2 } : others;
}

/** Patterns of a fold to those that were trained with, where the trainings have more and more. */
function meanShare(runs: readonly FoldRun[]): number {
  return runs.reduce((sum, { training, validation }) => sum + validation / training, 0) / runs.length;
}

/**
 * Mean, deviation and interval of each figure.
 * @param share - patterns of a fold to one that was trained with
 */
export function summarise(runs: readonly Figures[], share: number): FoldSummary[] {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run) as MetricName[]))];
  return names.map((metric) => {
    const values = runs.flatMap((run) => run[metric] ?? []);
    const n = values.length;
    const { mean, squares } = spread(values);
    if (n === 1) return { metric, runs: n, mean };
    const variance = squares / (n - 1);
    const reach = studentQuantile(LEVEL, n - 1) * Math.sqrt(variance * (1 / n + share));
    return {
      metric,
      runs: n,
      mean,
      deviation: Math.sqrt(variance),
      interval: { low: mean - reach, high: mean + reach },
    };
  });
}

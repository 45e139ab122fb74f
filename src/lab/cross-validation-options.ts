import { callback, flag, integer, options, wrongType } from '../core/checks.ts';
import { Dataset } from '../data/dataset.ts';
import type { Metrics } from '../nn/metrics.ts';
import { Network } from '../nn/network.ts';
import { classesOf, taskOf } from '../nn/predictions.ts';
import { bind } from '../train/bound.ts';
import { checkWatched } from './arguments.ts';
import { type CapacityTrainer, resolveTrainer } from './capacity-options.ts';
import { dealFolds, otherFolds } from './folds.ts';

/** What one training is given to make its network from. */
export interface FoldStart {
  /** The patterns that it is trained with: what a `Normalization` is to be fitted on. */
  train: Dataset;
  /** For the starting weights; another in each training. */
  seed: number;
}

export interface CrossValidationOptions {
  /** k; default 5. */
  folds?: number | undefined;
  /** Whether each fold has its share of each class; default true where there are classes. */
  stratified?: boolean | undefined;
  /** How often the patterns are divided anew; default 1. */
  repeats?: number | undefined;
  /** Of the folds, the starting weights and the orders of the patterns; default 0. */
  seed?: number | undefined;
  /** Of each training; default 100. */
  epochs?: number | undefined;
  trainer?: CapacityTrainer | undefined;
  /** true: as many trainings at once as there are cores, on one worker each; false: one after another on all; default 'auto': measured. */
  sideBySide?: 'auto' | boolean | undefined;
  /** Ends the measurement; with the repeats that are complete, if there are any. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: CrossValidationProgress) => void) | undefined;
}

/** A training is over. */
export interface CrossValidationProgress {
  /** Trainings. */
  done: number;
  total: number;
  /** From 0 on. */
  repeat: number;
  fold: number;
}

/** One training to be done. */
export interface FoldJob {
  readonly repeat: number;
  readonly fold: number;
  readonly seed: number;
  readonly train: Dataset;
  readonly validation: Dataset;
}

const KEYS = [
  'folds',
  'stratified',
  'repeats',
  'seed',
  'epochs',
  'trainer',
  'sideBySide',
  'signal',
  'onProgress',
] as const;

export type ResolvedCrossValidation = ReturnType<typeof resolveCrossValidation>;

/** @throws TypeError, RangeError naming the argument */
export function resolveCrossValidation(
  make: (start: FoldStart) => Network,
  dataset: Dataset,
  given: CrossValidationOptions,
) {
  callback('make', make);
  if (!(dataset instanceof Dataset)) throw wrongType('dataset', 'Dataset', dataset);
  const o = options<CrossValidationOptions>('options', given, KEYS);
  checkWatched(o);
  integer('dataset.length', dataset.length, 2);
  const folds = integer('folds', o.folds ?? Math.min(5, dataset.length), 2, dataset.length);
  const repeats = integer('repeats', o.repeats ?? 1, 1, 1000);
  const seed = integer('seed', o.seed ?? 0, 0, Number.MAX_SAFE_INTEGER - folds * repeats);
  const first = makeNetwork(make, { train: dataset, seed });
  const { table, rows } = bind(first, 'dataset', dataset);
  const { task } = taskOf(first.spec);
  const stratified = flag('stratified', o.stratified ?? task === 'classes');
  if (stratified && task !== 'classes')
    throw new RangeError(`"stratified" expected false: the outputs mean ${task}, not classes`);
  const sideBySide = o.sideBySide ?? 'auto';
  const jobs = planJobs(dataset, { folds, repeats, seed }, stratified ? classesOf(first.spec, table, rows) : undefined);
  return {
    make,
    /** As all networks are; made with all patterns. */
    first,
    task: task satisfies Metrics['task'],
    jobs,
    folds,
    repeats,
    seed,
    stratified,
    epochs: integer('epochs', o.epochs ?? 100, 1),
    // The first fold is as large as any, so what is left of it is the least.
    trainer: resolveTrainer(jobs[0]!.train, o.trainer ?? {}),
    sideBySide: sideBySide === 'auto' ? undefined : flag('sideBySide', sideBySide),
    signal: o.signal,
    onProgress: o.onProgress,
  };
}

/** @throws TypeError if it makes no network */
export function makeNetwork(make: (start: FoldStart) => Network, start: FoldStart): Network {
  const network: unknown = make(start);
  if (!(network instanceof Network)) throw wrongType('make()', 'Network', network);
  return network;
}

/** Repeat by repeat, so that an abort leaves whole ones. */
function planJobs(
  dataset: Dataset,
  { folds, repeats, seed }: { folds: number; repeats: number; seed: number },
  classes: ArrayLike<number> | undefined,
): FoldJob[] {
  return Array.from({ length: repeats }, (_, repeat) => {
    const parts = dealFolds(dataset.length, folds, seed, repeat, classes);
    return parts.map((part, fold) => ({
      repeat,
      fold,
      seed: seed + repeat * folds + fold,
      train: dataset.select(otherFolds(parts, fold)),
      validation: dataset.select(part),
    }));
  }).flat();
}

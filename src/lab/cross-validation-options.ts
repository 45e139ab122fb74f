import { callback, flag, integer, options, wrongType } from '../core/checks.ts';
import { Dataset } from '../data/dataset.ts';
import type { LayerParameters } from '../memory/arena.ts';
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
  /**
   * Whether networks may begin with weights that were set and are the same each time, which must not come from a training on these
   * patterns; default false: that is an error.
   */
  pretrained?: boolean | undefined;
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
  'pretrained',
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
  const maker = new Maker(make, flag('pretrained', o.pretrained ?? false));
  const first = maker.make({ train: dataset, seed });
  const { table, rows } = bind(first, 'dataset', dataset);
  const { task } = taskOf(first.spec);
  const stratified = flag('stratified', o.stratified ?? task === 'classes');
  if (stratified && task !== 'classes')
    throw new RangeError(`"stratified" expected false: the outputs mean ${task}, not classes`);
  const sideBySide = o.sideBySide ?? 'auto';
  const jobs = planJobs(dataset, { folds, repeats, seed }, stratified ? classesOf(first.spec, table, rows) : undefined);
  return {
    maker,
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

/** Makes the networks, and sees to it that none has been trained with the patterns by which it is to be judged. */
export class Maker {
  readonly #make: (start: FoldStart) => Network;
  readonly #pretrained: boolean;
  readonly #made = new Set<Network>();
  /** Of the first network, as it was made. */
  #first: { readonly spec: string; readonly seed: number; readonly weights: LayerParameters[] | undefined } | undefined;

  constructor(make: (start: FoldStart) => Network, pretrained: boolean) {
    this.#make = make;
    this.#pretrained = pretrained;
  }

  /** @throws TypeError if it makes no network; RangeError if it is one that was there before, or begins where another has ended */
  make(start: FoldStart): Network {
    const network: unknown = this.#make(start);
    if (!(network instanceof Network)) throw wrongType('make()', 'Network', network);
    if (this.#made.has(network))
      throw new RangeError(
        '"make" expected to return a new network each time, got one that it has returned before: it has been trained with the ' +
          'patterns of the fold',
      );
    this.#made.add(network);
    // Starting weights that are drawn may be the same each time: they know nothing of the patterns.
    const weights = network.version > 0 && !this.#pretrained ? network.parameters : undefined;
    const spec = JSON.stringify(network.spec);
    this.#first ??= { spec, seed: start.seed, weights };
    if (spec !== this.#first.spec)
      throw new RangeError('"make" expected to return the same layers each time, got others');
    const { seed, weights: others } = this.#first;
    // Those that follow from the seed are the same where it is.
    if (weights && others && start.seed !== seed && areSame(weights, others))
      throw new RangeError(
        '"make" expected networks whose weights are drawn anew, got the same weights as before, which were set: if they were trained ' +
          'with these patterns, folds are no test. Leave setParameters and loading out, or give "pretrained": true',
      );
    return network;
  }
}

function areSame(a: readonly LayerParameters[], b: readonly LayerParameters[]): boolean {
  const equal = (x: ArrayLike<number>, y: ArrayLike<number>) => Array.from(x).every((value, i) => value === y[i]);
  return a.every(({ weights, bias }, l) => equal(weights, b[l]!.weights) && equal(bias, b[l]!.bias));
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

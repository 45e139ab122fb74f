import { callback, flag, integer, options, wrongType } from '../core/checks.ts';
import { Dataset } from '../data/dataset.ts';
import type { LayerParameters } from '../memory/arena.ts';
import type { Metrics } from '../nn/metrics.ts';
import { codesOf, type RowKey } from '../data/split-options.ts';
import { Network } from '../nn/network.ts';
import { classesOf, taskOf } from '../nn/predictions.ts';
import { bind } from '../train/bound.ts';
import { checkWatched } from './arguments.ts';
import { type CapacityTrainer, resolveTrainer } from './capacity-options.ts';
import { dealFolds, otherFolds } from './folds.ts';
import { dealGroups } from './group-folds.ts';
import { timeFolds, type TimeSeriesFolds } from './time-folds.ts';

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
  /**
   * Of each pattern whom it belongs to, a patient or a customer: those of a group are in one fold, as in scikit-learn's `GroupKFold` and,
   * stratified, `StratifiedGroupKFold`.
   */
  groups?: ArrayLike<RowKey> | undefined;
  /** Folds that follow one another in time, each judged by what was trained on what came before, as in scikit-learn's `TimeSeriesSplit`. */
  timeSeries?: TimeSeriesFolds | true | undefined;
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
  'groups',
  'timeSeries',
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
  const stratified = flag('stratified', o.stratified ?? (task === 'classes' && o.timeSeries === undefined));
  if (stratified && task !== 'classes')
    throw new RangeError(`"stratified" expected false: the outputs mean ${task}, not classes`);
  const sideBySide = o.sideBySide ?? 'auto';
  const classes = stratified ? classesOf(first.spec, table, rows) : undefined;
  const groups = o.groups === undefined ? undefined : codesOf('groups', o.groups, dataset.length);
  if (o.timeSeries !== undefined) checkAlone({ groups, stratified, repeats });
  const ordered = o.timeSeries === undefined ? undefined : timeFolds(dataset.length, folds, o.timeSeries);
  const jobs = planJobs(dataset, { folds, repeats, seed }, (repeat) => {
    if (ordered !== undefined) return ordered;
    const parts =
      groups === undefined
        ? dealFolds(dataset.length, folds, seed, repeat, classes)
        : dealGroups(groups, folds, seed, repeat, classes);
    return parts.map((validation, fold) => ({ train: otherFolds(parts, fold), validation }));
  });
  const least = jobs.reduce((fewest, job) => (job.train.length < fewest.train.length ? job : fewest));
  return {
    maker,
    /** As all networks are; made with all patterns. */
    first,
    task: task satisfies Metrics['task'],
    jobs,
    patterns: dataset.length,
    folds,
    repeats,
    seed,
    stratified,
    /** How many. */
    groups: groups && new Set(groups).size,
    timeSeries: ordered !== undefined,
    rare: rareClasses(classes, folds),
    epochs: integer('epochs', o.epochs ?? 100, 1),
    trainer: resolveTrainer(least.train, o.trainer ?? {}),
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

/** @throws RangeError where folds cannot follow one another in time */
function checkAlone({ groups, stratified, repeats }: { groups: unknown; stratified: boolean; repeats: number }): void {
  if (groups !== undefined) throw new RangeError('"timeSeries" expected no "groups" beside it');
  if (stratified)
    throw new RangeError('"stratified" expected false beside "timeSeries": what is in a fold, the time decides');
  if (repeats > 1)
    throw new RangeError(`"repeats" expected 1 beside "timeSeries": there is one order of time, got ${repeats}`);
}

/** Classes of which not every fold can have a pattern. */
function rareClasses(classes: Float64Array | undefined, folds: number): { class: number; patterns: number }[] {
  const counts = new Map<number, number>();
  for (const k of classes ?? []) counts.set(k, (counts.get(k) ?? 0) + 1);
  return Array.from(counts, ([k, patterns]) => ({ class: k, patterns }))
    .filter(({ patterns }) => patterns < folds)
    .sort((a, b) => a.class - b.class);
}

/** Repeat by repeat, so that an abort leaves whole ones. */
function planJobs(
  dataset: Dataset,
  { folds, repeats, seed }: { folds: number; repeats: number; seed: number },
  divide: (repeat: number) => readonly { train: Uint32Array; validation: Uint32Array }[],
): FoldJob[] {
  return Array.from({ length: repeats }, (_, repeat) =>
    divide(repeat).map(({ train, validation }, fold) => ({
      repeat,
      fold,
      seed: seed + repeat * folds + fold,
      train: dataset.select(train),
      validation: dataset.select(validation),
    })),
  ).flat();
}

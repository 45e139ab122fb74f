import { availableParallelism } from 'node:os';
import { finite, integer, oneOf, options } from '../core/checks.ts';
import type { DataSource } from '../core/table.ts';
import type { Network } from '../nn/network.ts';
import { bind } from '../train/bound.ts';
import type { TrainerOptions } from '../train/options.ts';
import { RATE_RULES, type RateRule } from '../train/rate-rule.ts';
import { checkMeasured, checkTrainer, checkWatched, integers, list } from './arguments.ts';
import type { TargetPlan } from './target.ts';

/** How the time to a target loss is measured. */
export interface TargetOptions {
  /** To be reached or passed on `validation`. Default: what the reference batch size reaches in `referenceEpochs`. */
  loss?: number | undefined;
  /** Default 2. */
  referenceEpochs?: number | undefined;
  /** B_0, to which the trainer's learning rate belongs; default 64. */
  referenceBatchSize?: number | undefined;
  /** How the learning rate follows B; each is tried, the best is taken for each B. Default linear and sqrt. */
  rules?: readonly RateRule[] | undefined;
  /** By which the scaled learning rates are multiplied; each is tried. Default 1. */
  multipliers?: readonly number[] | undefined;
  /** Trainings from different starting weights; default 5. */
  seeds?: number | undefined;
  /** After which a training is given up; default 20. */
  mostEpochs?: number | undefined;
  /** Default: the training patterns themselves. A few thousand are enough: they are evaluated often. */
  validation?: DataSource | undefined;
}

export interface BatchCurveOptions {
  /** Default 16, 32, ..., 4096, as far as the data set goes. */
  batchSizes?: readonly number[] | undefined;
  /** Numbers of workers; default 1 and all cores. */
  workers?: readonly number[] | undefined;
  /** How often each point is measured; default 5. */
  rounds?: number | undefined;
  /** For how long a point is measured in a round, in seconds, about; in five parts of which the lower quartile counts; default 0.4. */
  sampleSeconds?: number | undefined;
  /** Of the order of the points in each round, and of the resamplings; default 0. */
  seed?: number | undefined;
  /** The probability of seeing an arm of the curve that is not there; default 0.05. */
  level?: number | undefined;
  /** By how much a batch size may be slower than the fastest and still count as good; default 0.05. */
  tolerance?: number | undefined;
  /** Also measures updates and time to a target loss, and the gradient noise scale; true: with all defaults. */
  target?: TargetOptions | boolean | undefined;
  /** What every trainer gets beside its batch size and workers. */
  trainer?: Omit<TrainerOptions, (typeof OWN)[number]> | undefined;
  /** Ends the measurement; with the rounds that are complete, if there are any. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: CurveProgress) => void) | undefined;
}

export interface CurveProgress {
  /** Steps, of about the same length within a stage. */
  done: number;
  total: number;
  /** 'warm-up' and 'rounds' measure the time of updates, 'target' trains to the target loss. */
  stage: 'warm-up' | 'rounds' | 'target';
  batchSize: number;
  workers: number;
}

const KEYS = [
  'batchSizes',
  'workers',
  'rounds',
  'sampleSeconds',
  'seed',
  'level',
  'tolerance',
  'target',
  'trainer',
  'signal',
  'onProgress',
] as const;
/** What each trainer gets from the measurement. */
const OWN = ['batchSize', 'microBatchSize', 'accumulation', 'lastBatch', 'workers', 'trace'] as const;
const TARGET_KEYS = [
  'loss',
  'referenceEpochs',
  'referenceBatchSize',
  'rules',
  'multipliers',
  'seeds',
  'mostEpochs',
  'validation',
] as const;

export type ResolvedCurve = ReturnType<typeof resolveCurve>;

/** @throws TypeError, RangeError naming the argument */
export function resolveCurve(network: Network, dataset: DataSource, given: BatchCurveOptions) {
  checkMeasured(network, dataset);
  const o = options<BatchCurveOptions>('options', given, KEYS);
  checkTrainer(o.trainer, OWN, 'the curve');
  const powers = Array.from({ length: 9 }, (_, i) => 2 ** (i + 4)).filter((B) => B <= dataset.length);
  checkWatched(o);
  return {
    batchSizes: integers('batchSizes', o.batchSizes ?? (powers.length > 0 ? powers : [dataset.length]), dataset.length),
    workers: integers('workers', o.workers ?? [...new Set([1, availableParallelism()])], 1024),
    rounds: integer('rounds', o.rounds ?? 5, 1, 1000),
    sampleSeconds: finite('sampleSeconds', o.sampleSeconds ?? 0.4, 0),
    seed: integer('seed', o.seed ?? 0, 0),
    level: finite('level', o.level ?? 0.05, 0, 1, true),
    tolerance: finite('tolerance', o.tolerance ?? 0.05, 0),
    target: resolveTarget(network, dataset, o),
    trainer: o.trainer,
    signal: o.signal,
    onProgress: o.onProgress,
  };
}

function resolveTarget(
  network: Network,
  dataset: DataSource,
  { target, trainer }: BatchCurveOptions,
): TargetPlan | undefined {
  if (target === undefined || target === false) return undefined;
  if (trainer?.shuffle === false)
    throw new RangeError('"target" expected "shuffle" in "trainer": training to a target takes batches at random');
  if (trainer?.strategy === 'local-sgd' || trainer?.strategy === 'hogwild')
    throw new RangeError(
      `"target" expected a synchronous "strategy" in "trainer", got ${trainer.strategy}: its updates depend on the workers`,
    );
  const o = options<TargetOptions>('target', target === true ? {} : target, TARGET_KEYS);
  if (o.validation !== undefined) bind(network, 'target.validation', o.validation);
  return {
    loss: o.loss === undefined ? undefined : finite('target.loss', o.loss, -Infinity),
    referenceEpochs: integer('target.referenceEpochs', o.referenceEpochs ?? 2, 1),
    referenceBatchSize: integer('target.referenceBatchSize', o.referenceBatchSize ?? 64, 1),
    learningRate: finite('trainer.learningRate', trainer?.learningRate ?? 0.1, 0),
    rules: list('target.rules', o.rules ?? ['linear', 'sqrt'], (name, rule) => oneOf(name, rule, RATE_RULES)),
    multipliers: list('target.multipliers', o.multipliers ?? [1], (name, value) => finite(name, value, 0)),
    seeds: integer('target.seeds', o.seeds ?? 5, 1, 1000),
    mostEpochs: integer('target.mostEpochs', o.mostEpochs ?? 20, 1),
    validation: o.validation ?? dataset,
  };
}

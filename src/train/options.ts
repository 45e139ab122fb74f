import { availableParallelism } from 'node:os';
import { finite, flag, integer, oneOf, options, text } from '../core/checks.ts';
import { BACKENDS, type BackendChoice } from '../kernels/kernels.ts';
import { type Accumulation, resolveAccumulation } from './accumulation.ts';
import { type ClassWeights, resolveClassWeights } from './class-weights.ts';
import { type Optimizer, type ResolvedStep, resolveStep, type StepOptions } from './optimizer.ts';
import type { AdaptiveRule } from './rate-rule.ts';
import { type ResolvedSchedule, resolveSchedule, type Schedule } from './schedule.ts';

export const STRATEGIES = ['coordinator', 'data-parallel', 'owner-computes', 'local-sgd', 'hogwild'] as const;
/**
 * How the work of an update is shared.
 * - `coordinator`: a task per worker per update; the coordinator sums the partial gradients and applies SGD.
 * - `data-parallel`: workers stay for the epoch; each reduces and updates its slice; two barriers per update.
 * - `owner-computes`: the batch is split for forward and deltas; then each worker computes the whole-batch gradient of the
 *   parameters that it owns and steps. No reduction, two barriers per update (per block of rows), and the same bits for any number
 *   of workers.
 * - `local-sgd`: each worker steps on a copy of its own with the rows that are its part of each batch; the copies are averaged
 *   every `averagingPeriod` updates (Stich 2018). Two barriers per averaging. Not the gradient of the whole batch in between;
 *   the result depends on the number of workers, and is the same for the same number.
 * - `hogwild`: each worker takes whole batches and steps on the one set of weights, without locks or barriers (Recht et al.
 *   2011). Steps may get lost; the result differs from run to run. A training that is stopped or fails leaves the weights
 *   as they stand.
 */
export type Strategy = (typeof STRATEGIES)[number];
export type StrategyChoice = Strategy | 'auto';

export type LastBatch = 'keep' | 'drop';
export const LAST_BATCHES: readonly LastBatch[] = ['keep', 'drop'];

export const SHARED_MEMORY = ['auto', 'required', 'off'] as const;

/**
 * The batch size follows the measured gradient noise scale B_n and the measured time of an update t(B): it is doubled or halved,
 * within `least` and `most`, where that makes t(B) (1 + B_n / B) less, to which time to a given loss is proportional (McCandlish
 * et al. 2018, section 2.2). The learning rate follows by `rule`.
 */
export interface AdaptiveBatchSize {
  adaptive: true;
  /** Default 16. */
  least?: number | undefined;
  /** Default 4096, or less where an update of so many rows would take long. At most 2^20. */
  most?: number | undefined;
  /** B_0, to which `learningRate` belongs and with which training begins; default 64, within the bounds. */
  referenceBatchSize?: number | undefined;
  /** How the learning rate follows B; default 'noise-scale'. */
  rule?: AdaptiveRule | undefined;
  /**
   * t(B) = perUpdate + perRow B in seconds. Default: measured when the trainer is made, in about a second. With a cost that is given
   * the batch sizes do not depend on time, and the result is reproducible.
   */
  cost?: { perUpdate: number; perRow: number } | undefined;
}

/** All optional; see the defaults on each. */
export interface TrainerOptions {
  /**
   * Worker threads. By default there are `os.availableParallelism()`; where the result does not depend on it (strategy 'auto' and
   * `owner-computes`), the first epoch then finds out how many of them to use, because small updates are faster on fewer.
   * A number is taken as it is; more than cores or rows is allowed, and slower.
   */
  workers?: number | undefined;
  /**
   * B, rows in a mini-batch; default 64, or all training patterns where there are fewer. At most their number. 'auto' measures, when the trainer is made, which
   * is the smallest that is as fast per row as any, in some 1 to 2 s; where there are fewer patterns, it is their number.
   * An object lets it change while training goes on.
   */
  batchSize?: number | 'auto' | AdaptiveBatchSize | undefined;
  /**
   * Gradient accumulation: rows of each worker that go through the network together, where memory is to be bounded; with it B =
   * `microBatchSize` x `accumulation` x `workers`. `workers` has to be given; `batchSize` must be that product, or follows from it.
   * The update is that of the whole batch. Strategy 'auto' is then 'owner-computes'.
   */
  microBatchSize?: number | undefined;
  /** Passes of each worker in an update; default B / (`microBatchSize` x `workers`) where `batchSize` is given, else 1. */
  accumulation?: number | undefined;
  /**
   * What becomes of the rows of an epoch that are too few for a batch. 'keep': they are a batch of their own, whose mean gradient is
   * as long a step as any, and a noisy one; where the learning rate is high, training may diverge by it. 'drop': the epoch ends
   * without them; with `shuffle` they are others each time. Default 'keep'.
   */
  lastBatch?: LastBatch | undefined;
  /** As torch.optim has it; a name, or an object with its name and constants. Default 'sgd'. */
  optimizer?: Optimizer | undefined;
  /** alpha; default 0.1, of 'rmsprop' 0.01, of 'adam' and 'adamw' 0.001. */
  learningRate?: number | undefined;
  /** How the learning rate changes while training goes on; default 'constant'. */
  schedule?: Schedule | undefined;
  /** mu in v <- mu v + g, in [0, 1), of 'sgd'; default 0. */
  momentum?: number | undefined;
  /** Nesterov's momentum; default false. */
  nesterov?: boolean | undefined;
  /** Added to the gradient as weightDecay * w, of biases too; default 0. ('adamw' has a decay of its own, which is not.) */
  weightDecay?: number | undefined;
  /** Added to the gradient as l1 * sign(w), of biases too, after it was clipped; default 0. */
  l1?: number | undefined;
  /** The gradient of all parameters together is shortened to this length where it is longer, as by torch's clip_grad_norm_. */
  clipNorm?: number | undefined;
  /** Each number of the gradient of the loss is brought into [-clipValue, clipValue], after `clipNorm`. */
  clipValue?: number | undefined;
  /**
   * What the loss of a training pattern is multiplied by, beside the weight that it has in its data set: a number for each class, or
   * 'balanced'. Default 1. The loss of a batch is still divided by B, not by the sum of the weights. Validation goes without.
   */
  classWeights?: ClassWeights | undefined;
  /**
   * Default 'auto': `owner-computes`; or `data-parallel` where the gradient is small against the batch, then divided into
   * as many parts as batch and cores suggest, not the workers. Either gives the same bits for any number of workers.
   */
  strategy?: StrategyChoice | undefined;
  /** Updates between two averagings of the strategy `local-sgd`; only with it. Default 8. */
  averagingPeriod?: number | undefined;
  /** Default 'auto': wasm, or blas where a library is found and measured to be faster with this network. */
  backend?: BackendChoice | undefined;
  /**
   * Rows that go through the network together, so that what belongs to them stays in cache; a larger batch is worked on
   * in blocks of so many. Default 256 (blas: 128 per core, at least 256). At least `batchSize` turns blocking off.
   */
  blockRows?: number | undefined;
  /** A new order of the patterns in every epoch; default true. */
  shuffle?: boolean | undefined;
  /** Of the orders, and of what dropout leaves out; default 0. */
  seed?: number | undefined;
  /** 'required' fails where there is no shared memory; 'off' trains on the calling thread, as where there is none; default 'auto'. */
  sharedMemory?: (typeof SHARED_MEMORY)[number] | undefined;
  /**
   * A file for a timeline of all workers and their phases, in the Trace Event Format of Chrome and Perfetto; written as training goes
   * on, and complete once the trainer is closed. Of updates of less than 1 ms about one in a millisecond is in it.
   */
  trace?: string | undefined;
  /**
   * How long all workers together may make no progress before the training fails, in ms; default 1000. With n times as many workers
   * as cores (rounded down), n times as long.
   */
  stallTimeout?: number | undefined;
}

/** The same with a number for the batch size. */
export type NumericOptions = Omit<TrainerOptions, 'batchSize'> & { batchSize?: number | undefined };

/** What is decided into something else than what was given. */
type Decided =
  | 'batchSize'
  | 'microBatchSize'
  | 'accumulation'
  | 'blockRows'
  | 'trace'
  | 'classWeights'
  | 'schedule'
  | keyof StepOptions;

/** The same with everything decided. */
export type ResolvedOptions = {
  readonly [K in Exclude<keyof TrainerOptions, Decided>]-?: NonNullable<TrainerOptions[K]>;
} & ResolvedStep & {
    readonly schedule: ResolvedSchedule;
    readonly batchSize: number;
    /** Undefined: batches are divided as is fast. */
    readonly accumulated: Accumulation | undefined;
    /** Undefined: to be chosen. */
    readonly blockRows: number | undefined;
    readonly trace: string | undefined;
    readonly classWeights: ClassWeights | undefined;
    /** The number of workers was not given: fewer of them may be used where that is faster. */
    readonly tuned: boolean;
  };

const KEYS = [
  'workers',
  'batchSize',
  'microBatchSize',
  'accumulation',
  'lastBatch',
  'optimizer',
  'learningRate',
  'schedule',
  'momentum',
  'nesterov',
  'weightDecay',
  'l1',
  'clipNorm',
  'clipValue',
  'classWeights',
  'strategy',
  'averagingPeriod',
  'backend',
  'blockRows',
  'shuffle',
  'seed',
  'sharedMemory',
  'trace',
  'stallTimeout',
] as const;

/** Far more threads than any use of them; a thread costs some 10 MB. */
const MOST_WORKERS = 1024;

/** @throws TypeError, RangeError naming the option */
export function resolveOptions(given: NumericOptions): ResolvedOptions {
  const o = options<NumericOptions>('options', given, KEYS);
  const step = resolveStep(o);
  const strategy = oneOf('strategy', o.strategy ?? 'auto', [...STRATEGIES, 'auto'] as const);
  const averagingPeriod = integer('averagingPeriod', o.averagingPeriod ?? 8, 1, 2 ** 31 - 1);
  if (o.averagingPeriod !== undefined && strategy !== 'local-sgd')
    throw new RangeError(`"averagingPeriod" expected "strategy" local-sgd beside it, got strategy ${strategy}`);
  if (strategy === 'local-sgd' || strategy === 'hogwild') refuseForRelaxed(strategy, step);
  const workers = integer('workers', o.workers ?? availableParallelism(), 1, MOST_WORKERS);
  const accumulated = resolveAccumulation(o);
  const product = accumulated && accumulated.microBatchSize * accumulated.accumulation * workers;
  return {
    ...step,
    schedule: resolveSchedule(o.schedule ?? 'constant'),
    classWeights: resolveClassWeights(o.classWeights),
    workers,
    batchSize: integer('batchSize', o.batchSize ?? product ?? 64, 1, 2 ** 31 - 1),
    accumulated,
    lastBatch: oneOf('lastBatch', o.lastBatch ?? 'keep', LAST_BATCHES),
    strategy,
    averagingPeriod,
    backend: oneOf('backend', o.backend ?? 'auto', BACKENDS),
    blockRows: o.blockRows === undefined ? undefined : integer('blockRows', o.blockRows, 1, 2 ** 31 - 1),
    tuned: o.workers === undefined,
    shuffle: flag('shuffle', o.shuffle ?? true),
    seed: integer('seed', o.seed ?? 0, 0),
    sharedMemory: oneOf('sharedMemory', o.sharedMemory ?? 'auto', SHARED_MEMORY),
    trace: o.trace === undefined ? undefined : text('trace', o.trace),
    stallTimeout: finite('stallTimeout', o.stallTimeout ?? 1000, 100, 2 ** 31 - 1),
  };
}

/** Where each worker steps on its own there is no gradient of the whole batch, and no one state of an optimiser. */
function refuseForRelaxed(strategy: Strategy, { optimizer, clipNorm }: ResolvedStep): void {
  const other = `"strategy" owner-computes, data-parallel or coordinator beside it, got strategy ${strategy}`;
  if (optimizer !== 'sgd') throw new RangeError(`"optimizer" ${optimizer} expected ${other}`);
  if (clipNorm !== Infinity) throw new RangeError(`"clipNorm" expected ${other}`);
}

import { availableParallelism } from 'node:os';
import { finite, integer, oneOf, options, wrongValue } from '../core/checks.ts';
import type { DataSource } from '../core/table.ts';
import type { Network } from '../nn/network.ts';
import { STRATEGIES, type StrategyChoice, type TrainerOptions } from '../train/options.ts';
import { checkDifferent, checkMeasured, checkTrainer, checkWatched, integers, list } from './arguments.ts';
import type { ScalingMode } from './scaling-report.ts';

export interface ScalingOptions {
  /**
   * Numbers of workers; default 1, 2, ..., all cores; beyond 8 cores the powers of two and all cores. More than there are cores are
   * measured too, but not fitted. All trainers live at once: a thread takes some 10 MB.
   */
  workers?: readonly number[] | undefined;
  /** Each is a series of its own; default 'auto'. It trains on just as many workers as it is told. */
  strategies?: readonly StrategyChoice[] | undefined;
  /** Default both. */
  modes?: readonly ScalingMode[] | undefined;
  /** B of strong scaling; default 256, at most the patterns. */
  batchSize?: number | undefined;
  /** Of weak scaling, where B is this times the workers. Default: with the most workers B is that of strong scaling. */
  rowsPerWorker?: number | undefined;
  /** How often each point is measured; default 5. */
  rounds?: number | undefined;
  /** For how long a point is measured in a round, in seconds, about; in five parts of which the lower quartile counts; default 0.4. */
  sampleSeconds?: number | undefined;
  /** Of the order of the points in each round, and of the resamplings; default 0. */
  seed?: number | undefined;
  /** Numbers of workers beyond the cores of this machine for which the fits are asked; default 2, 4, 8 times the cores. */
  predict?: readonly number[] | undefined;
  /** What every trainer gets beside its batch size, workers and strategy; `averagingPeriod` only those of local-sgd. */
  trainer?: Omit<TrainerOptions, (typeof OWN)[number]> | undefined;
  /** Ends the measurement; with the rounds that are complete, if there are any. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: ScalingProgress) => void) | undefined;
}

export interface ScalingProgress {
  /** Steps, of about the same length. */
  done: number;
  total: number;
  stage: 'warm-up' | 'rounds';
  strategy: StrategyChoice;
  workers: number;
  batchSize: number;
}

const KEYS = [
  'workers',
  'strategies',
  'modes',
  'batchSize',
  'rowsPerWorker',
  'rounds',
  'sampleSeconds',
  'seed',
  'predict',
  'trainer',
  'signal',
  'onProgress',
] as const;
/** What each trainer gets from the measurement. */
const OWN = ['batchSize', 'microBatchSize', 'accumulation', 'lastBatch', 'workers', 'strategy', 'sharedMemory', 'trace'] as const; // prettier-ignore
const MODES: readonly ScalingMode[] = ['strong', 'weak'];
const MOST_WORKERS = 1024;

export type ResolvedScaling = ReturnType<typeof resolveScaling>;

/** @throws TypeError, RangeError naming the argument */
export function resolveScaling(network: Network, dataset: DataSource, given: ScalingOptions) {
  checkMeasured(network, dataset);
  const o = options<ScalingOptions>('options', given, KEYS);
  checkTrainer(o.trainer, OWN, 'the measurement');
  checkWatched(o);
  const cores = availableParallelism();
  const words = <T extends string>(name: string, values: readonly T[], known: readonly T[]) => {
    const found = list(name, values, (at, value) => oneOf(at, value, known));
    checkDifferent(name, found);
    return found;
  };
  const strategies = words('strategies', o.strategies ?? ['auto'], ['auto', ...STRATEGIES]);
  const averaged = strategies.includes('local-sgd');
  if (!averaged && o.trainer?.averagingPeriod !== undefined)
    throw wrongValue('strategies', 'local-sgd among them, because "averagingPeriod" is given', strategies.join(', '));
  const workers = integers('workers', o.workers ?? defaultWorkers(cores), MOST_WORKERS);
  const modes = words('modes', o.modes ?? MODES, MODES);
  const batchSize = integer('batchSize', o.batchSize ?? Math.min(256, dataset.length), 1, dataset.length);
  return {
    workers,
    strategies,
    modes,
    batchSize,
    rowsPerWorker: modes.includes('weak') ? rowsPerWorker(o, batchSize, workers.at(-1)!, dataset.length) : 1,
    rounds: integer('rounds', o.rounds ?? 5, 1, 1000),
    sampleSeconds: finite('sampleSeconds', o.sampleSeconds ?? 0.4, 0),
    seed: integer('seed', o.seed ?? 0, 0),
    predict: integers('predict', o.predict ?? [2, 4, 8].map((k) => k * cores), 2 ** 31 - 1, cores + 1),
    trainer: o.trainer,
    signal: o.signal,
    onProgress: o.onProgress,
  };
}

/** The most workers must have a batch that the patterns fill. */
function rowsPerWorker({ rowsPerWorker: rows }: ScalingOptions, B: number, most: number, patterns: number): number {
  if (most > patterns) throw wrongValue('workers', `at most the ${patterns} patterns, for weak scaling`, most);
  return integer('rowsPerWorker', rows ?? Math.max(1, Math.floor(B / most)), 1, Math.floor(patterns / most));
}

function defaultWorkers(cores: number): number[] {
  const all = Array.from({ length: cores }, (_, i) => i + 1);
  return cores <= 8 ? all : all.filter((N) => N === cores || Number.isInteger(Math.log2(N)));
}

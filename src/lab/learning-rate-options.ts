import { finite, integer, options, wrongType, wrongValue } from '../core/checks.ts';
import { Dataset } from '../data/dataset.ts';
import type { Network } from '../nn/network.ts';
import { resolveOptions, type TrainerOptions } from '../train/options.ts';
import { checkMeasured, checkTrainer, checkWatched } from './arguments.ts';

export interface LearningRateOptions {
  /** alpha of the first update; default 1e-5. */
  least?: number | undefined;
  /** alpha of the last update; default 10. */
  most?: number | undefined;
  /** From `least` to `most`, each the same factor above the one before; default 200. */
  updates?: number | undefined;
  /** beta of the running mean of the loss, in [0, 1); default 0.9. */
  smoothing?: number | undefined;
  /** Ends the test where the running mean is so many times its least; default 4. */
  divergence?: number | undefined;
  /** How long the training is to be for which a rate is wanted: trials are as long where `trialUpdates` allow it; default 50. */
  epochs?: number | undefined;
  /**
   * Updates of all trials together, about: to keep to it rates are tried out less often, or for fewer epochs. Default 20,000
   * to 100,000: the more the smaller network and batch are. */
  trialUpdates?: number | undefined;
  /** What it is to be trained with, but for the learning rate; B is 64, or all patterns where there are fewer. */
  trainer?: LearningRateTrainer | undefined;
  /** Stops the test; the call rejects with ERR_ABORTED. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: LearningRateProgress) => void) | undefined;
}

/** Strategies that step on the gradient of the whole batch, one update after another. */
export type LearningRateTrainer = Omit<
  TrainerOptions,
  'learningRate' | 'schedule' | 'batchSize' | 'strategy' | 'averagingPeriod' | 'trace'
> & {
  batchSize?: number | undefined;
  strategy?: 'auto' | 'owner-computes' | 'data-parallel' | 'coordinator' | undefined;
};

/** An update of the range test, or a trial, is over. */
export interface LearningRateProgress {
  /** Of the range test, and then of the trials. */
  stage: 'range' | 'trials';
  updates: number;
  /** What they will be, at most. */
  totalUpdates: number;
  learningRate: number;
}

const KEYS = [
  'least',
  'most',
  'updates',
  'smoothing',
  'divergence',
  'epochs',
  'trialUpdates',
  'trainer',
  'signal',
  'onProgress',
] as const;

export type ResolvedLearningRate = ReturnType<typeof resolveLearningRate>;

/** @throws TypeError, RangeError naming the argument */
export function resolveLearningRate(network: Network, dataset: Dataset, given: LearningRateOptions) {
  checkMeasured(network, dataset);
  if (!(dataset instanceof Dataset)) throw wrongType('dataset', 'Dataset', dataset);
  const o = options<LearningRateOptions>('options', given, KEYS);
  checkWatched(o);
  checkTrainer(o.trainer, ['learningRate', 'schedule', 'trace'], 'the test');
  const least = finite('least', o.least ?? 1e-5, Number.MIN_VALUE);
  const most = finite('most', o.most ?? 10, least);
  if (most === least) throw wrongValue('most', `number above ${least} (least)`, most);
  const trainer = o.trainer ?? {};
  const { strategy, batchSize, seed } = resolveOptions(trainer);
  if (strategy === 'local-sgd' || strategy === 'hogwild')
    throw new RangeError(`"trainer" expected a "strategy" that steps on the gradient of the batch, got ${strategy}`);
  const P = integer('dataset.length', dataset.length, 2);
  const B = integer('trainer.batchSize', trainer.batchSize ?? Math.min(batchSize, P), 1, P);
  return {
    least,
    most,
    updates: integer('updates', o.updates ?? 200, 10, 100_000),
    smoothing: finite('smoothing', o.smoothing ?? 0.9, 0, 1, true),
    divergence: finite('divergence', o.divergence ?? 4, 1),
    epochs: integer('epochs', o.epochs ?? 50, 1),
    trialUpdates: integer('trialUpdates', o.trialUpdates ?? defaultUpdates(network.parameterCount * B), 100),
    seed,
    trainer: { ...trainer, batchSize: B },
    signal: o.signal,
    onProgress: o.onProgress,
  };
}

/** @param size - of an update: parameters times rows */
function defaultUpdates(size: number): number {
  return Math.round(Math.min(100_000, Math.max(20_000, 1e10 / size)));
}

import type { NetworkSpec } from '../core/spec.ts';
import type { BackendReport } from '../kernels/kernels.ts';
import type { SharedMemory } from '../memory/shared.ts';
import type { Figures, MetricName } from '../nn/figures.ts';
import type { Evaluation } from '../nn/network.ts';
import type { EpochSums, PhaseSeconds } from './outcome.ts';
import type { Strategy } from './options.ts';
import type { AdaptiveRule } from './rate-rule.ts';

/** How far an epoch has got. */
export interface Progress {
  /** Counts from 1 within a call of `fit` or `epochs`. */
  epoch: number;
  /** Updates completed in this epoch. */
  updates: number;
  /** What they will be; of an adaptive batch size, if it stays as it is. */
  totalUpdates: number;
  /** Rows trained on in this epoch. */
  samples: number;
  /** Mean loss of the rows seen so far in this epoch. */
  loss: number;
  /** Since the epoch began. */
  seconds: number;
}

/** What is measured after an epoch on the patterns that are not trained with. */
export interface Validation extends Evaluation {
  /** Those that were asked for. */
  metrics?: Figures;
}

/** What early stopping can look at: a loss, or a metric of the validation set. */
export type Monitor = 'validation loss' | 'training loss' | MetricName;

/** What early stopping has seen. */
export interface Monitored {
  monitor: Monitor;
  /** Of this epoch. */
  value: number;
  /** The best epoch so far. */
  best: { epoch: number; value: number };
}

/** Why training ended with an epoch although there were more to come. */
export interface Stopped {
  by: 'early stopping' | 'callback';
  why: string;
}

/**
 * What an epoch did. Loss and accuracy are means over its rows, each measured before the update it went into, with dropout if there
 * is any. Where rows have weights, or classes, the loss is the sum of weight times loss over the number of rows.
 */
export interface EpochReport {
  /** Counts from 1 within a call of `fit` or `epochs`. */
  epoch: number;
  updates: number;
  /** Rows trained on. */
  samples: number;
  /** B and alpha at the end of the epoch. */
  batchSize: number;
  learningRate: number;
  /** Of an adaptive batch size: each measurement of the noise scale, and what followed from it. */
  adaptation?: AdaptiveStep[];
  loss: number;
  /** Absent for mse. */
  accuracy?: number;
  validation?: Validation;
  earlyStopping?: Monitored;
  /** Of the last epoch, if it was to be the last only then. */
  stopped?: Stopped;
  /** Of training, without validation. */
  seconds: number;
  /** Of a streamed set: how many of these seconds training waited for rows. */
  waiting?: number;
  samplesPerSecond: number;
  /** Workers in use at the end of the epoch; fewer than there are, where that was found to be faster. */
  workers: number;
  /** Seconds of each worker in each phase. */
  phases: readonly PhaseSeconds[];
  /** Of the strategy `coordinator`: its own phases, waiting for tasks being 'barrier'. */
  coordinator?: PhaseSeconds;
}

/** How a batch size was chosen. */
export interface BatchSizeChoice {
  readonly batchSize: number;
  readonly why: string;
  /** All that was measured, in that order: seconds per row. */
  readonly measured: readonly { readonly batchSize: number; readonly secondsPerRow: number }[];
}

/** How an adaptive batch size is decided. */
export interface AdaptiveChoice {
  readonly least: number;
  readonly most: number;
  readonly referenceBatchSize: number;
  readonly rule: AdaptiveRule;
  /** t(B), at several batch sizes, or at the only one; in between it is taken to be on a line. */
  readonly costs: readonly { readonly batchSize: number; readonly seconds: number }[];
  /** Whether the costs were measured, or given. */
  readonly measured: boolean;
}

/** A measurement of the noise scale during training. */
export interface AdaptiveStep {
  /** Updates of the epoch before it. */
  updates: number;
  /** B_n, a running mean; infinite where the gradient is lost in its noise. */
  noiseScale: number;
  /** B and alpha from here on. */
  batchSize: number;
  learningRate: number;
  /** By what factor training is predicted to be faster than with the batch size before; 1 if that stays. */
  gain: number;
}

/** What was chosen, and why. */
export interface TrainerInfo extends BackendReport {
  /** Threads; how many of them train is in each epoch's report. */
  workers: number;
  /** The number of workers in use is found out in the first epoch. */
  tuned: boolean;
  /** What the bits of the result depend on. */
  reproducible: string;
  cores: number;
  strategy: Strategy;
  strategyReason: string;
  /** Partial gradients of a batch; 1 where there are none. */
  shards: number;
  /** Of the strategy `local-sgd`. */
  averagingPeriod?: number;
  /** Of an adaptive one: that of the beginning. */
  batchSize: number;
  /** Of gradient accumulation: batchSize = microBatchSize x accumulation x workers. */
  microBatchSize?: number;
  accumulation?: number;
  /** Where 'auto' was asked for: how it was chosen. */
  batchSizeChoice?: BatchSizeChoice;
  /** Where it is adaptive. */
  adaptive?: AdaptiveChoice;
  /** Rows that go through the network together. */
  blockRows: number;
  sharedMemory: SharedMemory;
  /** 'threads', or 'inline' on the calling thread where memory cannot be shared. */
  execution: 'threads' | 'inline';
  /** Of the one shared memory. */
  bytes: number;
}

/** Sums over patterns as means; accuracy only where answers are right or wrong. */
export function means(
  spec: NetworkSpec,
  { loss, right }: { loss: number; right: number },
  samples: number,
): Evaluation {
  const mean = { loss: loss / samples };
  return spec.loss === 'mse' ? mean : { ...mean, accuracy: right / samples };
}

/** An epoch, or a part of one, as it is reported. */
export function epochReport(
  spec: NetworkSpec,
  sums: EpochSums,
  of: Pick<EpochReport, 'epoch' | 'updates' | 'samples' | 'batchSize' | 'learningRate' | 'workers'>,
): EpochReport {
  const { seconds, phases, coordinator } = sums;
  const { samples, epoch, updates, ...rest } = of;
  return {
    epoch,
    updates,
    samples,
    ...means(spec, sums, samples),
    seconds,
    samplesPerSecond: samples / seconds,
    ...rest,
    phases,
    ...(coordinator && { coordinator }),
  };
}

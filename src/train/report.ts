import type { NetworkSpec } from '../core/spec.ts';
import type { DataSource } from '../core/table.ts';
import type { BackendReport } from '../kernels/kernels.ts';
import type { SharedMemory } from '../memory/shared.ts';
import type { Evaluation } from '../nn/network.ts';
import type { PhaseSeconds, RunOutcome } from './outcome.ts';
import type { Strategy } from './options.ts';

/** How far an epoch has got. */
export interface Progress {
  /** Counts from 1 within a call of `fit` or `epochs`. */
  epoch: number;
  /** Updates completed in this epoch. */
  updates: number;
  totalUpdates: number;
  /** Mean loss of the rows seen so far in this epoch. */
  loss: number;
  /** Since the epoch began. */
  seconds: number;
}

export interface FitOptions {
  /** Default 1. */
  epochs?: number | undefined;
  /** Ends training after so many updates in all, within an epoch if need be. */
  maxUpdates?: number | undefined;
  /** Measured after each epoch. */
  validation?: DataSource | undefined;
  /** Stops training promptly; the call rejects with ERR_ABORTED. */
  signal?: AbortSignal | undefined;
  /** Some ten times a second while an epoch runs. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** What an epoch did. Loss and accuracy are means over its rows, each measured before the update it went into. */
export interface EpochReport {
  /** Counts from 1 within a call of `fit` or `epochs`. */
  epoch: number;
  updates: number;
  /** Rows trained on. */
  samples: number;
  loss: number;
  /** Absent for mse. */
  accuracy?: number;
  validation?: Evaluation;
  /** Of training, without validation. */
  seconds: number;
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
  batchSize: number;
  /** Where 'auto' was asked for: how it was chosen. */
  batchSizeChoice?: BatchSizeChoice;
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

/** The reports of a run's epochs, of which `first` is the first; each has so many samples and updates. */
export function epochReports(
  spec: NetworkSpec,
  first: number,
  samples: number,
  updates: number,
  { epochs, workers }: RunOutcome & { state: 'done' },
  validation: Evaluation | undefined,
): EpochReport[] {
  return epochs.map((sums, i) => {
    const { seconds, phases, coordinator } = sums;
    return {
      epoch: first + i,
      updates,
      samples,
      ...means(spec, sums, samples),
      ...(validation && { validation }),
      seconds,
      samplesPerSecond: samples / seconds,
      workers,
      phases,
      ...(coordinator && { coordinator }),
    };
  });
}

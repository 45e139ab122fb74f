// What crosses threads, apart from shared memory. Plain data only.
import type { Failure } from '../core/errors.ts';
import type { RateSchedule } from '../core/schedule.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { Table } from '../core/table.ts';
import type { KernelSource, StepPlan } from '../kernels/kernels.ts';
import type { ArenaHandle } from '../memory/arena.ts';

/** What every thread of a trainer needs once. */
export interface SessionSetup {
  readonly spec: NetworkSpec;
  readonly arena: ArenaHandle;
  readonly source: KernelSource;
  /** Of the masks, where there is dropout. */
  readonly seed: number;
  /** How an epoch is trained by its resident workers. */
  readonly strategy: string;
  /** Of the strategy local-sgd: updates between averagings. */
  readonly averagingPeriod: number;
  /** Where phases are logged one by one; undefined: they are not. */
  readonly trace: ArrayBufferLike | undefined;
  /** How often a barrier looks before it sleeps. */
  readonly spins: number;
  /** The longest wait at a barrier; ms. */
  readonly barrierLimit: number;
}

/** The data set that is trained on, and the one that is evaluated. */
export type DataKey = 'train' | 'validation';

/** A data set as threads hold it. */
export interface SharedData {
  readonly key: DataKey;
  readonly table: Table;
  /** Which rows of the table belong to the set. */
  readonly rows: Uint32Array;
  /** Room for as many of them as there may be epochs in a run, each in an order of its own. */
  readonly orders: Uint32Array;
}

/** Where each order of the patterns comes from: a stream of a seed per epoch. */
export interface Shuffle {
  readonly seed: number;
  /** Of the first epoch of a run; the next has the next. */
  readonly stream: number;
}

/** Sums over the rows that each worker has seen. */
export interface RowSums {
  readonly losses: readonly number[];
  readonly rights: readonly number[];
}

/** Epochs that are trained one after the other, without their workers coming back: what all of them share. */
export interface RunPlan {
  readonly epochs: number;
  /** Which of the trainer's epochs the first is, from 0 on: each has masks of its own where there is dropout. */
  readonly epoch: number;
  /** Of an epoch; of a run of one maybe only its first ones. */
  readonly updates: number;
  readonly batchSize: number;
  /** Rows of the order that were trained before, in a run of one epoch. */
  readonly from: number;
  /** What the workers have counted in the epoch before the run; it counts as the run's. */
  readonly counted: RowSums | undefined;
  /** The order is there already, from an earlier run of the same epoch. */
  readonly drawn: boolean;
  /** Rows of the epoch that were trained before: as many as `from`, but of a stream, whose order has only those that are in memory. */
  readonly trained: number;
  /** How many rows of the order, from there on, belong to the epoch; the last batch may be short. */
  readonly rows: number;
  /** The slot that holds the weights when the run begins. */
  readonly slot: number;
  /** What is the same in all updates; `Steps` completes it. */
  readonly step: StepPlan;
  readonly rates: RateSchedule;
  /** Updates that the weights have been through before the run, since they were set. */
  readonly count: number;
  /** The longest gradient; Infinity: no limit. */
  readonly clipNorm: number;
  /** Undefined: in the order of the data set. */
  readonly shuffle: Shuffle | undefined;
}

/** Random batches whose gradients are measured: `batches` of `rows` rows each, drawn with replacement. */
export interface NoiseDraws {
  readonly rows: number;
  readonly batches: number;
  readonly seed: number;
  readonly stream: number;
}

/** Of the mean gradients g_1, ..., g_m of m batches of b rows. */
export interface GradientMoments {
  /** b */
  readonly rows: number;
  /** m */
  readonly batches: number;
  /** |g_1|^2 + ... + |g_m|^2 */
  readonly squares: number;
  /** |g_1 + ... + g_m|^2 */
  readonly squareOfSum: number;
}

/** A task for one worker thread. */
export type WorkerTask =
  | {
      readonly kind: 'attach';
      readonly setup: SessionSetup;
      readonly data: SharedData;
      readonly parties: number;
    }
  /** Resident strategies: the updates [first, last) of a run, counted through its epochs, by the first `workers` workers. */
  | {
      readonly kind: 'run';
      readonly worker: number;
      readonly run: RunPlan;
      readonly first: number;
      readonly last: number;
      readonly workers: number;
    }
  /** Strategy coordinator: the partial gradient of the rows [from, from + rows) into a slot. */
  | {
      readonly kind: 'gradients';
      readonly worker: number;
      readonly from: number;
      readonly rows: number;
      readonly slot: number;
      readonly into: number;
      readonly shuffled: boolean;
      /** Its number in the run. */
      readonly update: number;
      /** As `RunPlan.epoch`. */
      readonly epoch: number;
      /** Rows of the epoch that come before those of the order. */
      readonly before: number;
    }
  /** The gradients of the random batches [first, last), with the slot that does not hold the weights as scratch. */
  | {
      readonly kind: 'moments';
      readonly worker: number;
      readonly draws: NoiseDraws;
      readonly first: number;
      readonly last: number;
      readonly slot: number;
    }
  | {
      readonly kind: 'evaluate';
      readonly worker: number;
      readonly from: number;
      readonly to: number;
      readonly slot: number;
      /** U_L, shared: where the rows of the set go, from `first` on; undefined: nowhere. */
      readonly outputs: { readonly first: number; readonly U: Float64Array } | undefined;
    };

/** A task of one of the sessions that share the threads. */
export interface NumberedTask {
  readonly session: number;
  readonly task: WorkerTask;
}

export type RunTask = Extract<WorkerTask, { readonly kind: 'run' }>;

/** What a task that came to its end gives. */
export type DoneResult = Extract<WorkerResult, { readonly state: 'done' }>;

export type WorkerResult =
  /** `seconds`: of work, from when all workers of the task had begun. */
  | {
      readonly state: 'done';
      readonly thread: number;
      readonly seconds: number;
      /** Of a task of the kind 'moments' that had the last batch. */
      readonly moments?: GradientMoments | undefined;
    }
  /** It saw the abort word; the update in hand is not committed. */
  | { readonly state: 'stopped' }
  | { readonly state: 'failed'; readonly failure: Failure };

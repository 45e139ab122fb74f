// What crosses threads, apart from shared memory. Plain data only.
import type { Failure } from '../core/errors.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { Table } from '../core/table.ts';
import type { KernelSource, Step } from '../kernels/kernels.ts';
import type { ArenaHandle } from '../memory/arena.ts';

/** What every thread of a trainer needs once. */
export interface SessionSetup {
  readonly spec: NetworkSpec;
  readonly arena: ArenaHandle;
  readonly source: KernelSource;
  /** How an epoch is trained by its resident workers. */
  readonly strategy: string;
  /** Of the strategy local-sgd: updates between averagings. */
  readonly averagingPeriod: number;
  /** How often a barrier looks before it sleeps. */
  readonly spins: number;
}

/** The data set that is trained on, and the one that is evaluated. */
export type DataKey = 'train' | 'validation';

/** A data set as threads hold it. */
export interface SharedData {
  readonly key: DataKey;
  readonly table: Table;
  /** Rows of the table in the order in which they are used; in shared memory, rewritten by the coordinator. */
  readonly order: Uint32Array;
}

/** Everything about an epoch that all its workers share. */
export interface EpochPlan {
  readonly updates: number;
  readonly batchSize: number;
  /** How many rows of the order belong to the epoch; the last batch may be short. */
  readonly rows: number;
  /** The slot that holds the weights when the epoch begins. */
  readonly slot: number;
  /** Its `scale` is that of a full batch. */
  readonly step: Step;
}

/** A task for one worker thread. */
export type WorkerTask =
  | {
      readonly kind: 'attach';
      readonly setup: SessionSetup;
      readonly data: SharedData;
      readonly parties: number;
    }
  /** Resident strategies: the updates [first, last) of an epoch, by the first `workers` workers. */
  | {
      readonly kind: 'epoch';
      readonly worker: number;
      readonly epoch: EpochPlan;
      readonly first: number;
      readonly last: number;
      readonly workers: number;
      /** That holds the weights; a worker finds it in shared memory when it begins. */
      readonly slot: number;
    }
  /** Strategy coordinator: the partial gradient of the rows [from, from + rows) into a slot. */
  | {
      readonly kind: 'gradients';
      readonly worker: number;
      readonly from: number;
      readonly rows: number;
      readonly slot: number;
      readonly into: number;
    }
  | {
      readonly kind: 'evaluate';
      readonly worker: number;
      readonly from: number;
      readonly to: number;
      readonly slot: number;
    };

export type EpochTask = Extract<WorkerTask, { readonly kind: 'epoch' }>;

export type WorkerResult =
  /** `seconds`: of work, from when all workers of the task had begun. */
  | { readonly state: 'done'; readonly thread: number; readonly seconds: number }
  /** It saw the abort word; the update in hand is not committed. */
  | { readonly state: 'stopped' }
  | { readonly state: 'failed'; readonly failure: Failure };

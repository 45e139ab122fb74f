import type { RateSchedule } from '../core/schedule.ts';
import type { RowSums } from '../pool/messages.ts';
import type { Bound } from './bound.ts';
import type { EpochSums } from './outcome.ts';
import type { Progress } from './report.ts';

/** Updates that are trained in one go. */
export interface Piece {
  readonly train: Bound;
  /** Whole epochs, unless it is one. */
  readonly epochs: number;
  /** Of each epoch. */
  readonly updates: number;
  readonly batchSize: number;
  readonly rates: RateSchedule;
  /** Rows of the epoch's order that were trained before; more than 0 only after a piece of the same epoch. */
  readonly from: number;
  /** How many rows of the order belong to the epoch from there on; by default all. */
  readonly rows?: number;
  /** Which of the trainer's epochs the first is: each has a shuffle of its own. */
  readonly stream: number;
  /** How far the epoch has got. */
  readonly before: Progress;
  /** What the workers have counted in the epoch so far. */
  readonly counted?: RowSums;
  /** Is told which updates were completed of one epoch that was broken off, if any, before the error comes. */
  readonly onStopped?: (completed: number, sums: EpochSums) => void;
}

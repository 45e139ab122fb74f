// What the coordinator is told and what it answers: plain data, across threads.
import type { Failure } from '../core/errors.ts';
import type { Phase } from '../memory/control.ts';
import type { GradientMoments, RowSums, SessionSetup } from '../pool/messages.ts';
import type { Strategy } from './options.ts';

export interface CoordinatorSetup {
  readonly session: SessionSetup;
  readonly strategy: Strategy;
  /** For so many workers on these cores; ms. */
  readonly stallTimeout: number;
  /** Find out how many of the workers to use. */
  readonly tuned: boolean;
}

/** The seconds that one worker spent in each phase of an epoch. */
export type PhaseSeconds = Record<Phase, number>;

/** How something that workers did together ended. */
export type End =
  | { readonly state: 'done' }
  /** By the abort word. */
  | { readonly state: 'stopped' }
  | { readonly state: 'failed'; readonly failure: Failure };

/** What an epoch did; sums over its patterns. */
export interface EpochSums {
  readonly seconds: number;
  readonly loss: number;
  readonly right: number;
  /** What each worker has of these two. */
  readonly ofWorkers: RowSums;
  readonly phases: readonly PhaseSeconds[];
  /** Of the strategy `coordinator`: waiting for tasks stands under barrier. */
  readonly coordinator: PhaseSeconds | undefined;
}

/** What became of a run of epochs; `completed` updates are in the weights of `slot`, whatever happened. */
export type RunOutcome = { readonly completed: number; readonly slot: number } & (
  | {
      readonly state: 'done';
      /** One or more, at most as many as were asked for. */
      readonly epochs: readonly EpochSums[];
      /** That trained the last update. */
      readonly workers: number;
    }
  | Exclude<End, { readonly state: 'done' }>
);

export type EvaluationOutcome =
  { readonly state: 'done'; readonly loss: number; readonly right: number } | Exclude<End, { readonly state: 'done' }>;

export type MomentsOutcome =
  { readonly state: 'done'; readonly moments: GradientMoments } | Exclude<End, { readonly state: 'done' }>;

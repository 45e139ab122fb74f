// What the coordinator is told and what it answers: plain data, across threads.
import type { Failure } from '../core/errors.ts';
import type { Phase } from '../memory/control.ts';
import type { SessionSetup } from '../pool/messages.ts';
import type { Strategy } from './options.ts';

export interface CoordinatorSetup {
  readonly session: SessionSetup;
  readonly strategy: Strategy;
  /** ms */
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

/** What became of an epoch; `completed` updates are in the weights of `slot`, whatever happened. */
export type EpochOutcome = { readonly completed: number; readonly slot: number } & (
  | {
      readonly state: 'done';
      readonly seconds: number;
      /** That trained its last update. */
      readonly workers: number;
      readonly loss: number;
      readonly right: number;
      readonly phases: readonly PhaseSeconds[];
      /** Of the strategy `coordinator`: waiting for tasks stands under barrier. */
      readonly coordinator: PhaseSeconds | undefined;
    }
  | Exclude<End, { readonly state: 'done' }>
);

export type EvaluationOutcome =
  { readonly state: 'done'; readonly loss: number; readonly right: number } | Exclude<End, { readonly state: 'done' }>;

/** Where each order of the patterns comes from: a stream of a seed per epoch. */
export interface Shuffle {
  readonly seed: number;
  readonly stream: number;
}

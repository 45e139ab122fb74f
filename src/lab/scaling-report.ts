// What `measureScaling` finds: plain data. In JSON an Infinity becomes null.
import type { StrategyChoice } from '../train/options.ts';
import type { PhaseSeconds } from '../train/outcome.ts';
import type { TrainerInfo } from '../train/report.ts';
import type { Environment } from './environment.ts';
import type { AmdahlFit, GustafsonFit, ScalingPrediction, UslFit } from './scaling-fit.ts';
import type { Interval } from './statistics.ts';

/** 'strong': the batch stays and the workers grow; 'weak': each worker has as many rows, however many there are. */
export type ScalingMode = 'strong' | 'weak';

/** One number of workers with one strategy; all times in seconds, with 95% bootstrap intervals over the rounds. */
export interface ScalingPoint {
  mode: ScalingMode;
  /** As it was asked for; `trainer.strategy` says what 'auto' was. */
  strategy: StrategyChoice;
  /** N. */
  workers: number;
  /** B of an update: fixed in strong scaling, rows per worker times workers in weak scaling. */
  batchSize: number;
  timePerUpdate: Interval;
  samplesPerSecond: Interval;
  /**
   * Against the same strategy on the least number of workers of the series, N_0 (1 by default), round by round: T_0 / T_N in strong
   * scaling, (N / N_0) T_0 / T_N in weak scaling (Gustafson 1988).
   */
  speedup: Interval;
  /** The same against that strategy which is fastest on the least number of workers. */
  speedupOverBest: Interval;
  /** speedup / (N / N_0): of each worker, the share that is of use. */
  efficiency: Interval;
  /** Experimentally determined serial fraction (Karp & Flatt 1990): strong scaling from one worker, N > 1. */
  karpFlatt?: Interval;
  /** More workers than CPUs that this process may use: how a scheduler shares them is measured, too. Not fitted. */
  oversubscribed: boolean;
  /**
   * Seconds per update of each worker in each phase: medians over the rounds. Of updates of less than 1 ms about one in a millisecond
   * is timed, the first of an epoch always, which waits for the others to start: short epochs show too much of 'barrier'.
   */
  phases: PhaseSeconds[];
  /** The same of the coordinator, with the strategy of that name. */
  coordinator?: PhaseSeconds;
  trainer: Pick<TrainerInfo, 'backend' | 'path' | 'strategy' | 'strategyReason' | 'blockRows' | 'shards'>;
  /** Time per update of each round. */
  samples: number[];
}

/** One strategy in one mode over all numbers of workers: which laws fit, and what they predict. */
export interface ScalingSeries {
  mode: ScalingMode;
  strategy: StrategyChoice;
  /** The numbers of workers that were fitted, 1 included. */
  fitted: number[];
  /** Strong scaling only. */
  amdahl: AmdahlFit | undefined;
  /** Strong scaling only. */
  usl: UslFit | undefined;
  /** Weak scaling only. */
  gustafson?: GustafsonFit;
  /** Why a fit is not there, or what it must not be used for; empty if nothing is to be said. */
  caveats: string[];
  predictions: ScalingPrediction[];
}

export interface ScalingReport {
  kind: 'scaling';
  version: 1;
  /** 'partial' after an abort: of the rounds that were complete. */
  state: 'complete' | 'partial';
  network: { inputs: number; layers: readonly { units: number; activation: string }[]; parameters: number };
  /** Patterns in the data set. */
  patterns: number;
  rounds: number;
  sampleSeconds: number;
  /** CPUs that this process may use: those of its affinity, or fewer where a control group limits it. */
  usableCores: number;
  points: ScalingPoint[];
  series: ScalingSeries[];
  /** When the measurement began. */
  environment: Environment;
}

import { PHASES } from '../memory/control.ts';
import type { StrategyChoice } from '../train/options.ts';
import type { PhaseSeconds } from '../train/outcome.ts';
import type { TrainerInfo } from '../train/report.ts';
import { karpFlatt } from './scaling-fit.ts';
import type { ScalingMode, ScalingPoint } from './scaling-report.ts';
import { median, medianInterval } from './statistics.ts';

/** What was measured of one strategy on one number of workers with one batch size; a list has a value for each round. */
export interface ScalingCell {
  readonly modes: readonly ScalingMode[];
  readonly strategy: StrategyChoice;
  readonly workers: number;
  readonly batchSize: number;
  readonly info: TrainerInfo;
  /** Seconds per update. */
  readonly times: readonly number[];
  readonly phases: readonly (readonly PhaseSeconds[])[];
  readonly coordinator: readonly (PhaseSeconds | undefined)[];
}

/** The cells of one mode as points: by strategy in the order of the cells, and by rising number of workers. */
export function describePoints(
  cells: readonly ScalingCell[],
  mode: ScalingMode,
  usable: number,
  seed: number,
): ScalingPoint[] {
  const own = cells.filter(({ modes }) => modes.includes(mode)).sort((a, b) => a.workers - b.workers);
  const least = own.filter(({ workers }) => workers === own[0]!.workers);
  const best = least.reduce((a, b) => (median(b.times) < median(a.times) ? b : a));
  const strategies = [...new Set(cells.map(({ strategy }) => strategy))];
  return strategies.flatMap((strategy) => {
    const series = own.filter((cell) => cell.strategy === strategy);
    return series.map((cell) => describe(cell, mode, series[0]!, best, usable, seed));
  });
}

/** How many times as fast as the baseline, in each round: in weak scaling by rows, of which there are more. */
export function speedups(mode: ScalingMode, baseline: Sampled, point: Sampled): number[] {
  const growth = mode === 'strong' ? 1 : point.workers / baseline.workers;
  return point.samples.map((t, round) => (growth * baseline.samples[round]!) / t);
}

type Sampled = Pick<ScalingPoint, 'workers' | 'samples'>;

function describe(
  cell: ScalingCell,
  mode: ScalingMode,
  baseline: ScalingCell,
  best: ScalingCell,
  usable: number,
  seed: number,
): ScalingPoint {
  const { strategy, workers, batchSize, info, times, phases, coordinator } = cell;
  const { backend, path, strategy: chosen, strategyReason, blockRows, shards } = info;
  const sampled = (from: ScalingCell): Sampled => ({ workers: from.workers, samples: [...from.times] });
  const interval = (values: readonly number[]) => medianInterval(values, seed);
  const own = speedups(mode, sampled(baseline), sampled(cell));
  const serial = mode === 'strong' && baseline.workers === 1 && workers > 1;
  return {
    mode,
    strategy,
    workers,
    batchSize,
    timePerUpdate: interval(times),
    samplesPerSecond: interval(times.map((t) => batchSize / t)),
    speedup: interval(own),
    speedupOverBest: interval(speedups(mode, sampled(best), sampled(cell))),
    efficiency: interval(own.map((S) => (S * baseline.workers) / workers)),
    ...(serial && { karpFlatt: interval(own.map((S) => karpFlatt(workers, S))) }),
    oversubscribed: workers > Math.max(1, usable),
    phases: phases[0]!.map((_, w) => middle(phases.map((round) => round[w]!))),
    ...(coordinator[0] && { coordinator: middle(coordinator.map((round) => round!)) }),
    trainer: { backend, path, strategy: chosen, strategyReason, blockRows, shards },
    samples: [...times],
  };
}

/** The median of each phase over the rounds. */
function middle(rounds: readonly PhaseSeconds[]): PhaseSeconds {
  const entries = PHASES.map((phase) => [phase, median(rounds.map((round) => round[phase]))]);
  return Object.fromEntries(entries) as PhaseSeconds;
}

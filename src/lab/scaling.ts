import { GradpoolError } from '../core/errors.ts';
import { parameterCount } from '../core/spec.ts';
import type { DataSource } from '../core/table.ts';
import type { Network } from '../nn/network.ts';
import type { StrategyChoice } from '../train/options.ts';
import type { PhaseSeconds } from '../train/outcome.ts';
import { Trainer } from '../train/trainer.ts';
import { describeEnvironment, type Environment } from './environment.ts';
import { copyOf, inRounds, VISITS } from './rounds.ts';
import { caveatsOf, usableCores } from './scaling-caveats.ts';
import { fitStrong, fitWeak } from './scaling-fit.ts';
import { type ResolvedScaling, resolveScaling, type ScalingOptions } from './scaling-options.ts';
import { describePoints, type ScalingCell, speedups } from './scaling-point.ts';
import type { ScalingMode, ScalingPoint, ScalingReport, ScalingSeries } from './scaling-report.ts';
import type { Point, Timed } from './update-time.ts';

/** What is to be measured: one cell may serve both modes. */
interface Planned {
  readonly modes: ScalingMode[];
  readonly strategy: StrategyChoice;
  readonly workers: number;
  readonly batchSize: number;
}

/** A cell while it is measured. */
type Cell = Planned &
  Point & {
    readonly dataset: DataSource;
    readonly phases: PhaseSeconds[][];
    readonly coordinator: Timed['coordinator'][];
  };

/**
 * Measures how the time of an update depends on the number of workers: with a batch that stays (strong scaling), and with as
 * many rows for each worker (weak scaling); for each strategy: speed-up, efficiency and serial fraction, and where the time
 * goes on each worker. Fits the laws of Amdahl, Gunther and Gustafson, and says what they predict beyond the cores of this machine.
 *
 * All points are measured in every round, five times in random orders, and the lower quartile of the five counts; before the first round each warms up. Speed-ups
 * are taken within rounds, so that a drift of the machine cancels out, and the unit of the statistics is the round. Points on more
 * workers than there are CPUs to use are marked and not fitted: how the scheduler shares CPUs is none of the laws' business.
 * Each number of workers is used as it is given; a trainer that is not told one may choose fewer where that is faster.
 * Only whole batches are trained, and the network is not changed.
 *
 * @returns after an abort, a report of the rounds that were complete, if there are any. In JSON an Infinity becomes null
 * @throws TypeError, RangeError naming the argument; GradpoolError ERR_NO_SHARED_MEMORY, and as `Trainer.fit`
 * @example
 * const report = await measureScaling(network, train, { strategies: ['owner-computes', 'data-parallel'], batchSize: 512 });
 * for (const { workers, speedup } of report.points) console.log(workers, speedup.median);
 */
export async function measureScaling(
  network: Network,
  dataset: DataSource,
  given: ScalingOptions = {},
): Promise<ScalingReport> {
  const o = resolveScaling(network, dataset, given);
  // Before there is a load of its own.
  const environment = describeEnvironment();
  const planned = plan(o);
  const cells: Cell[] = [];
  const total = planned.length * (VISITS * o.rounds + 1);
  let done = 0;
  let state: ScalingReport['state'] = 'complete';
  try {
    for (const one of planned) {
      const trainer = await createTrainer(network, one, o);
      const whole = wholeBatches(dataset, one.batchSize);
      cells.push({ ...one, trainer, dataset: whole, samples: [], phases: [], coordinator: [], updates: 1 });
    }
    await inRounds(
      cells,
      (cell) => cell.dataset,
      o,
      keep,
      (stage, { strategy, workers, batchSize }) =>
        o.onProgress?.({ done: ++done, total, stage, strategy, workers, batchSize }),
    );
  } catch (error) {
    const aborted = error instanceof GradpoolError && error.code === 'ERR_ABORTED';
    if (!aborted || cells.length < planned.length || cells.some(({ samples }) => samples.length === 0)) throw error;
    state = 'partial';
  } finally {
    await Promise.all(cells.map(({ trainer }) => trainer.close()));
  }
  return report(network, dataset.length, cells, o, state, environment);
}

/** Every strategy on every number of workers in every mode; what is the same in both modes, once. */
function plan({ strategies, workers, modes, batchSize, rowsPerWorker }: ResolvedScaling): Planned[] {
  const planned: Planned[] = [];
  for (const strategy of strategies) {
    for (const N of workers) {
      for (const mode of modes) {
        const B = mode === 'strong' ? batchSize : rowsPerWorker * N;
        const same = planned.find((p) => p.strategy === strategy && p.workers === N && p.batchSize === B);
        if (same) same.modes.push(mode);
        else planned.push({ modes: [mode], strategy, workers: N, batchSize: B });
      }
    }
  }
  return planned;
}

function createTrainer(
  network: Network,
  { strategy, workers, batchSize }: Planned,
  { trainer: { averagingPeriod, ...rest } = {} }: ResolvedScaling,
): Promise<Trainer> {
  const period = strategy === 'local-sgd' && averagingPeriod !== undefined && { averagingPeriod };
  // Without shared memory there would be one thread, whatever was asked for.
  return Trainer.create(copyOf(network), {
    ...rest,
    ...period,
    strategy,
    workers,
    batchSize,
    sharedMemory: 'required',
  });
}

/** The first rows, as many as fill whole batches: a short batch would be an update of another size. */
function wholeBatches(dataset: DataSource, batchSize: number): DataSource {
  const length = dataset.length - (dataset.length % batchSize);
  return {
    length,
    bind: (spec, scaling) => {
      const { table, rows } = dataset.bind(spec, scaling);
      return { table, rows: rows.slice(0, length) };
    },
  };
}

function keep(cell: Cell, { perRow, phases, coordinator }: Timed): void {
  cell.samples.push(perRow);
  cell.phases.push(phases);
  cell.coordinator.push(coordinator);
}

function report(
  { spec }: Network,
  patterns: number,
  cells: readonly Cell[],
  o: ResolvedScaling,
  state: ScalingReport['state'],
  environment: Environment,
): ScalingReport {
  const rounds = Math.min(...cells.map(({ samples }) => samples.length));
  const usable = usableCores(environment);
  const measured = cells.map(({ trainer, samples, phases, coordinator, ...cell }): ScalingCell => ({
    ...cell,
    info: trainer.info,
    // Of whole batches.
    times: samples.slice(0, rounds).map((perRow) => perRow * cell.batchSize),
    phases: phases.slice(0, rounds),
    coordinator: coordinator.slice(0, rounds),
  }));
  const points = o.modes.flatMap((mode) => describePoints(measured, mode, usable, o.seed));
  const series = o.modes.flatMap((mode) =>
    o.strategies.map((strategy) => {
      const own = points.filter((point) => point.mode === mode && point.strategy === strategy);
      return describeSeries(mode, strategy, own, o, environment);
    }),
  );
  return {
    kind: 'scaling',
    version: 1,
    state,
    network: { inputs: spec.inputs, layers: spec.layers, parameters: parameterCount(spec) },
    patterns,
    rounds,
    sampleSeconds: o.sampleSeconds,
    usableCores: usable,
    points,
    series,
    environment,
  };
}

/** @param points - those of the series, by rising number of workers */
function describeSeries(
  mode: ScalingMode,
  strategy: StrategyChoice,
  points: readonly ScalingPoint[],
  { predict, seed }: ResolvedScaling,
  environment: Environment,
): ScalingSeries {
  const [baseline] = points;
  const used = baseline!.workers === 1 ? points.filter((point) => !point.oversubscribed) : [];
  const measured = used.map((point) => ({
    workers: point.workers,
    speedups: speedups(mode, baseline!, point),
  }));
  const none = { amdahl: undefined, usl: undefined, predictions: [] };
  const gustafson = mode === 'weak' ? fitWeak(measured, seed) : undefined;
  const found = {
    mode,
    strategy,
    fitted: used.map(({ workers }) => workers),
    ...(mode === 'strong' ? fitStrong(measured, predict, seed) : none),
    ...(gustafson && { gustafson }),
  };
  return { ...found, caveats: caveatsOf(found, points, environment) };
}

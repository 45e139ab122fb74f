import { GradpoolError } from '../core/errors.ts';
import type { DataSource } from '../core/table.ts';
import { type Phase, PHASES } from '../memory/control.ts';
import { exactly } from '../train/order.ts';
import type { PhaseSeconds } from '../train/outcome.ts';
import type { EpochReport } from '../train/report.ts';
import type { Trainer } from '../train/trainer.ts';

/** One batch size on one number of workers, while it is measured. */
export interface Point {
  readonly batchSize: number;
  readonly workers: number;
  readonly trainer: Trainer;
  /** Seconds per row, one for each round. */
  readonly samples: number[];
  /** In a measurement. */
  updates: number;
}

/** Runs for so many seconds, until the code is compiled and the caches are warm, and finds how many updates fill a measurement. */
export async function warmUp(
  point: Point,
  dataset: DataSource,
  seconds: number,
  measurement: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let spent = 0; spent < seconds;) {
    const { perUpdate, total } = await timeUpdates(point, dataset, signal);
    spent += total;
    point.updates = Math.max(1, Math.min(4 * point.updates, Math.ceil(measurement / perUpdate)));
  }
}

/** Seconds of training: in all, per update and per row, which is not the same where the last batch of an epoch is short. */
export interface Timed {
  readonly total: number;
  readonly perUpdate: number;
  readonly perRow: number;
  /** Per update: of each worker in each phase. */
  readonly phases: PhaseSeconds[];
  /** The same of the coordinator, with the strategy of that name. */
  readonly coordinator: PhaseSeconds | undefined;
}

/** Times so many updates as fill a measurement. Copying data and weights to and from the workers does not count. */
export async function timeUpdates(
  { trainer, updates }: Point,
  dataset: DataSource,
  signal: AbortSignal | undefined,
): Promise<Timed> {
  const { Bench } = await import('tinybench');
  const bench = new Bench({ iterations: 1, time: 0, warmup: false, throws: true });
  const epochs: EpochReport[] = [];
  bench.add('updates', async () => {
    const wanted = exactly(updates, dataset.length, trainer.info.batchSize);
    const history = await trainer.fit(dataset, { ...wanted, signal });
    epochs.push(...history);
    return { overriddenDuration: history.reduce((sum, epoch) => sum + epoch.seconds, 0) * 1000 };
  });
  const [task] = await bench.run();
  if (task?.result.state !== 'completed')
    throw new GradpoolError('ERR_WORKER_FAILED', `a measurement ended as ${task?.result.state}`);
  const total = task.result.latency.mean / 1000;
  const done = epochs.reduce((sum, epoch) => sum + epoch.updates, 0);
  const rows = epochs.reduce((sum, epoch) => sum + epoch.samples, 0);
  const each = (of: (epoch: EpochReport) => PhaseSeconds): PhaseSeconds => {
    const mean = (phase: Phase) => epochs.reduce((sum, epoch) => sum + of(epoch)[phase], 0) / done;
    return Object.fromEntries(PHASES.map((phase) => [phase, mean(phase)])) as PhaseSeconds;
  };
  return {
    total,
    perUpdate: total / done,
    perRow: total / rows,
    phases: epochs[0]!.phases.map((_, w) => each(({ phases }) => phases[w]!)),
    coordinator: epochs[0]!.coordinator && each(({ coordinator }) => coordinator!),
  };
}

import { GradpoolError } from '../core/errors.ts';
import type { DataSource } from '../core/table.ts';
import { PHASES } from '../memory/control.ts';
import { exactly } from '../train/order.ts';
import type { PhaseSeconds } from '../train/outcome.ts';
import type { EpochReport } from '../train/report.ts';
import type { Trainer } from '../train/trainer.ts';
import { elementAt } from './statistics.ts';

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

/**
 * Runs for so many seconds, until the code is compiled and the caches are warm, and finds how many updates fill a measurement: part
 * of an epoch, or whole ones.
 */
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
    const updates = Math.max(1, Math.min(4 * point.updates, Math.ceil(measurement / perUpdate)));
    const epoch = Math.ceil(dataset.length / point.batchSize);
    point.updates = updates > epoch ? epoch * Math.round(updates / epoch) : updates;
  }
}

/** Seconds of training: in all, and per update and per row, which is not the same where the last batch of an epoch is short. */
export interface Timed {
  readonly total: number;
  readonly perUpdate: number;
  readonly perRow: number;
  /** Per update: of each worker in each phase. */
  readonly phases: PhaseSeconds[];
  /** The same of the coordinator, with the strategy of that name. */
  readonly coordinator: PhaseSeconds | undefined;
}

/**
 * Times so many updates as fill a measurement. Copying data and weights to and from the workers does not count. Where they are several
 * epochs, all but `total` is of the middle one by its time, of two the faster: waking the workers falls on the first, and what else
 * runs on the machine on a few.
 */
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
  const { seconds, updates: done, samples, phases, coordinator } = elementAt(epochs, 0.5, perRow);
  const each = (times: PhaseSeconds) =>
    Object.fromEntries(PHASES.map((phase) => [phase, times[phase] / done])) as PhaseSeconds;
  return {
    total: task.result.latency.mean / 1000,
    perUpdate: seconds / done,
    perRow: seconds / samples,
    phases: phases.map(each),
    coordinator: coordinator && each(coordinator),
  };
}

function perRow({ seconds, samples }: EpochReport): number {
  return seconds / samples;
}

import { Bench } from 'tinybench';
import { GradpoolError } from '../core/errors.ts';
import type { DataSource } from '../core/table.ts';
import { exactly } from '../train/order.ts';
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

/** Runs until the code is compiled and the caches are warm, and finds how many updates fill a measurement. */
export async function warmUp(
  point: Point,
  dataset: DataSource,
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let spent = 0; spent < seconds;) {
    const { perUpdate, total } = await timeUpdates(point, dataset, signal);
    spent += total;
    point.updates = Math.max(1, Math.min(4 * point.updates, Math.ceil(seconds / perUpdate)));
  }
}

/**
 * Seconds of training: in all, per update and per row, which is not the same where the last batch of an epoch is short. Copying
 * data and weights to and from the workers does not count.
 */
export async function timeUpdates(
  { trainer, updates }: Point,
  dataset: DataSource,
  signal: AbortSignal | undefined,
): Promise<{ total: number; perUpdate: number; perRow: number }> {
  const bench = new Bench({ iterations: 1, time: 0, warmup: false, throws: true });
  const done = { updates: 0, rows: 0 };
  bench.add('updates', async () => {
    const wanted = exactly(updates, dataset.length, trainer.info.batchSize);
    const history = await trainer.fit(dataset, { ...wanted, signal });
    for (const epoch of history) {
      done.updates += epoch.updates;
      done.rows += epoch.samples;
    }
    return { overriddenDuration: history.reduce((sum, epoch) => sum + epoch.seconds, 0) * 1000 };
  });
  const [task] = await bench.run();
  if (task?.result.state !== 'completed')
    throw new GradpoolError('ERR_WORKER_FAILED', `a measurement ended as ${task?.result.state}`);
  const total = task.result.latency.mean / 1000;
  return { total, perUpdate: total / done.updates, perRow: total / done.rows };
}

import { rateAt, type RateSchedule } from '../core/schedule.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { Streamed } from './bound.ts';
import { addTime, addUpdates, beginning, progressOf, reportOf, type Wanted } from './epoch.ts';
import type { Order } from './order.ts';
import type { EpochReport } from './report.ts';
import type { Runner } from './runner.ts';

/** How the rows go by, and how the weights step. */
interface StreamedWanted extends Wanted {
  readonly shuffle: boolean;
  readonly rates: RateSchedule;
}

export type StreamedOrder = Order & { readonly train: Streamed };

/**
 * Trains an epoch on rows that are read while it goes on: a run for each window of them, with all batches that are whole. What is left
 * of a window begins the first batch of the next; only the last batch of the epoch may be short. Waiting for a window counts as the
 * epoch's time.
 */
export async function streamedEpoch(
  runner: Runner,
  spec: NetworkSpec,
  { train, batchSize, epochs, signal, onProgress }: StreamedOrder,
  { seed, shuffle, stream, epoch, left, rates }: StreamedWanted,
): Promise<EpochReport> {
  const whole = Math.ceil(train.length / batchSize);
  const total = Math.min(left, whole);
  const now = beginning();
  let waiting = 0;
  const watch = runner.watch(train.length, onProgress);
  try {
    const windows = await runner.open('train', train, signal);
    windows.begin(shuffle ? { seed, stream } : undefined, epoch < epochs && left > whole);
    for (let used = 0; now.updates < total;) {
      const begun = performance.now();
      const { from, rows, last } = await runner.wait(windows.next(used), signal);
      waiting += addTime(now, begun);
      const batches = last ? Math.ceil(rows / batchSize) : Math.floor(rows / batchSize);
      const updates = Math.min(batches, total - now.updates);
      used = Math.min(rows, updates * batchSize);
      const before = progressOf(now, epoch, total);
      const counted = now.sums.ofWorkers;
      const piece = { train, epochs: 1, updates, batchSize, rates, from, rows: used, stream, before, counted };
      const run = await runner.run(piece, signal, watch);
      now.workers = run.workers;
      addUpdates(now, updates, used, run.epochs[0]!);
    }
    return { ...reportOf(spec, now, { epoch, batchSize, learningRate: rateAt(rates, runner.count - 1) }), waiting };
  } finally {
    watch?.close();
  }
}

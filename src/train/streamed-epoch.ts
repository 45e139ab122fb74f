import { rateAt } from '../core/schedule.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { RowStream, Span } from '../core/table.ts';
import type { Streamed } from './bound.ts';
import { addTime, addUpdates, type EpochSoFar, type Means, progressOf, reportOf, type Wanted } from './epoch.ts';
import { batchesIn, type Order } from './order.ts';
import type { EpochSums } from './outcome.ts';
import type { EpochReport } from './report.ts';

type StreamedOrder = Order & { readonly train: Streamed };

/**
 * Trains an epoch, or what is left of it, on rows that are read while it goes on: with each window of them all batches that are whole.
 * What is left of a window begins the first batch of the next; only the last batch of the epoch may be short, or is left out. Where an epoch goes on
 * that was broken off, the windows behind it are read once more. Waiting for a window counts as the epoch's time.
 * @param now - how far the epoch has got; it is kept up to date, also where training ends with an error
 */
export async function streamedEpoch(
  means: Means,
  spec: NetworkSpec,
  order: StreamedOrder,
  wanted: Wanted & { readonly shuffle: boolean },
  now: EpochSoFar,
): Promise<EpochReport> {
  const { train, batchSize, epochs, signal } = order;
  const { seed, shuffle, stream, epoch, left } = wanted;
  const { runner, rates } = means;
  const whole = batchesIn(order, train.length, batchSize);
  const rows = await runner.open('train', train, signal);
  rows.begin(shuffle ? { seed, stream } : undefined, epoch < epochs && left > whole);
  const going = new StreamedEpoch(means, order, wanted, now, Math.min(left, whole));
  while (going.goesOn) await going.nextWindow(rows);
  const learningRate = rateAt(rates, runner.count - 1);
  return { ...reportOf(spec, now, { epoch, batchSize, learningRate }), waiting: now.waiting! };
}

class StreamedEpoch {
  readonly #means: Means;
  readonly #order: StreamedOrder;
  readonly #wanted: Wanted;
  readonly #now: EpochSoFar;
  /** Updates that the epoch is to have. */
  readonly #total: number;
  /** Those of the windows that have gone by. */
  #behind = 0;
  /** Rows of the last window that were trained on. */
  #used = 0;

  constructor(means: Means, order: StreamedOrder, wanted: Wanted, now: EpochSoFar, total: number) {
    this.#means = means;
    this.#order = order;
    this.#wanted = wanted;
    this.#now = now;
    this.#total = total;
  }

  get goesOn(): boolean {
    return this.#now.updates < this.#total;
  }

  /** Trains on the next window what has not been trained yet. */
  async nextWindow(stream: RowStream): Promise<void> {
    const { runner, pauses } = this.#means;
    const { batchSize, signal } = this.#order;
    const now = this.#now;
    const begun = performance.now();
    const span = await runner.wait(stream.next(this.#used), signal);
    now.waiting = (now.waiting ?? 0) + addTime(now, begun);
    const { rows, last } = span;
    const updates = Math.min(
      last ? batchesIn(this.#order, rows, batchSize) : Math.floor(rows / batchSize),
      this.#total - this.#behind,
    );
    while (now.updates < this.#behind + updates) {
      const done = now.updates - this.#behind;
      const count = Math.min(updates - done, pauses?.next(done) ?? Infinity);
      const seconds = await this.#train(span, done, count);
      if (this.goesOn) await pauses?.pause(count, seconds);
    }
    this.#behind += updates;
    this.#used = Math.min(rows, updates * batchSize);
  }

  /** @param done - updates with rows of this window */
  async #train(span: Span, done: number, count: number): Promise<number> {
    const { runner, rates } = this.#means;
    const { train, batchSize, signal, watch } = this.#order;
    const { epoch, stream } = this.#wanted;
    const now = this.#now;
    const first = done * batchSize;
    const rows = Math.min(span.rows - first, count * batchSize);
    const piece = {
      ...{ train, epochs: 1, updates: count, batchSize, rates, from: span.from + first, rows, stream },
      before: progressOf(now, epoch, this.#total),
      counted: now.sums.ofWorkers,
      onStopped: (updates: number, sums: EpochSums) =>
        addUpdates(now, updates, Math.min(rows, updates * batchSize), sums),
    };
    const { epochs, workers } = await runner.run(piece, signal, watch);
    now.workers = workers;
    addUpdates(now, count, rows, epochs[0]!);
    return epochs[0]!.seconds;
  }
}

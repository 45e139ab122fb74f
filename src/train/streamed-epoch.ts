import type { RateSchedule } from '../core/schedule.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { RowStream, Span } from '../core/table.ts';
import type { Streamed } from './bound.ts';
import type { Wanted } from './epoch.ts';
import type { Order } from './order.ts';
import type { ProgressWatch } from './progress.ts';
import { type EpochReport, epochReport } from './report.ts';
import type { Runner } from './runner.ts';
import { continuedSums, NO_SUMS } from './sums.ts';

/** How the rows go by, and how the weights step. */
interface StreamedWanted extends Wanted {
  readonly shuffle: boolean;
  readonly rates: RateSchedule;
}

export type StreamedOrder = Order & { readonly train: Streamed };

/**
 * Trains an epoch on rows that are read while it goes on: a run for each window of them, with all batches that are whole. What is left
 * of a window begins the first batch of the next; only the last batch of the epoch may be short.
 */
export async function streamedEpoch(
  runner: Runner,
  spec: NetworkSpec,
  order: StreamedOrder,
  wanted: StreamedWanted,
): Promise<EpochReport> {
  const { train, signal, onProgress } = order;
  const { seed, shuffle, stream, epoch, left } = wanted;
  const watch = runner.watch(train.length, onProgress);
  try {
    const rows = await runner.open('train', train, signal);
    const another = epoch < order.epochs && left > Math.ceil(train.length / order.batchSize);
    rows.begin(shuffle ? { seed, stream } : undefined, another);
    const going = new StreamedEpoch(order, wanted);
    while (going.goesOn) await going.advance(runner, rows, watch);
    return going.report(spec);
  } finally {
    watch?.close();
  }
}

class StreamedEpoch {
  readonly #order: StreamedOrder;
  readonly #wanted: StreamedWanted;
  /** Updates that the epoch is to have. */
  readonly #total: number;
  #sums = NO_SUMS;
  #waiting = 0;
  #updates = 0;
  #samples = 0;
  #workers = 1;
  #learningRate = 0;
  /** Of the last window. */
  #used = 0;

  constructor(order: StreamedOrder, wanted: StreamedWanted) {
    this.#order = order;
    this.#wanted = wanted;
    this.#total = Math.min(wanted.left, Math.ceil(order.train.length / order.batchSize));
  }

  get goesOn(): boolean {
    return this.#updates < this.#total;
  }

  /** Trains on the next window. The time that it is waited for counts as the epoch's. */
  async advance(runner: Runner, stream: RowStream, watch: ProgressWatch | undefined): Promise<void> {
    const begun = performance.now();
    const span = await runner.wait(stream.next(this.#used), this.#order.signal);
    const waited = (performance.now() - begun) / 1000;
    this.#waiting += waited;
    this.#sums = { ...this.#sums, seconds: this.#sums.seconds + waited };
    await this.#train(runner, span, watch);
  }

  report(spec: NetworkSpec): EpochReport {
    const { batchSize } = this.#order;
    const [updates, samples, workers, learningRate] = [this.#updates, this.#samples, this.#workers, this.#learningRate];
    const of = { epoch: this.#wanted.epoch, updates, samples, batchSize, learningRate, workers };
    return { ...epochReport(spec, this.#sums, of), waiting: this.#waiting };
  }

  async #train(runner: Runner, { from, rows, last }: Span, watch: ProgressWatch | undefined): Promise<void> {
    const { train, batchSize, signal } = this.#order;
    const { epoch, rates, stream } = this.#wanted;
    const whole = last ? Math.ceil(rows / batchSize) : Math.floor(rows / batchSize);
    const updates = Math.min(whole, this.#total - this.#updates);
    const used = Math.min(rows, updates * batchSize);
    const loss = this.#samples === 0 ? 0 : this.#sums.loss / this.#samples;
    const { seconds, ofWorkers: counted } = this.#sums;
    const before = { epoch, updates: this.#updates, totalUpdates: this.#total, samples: this.#samples, loss, seconds };
    const piece = { train, epochs: 1, updates, batchSize, rates, from, rows: used, stream, before, counted };
    const { epochs, workers, learningRates } = await runner.run(piece, signal, watch);
    this.#sums = continuedSums(this.#sums, epochs[0]!);
    this.#workers = workers;
    this.#learningRate = learningRates[0]!;
    this.#updates += updates;
    this.#samples += used;
    this.#used = used;
  }
}

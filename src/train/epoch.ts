import type { RateSchedule } from '../core/schedule.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { BatchControl } from './batch-control.ts';
import type { Order } from './order.ts';
import type { ProgressWatch } from './progress.ts';
import { type AdaptiveStep, type EpochReport, epochReport } from './report.ts';
import type { Runner } from './runner.ts';
import { added, NO_SUMS } from './sums.ts';

/** The batches that the noise scale is measured with: enough of them for its noise, few enough rows to be quick. */
const DRAWS = { rows: 32, batches: 8 };

/** Which epochs of the trainer's are to be trained, and at most how many updates. */
export interface Wanted {
  /** Of this call, from 1 on. */
  readonly epoch: number;
  /** Of all that the trainer trains, from 0 on. */
  readonly stream: number;
  /** Updates; of one epoch if there are fewer. */
  readonly left: number;
}

/** Trains up to `count` epochs with batches of one size: as many as go well in one run. */
export async function fixedEpochs(
  runner: Runner,
  spec: NetworkSpec,
  { train, batchSize, signal, onProgress }: Order,
  { epoch, stream, left, count, rates }: Wanted & { count: number; rates: RateSchedule },
): Promise<EpochReport[]> {
  const rows = train.length;
  const updates = Math.min(left, Math.ceil(rows / batchSize));
  const before = { epoch, updates: 0, totalUpdates: updates, samples: 0, loss: 0, seconds: 0 };
  const piece = { train, epochs: count, updates, batchSize, rates, from: 0, stream, before };
  const watch = runner.watch(rows, onProgress);
  const { epochs, workers, learningRates } = await runner.run(piece, signal, watch).finally(() => watch?.close());
  const samples = Math.min(rows, updates * batchSize);
  return epochs.map((sums, i) =>
    epochReport(spec, sums, {
      epoch: epoch + i,
      updates,
      samples,
      batchSize,
      learningRate: learningRates[i]!,
      workers,
    }),
  );
}

/** Trains one epoch, measures the noise scale where it is due, and goes on with the batch size that follows from it. */
export async function adaptiveEpoch(
  runner: Runner,
  control: BatchControl,
  spec: NetworkSpec,
  order: Order,
  wanted: Wanted & { seed: number },
): Promise<EpochReport> {
  const watch = runner.watch(order.train.length, order.onProgress);
  const epoch = new AdaptiveEpoch(control, order, wanted);
  try {
    while (epoch.goesOn) await epoch.advance(runner, watch);
  } finally {
    watch?.close();
  }
  return epoch.report(spec);
}

class AdaptiveEpoch {
  readonly #control: BatchControl;
  readonly #order: Order;
  readonly #wanted: Wanted & { seed: number };
  readonly #rows: number;
  readonly #steps: AdaptiveStep[] = [];
  #sums = NO_SUMS;
  #updates = 0;
  #samples = 0;
  #workers = 1;

  constructor(control: BatchControl, order: Order, wanted: Wanted & { seed: number }) {
    this.#control = control;
    this.#order = order;
    this.#wanted = wanted;
    this.#rows = order.train.length;
  }

  get goesOn(): boolean {
    return this.#samples < this.#rows && this.#updates < this.#wanted.left;
  }

  /** Trains until the noise scale is due again, or the epoch ends. */
  async advance(runner: Runner, watch: ProgressWatch | undefined): Promise<void> {
    const control = this.#control;
    if (control.rowsLeft <= 0) await this.#measure(runner);
    const { train, signal } = this.#order;
    const { epoch, stream, left } = this.#wanted;
    const [updates, from] = [this.#updates, this.#samples];
    const batchSize = Math.min(control.batchSize, this.#rows);
    const whole = Math.ceil((this.#rows - from) / batchSize);
    const count = Math.min(left - updates, whole, Math.ceil(control.rowsLeft / batchSize));
    const loss = from === 0 ? 0 : this.#sums.loss / from;
    const totalUpdates = Math.min(left, updates + whole);
    const before = { epoch, updates, totalUpdates, samples: from, loss, seconds: this.#sums.seconds };
    const rates = { name: 'constant', rate: control.learningRate } as const;
    const piece = { train, epochs: 1, updates: count, batchSize, rates, from, stream, before };
    const { epochs, workers } = await runner.run(piece, signal, watch);
    const samples = Math.min(this.#rows - from, count * batchSize);
    this.#sums = added(this.#sums, epochs[0]!);
    this.#workers = workers;
    this.#updates += count;
    this.#samples += samples;
    control.trained(samples);
  }

  report(spec: NetworkSpec): EpochReport {
    const { learningRate } = this.#control;
    const batchSize = Math.min(this.#control.batchSize, this.#rows);
    const [updates, samples, workers] = [this.#updates, this.#samples, this.#workers];
    const of = { epoch: this.#wanted.epoch, updates, samples, batchSize, learningRate, workers };
    return { ...epochReport(spec, this.#sums, of), adaptation: this.#steps };
  }

  /** The time that it takes counts as the epoch's. */
  async #measure(runner: Runner): Promise<void> {
    const begun = performance.now();
    const draws = { ...DRAWS, seed: this.#wanted.seed, stream: this.#control.nextStream() };
    const moments = await runner.moments(this.#order.train, draws, this.#order.signal);
    const decision = this.#control.measured(moments, this.#rows);
    if (decision) this.#steps.push({ updates: this.#updates, ...decision });
    const seconds = (performance.now() - begun) / 1000;
    this.#sums = { ...this.#sums, seconds: this.#sums.seconds + seconds };
  }
}

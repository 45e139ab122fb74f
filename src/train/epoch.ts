import { rateAt, type RateSchedule } from '../core/schedule.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { BatchControl } from './batch-control.ts';
import { batchesIn, type Order } from './order.ts';
import type { EpochSums } from './outcome.ts';
import { type AdaptiveStep, type EpochReport, epochReport, type Progress } from './report.ts';
import type { Runner } from './runner.ts';
import { continuedSums, NO_SUMS } from './sums.ts';

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
  readonly seed: number;
}

/** Trains up to `count` epochs with batches of one size: as many as go well in one run. */
export async function fixedEpochs(
  runner: Runner,
  spec: NetworkSpec,
  { train, batchSize, lastBatch, signal, watch }: Order,
  { epoch, stream, left, count, rates }: Wanted & { count: number; rates: RateSchedule },
): Promise<EpochReport[]> {
  const rows = train.length;
  const updates = Math.min(left, batchesIn({ lastBatch }, rows, batchSize));
  const before = progressOf(beginning(), epoch, updates);
  const piece = { train, epochs: count, updates, batchSize, rates, from: 0, stream, before };
  const { epochs, workers, learningRates } = await runner.run(piece, signal, watch);
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

/** How far an epoch has got: with it one that was broken off can go on. */
export interface EpochSoFar {
  updates: number;
  samples: number;
  sums: EpochSums;
  /** That trained the last update. */
  workers: number;
  steps: AdaptiveStep[];
  /** That a callback had set when it began. */
  learningRate: number | undefined;
  /** Seconds that it has waited for rows that are read meanwhile. */
  waiting?: number | undefined;
}

export function beginning(learningRate?: number): EpochSoFar {
  return { updates: 0, samples: 0, sums: NO_SUMS, workers: 1, steps: [], learningRate };
}

/** So many updates more are in the weights. */
export function addUpdates(now: EpochSoFar, updates: number, samples: number, sums: EpochSums): void {
  now.updates += updates;
  now.samples += samples;
  now.sums = continuedSums(now.sums, sums);
}

/** What was done since `begun` was no update; its time counts as the epoch's. @returns seconds */
export function addTime(now: EpochSoFar, begun: number): number {
  const seconds = (performance.now() - begun) / 1000;
  now.sums = { ...now.sums, seconds: now.sums.seconds + seconds };
  return seconds;
}

export function progressOf({ updates, samples, sums }: EpochSoFar, epoch: number, totalUpdates: number): Progress {
  const loss = samples === 0 ? 0 : sums.loss / samples;
  return { epoch, updates, totalUpdates, samples, loss, seconds: sums.seconds };
}

export function reportOf(
  spec: NetworkSpec,
  { updates, samples, workers, sums }: EpochSoFar,
  of: Pick<EpochReport, 'epoch' | 'batchSize' | 'learningRate'>,
): EpochReport {
  return epochReport(spec, sums, { ...of, updates, samples, workers });
}

/** Where an epoch pauses, so that its trainer may be saved. */
export interface Pauses {
  /**
   * How many updates may be trained before the next pause.
   * @param done - those since the strategy's workers began together: since the epoch began, or a window of it
   */
  next(done: number): number;
  /** So many were trained, in so many seconds, and the epoch goes on after this. */
  pause(updates: number, seconds: number): Promise<void>;
}

/** What an epoch in pieces is trained with. */
export interface Means {
  readonly runner: Runner;
  /** Of a batch size that is adaptive. */
  readonly control: BatchControl | undefined;
  /** Of one that is not. */
  readonly rates: RateSchedule;
  readonly pauses: Pauses | undefined;
}

/**
 * Trains one epoch, or what is left of it, with pauses. Of an adaptive batch size the noise scale is measured where it is due, and
 * training goes on with the batch size that follows from it.
 * @param now - how far the epoch has got; it is kept up to date, also where training ends with an error
 * @throws as `Runner.run`
 */
export async function epochInPieces(
  means: Means,
  spec: NetworkSpec,
  order: Order,
  wanted: Wanted,
  now: EpochSoFar,
): Promise<EpochReport> {
  const epoch = new EpochInPieces(means, order, wanted, now);
  while (epoch.goesOn) await epoch.advance();
  return epoch.report(spec);
}

class EpochInPieces {
  readonly #means: Means;
  readonly #order: Order;
  readonly #wanted: Wanted;
  readonly #rows: number;
  readonly #now: EpochSoFar;

  constructor(means: Means, order: Order, wanted: Wanted, now: EpochSoFar) {
    this.#means = means;
    this.#order = order;
    this.#wanted = wanted;
    this.#rows = order.train.length;
    this.#now = now;
  }

  get goesOn(): boolean {
    return this.#batchesLeft > 0 && this.#now.updates < this.#wanted.left;
  }

  /** If the batch size stays. */
  get #batchesLeft(): number {
    return batchesIn(this.#order, this.#rows - this.#now.samples, this.#batchSize);
  }

  get #batchSize(): number {
    return Math.min(this.#means.control?.batchSize ?? this.#order.batchSize, this.#rows);
  }

  /** Trains until the noise scale is due again, there is to be a pause, or the epoch ends. */
  async advance(): Promise<void> {
    const { runner, control, pauses } = this.#means;
    if (control && control.rowsLeft <= 0) await this.#measure(control);
    // Now that batches are larger there may be none left that is whole.
    if (!this.goesOn) return;
    const { train, signal, watch } = this.#order;
    const { epoch, stream, left } = this.#wanted;
    const now = this.#now;
    const { updates, samples: from } = now;
    const batchSize = this.#batchSize;
    const whole = this.#batchesLeft;
    const measured = control ? Math.ceil(control.rowsLeft / batchSize) : Infinity;
    const count = Math.min(left - updates, whole, measured, pauses?.next(updates) ?? Infinity);
    const before = progressOf(now, epoch, Math.min(left, updates + whole));
    const rates = control ? ({ name: 'constant', rate: control.learningRate } as const) : this.#means.rates;
    const onStopped = (completed: number, part: EpochSums) => this.#add(completed, batchSize, part);
    const piece = {
      train,
      epochs: 1,
      updates: count,
      batchSize,
      rates,
      from,
      stream,
      before,
      counted: now.sums.ofWorkers,
      onStopped,
    };
    const { epochs, workers } = await runner.run(piece, signal, watch);
    now.workers = workers;
    this.#add(count, batchSize, epochs[0]!);
    if (this.goesOn) await pauses?.pause(count, epochs[0]!.seconds);
  }

  report(spec: NetworkSpec): EpochReport {
    const { control, rates, runner } = this.#means;
    const learningRate = control?.learningRate ?? rateAt(rates, runner.count - 1);
    const of = { epoch: this.#wanted.epoch, batchSize: this.#batchSize, learningRate };
    return { ...reportOf(spec, this.#now, of), ...(control && { adaptation: this.#now.steps }) };
  }

  /** So many updates are in the weights. */
  #add(updates: number, batchSize: number, sums: EpochSums): void {
    const samples = Math.min(this.#rows - this.#now.samples, updates * batchSize);
    addUpdates(this.#now, updates, samples, sums);
    this.#means.control?.trained(samples);
  }

  /** The time that it takes counts as the epoch's. */
  async #measure(control: BatchControl): Promise<void> {
    const begun = performance.now();
    const draws = { ...DRAWS, seed: this.#wanted.seed, stream: control.stream };
    const moments = await this.#means.runner.moments(this.#order.train, draws, this.#order.signal);
    const decision = control.measured(moments, this.#rows);
    if (decision) this.#now.steps.push({ updates: this.#now.updates, ...decision });
    addTime(this.#now, begun);
  }
}

import type { RateSchedule } from '../core/schedule.ts';
import type { Network } from '../nn/network.ts';
import { BatchControl } from './batch-control.ts';
import { Call, type SavedCall } from './call.ts';
import type { CheckpointState, Settings } from './checkpoint-state.ts';
import { beginning, epochInPieces, fixedEpochs, type Wanted } from './epoch.ts';
import type { ResolvedOptions } from './options.ts';
import type { Order, orderOf } from './order.ts';
import type { EpochReport, TrainerInfo } from './report.ts';
import type { Runner } from './runner.ts';
import { Plateau, plateauIn, ratesOf } from './schedule.ts';

/** What a trainer remembers from one epoch to the next; a checkpoint keeps it. */
export class Training {
  readonly network: Network;
  readonly info: TrainerInfo;
  readonly #options: ResolvedOptions;
  readonly #settings: Settings;
  readonly #runner: Runner;
  #plateau: Plateau | undefined;
  /** Of an adaptive batch size. */
  #control: BatchControl | undefined;
  /** Trained so far: each has a shuffle of its own. */
  #epochs = 0;
  /** Of one that was resumed: the call that the first call goes on with. */
  #saved: SavedCall | undefined;

  constructor(network: Network, info: TrainerInfo, options: ResolvedOptions, settings: Settings, runner: Runner) {
    this.network = network;
    this.info = info;
    this.#options = options;
    this.#settings = settings;
    this.#runner = runner;
    this.#control = info.adaptive && new BatchControl(info.adaptive, options.learningRate);
  }

  /** Begins where a checkpoint was taken, whose vectors are in the arena. */
  async resume({
    count,
    stream,
    history,
    current,
    plateau,
    control,
    train,
    validation,
  }: CheckpointState): Promise<void> {
    await this.#runner.resume(count);
    this.#epochs = stream;
    this.#saved = { history, current, train, validation };
    if (control && this.#control) this.#control.state = control;
    const schedule = plateauIn(this.#options.schedule);
    if (schedule && plateau) {
      this.#plateau = new Plateau(schedule, this.#options.learningRate);
      this.#plateau.state = plateau;
    }
  }

  /** What an order is checked against. */
  get given(): Parameters<typeof orderOf>[1] {
    const { batchSize, batchSizeChoice } = this.info;
    return {
      batchSize: this.#control?.batchSize ?? batchSize,
      chosen: (batchSizeChoice ?? this.#control) !== undefined,
      plateau: plateauIn(this.#options.schedule) !== undefined,
    };
  }

  /** The saved call that the next one goes on with; none once other weights were set. */
  get earlier(): SavedCall | undefined {
    return this.#runner.afresh ? undefined : this.#saved;
  }

  /**
   * Begins a call of `fit` or `epochs`, or goes on with the saved one.
   * @throws RangeError if the data are others than those of the saved call; what `node:fs` throws
   */
  async open(order: Order): Promise<Call> {
    const call = await Call.open(order, this.earlier, {
      network: this.network,
      runner: this.#runner,
      period: this.info.averagingPeriod ?? 1,
      plateau: this.given.plateau,
      state: () => ({
        settings: this.#settings,
        plateau: this.#plateau?.state,
        control: this.#control?.state,
      }),
    });
    this.#saved = undefined;
    return call;
  }

  /** Trains the next epochs of a call until at most `count` are done, or `left` updates of the first. */
  async train(order: Order, call: Call, count: number, left: number): Promise<EpochReport[]> {
    const { seed, learningRate } = this.#options;
    const stream = this.#epochs;
    call.stream = stream;
    if (this.#control && this.#runner.afresh) this.#control = new BatchControl(this.info.adaptive!, learningRate);
    const wanted = { epoch: call.epochs + 1, stream, left, seed };
    const rates = this.#rates(order);
    const reports =
      this.#control || call.inPieces
        ? [await this.#inPieces(order, call, wanted, rates)]
        : await fixedEpochs(this.#runner, this.network.spec, order, { ...wanted, count, rates });
    this.#epochs += reports.length;
    if (order.validation) {
      const validation = await this.#runner.evaluate(order.validation, order.signal);
      reports[0]!.validation = validation;
      this.#plateau?.observe(validation.loss);
    }
    call.finished(reports);
    call.stream = this.#epochs;
    return reports;
  }

  async #inPieces(order: Order, call: Call, wanted: Wanted, rates: RateSchedule): Promise<EpochReport> {
    const now = (call.current ??= beginning());
    const means = { runner: this.#runner, control: this.#control, rates, pauses: call.saver };
    const report = await epochInPieces(means, this.network.spec, order, wanted, now);
    if (now.samples < order.train.rows.length) await call.saver?.endsWithinEpoch();
    return report;
  }

  /** The learning rates of the updates to come. */
  #rates({ train, batchSize }: Order): RateSchedule {
    const { schedule, learningRate } = this.#options;
    const plateau = plateauIn(schedule);
    if (plateau && (this.#runner.afresh || !this.#plateau)) this.#plateau = new Plateau(plateau, learningRate);
    const perEpoch = Math.ceil(train.rows.length / batchSize);
    return ratesOf(schedule, this.#plateau?.rate ?? learningRate, perEpoch);
  }
}

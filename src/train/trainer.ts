import { callback, options } from '../core/checks.ts';
import { GradpoolError } from '../core/errors.ts';
import type { RateSchedule } from '../core/schedule.ts';
import type { DataSource } from '../core/table.ts';
import { EPOCHS_PER_RUN } from '../memory/control.ts';
import type { Evaluation, Network } from '../nn/network.ts';
import { BatchControl } from './batch-control.ts';
import { type BatchSizeDecision, decideBatchSize, withBatchSize } from './batch-size.ts';
import { bind } from './bound.ts';
import { Coordinator } from './coordinator.ts';
import { adaptiveEpoch, fixedEpochs } from './epoch.ts';
import type { FitOptions } from './fit-options.ts';
import { InlinePool } from './inline.ts';
import type { ResolvedOptions, TrainerOptions } from './options.ts';
import { FIT_KEYS, type Order, orderOf } from './order.ts';
import { prepare } from './prepare.ts';
import type { Threads } from './remote.ts';
import type { EpochReport, TrainerInfo } from './report.ts';
import { Runner } from './runner.ts';
import { Plateau, plateauIn, ratesOf, type ResolvedSchedule } from './schedule.ts';
import { TraceWriter } from './trace.ts';
import { training, type Wanted } from './training.ts';
import { validate } from './validate.ts';

/**
 * What a trainer's threads are run with, for measurements that train otherwise than `fit` does, on a trainer of their own: nothing
 * else may run on it. Not exported from the package.
 */
export let runnerOf: (trainer: Trainer) => Runner;

/**
 * Trains one network on a pool of worker threads.
 *
 * Each update takes the gradient of the mean loss over the whole mini-batch, whatever the number of workers: their
 * partial sums are added in the order of the workers and divided once by B. What the bits depend on stands in
 * `info.reproducible`. The network holds the trained weights between epochs and after `close`; a failure or an abort leaves
 * it with those of the last completed update, or of the best epoch where `earlyStopping` is to bring them back.
 *
 * @example
 * const trainer = await Trainer.create(network, { workers: 2, batchSize: 32, learningRate: 0.1 });
 * const history = await trainer.fit(train, { epochs: 5, validation: test });
 * await trainer.close();
 */
export class Trainer {
  /** What was chosen, and why. */
  readonly info: TrainerInfo;
  readonly #network: Network;
  readonly #learningRate: number;
  readonly #schedule: ResolvedSchedule;
  #plateau: Plateau | undefined;
  readonly #seed: number;
  readonly #runner: Runner;
  /** Of an adaptive batch size. */
  #control: BatchControl | undefined;
  /** Trained so far. */
  #epochs = 0;
  #running: Promise<unknown> | undefined;
  #busy = false;
  #closing: Promise<void> | undefined;

  static {
    runnerOf = (trainer) => trainer.#runner;
  }

  private constructor(network: Network, options: ResolvedOptions, info: TrainerInfo, runner: Runner) {
    const { learningRate, seed, schedule } = options;
    this.#network = network;
    this.#learningRate = learningRate;
    this.#schedule = schedule;
    this.#seed = seed;
    this.info = info;
    this.#runner = runner;
    this.#control = info.adaptive && new BatchControl(info.adaptive, learningRate);
  }

  /**
   * Plans the memory, starts the threads and waits until they are ready.
   * @throws TypeError, RangeError naming the option; GradpoolError ERR_BACKEND_UNAVAILABLE, ERR_DOES_NOT_FIT,
   * ERR_NO_SHARED_MEMORY; what the file system says of the path of `trace`
   */
  static async create(network: Network, given: TrainerOptions = {}): Promise<Trainer> {
    // On demand, as all that is only needed where threads are: whoever predicts does not wait for it.
    const { Threads } = await import('./remote.ts');
    // What measures shares its threads: to start them takes longer than to measure.
    let shared: Threads | undefined;
    const decision = await decideBatchSize(network, given, (made, numeric) =>
      Trainer.#start(made, { numeric }, () => (shared ??= new Threads())),
    );
    return Trainer.#start(network, decision, () => new Threads());
  }

  static async #start(network: Network, decision: BatchSizeDecision, threads: () => Threads): Promise<Trainer> {
    const { resolved, info: found, arena, setup } = await prepare(network, decision.numeric);
    const info = withBatchSize(found, decision);
    const inline = info.execution === 'inline';
    const { trace: log } = setup.session;
    // Before there is a thread: the path may be wrong.
    const trace = log && (await TraceWriter.open(resolved.trace!, log, info.workers));
    try {
      const { RemoteCoordinator } = await import('./remote.ts');
      const coordinator = inline
        ? new Coordinator(setup, new InlinePool())
        : await RemoteCoordinator.start(setup, threads());
      return new Trainer(network, resolved, info, new Runner(network, resolved, arena, coordinator, trace));
    } catch (error) {
      await trace?.discard();
      throw error;
    }
  }

  /**
   * Trains epoch by epoch, each when it is asked for; nothing runs in between.
   * @throws as `fit`
   */
  epochs(train: DataSource, given: FitOptions = {}): AsyncGenerator<EpochReport, void, undefined> {
    return this.#generate(orderOf(this.#network, this.#given, train, given), 1);
  }

  /**
   * Trains all epochs, unless it is stopped before, and collects their reports. Where nobody looks in between (no `validation`,
   * `earlyStopping`, callbacks) short epochs follow each other without a pause.
   * @throws TypeError, RangeError naming the argument, before any work; GradpoolError ERR_BUSY, ERR_CLOSED,
   * ERR_ABORTED (its cause is the signal's reason), ERR_WORKER_FAILED; what a callback throws
   */
  async fit(
    train: DataSource,
    given: FitOptions & { onEpoch?: ((report: EpochReport) => void | Promise<void>) | undefined } = {},
  ): Promise<EpochReport[]> {
    const keys = [...FIT_KEYS, 'onEpoch'] as const;
    const { onEpoch, ...rest } = options<typeof given>('options', given, keys);
    if (onEpoch !== undefined) callback('onEpoch', onEpoch);
    this.#runner.throwIfStopped(undefined);
    const history: EpochReport[] = [];
    const order = orderOf(this.#network, this.#given, train, rest, onEpoch);
    const watched = order.validation !== undefined || order.stopping !== undefined || !order.callbacks.none;
    for await (const report of this.#generate(order, watched ? 1 : EPOCHS_PER_RUN)) history.push(report);
    return history;
  }

  /** Mean loss and accuracy on a data set, measured by the workers. */
  async evaluate(dataset: DataSource): Promise<Evaluation> {
    this.#runner.throwIfStopped(undefined);
    const data = bind(this.#network, 'dataset', dataset);
    this.#acquire();
    try {
      return await this.#track(this.#runner.evaluate(data, undefined));
    } finally {
      this.#busy = false;
    }
  }

  /**
   * Stops what is running, which then rejects with ERR_CLOSED, and ends all threads. May be called again.
   */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    this.#runner.stop();
    await this.#running?.catch(() => undefined);
    await this.#runner.close();
  }

  /** @param together - how many epochs may be trained before somebody looks at the first of them */
  async *#generate(order: Order, together: number): AsyncGenerator<EpochReport, void, undefined> {
    this.#acquire();
    try {
      yield* training(this.#network, order, together, (wanted) => this.#track(this.#train(order, wanted)));
    } finally {
      this.#busy = false;
    }
  }

  /** Trains the epochs `epoch`, `epoch` + 1, ... until at most `count` are done, or `left` updates of the first. */
  async #train(order: Order, { epoch, count, left, learningRate }: Wanted): Promise<EpochReport[]> {
    const { spec } = this.#network;
    const stream = this.#epochs;
    if (this.#control && this.#runner.afresh) this.#control = new BatchControl(this.info.adaptive!, this.#learningRate);
    const rates = this.#rates(order, learningRate);
    const reports = this.#control
      ? [await adaptiveEpoch(this.#runner, this.#control, spec, order, { epoch, stream, left, seed: this.#seed })]
      : await fixedEpochs(this.#runner, spec, order, { epoch, stream, left, count, rates });
    this.#epochs += reports.length;
    const validation = await validate(this.#runner, this.#network, order);
    if (validation) {
      reports[0]!.validation = validation;
      this.#plateau?.observe(validation.loss);
    }
    return reports;
  }

  /** The learning rates of the updates to come; where one was set, the schedule is constant. */
  #rates({ train, batchSize }: Order, set: number | undefined): RateSchedule {
    const plateau = plateauIn(this.#schedule);
    if (plateau && (this.#runner.afresh || !this.#plateau)) this.#plateau = new Plateau(plateau, this.#learningRate);
    const perEpoch = Math.ceil(train.rows.length / batchSize);
    return ratesOf(this.#schedule, set ?? this.#plateau?.rate ?? this.#learningRate, perEpoch);
  }

  get #given(): Parameters<typeof orderOf>[1] {
    const { batchSize, batchSizeChoice } = this.info;
    const { name } = this.#schedule;
    const scheduled = name === 'constant' ? undefined : `"schedule" ${name}`;
    return {
      batchSize: this.#control?.batchSize ?? batchSize,
      chosen: (batchSizeChoice ?? this.#control) !== undefined,
      plateau: plateauIn(this.#schedule) !== undefined,
      rateFollows: this.#control ? 'an adaptive "batchSize"' : scheduled,
    };
  }

  #acquire(): void {
    this.#runner.throwIfStopped(undefined);
    if (this.#busy) throw new GradpoolError('ERR_BUSY', 'the trainer is training already; one call at a time');
    this.#busy = true;
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#running = work;
    return work;
  }
}

import { callback, options } from '../core/checks.ts';
import { type Failure, fromFailure, GradpoolError, toFailure } from '../core/errors.ts';
import type { DataSource } from '../core/table.ts';
import type { Step } from '../kernels/kernels.ts';
import type { Arena } from '../memory/arena.ts';
import { COMPLETED, CURRENT, EPOCHS_PER_RUN } from '../memory/control.ts';
import type { Evaluation, Network } from '../nn/network.ts';
import type { DataKey, RunPlan } from '../pool/messages.ts';
import { abort, resetBarrier } from '../sync/barrier.ts';
import { decideBatchSize } from './batch-size.ts';
import { Coordinator } from './coordinator.ts';
import { InlinePool } from './inline.ts';
import type { ResolvedOptions, TrainerOptions } from './options.ts';
import { watchProgress } from './progress.ts';
import { type CoordinatorApi, RemoteCoordinator } from './remote.ts';
import { epochReports, type EpochReport, type FitOptions, means, type TrainerInfo } from './report.ts';
import type { RunOutcome } from './outcome.ts';
import { type Bound, bind, FIT_KEYS, type Order, orderOf } from './order.ts';
import { prepare } from './prepare.ts';
import { TraceWriter } from './trace.ts';
import { Weights } from './weights.ts';

/**
 * Trains one network on a pool of worker threads.
 *
 * Each update takes the gradient of the mean loss over the whole mini-batch, whatever the number of workers: their
 * partial sums are added in the order of the workers and divided once by B. The same seed and options give the same
 * bits again. The network holds the trained weights between epochs and after `close`; a failure or an abort leaves
 * it with those of the last completed update.
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
  readonly #options: ResolvedOptions;
  readonly #arena: Arena;
  readonly #coordinator: CoordinatorApi;
  readonly #weights: Weights;
  readonly #trace: TraceWriter | undefined;
  readonly #attached = new Map<DataKey, DataSource>();
  #epochs = 0;
  #running: Promise<unknown> | undefined;
  #busy = false;
  #closing: Promise<void> | undefined;
  #failure: Failure | undefined;

  private constructor(
    network: Network,
    given: ResolvedOptions,
    info: TrainerInfo,
    arena: Arena,
    coordinator: CoordinatorApi,
    trace: TraceWriter | undefined,
  ) {
    this.#network = network;
    this.#options = given;
    this.info = info;
    this.#arena = arena;
    this.#coordinator = coordinator;
    this.#trace = trace;
    this.#weights = new Weights(network, arena);
  }

  /**
   * Plans the memory, starts the threads and waits until they are ready.
   * @throws TypeError, RangeError naming the option; GradpoolError ERR_BACKEND_UNAVAILABLE, ERR_DOES_NOT_FIT,
   * ERR_NO_SHARED_MEMORY; what the file system says of the path of `trace`
   */
  static async create(network: Network, given: TrainerOptions = {}): Promise<Trainer> {
    const { numeric, choice } = await decideBatchSize(network, given, (made, options) => Trainer.create(made, options));
    const { resolved, info: found, arena, setup } = await prepare(network, numeric);
    const reproducible = `${found.reproducible}${choice ? '; the batch size was measured, and may be another next time' : ''}`;
    const info: TrainerInfo = { ...found, reproducible, ...(choice && { batchSizeChoice: choice }) };
    const inline = info.execution === 'inline';
    const { trace: log } = setup.session;
    // Before there is a thread: the path may be wrong.
    const trace = log && (await TraceWriter.open(resolved.trace!, log, info.workers));
    try {
      const coordinator = inline ? new Coordinator(setup, new InlinePool()) : await RemoteCoordinator.start(setup);
      return new Trainer(network, resolved, info, arena, coordinator, trace);
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
    return this.#generate(orderOf(this.#network, this.#batch, train, given), 1);
  }

  /**
   * Trains all epochs and collects their reports. Where nobody looks in between (no `validation`, `onEpoch`, `onProgress`)
   * short epochs follow each other without a pause.
   * @throws TypeError, RangeError naming the argument, before any work; GradpoolError ERR_BUSY, ERR_CLOSED,
   * ERR_ABORTED (its cause is the signal's reason), ERR_WORKER_FAILED
   */
  async fit(
    train: DataSource,
    given: FitOptions & { onEpoch?: ((report: EpochReport) => void | Promise<void>) | undefined } = {},
  ): Promise<EpochReport[]> {
    const keys = [...FIT_KEYS, 'onEpoch'] as const;
    const { onEpoch, ...rest } = options<typeof given>('options', given, keys);
    if (onEpoch !== undefined) callback('onEpoch', onEpoch);
    this.#throwIfStopped(undefined);
    const history: EpochReport[] = [];
    const order = orderOf(this.#network, this.#batch, train, rest);
    const watched = onEpoch !== undefined || order.validation !== undefined || order.onProgress !== undefined;
    for await (const report of this.#generate(order, watched ? 1 : EPOCHS_PER_RUN)) {
      history.push(report);
      await onEpoch?.(report);
    }
    return history;
  }

  /** Mean loss and accuracy on a data set, measured by the workers. */
  async evaluate(dataset: DataSource): Promise<Evaluation> {
    this.#throwIfStopped(undefined);
    const data = bind(this.#network, 'dataset', dataset);
    this.#acquire();
    try {
      return await this.#track(this.#evaluate(data, undefined));
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
    abort(this.#arena.control);
    await this.#running?.catch(() => undefined);
    try {
      await this.#coordinator.close();
    } finally {
      await this.#trace?.close();
    }
  }

  /** @param together - how many epochs may be trained before somebody looks at the first of them */
  async *#generate(order: Order, together: number): AsyncGenerator<EpochReport, void, undefined> {
    const whole = Math.ceil(order.train.rows.length / order.batchSize);
    this.#acquire();
    try {
      let left = order.maxUpdates;
      for (let epoch = 1; epoch <= order.epochs && left > 0;) {
        const updates = Math.min(left, whole);
        const count = Math.max(1, Math.min(together, order.epochs - epoch + 1, Math.floor(left / whole)));
        const reports = await this.#track(this.#run(order, epoch, count, updates));
        left -= reports.length * updates;
        epoch += reports.length;
        yield* reports;
      }
    } finally {
      this.#busy = false;
    }
  }

  /** Trains the epochs `first`, `first` + 1, ... until at most `count` are done. */
  async #run(order: Order, first: number, count: number, updates: number): Promise<EpochReport[]> {
    const { train, batchSize, validation, signal, onProgress } = order;
    const { seed, shuffle } = this.#options;
    const rows = train.rows.length;
    const mistakes: unknown[] = [];
    const outcome = await this.#interruptible(signal, async () => {
      this.#weights.upload();
      await this.#attach('train', train, signal);
      const failed = (error: unknown) => {
        mistakes.push(error);
        abort(this.#arena.control);
      };
      const progress = onProgress && watchProgress(this.#arena, first, updates, onProgress, failed);
      const plan: RunPlan = {
        epochs: count,
        updates,
        batchSize,
        rows,
        slot: this.#weights.slot,
        step: this.#step(batchSize),
        shuffle: shuffle ? { seed, stream: this.#epochs } : undefined,
      };
      try {
        return await this.#coordinator.train(plan).catch((error: unknown) => this.#orphaned(error));
      } finally {
        clearInterval(progress);
      }
    });
    this.#weights.slot = outcome.slot;
    await this.#weights.download();
    await this.#trace?.append(outcome.completed);
    if (mistakes.length > 0) throw mistakes[0];
    if (outcome.state !== 'done') throw this.#ended(outcome, signal);
    this.#epochs += outcome.epochs.length;
    const measured = validation && (await this.#evaluate(validation, signal));
    return epochReports(this.#network.spec, first, Math.min(rows, updates * batchSize), updates, outcome, measured);
  }

  /** What can still be said of a run whose coordinator has died: what it committed stands in shared memory. */
  #orphaned(error: unknown): RunOutcome {
    const completed = Atomics.load(this.#arena.control, COMPLETED);
    const slot = Atomics.load(this.#arena.control, CURRENT);
    return { state: 'failed', completed, slot, failure: toFailure(error, 'ERR_WORKER_FAILED') };
  }

  async #evaluate(data: Bound, signal: AbortSignal | undefined): Promise<Evaluation> {
    const outcome = await this.#interruptible(signal, async () => {
      this.#weights.upload();
      await this.#attach('validation', data, signal);
      return this.#coordinator.evaluate(this.#weights.slot);
    });
    if (outcome.state !== 'done') throw this.#ended(outcome, signal);
    return means(this.#network.spec, outcome, data.rows.length);
  }

  /** Lets the signal, or `close`, set the abort word while `work` runs. */
  async #interruptible<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const { control } = this.#arena;
    this.#throwIfStopped(signal);
    resetBarrier(control);
    const stop = () => abort(control);
    signal?.addEventListener('abort', stop);
    try {
      return await work();
    } catch (error) {
      if (error instanceof GradpoolError && error.code === 'ERR_WORKER_FAILED') {
        this.#failure = { code: error.code, message: error.message, detail: undefined };
      }
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async #attach(key: DataKey, { source, table, rows }: Bound, signal: AbortSignal | undefined): Promise<void> {
    this.#arena.storeScaling(table.affine.scale, table.affine.shift);
    if (this.#attached.get(key) === source) return;
    // Until all threads have it, none can be relied on to hold the last one either.
    this.#attached.delete(key);
    const end = await this.#coordinator.attach(key, table, rows);
    if (end.state !== 'done') throw this.#ended(end, signal);
    this.#attached.set(key, source);
  }

  get #batch(): { batchSize: number; chosen: boolean } {
    return { batchSize: this.#options.batchSize, chosen: this.info.batchSizeChoice !== undefined };
  }

  #step(batchSize: number): Step {
    const { learningRate, weightDecay, momentum, nesterov } = this.#options;
    return { rate: learningRate, scale: 1 / batchSize, decay: weightDecay, momentum, nesterov };
  }

  #ended(
    outcome: { state: 'stopped' } | { state: 'failed'; failure: Failure },
    signal: AbortSignal | undefined,
  ): GradpoolError {
    if (outcome.state === 'failed') {
      this.#failure = outcome.failure;
      return fromFailure(outcome.failure);
    }
    if (this.#closing) return new GradpoolError('ERR_CLOSED', 'the trainer was closed during training');
    return new GradpoolError('ERR_ABORTED', 'training was aborted', { cause: signal?.reason });
  }

  #acquire(): void {
    this.#throwIfStopped(undefined);
    if (this.#busy) throw new GradpoolError('ERR_BUSY', 'the trainer is training already; one call at a time');
    this.#busy = true;
  }

  #throwIfStopped(signal: AbortSignal | undefined): void {
    if (this.#closing) throw new GradpoolError('ERR_CLOSED', 'the trainer is closed');
    if (this.#failure) throw new GradpoolError(this.#failure.code, `the trainer has failed: ${this.#failure.message}`);
    if (signal?.aborted) throw new GradpoolError('ERR_ABORTED', 'training was aborted', { cause: signal.reason });
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#running = work;
    return work;
  }
}

import { callback, integer, options, wrongType } from '../core/checks.ts';
import { type Failure, fromFailure, GradpoolError, toFailure } from '../core/errors.ts';
import type { DataSource } from '../core/table.ts';
import type { Step } from '../kernels/kernels.ts';
import type { Arena } from '../memory/arena.ts';
import { COMPLETED, CURRENT } from '../memory/control.ts';
import type { Evaluation, Network } from '../nn/network.ts';
import type { DataKey } from '../pool/messages.ts';
import { abort, resetBarrier } from '../sync/barrier.ts';
import { Coordinator } from './coordinator.ts';
import { InlinePool } from './inline.ts';
import type { ResolvedOptions, TrainerOptions } from './options.ts';
import { watchProgress } from './progress.ts';
import { type CoordinatorApi, RemoteCoordinator } from './remote.ts';
import { epochReport, type EpochReport, type FitOptions, means, type TrainerInfo } from './report.ts';
import type { EpochOutcome } from './outcome.ts';
import { prepare } from './prepare.ts';
import { Weights } from './weights.ts';

/** A data set made ready for the network. */
type Bound = ReturnType<DataSource['bind']> & { readonly source: DataSource };

const FIT_KEYS = ['epochs', 'maxUpdates', 'validation', 'signal', 'onProgress'] as const;

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
  ) {
    this.#network = network;
    this.#options = given;
    this.info = info;
    this.#arena = arena;
    this.#coordinator = coordinator;
    this.#weights = new Weights(network, arena);
  }

  /**
   * Plans the memory, starts the threads and waits until they are ready.
   * @throws TypeError, RangeError naming the option; GradpoolError ERR_BACKEND_UNAVAILABLE, ERR_DOES_NOT_FIT,
   * ERR_NO_SHARED_MEMORY
   */
  static async create(network: Network, given: TrainerOptions = {}): Promise<Trainer> {
    const { resolved, info, arena, setup } = await prepare(network, given);
    const inline = info.execution === 'inline';
    const coordinator = inline ? new Coordinator(setup, new InlinePool()) : await RemoteCoordinator.start(setup);
    return new Trainer(network, resolved, info, arena, coordinator);
  }

  /**
   * Trains epoch by epoch, each when it is asked for; nothing runs in between.
   * @throws as `fit`
   */
  epochs(train: DataSource, given: FitOptions = {}): AsyncGenerator<EpochReport, void, undefined> {
    const {
      epochs = 1,
      maxUpdates = Infinity,
      validation,
      signal,
      onProgress,
    } = options<FitOptions>('options', given, FIT_KEYS);
    const data = this.#bind('train', train);
    const check = validation === undefined ? undefined : this.#bind('validation', validation);
    integer('epochs', epochs, 1);
    if (maxUpdates !== Infinity) integer('maxUpdates', maxUpdates, 1);
    if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrongType('signal', 'AbortSignal', signal);
    if (onProgress !== undefined) callback('onProgress', onProgress);
    integer('batchSize', this.#options.batchSize, 1, train.length);
    return this.#generate(data, check, { epochs, maxUpdates, signal, onProgress });
  }

  /**
   * Trains all epochs and collects their reports.
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
    for await (const report of this.epochs(train, rest)) {
      history.push(report);
      await onEpoch?.(report);
    }
    return history;
  }

  /** Mean loss and accuracy on a data set, measured by the workers. */
  async evaluate(dataset: DataSource): Promise<Evaluation> {
    this.#throwIfStopped(undefined);
    const data = this.#bind('dataset', dataset);
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
    await this.#coordinator.close();
  }

  async *#generate(
    train: Bound,
    validation: Bound | undefined,
    { epochs, maxUpdates, signal, onProgress }: FitOptions & { epochs: number; maxUpdates: number },
  ): AsyncGenerator<EpochReport, void, undefined> {
    this.#acquire();
    try {
      let left = maxUpdates;
      for (let epoch = 1; epoch <= epochs && left > 0; epoch++) {
        const report = await this.#track(this.#epoch(epoch, train, left, validation, signal, onProgress));
        left -= report.updates;
        yield report;
      }
    } finally {
      this.#busy = false;
    }
  }

  async #epoch(
    epoch: number,
    train: Bound,
    most: number,
    validation: Bound | undefined,
    signal: AbortSignal | undefined,
    onProgress: FitOptions['onProgress'],
  ): Promise<EpochReport> {
    const { batchSize } = this.#options;
    const updates = Math.min(most, Math.ceil(train.rows.length / batchSize));
    const samples = Math.min(train.rows.length, updates * batchSize);
    const mistakes: unknown[] = [];
    const outcome = await this.#interruptible(signal, async () => {
      this.#weights.upload();
      await this.#attach('train', train, signal);
      const failed = (error: unknown) => {
        mistakes.push(error);
        abort(this.#arena.control);
      };
      const progress = onProgress && watchProgress(this.#arena, epoch, updates, onProgress, failed);
      const { seed, shuffle } = this.#options;
      const plan = { updates, batchSize, rows: train.rows.length, slot: this.#weights.slot, step: this.#step() };
      try {
        return await this.#coordinator
          .train(plan, shuffle ? { seed, stream: this.#epochs } : undefined)
          .catch((error: unknown) => this.#orphaned(error));
      } finally {
        clearInterval(progress);
      }
    });
    this.#weights.slot = outcome.slot;
    await this.#weights.download();
    if (mistakes.length > 0) throw mistakes[0];
    if (outcome.state !== 'done') throw this.#ended(outcome, signal);
    this.#epochs++;
    const measured = validation && (await this.#evaluate(validation, signal));
    return epochReport(this.#network.spec, epoch, samples, outcome, measured);
  }

  /** What can still be said of an epoch whose coordinator has died: what it committed stands in shared memory. */
  #orphaned(error: unknown): EpochOutcome {
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

  /** Checks a data set against the network, before any work. */
  #bind(name: string, source: DataSource): Bound {
    if (typeof source?.bind !== 'function') throw wrongType(name, 'Dataset', source);
    return { source, ...source.bind(this.#network.spec, this.#network.normalization) };
  }

  #step(): Step {
    const { learningRate, batchSize, weightDecay, momentum, nesterov } = this.#options;
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

import { callback, options, wrongType } from '../core/checks.ts';
import { GradpoolError } from '../core/errors.ts';
import type { DataSource, StreamedSource } from '../core/table.ts';
import { badFile } from '../formats/bad-file.ts';
import { CHECKPOINT_KIND } from '../formats/checkpoint.ts';
import { findCheckpoint } from '../formats/checkpoint-folder.ts';
import { checkPath } from '../formats/write-aside.ts';
import { EPOCHS_PER_RUN } from '../memory/control.ts';
import type { Evaluation, Network } from '../nn/network.ts';
import { type BatchSizeDecision, decideBatchSize, withBatchSize } from './batch-size.ts';
import { bindAny } from './bound.ts';
import { readState } from './checkpoint-state.ts';
import { Coordinator } from './coordinator.ts';
import type { FitOptions } from './fit-options.ts';
import { InlinePool } from './inline.ts';
import type { TrainerOptions } from './options.ts';
import { EpochIterator } from './epoch-iterator.ts';
import { FIT_KEYS, type Order, orderOf } from './order.ts';
import { prepare } from './prepare.ts';
import type { Threads } from './remote.ts';
import type { EpochReport, TrainerInfo } from './report.ts';
import {
  decideAgain,
  type LoadedCheckpoint,
  networkOf,
  type Resumed,
  resumedOf,
  type ResumeOptions,
  settingsOf,
} from './resume.ts';
import { Runner } from './runner.ts';
import { bestIn, putVectors } from './snapshot.ts';
import { TraceWriter } from './trace.ts';
import { Training } from './training.ts';

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
  /** Of one that `resume` has made: from where it goes on. */
  readonly resumed: Resumed | undefined;
  readonly #network: Network;
  readonly #runner: Runner;
  readonly #training: Training;
  /** The last work on the arena, and how much is not done. */
  #running: Promise<unknown> | undefined;
  #working = 0;
  /** The call of `fit` or `epochs` that is not over. */
  #call: Calling | undefined;
  #closing: Promise<void> | undefined;

  static {
    runnerOf = (trainer) => trainer.#runner;
  }

  private constructor(runner: Runner, training: Training | undefined, resumed: Resumed | undefined) {
    // Who writes no TypeScript can call it.
    if (training === undefined) throw new TypeError('Trainer expected await Trainer.create(network, options), got new');
    this.#network = training.network;
    this.info = training.info;
    this.#runner = runner;
    this.#training = training;
    this.resumed = resumed;
  }

  /**
   * Plans the memory, starts the threads and waits until they are ready.
   * @throws TypeError, RangeError naming the option; GradpoolError ERR_BACKEND_UNAVAILABLE, ERR_DOES_NOT_FIT,
   * ERR_NO_SHARED_MEMORY; what the file system says of the path of `trace`
   */
  static async create(network: Network, given: TrainerOptions = {}): Promise<Trainer> {
    // What measures shares its threads: to start them takes longer than to measure.
    let shared: Promise<Threads> | undefined;
    const decision = await decideBatchSize(network, given, (made, numeric) =>
      Trainer.#start(made, numeric, { numeric }, () => (shared ??= newThreads())),
    );
    return Trainer.#start(network, given, decision, newThreads);
  }

  /**
   * Goes on with a training that was saved by `fit` or `epochs` with `checkpoint`, as if it had never stopped: the first call of `fit` or
   * `epochs` goes on with the one that was saved, on the same data, and counts its `epochs` and `maxUpdates` from that one's beginning;
   * what early stopping has seen and a learning rate that a callback has set are kept. So a program may be stopped at any time and
   * started again:
   *
   * @example
   * const trainer = (await Trainer.resume('saved', { ...options, network })) ?? (await Trainer.create(network, options));
   * const history = await trainer.fit(train, { epochs: 10, checkpoint: { directory: 'saved' } });
   *
   * @param place - a checkpoint, or a folder of which the newest that can be read is taken; a warning tells of those that cannot
   * @param given - options that are not given are those of the checkpoint
   * @returns undefined if the path is not there, or a folder without a checkpoint
   * @throws GradpoolError ERR_BAD_FILE; RangeError naming what decides the bits and was another; as `create`
   */
  static async resume(place: string | URL, given: ResumeOptions = {}): Promise<Trainer | undefined> {
    if (typeof given !== 'object' || given === null) throw wrongType('options', 'object', given);
    const { network, ...changes } = given;
    const found = await findCheckpoint(checkPath('place', place));
    if (found === undefined) return undefined;
    const { path, content } = found;
    const bad = badFile(path, CHECKPOINT_KIND);
    const state = readState(bad, content.state);
    const { options, decision } = decideAgain(path, bad, state.settings, changes);
    const made = networkOf(path, content, network);
    return Trainer.#start(made, options, decision, newThreads, { ...found, state });
  }

  static async #start(
    network: Network,
    given: TrainerOptions,
    decision: BatchSizeDecision,
    threads: () => Promise<Threads>,
    from?: LoadedCheckpoint,
  ): Promise<Trainer> {
    const { resolved, info: found, arena, setup } = await prepare(network, decision.numeric);
    const info = withBatchSize(found, decision);
    const bad = from && badFile(from.path, CHECKPOINT_KIND);
    if (from) putVectors(bad!, arena, from.content.vectors);
    const best = from && bestIn(bad!, network.spec, from.content.vectors);
    const { trace: log } = setup.session;
    // Before there is a thread: the path may be wrong.
    const trace = log && (await TraceWriter.open(resolved.trace!, log, info.workers));
    try {
      const inline = info.execution === 'inline';
      const coordinator = inline
        ? new Coordinator(setup, new InlinePool())
        : await (await threads()).coordinator(setup);
      const runner = new Runner(network, resolved, arena, coordinator, trace);
      const settings = settingsOf(given, decision, resolved, info);
      const training = new Training(network, info, resolved, settings, runner);
      if (from) await training.resume(from.state, best);
      return new Trainer(runner, training, from && resumedOf(from, settings));
    } catch (error) {
      await trace?.discard();
      throw error;
    }
  }

  /** What is trained. */
  get network(): Network {
    return this.#network;
  }

  /**
   * Trains epoch by epoch, each when it is asked for; nothing runs in between. The next call of `fit` or `epochs` ends one that was left.
   * @throws as `fit`
   */
  epochs(train: DataSource | StreamedSource, given: FitOptions = {}): AsyncGenerator<EpochReport, void, undefined> {
    const order = orderOf(this.#network, this.#training.given, train, given);
    return new EpochIterator((self) => this.#generate(order, 1, self));
  }

  /**
   * Trains all epochs, unless it is stopped before, and collects their reports. Where nobody looks in between (no `validation`,
   * `earlyStopping`, callbacks) short epochs follow each other without a pause.
   * @throws TypeError, RangeError naming the argument, before any work; GradpoolError ERR_BUSY, ERR_CLOSED,
   * ERR_ABORTED (its cause is the signal's reason), ERR_WORKER_FAILED; ERR_BAD_FILE where streamed patterns cannot be read, after
   * which the trainer can go on; what a callback throws
   */
  async fit(
    train: DataSource | StreamedSource,
    given: FitOptions & { onEpoch?: ((report: EpochReport) => void | Promise<void>) | undefined } = {},
  ): Promise<EpochReport[]> {
    const keys = [...FIT_KEYS, 'onEpoch'] as const;
    const { onEpoch, ...rest } = options<typeof given>('options', given, keys);
    if (onEpoch !== undefined) callback('onEpoch', onEpoch);
    this.#runner.throwIfStopped(undefined);
    const order = orderOf(this.#network, this.#training.given, train, rest, onEpoch);
    const history = [...(this.#training.earlier?.history ?? [])];
    const watched = order.validation !== undefined || order.stopping !== undefined || !order.callbacks.none;
    const together = watched ? 1 : EPOCHS_PER_RUN;
    for await (const report of this.#generate(order, together, { rests: false })) history.push(report);
    return history;
  }

  /** Mean loss and accuracy on a data set, measured by the workers; also between two epochs, as in a callback that is waited for. */
  async evaluate(dataset: DataSource | StreamedSource): Promise<Evaluation> {
    this.#runner.throwIfStopped(undefined);
    const data = bindAny(this.#network, 'dataset', dataset);
    if (this.#working > 0) throw busy();
    return this.#track(() => this.#runner.evaluate(data, undefined));
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
    // What was running may be followed by its last checkpoint.
    for (let running; running !== this.#running;) {
      running = this.#running;
      await running?.catch(() => undefined);
    }
    await this.#runner.close();
  }

  /** @param together - how many epochs may be trained before somebody looks at the first of them */
  async *#generate(order: Order, together: number, call: Calling): AsyncGenerator<EpochReport, void, undefined> {
    this.#runner.throwIfStopped(undefined);
    if (this.#call?.rests) await this.#call.supersede?.();
    if (this.#call || this.#working > 0) throw busy();
    this.#call = call;
    try {
      yield* this.#training.epochs(order, together, (work) => this.#track(work));
    } finally {
      this.#call = undefined;
    }
  }

  /** One piece of work at a time: training waits for an evaluation that a callback has not waited for. */
  #track<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#working > 0 ? this.#running : undefined;
    const running = before ? before.catch(() => undefined).then(work) : work();
    const done = () => void this.#working--;
    this.#working++;
    running.then(done, done);
    this.#running = running;
    return running;
  }
}

/** A call under way: whether it stands between two epochs, and what ends it there. */
type Calling = Pick<EpochIterator, 'rests'> & Partial<Pick<EpochIterator, 'supersede'>>;

function busy(): GradpoolError {
  return new GradpoolError('ERR_BUSY', 'the trainer is training already; one call at a time');
}

/** On demand, as all that is only needed where threads are: whoever predicts does not wait for it. */
async function newThreads(): Promise<Threads> {
  const { Threads } = await import('./remote.ts');
  return new Threads();
}

import { describe } from '../core/checks.ts';
import type { RateSchedule } from '../core/schedule.ts';
import type { Network } from '../nn/network.ts';
import { BatchControl } from './batch-control.ts';
import { isStreamed } from './bound.ts';
import type { Wait } from './callbacks.ts';
import { Call, type SavedCall } from './call.ts';
import type { CheckpointState, Settings } from './checkpoint-state.ts';
import { beginning, epochInPieces, fixedEpochs, type Wanted } from './epoch.ts';
import type { ResolvedOptions } from './options.ts';
import { batchesIn, type Order, type orderOf } from './order.ts';
import type { EpochReport, TrainerInfo } from './report.ts';
import type { Runner } from './runner.ts';
import { Plateau, plateauIn, ratesOf } from './schedule.ts';
import { streamedEpoch } from './streamed-epoch.ts';
import { validate } from './validate.ts';

/** Is told of all work on the arena, which is to be waited for before the threads end. */
export type Track = <T>(work: () => Promise<T>) => Promise<T>;

/** Where training has failed already: that is what is thrown. */
function warnOfSave(error: unknown): void {
  process.emitWarning(`the last checkpoint was not written: ${describe(error)}`, 'GradpoolWarning');
}

interface Failure {
  readonly error: unknown;
}

/** The loop of epochs, and what a trainer remembers from one epoch to the next; a checkpoint keeps it. */
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

  /**
   * Begins where a checkpoint was taken, whose vectors are in the arena.
   * @param best - the weights of the best epoch, if they are kept
   */
  async resume(state: CheckpointState, best: SavedCall['best']): Promise<void> {
    const { count, stream, plateau, control } = state;
    await this.#runner.resume(count);
    this.#epochs = stream;
    this.#saved = { ...state, best };
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
    const { schedule, lastBatch } = this.#options;
    const scheduled = schedule.name === 'constant' ? undefined : `"schedule" ${schedule.name}`;
    return {
      batchSize: this.#control?.batchSize ?? batchSize,
      lastBatch,
      chosen: (batchSizeChoice ?? this.#control) !== undefined || this.#isDefault,
      adaptive: this.#control !== undefined,
      plateau: plateauIn(schedule) !== undefined,
      rateFollows: this.#control ? 'an adaptive "batchSize"' : scheduled,
    };
  }

  /** Nobody has asked for a batch size. */
  get #isDefault(): boolean {
    return this.#settings.options.batchSize === undefined && this.#options.accumulated === undefined;
  }

  /** The saved call that the next one goes on with; none once other weights were set. */
  get earlier(): SavedCall | undefined {
    return this.#runner.afresh ? undefined : this.#saved;
  }

  /**
   * Trains the epochs of an order until they are done or somebody stops it, tells the callbacks, and saves. A call that was saved is
   * gone on with.
   * @param together - how many epochs may be trained before somebody looks at the first of them
   * @throws RangeError if the order does not go with the saved call; what `node:fs` throws; as `Runner.run`; what a callback throws
   */
  async *epochs(order: Order, together: number, track: Track): AsyncGenerator<EpochReport, void, undefined> {
    const { callbacks, signal } = order;
    const wait: Wait = (work) => this.#runner.wait(work, signal);
    const unfollow = callbacks.follow();
    let call: Call | undefined;
    let failure: Failure | undefined;
    try {
      call = await track(() => this.#open(order));
      await callbacks.trainBegin(wait);
      while (call.goesOn(order) && callbacks.stopped === undefined) {
        await callbacks.epochBegin(call.epochs + 1, wait);
        // What a callback has thrown comes before the abort that it led to.
        const going = call;
        const train = () => this.#train(order, going, together);
        const reports = await track(train).finally(() => callbacks.settle(wait));
        const last = reports.at(-1)!;
        await callbacks.epochEnd(last, wait);
        if (callbacks.stopped !== undefined) last.stopped ??= { by: 'callback', why: callbacks.stopped };
        yield* reports;
        const { saver } = call;
        if (saver) await track(() => saver.epochEnded());
      }
    } catch (error) {
      failure = { error };
      throw error;
    } finally {
      unfollow();
      if (call) await this.#end(order, call, failure, track);
    }
  }

  async #open(order: Order): Promise<Call> {
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

  /** Trains and validates the next epochs of a call, at most `together`. What one that is broken off has done is saved. */
  async #train(order: Order, call: Call, together: number): Promise<EpochReport[]> {
    try {
      const stream = this.#epochs;
      call.stream = stream;
      const left = order.maxUpdates - call.updates;
      const wanted = { epoch: call.epochs + 1, stream, left, seed: this.#options.seed };
      const reports = await this.#update(order, call, wanted, together);
      this.#epochs += reports.length;
      const validation = await validate(this.#runner, this.network, order);
      if (validation) {
        reports[0]!.validation = validation;
        this.#plateau?.observe(validation.loss);
      }
      call.finished(reports);
      call.stream = this.#epochs;
      return reports;
    } catch (error) {
      await call.saver?.finish().catch(warnOfSave);
      throw error;
    }
  }

  async #update(order: Order, call: Call, wanted: Wanted, together: number): Promise<EpochReport[]> {
    const { spec } = this.network;
    const { learningRate } = order.callbacks;
    if (this.#control && this.#runner.afresh)
      this.#control = new BatchControl(this.info.adaptive!, this.#options.learningRate);
    const { train } = order;
    if (isStreamed(train) || this.#control || call.inPieces) {
      const now = (call.current ??= beginning(learningRate));
      const rates = this.#rates(order, now.learningRate);
      const means = { runner: this.#runner, control: this.#control, rates, pauses: call.saver };
      const report = await (isStreamed(train)
        ? streamedEpoch(means, spec, { ...order, train }, { ...wanted, shuffle: this.#options.shuffle }, now)
        : epochInPieces(means, spec, order, wanted, now));
      if (batchesIn(order, train.length - now.samples, report.batchSize) > 0) await call.saver?.endsWithinEpoch();
      return [report];
    }
    const whole = batchesIn(order, train.length, order.batchSize);
    const count = Math.max(1, Math.min(together, order.epochs - call.epochs, Math.floor(wanted.left / whole)));
    return fixedEpochs(this.#runner, spec, order, { ...wanted, count, rates: this.#rates(order, learningRate) });
  }

  /** The learning rates of the updates to come; where one was set, the schedule is constant. */
  #rates({ train, batchSize, lastBatch }: Order, set: number | undefined): RateSchedule {
    const { schedule, learningRate } = this.#options;
    const plateau = plateauIn(schedule);
    if (plateau && (this.#runner.afresh || !this.#plateau)) this.#plateau = new Plateau(plateau, learningRate);
    const perEpoch = batchesIn({ lastBatch }, train.length, batchSize);
    return ratesOf(schedule, set ?? this.#plateau?.rate ?? learningRate, perEpoch);
  }

  /** However a call ends: it is saved, has its best weights back if it wants them, and the callbacks hear of it. */
  async #end({ callbacks, signal }: Order, call: Call, failure: Failure | undefined, track: Track): Promise<void> {
    let mistake = failure;
    const { saver } = call;
    try {
      if (saver) await track(() => saver.finish());
      call.stopping?.restore();
    } catch (error) {
      if (failure) warnOfSave(error);
      else {
        mistake = { error };
        throw error;
      }
    } finally {
      const last: Wait = (work) => this.#runner.waitAtEnd(work, signal);
      const end = callbacks.trainEnd({ last: call.last, error: mistake?.error }, last);
      await (mistake ? end.catch(() => undefined) : end);
    }
  }
}

import { options } from '../core/checks.ts';
import { checkPlainJson } from '../formats/plain-json.ts';
import type { Network } from '../nn/network.ts';
import { readParameters } from '../nn/parameters.ts';
import type { CheckpointExtra } from './checkpoint-options.ts';
import type { CheckpointState } from './checkpoint-state.ts';
import { type Best, Stopping } from './early-stopping.ts';
import type { EpochSoFar } from './epoch.ts';
import { checkSame, type Fingerprint, fingerprintOf } from './fingerprint.ts';
import type { Order } from './order.ts';
import type { EpochReport } from './report.ts';
import type { Runner } from './runner.ts';
import { type Reached, Saver, type Snapshot } from './saver.ts';
import { areFinite, BEST, EXTRA, WEIGHTS } from './snapshot.ts';

/** What a checkpoint has kept of the call in which it was taken. */
export type SavedCall = Pick<
  CheckpointState,
  'history' | 'current' | 'train' | 'validation' | 'learningRate' | 'stopping'
> & {
  /** The weights of the best epoch, where early stopping is to bring them back. */
  readonly best: Best['parameters'];
};

/** What of a trainer goes into its checkpoints. */
export interface SavedTrainer {
  readonly network: Network;
  readonly runner: Runner;
  /** Updates from one place of an epoch at which it may be cut to the next. */
  readonly period: number;
  /** The schedule looks at the validation set. */
  readonly plateau: boolean;
  readonly state: () => Pick<CheckpointState, 'settings' | 'plateau' | 'control'>;
}

/** One call of `fit` or `epochs`: how far it has got, and where that is saved. */
export class Call {
  /** Finished epochs, and their updates. */
  epochs = 0;
  updates = 0;
  /** The epoch under way, of a call that is trained in pieces. */
  current: EpochSoFar | undefined;
  /** The number of the shuffle that the epoch under way has, or will have. */
  stream = 0;
  saver: Saver | undefined;
  /** Of early stopping, where it is asked for. */
  readonly stopping: Stopping | undefined;
  /** Of the last epoch that was finished. */
  last: EpochReport | undefined;
  /** Reports of the finished epochs, of a call that is saved. */
  readonly #history: EpochReport[] = [];

  private constructor({ history = [], current }: Partial<SavedCall>, stopping: Stopping | undefined) {
    this.current = current;
    this.stopping = stopping;
    this.#history.push(...history);
    this.#count(history);
    // A callback may ask for it again; and the rule may be another now.
    if (this.last?.stopped) delete this.last.stopped;
    if (this.last) stopping?.judge(this.last);
  }

  /**
   * Begins, or goes on with a call that was saved.
   * @throws RangeError if the data are others than those of the saved call, or early stopping looks at something else; what
   * `node:fs` throws
   */
  static async open(order: Order, saved: SavedCall | undefined, trainer: SavedTrainer): Promise<Call> {
    const stopping = order.stopping && new Stopping(order.stopping, trainer.network, saved && seenBy(saved));
    if (order.checkpoint === undefined && saved === undefined) return new Call({}, stopping);
    const check = () => trainer.runner.throwIfStopped(order.signal);
    const train = await fingerprintOf(order.train, trainer.network, check);
    const validation = order.validation && (await fingerprintOf(order.validation, trainer.network, check));
    if (saved) checkSame('train', train, saved.train);
    const looks = trainer.plateau || (order.stopping !== undefined && order.stopping.monitor !== 'training loss');
    if (saved?.validation && validation && looks) checkSame('validation', validation, saved.validation);
    const call = new Call(saved ?? {}, stopping);
    if (saved) order.callbacks.learningRate = saved.learningRate;
    if (order.checkpoint) {
      const take = () => call.#take(order, trainer, { train, validation });
      const { network, period } = trainer;
      call.saver = await Saver.open(order.checkpoint, { network, period, reached: () => call.#reached, take });
    }
    return call;
  }

  /** Whether each epoch is to be trained by itself, and maybe with pauses. */
  get inPieces(): boolean {
    return this.saver !== undefined || this.current !== undefined;
  }

  /** Whether there are epochs left to train. */
  goesOn({ epochs, maxUpdates }: Order): boolean {
    return this.epochs < epochs && this.updates < maxUpdates && this.last?.stopped === undefined;
  }

  /** These epochs are over; the network has the weights of the last. */
  finished(reports: readonly EpochReport[]): void {
    this.current = undefined;
    this.stopping?.observe(reports.at(-1)!);
    if (this.saver) this.#history.push(...reports);
    this.#count(reports);
  }

  #count(reports: readonly EpochReport[]): void {
    this.epochs += reports.length;
    this.updates += reports.reduce((sum, { updates }) => sum + updates, 0);
    this.last = reports.at(-1) ?? this.last;
  }

  get #reached(): Reached {
    return { epochs: this.epochs, updates: this.updates + (this.current?.updates ?? 0) };
  }

  async #take(
    { checkpoint, callbacks }: Order,
    { network, runner, state }: SavedTrainer,
    data: { train: Fingerprint; validation: Fingerprint | undefined },
  ): Promise<Snapshot | undefined> {
    // A callback has set weights that are not in the arena before the next update.
    if (runner.afresh) return undefined;
    const vectors = await runner.vectors();
    if (!areFinite(vectors.get(WEIGHTS)!)) return undefined;
    const given = options<CheckpointExtra>('checkpoint.extra()', checkpoint!.extra?.() ?? {}, ['values', 'parameters']);
    if (given.values !== undefined) checkPlainJson('checkpoint.extra().values', given.values);
    if (given.parameters !== undefined) vectors.set(EXTRA, readParameters(network.spec, given.parameters));
    const { current, stream, stopping } = this;
    const best = stopping?.best;
    if (best?.parameters) vectors.set(BEST, [...best.parameters]);
    return {
      state: {
        ...state(),
        count: runner.count,
        stream,
        history: [...this.#history],
        current: current && { ...current, steps: [...current.steps] },
        learningRate: callbacks.learningRate,
        stopping: stopping?.state,
        ...data,
        extra: given.values,
      },
      vectors,
    };
  }
}

/** What early stopping had seen. */
function seenBy({ stopping, best, history, current }: SavedCall): ConstructorParameters<typeof Stopping>[2] {
  if (stopping === undefined) return undefined;
  return { ...stopping, parameters: best, isCurrent: current === undefined && stopping.epoch === history.length };
}

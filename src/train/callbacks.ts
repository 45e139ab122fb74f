import { callback, finite, options, text, wrongType } from '../core/checks.ts';
import { onAbort } from '../core/aborts.ts';
import type { EpochReport, Progress } from './report.ts';

/** What a callback can do to the training that called it. */
export interface TrainingControl {
  /** Training ends after the epoch under way, whose report gives the reason. To end it at once, throw, or abort the signal. */
  stop(why?: string): void;
  /**
   * The epochs that begin from now on are trained with this learning rate, until the call of `fit` or `epochs` is over. A checkpoint
   * keeps it.
   * @throws RangeError if it follows a schedule or an adaptive batch size
   */
  setLearningRate(rate: number): void;
}

/** How a training ended. */
export interface TrainingEnd {
  /** Of the last epoch that was completed; undefined if none was. */
  readonly last: EpochReport | undefined;
  /** What ended it, if it came to no good end. */
  readonly error: unknown;
}

/**
 * What is to be called while a training goes on. Each may be async and is waited for, with the threads at rest, until training is aborted
 * or the trainer closed; what one throws ends the training, which rejects with it. The network has the weights of that moment.
 *
 * @example
 * const halve = { onEpochEnd: ({ learningRate }, training) => training.setLearningRate(learningRate / 2) };
 * await trainer.fit(train, { epochs: 20, callbacks: [tensorBoardWriter, halve] });
 */
export interface TrainingCallback {
  /** Before the first epoch, also the first that a resumed training goes on with. */
  onTrainBegin?(training: TrainingControl): void | Promise<void>;
  /** @param epoch - counts from 1; a resumed training may be in the midst of it */
  onEpochBegin?(epoch: number, training: TrainingControl): void | Promise<void>;
  /** Some ten times a second while updates run, which go on meanwhile; not again before the last of these calls is done with. */
  onProgress?(progress: Progress, training: TrainingControl): void | Promise<void>;
  /** When an epoch has been validated. */
  onEpochEnd?(report: EpochReport, training: TrainingControl): void | Promise<void>;
  /** Last of all, however training ended; the network has the weights that it ends with. */
  onTrainEnd?(end: TrainingEnd): void | Promise<void>;
}

const METHODS = ['onTrainBegin', 'onEpochBegin', 'onProgress', 'onEpochEnd', 'onTrainEnd'] as const;

/** @throws TypeError naming the callback */
export function checkCallbacks(given: readonly TrainingCallback[]): void {
  if (!Array.isArray(given)) throw wrongType('callbacks', 'list of callbacks', given);
  given.forEach((one: unknown, i) => checkCallback(`callbacks[${i}]`, one));
}

function checkCallback(name: string, given: unknown): void {
  if (typeof given !== 'object' || given === null) throw wrongType(name, 'object with methods', given);
  // What has a class may have more than is called from here.
  // (Of any realm: the prototype of plain objects has none itself.)
  if (Object.getPrototypeOf(Object.getPrototypeOf(given) ?? {}) === null)
    options<TrainingCallback>(name, given, METHODS);
  const found = given as Record<string, unknown>;
  const methods = METHODS.filter((method) => found[method] !== undefined);
  if (methods.length === 0) throw wrongType(name, `object with a method ${METHODS.join(', ')}`, given);
  for (const method of methods) callback(`${name}.${method}`, found[method]);
}

/** Waits for a callback, but not longer than training may go on. @throws GradpoolError ERR_ABORTED, ERR_CLOSED */
export type Wait = <T>(work: Promise<T>) => Promise<T>;

/** The callbacks of one training: calls all of them, one after another, and keeps what they ask for. */
export class Callbacks {
  readonly #list: readonly TrainingCallback[];
  readonly #control: TrainingControl;
  /** Aborted with the caller's signal, and by what a callback throws while updates run. */
  readonly #stop = new AbortController();
  #outer: AbortSignal | undefined;
  /** What a callback has thrown while updates ran. */
  #failure: { readonly error: unknown } | undefined;
  #telling: Promise<unknown> | undefined;
  /** What the next epoch is to be trained with; undefined: what the trainer was made with. */
  learningRate: number | undefined;
  #stopped: string | undefined;

  /** @param rateFollows - what decides the learning rate, so that it cannot be set; undefined: nothing */
  constructor(list: readonly TrainingCallback[], rateFollows: string | undefined) {
    this.#list = list.filter((one) => METHODS.some((method) => one[method] !== undefined));
    this.#control = {
      stop: (why = 'a callback asked for it') => void (this.#stopped = text('why', why)),
      setLearningRate: (rate) => {
        if (rateFollows !== undefined)
          throw new RangeError(`"learningRate" expected to follow ${rateFollows}, not to be set, got ${rate}`);
        this.learningRate = finite('learningRate', rate, 0);
      },
    };
  }

  /** Whether there is nobody to call. */
  get none(): boolean {
    return this.#list.length === 0;
  }

  /** Why training is to end. */
  get stopped(): string | undefined {
    return this.#stopped;
  }

  /** Aborted when `signal` is, or when a callback fails while updates run. */
  signal(signal: AbortSignal | undefined): AbortSignal | undefined {
    if (this.onProgress === undefined) return signal;
    this.#outer = signal;
    return this.#stop.signal;
  }

  /** Training begins: listens to the caller's signal. @returns what ends that */
  follow(): () => void {
    const signal = this.#outer;
    const stop = () => this.#stop.abort(signal?.reason);
    if (signal?.aborted) stop();
    return onAbort(signal, stop);
  }

  /** Undefined where nobody listens. */
  get onProgress(): ((progress: Progress) => void) | undefined {
    const listeners = this.#list.filter((one) => one.onProgress !== undefined);
    if (listeners.length === 0) return undefined;
    return (progress) => {
      this.#telling ??= Promise.all(listeners.map(async (one) => one.onProgress!(progress, this.#control))).then(
        () => (this.#telling = undefined),
        (error: unknown) => {
          this.#failure = { error };
          this.#stop.abort(error);
        },
      );
    };
  }

  /** Waits for what is being told of progress. @throws what a callback has thrown there */
  async settle(wait: Wait): Promise<void> {
    if (this.#telling && !this.#stop.signal.aborted) await wait(this.#telling);
    if (this.#failure) throw this.#failure.error;
  }

  async trainBegin(wait: Wait): Promise<void> {
    for (const one of this.#list) await waited(one.onTrainBegin?.(this.#control), wait);
  }

  async epochBegin(epoch: number, wait: Wait): Promise<void> {
    for (const one of this.#list) await waited(one.onEpochBegin?.(epoch, this.#control), wait);
  }

  async epochEnd(report: EpochReport, wait: Wait): Promise<void> {
    for (const one of this.#list) await waited(one.onEpochEnd?.(report, this.#control), wait);
  }

  /** Calls all of them even if one throws. @throws what the first of those has thrown */
  async trainEnd(end: TrainingEnd, wait: Wait): Promise<void> {
    const mistakes: unknown[] = [];
    for (const one of this.#list) {
      try {
        await waited(one.onTrainEnd?.(end), wait);
      } catch (error) {
        mistakes.push(error);
      }
    }
    if (mistakes.length > 0) throw mistakes[0];
  }
}

/** What a callback gives back is awaited only where there is something to wait for. */
async function waited(result: void | Promise<void>, wait: Wait): Promise<void> {
  if (typeof (result as Promise<void> | undefined)?.then === 'function') await wait(Promise.resolve(result));
}

import { callback, finite, options, text, wrongType } from '../core/checks.ts';
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
 * What is to be called while a training goes on. Each may be async and is waited for, with the threads at rest; what one throws
 * ends the training, which rejects with it. The network has the weights of that moment.
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
  if (Object.getPrototypeOf(given) === Object.prototype) options<TrainingCallback>(name, given, METHODS);
  const found = given as Record<string, unknown>;
  const methods = METHODS.filter((method) => found[method] !== undefined);
  if (methods.length === 0) throw wrongType(name, `object with a method ${METHODS.join(', ')}`, given);
  for (const method of methods) callback(`${name}.${method}`, found[method]);
}

/** The callbacks of one training: calls all of them, one after another, and keeps what they ask for. */
export class Callbacks {
  readonly #list: readonly TrainingCallback[];
  readonly #control: TrainingControl;
  /** Aborted by what a callback throws while updates run. */
  readonly #failed = new AbortController();
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
    return signal ? AbortSignal.any([signal, this.#failed.signal]) : this.#failed.signal;
  }

  /** Undefined where nobody listens. */
  get onProgress(): ((progress: Progress) => void) | undefined {
    const listeners = this.#list.filter((one) => one.onProgress !== undefined);
    if (listeners.length === 0) return undefined;
    return (progress) => {
      this.#telling ??= Promise.all(listeners.map(async (one) => one.onProgress!(progress, this.#control))).then(
        () => (this.#telling = undefined),
        (error: unknown) => this.#failed.abort(error),
      );
    };
  }

  /** Waits for what is being told of progress. @throws what a callback has thrown there */
  async settle(): Promise<void> {
    await this.#telling;
    if (this.#failed.signal.aborted) throw this.#failed.signal.reason;
  }

  async trainBegin(): Promise<void> {
    for (const one of this.#list) await one.onTrainBegin?.(this.#control);
  }

  async epochBegin(epoch: number): Promise<void> {
    for (const one of this.#list) await one.onEpochBegin?.(epoch, this.#control);
  }

  async epochEnd(report: EpochReport): Promise<void> {
    for (const one of this.#list) await one.onEpochEnd?.(report, this.#control);
  }

  /** Calls all of them even if one throws. @throws what the first of those has thrown */
  async trainEnd(end: TrainingEnd): Promise<void> {
    const mistakes: unknown[] = [];
    for (const one of this.#list) {
      try {
        await one.onTrainEnd?.(end);
      } catch (error) {
        mistakes.push(error);
      }
    }
    if (mistakes.length > 0) throw mistakes[0];
  }
}

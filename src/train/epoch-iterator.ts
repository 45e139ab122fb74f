import { GradpoolError } from '../core/errors.ts';
import type { EpochReport } from './report.ts';

type Result = IteratorResult<EpochReport, void>;

/**
 * The epochs of a call, trained as they are asked for. Whoever leaves it between two epochs without `return` (a `for await` calls that)
 * keeps nobody from training: the next call ends it.
 */
export class EpochIterator implements AsyncGenerator<EpochReport, void, undefined> {
  readonly #epochs: AsyncGenerator<EpochReport, void, undefined>;
  /** Calls that are not answered. */
  #asked = 0;
  #begun = false;
  #end: GradpoolError | undefined;

  /** @param generate - is given the iterator itself */
  constructor(generate: (self: EpochIterator) => AsyncGenerator<EpochReport, void, undefined>) {
    this.#epochs = generate(this);
  }

  /** Whether it stands between two epochs, and nobody waits for the next. */
  get rests(): boolean {
    return this.#begun && this.#asked === 0;
  }

  next(): Promise<Result> {
    if (this.#end) return Promise.reject(this.#end);
    return this.#answered(() => this.#epochs.next());
  }

  return(): Promise<Result> {
    return this.#answered(() => this.#epochs.return());
  }

  throw(error: unknown): Promise<Result> {
    return this.#answered(() => this.#epochs.throw(error));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Ends it, as if that had been thrown where it stands: it is saved, callbacks hear of it. Who asks for the next epoch is told. */
  async supersede(): Promise<void> {
    this.#end = new GradpoolError('ERR_ABORTED', 'another call of fit or epochs began between two epochs of this one');
    await this.throw(this.#end).catch(() => undefined);
  }

  async #answered(ask: () => Promise<Result>): Promise<Result> {
    this.#begun = true;
    this.#asked++;
    try {
      return await ask();
    } finally {
      this.#asked--;
    }
  }
}

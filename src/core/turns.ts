import { setImmediate as turn } from 'node:timers/promises';
import { aborted } from './aborts.ts';

/** How long work holds up the calling thread at a time; ms. */
const SLICE = 5;

/** Turns of the event loop between slices of work. */
export class Turns {
  readonly #work: string;
  readonly #signal: AbortSignal | undefined;
  #last = performance.now();

  /**
   * @param work - for the message where it is aborted
   * @param signal - breaks it off
   */
  constructor(work = 'work', signal?: AbortSignal) {
    this.#work = work;
    this.#signal = signal;
  }

  /** Whether a slice is over. Where pieces take less time than an `await`, this is asked first. */
  get due(): boolean {
    return performance.now() - this.#last >= SLICE;
  }

  /** Between two pieces of the work. @throws GradpoolError ERR_ABORTED */
  async next(): Promise<void> {
    if (this.due) {
      await turn();
      this.#last = performance.now();
    }
    if (this.#signal?.aborted) throw aborted(this.#work, this.#signal);
  }
}

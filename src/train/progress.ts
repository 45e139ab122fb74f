import type { Arena } from '../memory/arena.ts';
import { COMPLETED, LOSS } from '../memory/control.ts';
import type { Progress } from './report.ts';

const INTERVAL = 100; // ms

/** Reads an epoch's progress out of shared memory, some ten times a second while updates run. */
export class ProgressWatch {
  readonly #timer: NodeJS.Timeout;
  /** How far the epoch had got when the updates began that run now. */
  #before: Progress | undefined;
  #batchSize = 1;
  #begun = 0;

  /**
   * @param rows - of the epoch
   * @param listener - must not throw
   */
  constructor(arena: Arena, rows: number, listener: (progress: Progress) => void) {
    this.#timer = setInterval(() => {
      if (this.#before !== undefined) listener(this.#look(arena, rows, this.#before));
    }, INTERVAL);
  }

  begin(before: Progress, batchSize: number): void {
    this.#before = before;
    this.#batchSize = batchSize;
    this.#begun = performance.now();
  }

  end(): void {
    this.#before = undefined;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(arena: Arena, rows: number, before: Progress): Progress {
    const updates = Atomics.load(arena.control, COMPLETED);
    // Before the first update the statistics may still be those of something else; after it they are those of the epoch.
    let loss = updates > 0 ? 0 : before.loss * before.samples;
    for (let w = 0; updates > 0 && w < arena.plan.workers; w++) loss += arena.statistics(w)[LOSS]!;
    const samples = Math.min(rows, before.samples + updates * this.#batchSize);
    const seconds = before.seconds + (performance.now() - this.#begun) / 1000;
    return { ...before, updates: before.updates + updates, samples, loss: loss / Math.max(1, samples), seconds };
  }
}

import type { Arena } from '../memory/arena.ts';
import { COMPLETED, LOSS } from '../memory/control.ts';
import type { Progress } from './report.ts';

const INTERVAL = 100; // ms

/** Updates that run. */
interface Running {
  readonly arena: Arena;
  /** How far the epoch had got when they began. */
  readonly before: Progress;
  readonly batchSize: number;
  readonly begun: number;
}

/**
 * Reads the progress of the epochs of one call out of shared memory, some ten times a second while updates run. The clock goes on
 * from one epoch to the next: where all end before a timer would ring, some of them are told of as they end.
 */
export class ProgressWatch {
  readonly #rows: number;
  readonly #listener: (progress: Progress) => void;
  #running: Running | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the listener is to be told next; Infinity before the first updates. */
  #due = Infinity;

  /**
   * @param rows - of an epoch
   * @param listener - must not throw
   */
  constructor(rows: number, listener: (progress: Progress) => void) {
    this.#rows = rows;
    this.#listener = listener;
  }

  begin(arena: Arena, before: Progress, batchSize: number): void {
    const begun = performance.now();
    this.#running = { arena, before, batchSize, begun };
    if (this.#due === Infinity) this.#due = begun + INTERVAL;
    this.#wait(this.#due - begun);
  }

  /** The updates are over, and the next have not begun. */
  end(): void {
    clearTimeout(this.#timer);
    if (performance.now() >= this.#due) this.#tell(this.#running!);
    this.#running = undefined;
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(
      () => {
        this.#tell(this.#running!);
        this.#wait(INTERVAL);
      },
      Math.max(1, Math.ceil(ms)),
    );
  }

  #tell(running: Running): void {
    const now = performance.now();
    this.#due = now + INTERVAL;
    this.#listener(this.#look(running, now));
  }

  #look({ arena, before, batchSize, begun }: Running, now: number): Progress {
    const updates = Atomics.load(arena.control, COMPLETED);
    // Before the first update the statistics may still be those of something else; after it they are those of the epoch.
    let loss = updates > 0 ? 0 : before.loss * before.samples;
    for (let w = 0; updates > 0 && w < arena.plan.workers; w++) loss += arena.statistics(w)[LOSS]!;
    const samples = Math.min(this.#rows, before.samples + updates * batchSize);
    const seconds = before.seconds + (now - begun) / 1000;
    return { ...before, updates: before.updates + updates, samples, loss: loss / Math.max(1, samples), seconds };
  }
}

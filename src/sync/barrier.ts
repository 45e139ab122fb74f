import { GradpoolError } from '../core/errors.ts';
import { ABORT, ARRIVED, COMPLETED, CURRENT, GENERATION, NEXT, SLEEPERS } from '../memory/control.ts';

/** Thrown out of a wait, or by {@link throwIfAborted}, once the abort word is set: not an error, a way home. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

export interface BarrierOptions {
  readonly parties: number;
  /** How often to look before going to sleep; 0 where parties outnumber cores. */
  readonly spins: number;
  /** The longest wait in milliseconds. */
  readonly limit: number;
}

const SLEEP = 50; // ms between looks at the abort word, should a wake-up be lost to a dying thread
const LOOKS_PER_ABORT_CHECK = 64;

/**
 * A barrier in shared memory for a fixed number of parties, each of which attaches with its own object.
 *
 * The last to arrive opens the next generation. Everybody else spins on the generation for a while and then sleeps.
 * No party passes before all have arrived; what a party wrote before it arrived is seen by all that passed.
 * A wait ends in one of three ways: passed; {@link Stopped}, when the abort word is set; or ERR_WORKER_FAILED after `limit`.
 */
export class Barrier {
  readonly #words: Int32Array;
  readonly #parties: number;
  readonly #spins: number;
  readonly #limit: number;

  constructor(words: Int32Array, options: BarrierOptions) {
    this.#words = words;
    this.#parties = options.parties;
    this.#spins = options.spins;
    this.#limit = options.limit;
  }

  /**
   * Waits for the others, and with the last of them commits: before anybody passes, CURRENT tells that `slot` holds the
   * weights, and COMPLETED has counted the updates that are in them.
   */
  commit(slot: number, updates = 1): void {
    this.#meet(slot, updates);
  }

  /** Waits for the others. */
  wait(): void {
    this.#meet(0, 0);
  }

  #meet(slot: number, updates: number): void {
    const words = this.#words;
    // Read before arriving: once the last party has arrived the generation may move at any time.
    const generation = Atomics.load(words, GENERATION);
    if (Atomics.add(words, ARRIVED, 1) === this.#parties - 1) {
      this.#open(generation, slot, updates);
      return;
    }
    for (let i = 0; i < this.#spins; i++) {
      if (Atomics.load(words, GENERATION) !== generation) return;
      if (i % LOOKS_PER_ABORT_CHECK === 0) throwIfAborted(words);
    }
    this.#sleep(generation);
  }

  #open(generation: number, slot: number, updates: number): void {
    const words = this.#words;
    // Nobody can arrive at the next generation before it is open, so the count may be reset first.
    Atomics.store(words, ARRIVED, 0);
    if (updates > 0) {
      Atomics.store(words, CURRENT, slot);
      Atomics.add(words, COMPLETED, updates);
    }
    Atomics.store(words, GENERATION, generation + 1);
    // Read after the generation is open: a sleeper counts itself before it looks at the generation for the last
    // time, so either it is seen here or it sees the new generation. Waking nobody costs a lock; not asking, nothing.
    if (Atomics.load(words, SLEEPERS) > 0) Atomics.notify(words, GENERATION);
  }

  #sleep(generation: number): void {
    const words = this.#words;
    const deadline = performance.now() + this.#limit;
    Atomics.add(words, SLEEPERS, 1);
    try {
      while (Atomics.load(words, GENERATION) === generation) {
        throwIfAborted(words);
        if (performance.now() > deadline) {
          throw new GradpoolError(
            'ERR_WORKER_FAILED',
            `a barrier was not reached by all workers within ${this.#limit} ms`,
          );
        }
        Atomics.wait(words, GENERATION, generation, SLEEP);
      }
    } finally {
      Atomics.sub(words, SLEEPERS, 1);
    }
  }
}

/** Leaves the update in hand: its weights are not committed. */
export function throwIfAborted(words: Int32Array): void {
  if (Atomics.load(words, ABORT) !== 0) throw new Stopped('stopped');
}

/** Tells all parties to stop, and wakes those that sleep. */
export function abort(words: Int32Array): void {
  Atomics.store(words, ABORT, 1);
  Atomics.notify(words, GENERATION);
}

/** Makes the words ready for a new epoch, while nobody trains. */
export function resetBarrier(words: Int32Array): void {
  Atomics.store(words, ABORT, 0);
  Atomics.store(words, ARRIVED, 0);
  Atomics.store(words, GENERATION, 0);
  Atomics.store(words, SLEEPERS, 0);
  Atomics.store(words, COMPLETED, 0);
  Atomics.store(words, NEXT, 0);
}

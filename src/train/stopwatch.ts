import { BEGUN, FIRST_PHASE, LOSS, LOSS_BEFORE, type Phase, PHASES, RIGHT, RIGHT_BEFORE } from '../memory/control.ts';
import type { PhaseLog } from './trace.ts';

const INDEX = Object.fromEntries(PHASES.map((phase, i) => [phase, i])) as Record<Phase, number>;

/** Of updates that take less than this, one is timed in so long; ms. */
const INTERVAL = 1;
const LONGEST_PAUSE = 1000;

// Places in the stopwatch's own numbers: a field that holds a number that is no small integer is boxed at every write.
const LAST = PHASES.length;
const START = LAST + 1;

/**
 * Tells how long a worker spent in each phase, and adds it to the worker's statistics in seconds.
 *
 * Reading the clock costs some 40 ns and 16 bytes (the engine boxes the number), which is much for an update of a
 * microsecond. So of short updates only about one in a millisecond is timed, and stands for the others.
 */
export class Stopwatch {
  readonly #statistics: Float64Array;
  readonly #log: PhaseLog | undefined;
  readonly #times = new Float64Array(PHASES.length + 2);
  #running = false;
  /** The number of the update under way. */
  #update = 0;
  #updates = 0;
  #timed = 0;
  #pause = 0;

  /** @param log - where the phases of the timed updates are written down one by one, if at all */
  constructor(statistics: Float64Array, log?: PhaseLog) {
    this.#statistics = statistics;
    this.#log = log;
  }

  /**
   * Begins an update, which is timed or passed over.
   * @param update - its number in the run
   * @param whole - those before it are in the weights; what was counted up to here stays, even if this one is broken off
   */
  begin(update: number, whole = true): void {
    this.#update = update;
    if (whole) {
      const statistics = this.#statistics;
      statistics[LOSS_BEFORE] = statistics[LOSS]!;
      statistics[RIGHT_BEFORE] = statistics[RIGHT]!;
      statistics[BEGUN] = update;
    }
    this.#updates++;
    this.#running = this.#pause <= 0;
    if (!this.#running) {
      this.#pause--;
      return;
    }
    this.#timed++;
    const now = performance.now();
    this.#times[START] = now;
    this.#times[LAST] = now;
  }

  /** The time since the last lap, or since the beginning, was spent in `phase`. */
  lap(phase: Phase): void {
    if (!this.#running) return;
    const now = performance.now();
    this.#times[INDEX[phase]]! += now - this.#times[LAST]!;
    this.#log?.add(INDEX[phase], this.#times[LAST]!, now, this.#update);
    this.#times[LAST] = now;
  }

  /** Ends an update with its last phase, and decides how many are passed over after it. */
  end(phase: Phase): void {
    if (!this.#running) return;
    this.lap(phase);
    const spent = this.#times[LAST]! - this.#times[START]!;
    this.#pause = spent > INTERVAL ? 0 : Math.min(LONGEST_PAUSE, Math.floor(INTERVAL / Math.max(spent, 1e-4)));
  }

  /** What follows is not timed, until the next update begins. */
  rest(): void {
    this.#running = false;
  }

  /** Adds what was timed, scaled up to all updates begun, to the statistics, and starts afresh. */
  publish(): void {
    const scale = this.#timed === 0 ? 0 : this.#updates / this.#timed / 1000;
    for (let i = 0; i < PHASES.length; i++) this.#statistics[FIRST_PHASE + i]! += this.#times[i]! * scale;
    this.#times.fill(0);
    this.#updates = 0;
    this.#timed = 0;
    this.#pause = 0;
  }
}

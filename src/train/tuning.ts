/** How long a measured piece of an epoch should take, in seconds: long against the start of one. */
const PIECE = 0.004;
/** Pieces per candidate. The engine compiles a worker's code while it runs: the first ones are slow. */
const TURNS = 8;
/** An update that takes so long on all workers, in seconds, is not worth dividing among fewer: two barriers are nothing to it. */
const LONG = 0.002;
/** The decision is looked at again after so many seconds of training, by so many pieces per candidate. */
const PERIOD = 5;
const TURNS_AGAIN = 3;

interface Candidate {
  readonly workers: number;
  turns: number;
  /** Updates of the next piece. */
  updates: number;
  /** Seconds per update, the best so far. */
  best: number;
}

/**
 * Finds out how many workers train fastest while they train: pieces of the epoch are done by all, 1, 2, 4, ... of them in
 * turn. Only for a strategy whose weights do not depend on the number.
 */
export class WorkerTuning {
  readonly #candidates: Candidate[];
  #decided: number | undefined;
  /** Seconds of training since it was decided. */
  #since = 0;

  constructor(most: number) {
    const counts = [most];
    for (let workers = 1; workers < most; workers *= 2) counts.push(workers);
    this.#candidates = counts.map((workers) => ({ workers, turns: 0, updates: 1, best: Infinity }));
  }

  /** How many workers are to do the next piece, and how many of the `left` updates; all of them once it is decided. */
  next(left: number): { workers: number; updates: number } {
    if (this.#decided !== undefined) return { workers: this.#decided, updates: left };
    const { workers, updates } = this.#nextInTurn();
    return { workers, updates: Math.min(left, updates) };
  }

  /** What a piece took. */
  record(workers: number, updates: number, seconds: number): void {
    if (this.#decided !== undefined) return this.#reconsider(seconds);
    const candidate = this.#candidates.find((one) => one.workers === workers)!;
    const each = seconds / updates;
    candidate.best = Math.min(candidate.best, each);
    candidate.updates = Math.max(1, Math.ceil(PIECE / Math.max(each, 1e-7)));
    candidate.turns++;
    const [all] = this.#candidates;
    if (candidate === all && all.turns > 1 && all.best > LONG) this.#decided = all.workers;
    else if (this.#nextInTurn().turns >= TURNS) {
      this.#decided = this.#candidates.reduce((a, b) => (b.best < a.best ? b : a)).workers;
    }
  }

  /** The machine may have become busier, or less busy. */
  #reconsider(seconds: number): void {
    this.#since += seconds;
    if (this.#since < PERIOD) return;
    this.#since = 0;
    this.#decided = undefined;
    for (const candidate of this.#candidates) {
      candidate.turns = TURNS - TURNS_AGAIN;
      candidate.best = Infinity;
    }
  }

  /** The candidate that has had the fewest turns. */
  #nextInTurn(): Candidate {
    return this.#candidates.reduce((a, b) => (b.turns < a.turns ? b : a));
  }
}

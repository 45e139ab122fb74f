/** How long a measured piece of an epoch should take, in seconds: long against the start of one. */
const PIECE = 0.004;
/** The engine compiles a worker's code while it runs: so many seconds of training with each candidate do not count. */
const WARM_UP = 0.1;
/** Pieces per candidate that count. */
const TURNS = 8;
/** An update that takes so long on all workers, in seconds, is not worth dividing among fewer: two barriers are nothing to it. */
const LONG = 0.002;
/** So many pieces have to say so: one alone may have been held up, or have compiled code. */
const LONG_PIECES = 4;
/** The decision is looked at again after so many seconds of training, by so many pieces per candidate. */
const PERIOD = 5;
const TURNS_AGAIN = 4;
/** By how much another number has to be faster to take the place of the one in use. */
const BETTER = 1.05;

interface Candidate {
  readonly workers: number;
  /** Seconds that it has trained. */
  spent: number;
  /** Pieces that counted. */
  turns: number;
  /** Updates of the next piece. */
  updates: number;
  /** Seconds per update, the best of those that counted. */
  best: number;
  /** The best of all, and their number. */
  least: number;
  pieces: number;
}

/**
 * Finds out how many workers train fastest while they train: pieces of the epoch are done by all, 1, 2, 4, ... of them in
 * turn. Only for a strategy whose weights do not depend on the number.
 */
export class WorkerTuning {
  readonly #candidates: Candidate[];
  readonly #most: number;
  #decided: number | undefined;
  /** The last decision. */
  #used: number | undefined;
  /** Seconds of training since it was decided. */
  #since = 0;

  constructor(most: number) {
    this.#most = most;
    const counts = [most];
    for (let workers = 1; workers < most; workers *= 2) counts.push(workers);
    this.#candidates = counts.map((workers) => ({
      workers,
      spent: 0,
      turns: 0,
      updates: 1,
      best: Infinity,
      least: Infinity,
      pieces: 0,
    }));
  }

  /** Whether the next piece is a whole epoch, or several. */
  get decided(): boolean {
    return this.#decided !== undefined;
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
    candidate.spent += seconds;
    candidate.pieces++;
    candidate.least = Math.min(candidate.least, each);
    candidate.updates = Math.max(1, Math.ceil(PIECE / Math.max(each, 1e-7)));
    if (candidate.spent >= WARM_UP) {
      candidate.best = Math.min(candidate.best, each);
      candidate.turns++;
    }
    const long = candidate.pieces >= LONG_PIECES && candidate.least > LONG;
    if (workers === this.#most && long) this.#decided = workers;
    else if (this.#candidates.every(({ turns }) => turns >= TURNS)) this.#decided = this.#fastest();
  }

  /** The one in use stays unless another is clearly faster. */
  #fastest(): number {
    const fastest = this.#candidates.reduce((a, b) => (b.best < a.best ? b : a));
    const used = this.#candidates.find(({ workers }) => workers === this.#used);
    this.#used = used === undefined || fastest.best * BETTER < used.best ? fastest.workers : used.workers;
    return this.#used;
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

  /** All workers first, to see whether updates are long; then the candidate that has trained least; once all are warm, that has had the fewest turns. */
  #nextInTurn(): Candidate {
    const all = this.#candidates[0]!;
    if (all.pieces < LONG_PIECES) return all;
    const cold = this.#candidates.filter(({ spent }) => spent < WARM_UP);
    if (cold.length > 0) return cold.reduce((a, b) => (b.spent < a.spent ? b : a));
    return this.#candidates.reduce((a, b) => (b.turns < a.turns ? b : a));
  }
}

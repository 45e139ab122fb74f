import { Random } from '../core/random.ts';
import type { Arena } from '../memory/arena.ts';
import type { GradientMoments, NoiseDraws } from '../pool/messages.ts';
import { partialGradients, type Worker } from './update.ts';

/** Gradients of random batches at the same weights: how long they are, and how long their sum is. */
export class Moments {
  readonly #arena: Arena;
  readonly #draws: NoiseDraws;
  readonly #random: Random;
  /** g_1 + g_2 + ..., in the arena's layout; padding is zero. */
  readonly #sum: Float64Array;
  #squares = 0;
  #batches = 0;

  constructor(arena: Arena, draws: NoiseDraws) {
    this.#arena = arena;
    this.#draws = draws;
    this.#random = new Random(draws.seed, draws.stream);
    this.#sum = new Float64Array(arena.numbersOf(0).length);
  }

  /** Adds the batches [first, last) of rows drawn from `rows`. The slot that does not hold the weights is overwritten. */
  measure(worker: Worker, rows: Uint32Array, first: number, last: number, slot: number): void {
    const into = 1 - slot;
    const gradient = this.#arena.numbersOf(into);
    const order = new Uint32Array(this.#draws.rows);
    for (let i = first; i < last; i++) {
      for (let r = 0; r < order.length; r++) order[r] = rows[this.#random.below(rows.length)]!;
      // Masks of their own, those of no epoch.
      worker.masks?.begin(-1 - (this.#draws.stream * this.#draws.batches + i));
      partialGradients(worker, order, 0, order.length, slot, into);
      this.#squares += addTo(this.#sum, gradient, 1 / order.length);
      this.#batches++;
    }
  }

  /** Once all batches are in. */
  get result(): GradientMoments | undefined {
    const { rows, batches } = this.#draws;
    if (this.#batches < batches) return undefined;
    let squareOfSum = 0;
    for (const g of this.#sum) squareOfSum += g * g;
    return { rows, batches, squares: this.#squares, squareOfSum };
  }
}

/** sum += scale * vector; returns the square of the length of what was added. */
function addTo(sum: Float64Array, vector: Float32Array | Float64Array, scale: number): number {
  let square = 0;
  for (let k = 0; k < vector.length; k++) {
    const g = scale * vector[k]!;
    sum[k]! += g;
    square += g * g;
  }
  return square;
}

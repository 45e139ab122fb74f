import { Random } from '../core/random.ts';

/** Deals rows out to parts at random, the same every time: row by row, as they come. */
export class RowParts {
  readonly count: number;
  readonly #ends: readonly number[];
  readonly #random: Random;

  /** @param shares - of all parts but the last, which has the rest */
  constructor(shares: readonly number[], seed: number) {
    let sum = 0;
    this.#ends = shares.map((share) => (sum += share));
    this.count = shares.length + 1;
    this.#random = new Random(seed);
  }

  /** The part of the next row. */
  next(): number {
    if (this.#ends.length === 0) return 0;
    const at = this.#random.uniform();
    const part = this.#ends.findIndex((end) => at < end);
    return part < 0 ? this.#ends.length : part;
  }
}

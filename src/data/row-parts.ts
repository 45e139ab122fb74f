import { Random } from '../core/random.ts';

/** Deals rows out to parts, the same every time: row by row, as they come. */
export interface RowParts {
  readonly count: number;
  /** Which columns of a file are looked at, by their place; before the first row. */
  begin(names: readonly string[]): readonly number[];
  /**
   * The part of the next row.
   * @param cells - by the columns of the file, as its reader gives them
   * @param number - of the row, in messages
   */
  next(cells: readonly unknown[], number: number): number;
}

/** At random. */
export class RandomParts implements RowParts {
  readonly count: number;
  readonly #ends: readonly number[];
  readonly #random: Random;

  /** @param shares - of all parts but the last, which has the rest */
  constructor(shares: readonly number[], seed: number) {
    this.#ends = endsOf(shares);
    this.count = shares.length + 1;
    this.#random = new Random(seed);
  }

  begin(): readonly number[] {
    return [];
  }

  next(): number {
    if (this.#ends.length === 0) return 0;
    return partAt(this.#ends, this.#random.uniform());
  }
}

/** With that of the last part. */
export function withRest(shares: readonly number[]): number[] {
  return [...shares, 1 - shares.reduce((sum, share) => sum + share, 0)];
}

/** The end of each part but the last in [0, 1]. */
export function endsOf(shares: readonly number[]): number[] {
  let sum = 0;
  return shares.map((share) => (sum += share));
}

/** @param at - in [0, 1) */
export function partAt(ends: readonly number[], at: number): number {
  const part = ends.findIndex((end) => at < end);
  return part < 0 ? ends.length : part;
}

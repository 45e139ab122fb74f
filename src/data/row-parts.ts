import { Random } from '../core/random.ts';

/** Deals rows out to parts, the same every time: row by row, as they come. */
export interface RowParts {
  readonly count: number;
  /**
   * What deals rows out instead, where a part has none by chance; undefined where chance has no say.
   * @param rows - that have been dealt out
   */
  evenly(rows: number): (() => RowParts) | undefined;
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
  readonly #shares: readonly number[];
  readonly #seed: number;
  readonly #ends: readonly number[];
  readonly #random: Random;

  /** @param shares - of all parts but the last, which has the rest */
  constructor(shares: readonly number[], seed: number) {
    this.#shares = shares;
    this.#seed = seed;
    this.#ends = endsOf(shares);
    this.count = shares.length + 1;
    this.#random = new Random(seed);
  }

  begin(): readonly number[] {
    return [];
  }

  evenly(): () => RowParts {
    return () => new EvenParts(this.#shares, this.#seed);
  }

  next(): number {
    if (this.#ends.length === 0) return 0;
    return partAt(this.#ends, this.#random.uniform());
  }
}

/**
 * Deals out so that every part gets its share, as nearly as whole rows allow, whenever it stops. The first row goes to the first part,
 * the second to the last, and so on; then each row at random to the parts in proportion to what they still lack of a block in
 * which each part has a row.
 */
export class Dealer {
  readonly #shares: readonly number[];
  readonly #block: number;
  readonly #random: Random;

  /** @param shares - of all parts but the last, which has the rest */
  constructor(shares: readonly number[], seed: number) {
    this.#shares = withRest(shares);
    this.#block = Math.ceil(1 / Math.min(...this.#shares) - 1e-9);
    this.#random = new Random(seed);
  }

  /** @param counts - rows of each part so far; that which is chosen has one more then */
  next(counts: number[]): number {
    const part = this.#choose(counts);
    counts[part]!++;
    return part;
  }

  #choose(counts: readonly number[]): number {
    const count = this.#shares.length;
    let dealt = 0;
    for (const rows of counts) dealt += rows;
    if (dealt < count) return dealt === 0 ? 0 : count - dealt;
    const end = (Math.floor(dealt / this.#block) + 1) * this.#block;
    const lacks = (part: number) => Math.max(0, this.#shares[part]! * end - counts[part]!);
    let all = 0;
    for (let part = 0; part < count; part++) all += lacks(part);
    let at = this.#random.uniform() * all;
    let part = 0;
    while (part < count - 1 && (at -= lacks(part)) >= 0) part++;
    return part;
  }
}

/** For a table so small that at random a part would have no row. */
export class EvenParts implements RowParts {
  readonly count: number;
  readonly #dealer: Dealer;
  readonly #counts: number[];

  /** @param shares - of all parts but the last, which has the rest */
  constructor(shares: readonly number[], seed: number) {
    this.count = shares.length + 1;
    this.#dealer = new Dealer(shares, seed);
    this.#counts = Array.from({ length: this.count }, () => 0);
  }

  begin(): readonly number[] {
    return [];
  }

  evenly(): undefined {
    return undefined;
  }

  next(): number {
    return this.#dealer.next(this.#counts);
  }

  /** To the first part, whatever it has. */
  first(): number {
    this.#counts[0]!++;
    return 0;
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

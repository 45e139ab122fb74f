import { mix32, Random } from '../core/random.ts';
import { noColumn } from './bad-data.ts';
import { type Cell, type CellTarget, type ColumnRules, isMissing, trimmed } from './cell-reader.ts';
import { timeOf } from './date-text.ts';
import { MOST_CLASSES, MOST_INTEGER_CLASSES } from './decide-encoding.ts';
import { numberReader } from './number-text.ts';
import { endsOf, partAt, RandomParts, type RowParts, withRest } from './row-parts.ts';
import { badKey } from './split-options.ts';
import type { TableRows } from './table-rows.ts';
import { kindOfText } from './text-kind.ts';

/** The column by which rows are dealt out, and how its cells are read. */
export interface KeyColumn {
  readonly rows: Pick<TableRows, 'label' | 'place' | 'put'>;
  readonly name: string;
  readonly rules: ColumnRules;
}

/** Reads one column cell by cell, and keeps the last one. */
export class KeyReader implements CellTarget {
  readonly name: string;
  readonly #column: KeyColumn;
  readonly #toNumber: (text: string) => number;
  #at = -1;
  #cell: Cell;

  constructor(column: KeyColumn) {
    this.name = column.name;
    this.#column = column;
    this.#toNumber = numberReader(column.rules.numberFormat);
  }

  /** @throws GradpoolError ERR_BAD_DATA where the column is not there */
  begin(names: readonly string[]): readonly number[] {
    this.#at = names.indexOf(this.name);
    if (this.#at < 0) throw noColumn(this.#column.rows.label, this.name, names);
    return [this.#at];
  }

  add(given: Cell): undefined {
    const cell = trimmed(given);
    this.#cell = isMissing(cell, this.#column.rules) ? undefined : cell;
  }

  addCategory(text: string): undefined {
    this.add(text);
  }

  addBoolean(value: boolean): undefined {
    this.add(Number(value));
  }

  /** The cell of a row; a text that is a number as the number. */
  read(cells: readonly unknown[]): Cell {
    this.#column.rows.put(this, cells[this.#at]);
    if (typeof this.#cell !== 'string') return this.#cell;
    const value = this.#toNumber(this.#cell);
    return Number.isNaN(value) ? this.#cell : value;
  }

  /** @throws GradpoolError ERR_BAD_DATA where there is none */
  group(cells: readonly unknown[], number: number): Cell {
    const key = this.read(cells);
    if (key === undefined) throw badKey(this.#column.rows.place(number), this.name, 'group', key);
    return key;
  }

  /** @throws GradpoolError ERR_BAD_DATA where there is none */
  time(cells: readonly unknown[], number: number): number {
    const cell = this.read(cells);
    const time = timeOf(cell);
    if (Number.isNaN(time)) throw badKey(this.#column.rows.place(number), this.name, 'time', cell);
    return time;
  }
}

/** By what stands in one column. */
abstract class KeyedParts implements RowParts {
  readonly count: number;
  protected readonly reader: KeyReader;

  constructor(count: number, column: KeyColumn) {
    this.count = count;
    this.reader = new KeyReader(column);
  }

  begin(names: readonly string[]): readonly number[] {
    return this.reader.begin(names);
  }

  abstract next(cells: readonly unknown[], number: number): number;
}

/**
 * By class: of each class every part gets its share, as nearly as whole rows allow, whenever reading stops. The first row of a class goes
 * to the first part, the second to the last, and so on; then each row at random to the parts in proportion to what they still lack
 * of a block in which each part has a row.
 */
export class ClassParts extends KeyedParts {
  readonly #shares: readonly number[];
  readonly #block: number;
  readonly #random: Random;
  readonly #plain: RandomParts;
  /** Rows of each part, by class; undefined where there turned out to be no classes. */
  #dealt: Map<Cell, number[]> | undefined = new Map();
  /** Whether the column has classes whatever its numbers look like. */
  readonly #sure: boolean;

  /** @param shares - of all parts but the last, which has the rest */
  constructor(shares: readonly number[], seed: number, column: KeyColumn, sure: boolean) {
    super(shares.length + 1, column);
    this.#shares = withRest(shares);
    this.#block = Math.ceil(1 / Math.min(...this.#shares) - 1e-9);
    this.#random = new Random(seed);
    this.#plain = new RandomParts(shares, seed);
    this.#sure = sure;
  }

  next(cells: readonly unknown[]): number {
    if (this.#dealt === undefined) return this.#plain.next();
    const key = this.reader.read(cells);
    if (!this.#isClass(key)) {
      this.#dealt = undefined;
      return this.#plain.next();
    }
    const counts = this.#dealt.get(key) ?? this.#shares.map(() => 0);
    this.#dealt.set(key, counts);
    const part = this.#choose(counts);
    counts[part]!++;
    return part;
  }

  #isClass(key: Cell): boolean {
    const most = this.#sure || typeof key !== 'number' ? MOST_CLASSES : MOST_INTEGER_CLASSES;
    if (typeof key === 'number' && !this.#sure && !Number.isInteger(key)) return false;
    if (this.#dealt!.has(key)) return true;
    // Dates that are a target are read as numbers.
    if (typeof key === 'string' && !this.#sure && kindOfText(key) === 'date') return false;
    return this.#dealt!.size < most;
  }

  #choose(counts: readonly number[]): number {
    let dealt = 0;
    for (const count of counts) dealt += count;
    if (dealt < this.count) return dealt === 0 ? 0 : this.count - dealt;
    const end = (Math.floor(dealt / this.#block) + 1) * this.#block;
    const lacks = (part: number) => Math.max(0, this.#shares[part]! * end - counts[part]!);
    let all = 0;
    for (let part = 0; part < this.count; part++) all += lacks(part);
    let at = this.#random.uniform() * all;
    let part = 0;
    while (part < this.count - 1 && (at -= lacks(part)) >= 0) part++;
    return part;
  }
}

/** By group, so that all its rows are in one part, wherever they stand: that of a list, or a hash of the group decides. */
export class GroupParts extends KeyedParts {
  readonly #ends: readonly number[];
  readonly #seed: number;
  readonly #known: ReadonlyMap<Cell, number> | undefined;

  /** @param known - the part of each group */
  constructor(
    shares: readonly number[],
    seed: number,
    column: KeyColumn,
    known: ReadonlyMap<Cell, number> | undefined,
  ) {
    super(shares.length + 1, column);
    this.#known = known;
    this.#ends = endsOf(shares);
    this.#seed = seed;
  }

  next(cells: readonly unknown[], number: number): number {
    const key = this.reader.group(cells, number);
    return this.#known?.get(key) ?? partAt(this.#ends, hashed(String(key), this.#seed));
  }
}

/** In [0, 1): FNV-1a over the code units, then mixed. */
function hashed(text: string, seed: number): number {
  let hash = mix32((seed | 0) ^ mix32(Math.floor(seed / 2 ** 32) | 0) ^ 0x811c9dc5);
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (mix32(hash) >>> 0) / 2 ** 32;
}

/** By time: each part begins where the one before it ends. */
export class TimeParts extends KeyedParts {
  /** The first time of each part but the first. */
  readonly #begins: readonly number[];

  constructor(begins: readonly number[], column: KeyColumn) {
    super(begins.length + 1, column);
    this.#begins = begins;
  }

  next(cells: readonly unknown[], number: number): number {
    const time = this.reader.time(cells, number);
    let part = 0;
    while (part < this.#begins.length && time >= this.#begins[part]!) part++;
    return part;
  }
}

import { describe } from '../core/checks.ts';
import {
  type Cell,
  type CellTarget,
  type ColumnRules,
  isMissing,
  noteText,
  notThis,
  parserOf,
  trimmed,
} from './column-builder.ts';
import { type ColumnFacts, TextFacts } from './column-facts.ts';
import type { DateOrder } from './date-text.ts';
import { MOST_CLASSES } from './decide-encoding.ts';
import { Extent } from './narrow.ts';
import { numberReader } from './number-text.ts';
import type { TableColumn } from './table-column.ts';
import { padded, ZeroPadding } from './zero-padding.ts';
import { isWide, merged, TOO_MANY_WIDE, WideIntegers } from './wide-integers.ts';

/** What a row is for: to train on, for another part of the split, or not kept. */
export type RowUse = 'train' | 'other' | 'none';

/** A different value. */
interface Group {
  /** The first row that has it, as it is called in messages. */
  readonly row: number;
  count: number;
  /** Of rows to train on. */
  trained: number;
  kept: boolean;
}

/**
 * What is found out of a column without keeping it. Cells come one after the other, and after each it is said what its row is for.
 * Whether the column is numeric is decided as `ColumnBuilder` does; where it turns out late that it is not, what was counted
 * before is of no use (`late`), and the column has to be gone through again as a categorical one.
 */
export class ColumnSurvey implements CellTarget, ColumnFacts {
  readonly name: string;
  readonly dates: DateOrder | undefined;
  /** Of the numbers of the rows that are kept. */
  readonly extent = new Extent();
  values = 0;
  /** Values missing in rows that are kept. */
  gaps = 0;
  missing = 0;
  /** The first row without a value. */
  firstGap: number | undefined;
  /** The first few different texts that counted as missing. */
  readonly missingTexts: string[] = [];
  /** A text came after numbers. */
  late = false;
  readonly #rules: ColumnRules;
  readonly #parse: (text: string) => number;
  readonly #most: number;
  #kind: 'open' | 'numeric' | 'categorical';
  /** By their texts; undefined for more than are counted, whose texts are only looked at. */
  #groups: Map<string, Group> | undefined = new Map();
  readonly #looks: TextFacts;
  #texts: TextFacts | undefined;
  readonly #padding = new ZeroPadding();
  #sum = 0;
  #numbers = 0;
  #binary = true;
  #wide: WideIntegers | undefined;
  /** The cell that came last: its text or NaN, and its number or NaN. */
  #cell: Cell;
  #value = NaN;

  /** @param most - different values that are counted: 0 where they do not matter as long as they are numbers */
  constructor(name: string, rules: ColumnRules, most: number) {
    this.name = name;
    this.dates = rules.dates?.get(name);
    this.#rules = rules;
    this.#parse = parserOf(name, rules);
    this.#looks = new TextFacts(numberReader(rules.numberFormat));
    this.#kind = rules.categorical.has(name) ? 'categorical' : rules.numeric.has(name) ? 'numeric' : 'open';
    this.#most = most;
  }

  get kind(): TableColumn['kind'] {
    return this.#kind === 'categorical' ? 'categorical' : 'numeric';
  }

  /** Whether the last cell has no value. */
  get gone(): boolean {
    return this.#cell === undefined;
  }

  get digits(): number | undefined {
    return this.#padding.digits;
  }

  get different(): number {
    return this.#groups?.size ?? Infinity;
  }

  add(given: Cell): string | undefined {
    const cell = trimmed(given);
    if (isMissing(cell, this.#rules)) this.#skip(cell);
    else if (this.#kind === 'categorical') return this.#addChecked(String(cell));
    else {
      const value = typeof cell === 'string' ? this.#parse(cell) : Number(cell);
      const twin = isWide(value) ? (this.#wide ??= new WideIntegers()).add(cell, value) : undefined;
      if (twin === 'many') return TOO_MANY_WIDE;
      if (Number.isNaN(value) || twin !== undefined) {
        if (this.#rules.numeric.has(this.name))
          return twin === undefined ? notThis(this.name, this.#rules, cell) : merged(cell, twin);
        this.#wide = undefined;
        if (this.#kind === 'numeric') this.late = true;
        this.#kind = 'categorical';
        return this.#addChecked(String(cell));
      }
      this.#kind = 'numeric';
      this.#cell = cell;
      this.#value = value;
      this.#padding.add(cell);
    }
    return undefined;
  }

  addCategory(given: string): string | undefined {
    if (this.#rules.numeric.has(this.name)) return this.add(given);
    const text = trimmed(given);
    if (this.#kind === 'numeric') this.late = true;
    this.#kind = 'categorical';
    if (isMissing(text, this.#rules)) this.#skip(text);
    else this.#cell = text;
    return undefined;
  }

  addBoolean(value: boolean): string | undefined {
    return this.add(this.#rules.categorical.has(this.name) ? String(value) : Number(value));
  }

  /** What the row of the last cell is for. @param number - of the row, in messages */
  end(use: RowUse, number: number): void {
    const cell = this.#cell;
    if (cell === undefined) {
      this.firstGap ??= number;
      if (use !== 'none') this.gaps++;
      if (use === 'train') this.missing++;
      return;
    }
    this.values++;
    if (this.#kind === 'categorical') this.#group(String(cell), use, number);
    else if (use !== 'none') {
      this.extent.add(this.#value);
      if (this.#value !== 0 && this.#value !== 1) this.#binary = false;
      if (use === 'train') {
        this.#sum += this.#value;
        this.#numbers++;
      }
      if (this.#most > 0) this.#group(String(this.#value), use, number);
    }
  }

  mean(): number {
    return this.#sum / this.#numbers;
  }

  counts(): ReadonlyMap<string, number> | undefined {
    const groups = this.#groups;
    if (groups === undefined) return undefined;
    const { digits } = this;
    return new Map([...groups].flatMap(([text, { kept, trained }]) => (kept ? [[padded(text, digits), trained]] : [])));
  }

  texts(): TextFacts {
    if (this.#groups === undefined) return this.#looks;
    if (this.#texts === undefined) {
      this.#texts = new TextFacts(numberReader(this.#rules.numberFormat));
      for (const [text, { row, count }] of this.#groups) this.#texts.add(text, row, count);
    }
    return this.#texts;
  }

  isBinary(): boolean {
    return this.#binary;
  }

  integers(most: number): number | undefined {
    const counts = this.counts();
    if (counts === undefined || counts.size > most) return undefined;
    return [...counts.keys()].every((text) => Number.isInteger(Number(text))) ? counts.size : undefined;
  }

  #skip(cell: Cell): void {
    noteText(this.missingTexts, cell);
    this.#cell = undefined;
  }

  #group(text: string, use: RowUse, row: number): void {
    const groups = this.#groups;
    const group = groups?.get(text);
    if (group !== undefined) {
      group.count++;
      if (use === 'train') group.trained++;
      if (use !== 'none') group.kept = true;
    } else if (groups === undefined) {
      if (this.#kind === 'categorical') this.#looks.add(text, row);
    } else {
      groups.set(text, { row, count: 1, trained: use === 'train' ? 1 : 0, kept: use !== 'none' });
      if (groups.size > (this.#most || MOST_CLASSES)) this.#lookOnly(groups);
    }
  }

  /** There are too many: from here on texts are looked at one by one. */
  #lookOnly(groups: ReadonlyMap<string, Group>): void {
    this.#groups = undefined;
    if (this.#kind === 'categorical') for (const [text, { row, count }] of groups) this.#looks.add(text, row, count);
  }

  /** Of a text whose bytes nobody looked at. */
  #addChecked(text: string): string | undefined {
    this.#cell = text;
    return text.includes('\uFFFD')
      ? `expected text in UTF-8, got ${describe(text)}: save the file as UTF-8`
      : undefined;
  }
}

import { describe } from '../core/checks.ts';
import { type Cell, type CellTarget, type ColumnRules, isMissing } from './column-builder.ts';
import { type ColumnFacts, MOST_CLASSES } from './decide-encoding.ts';
import { Extent } from './narrow.ts';
import { parseNumber } from './number-text.ts';
import type { TableColumn } from './table-column.ts';
import { noNumber, type Slips, TextTally } from './text-tally.ts';
import { isWide, merged, TOO_MANY_WIDE, WideIntegers } from './wide-integers.ts';

/**
 * What is found out of a column without keeping it. Cells come one after the other, and after each it is said whether its row is
 * kept. Whether the column is numeric is decided as `ColumnBuilder` does; where it turns out late that it is not, what was counted
 * before is of no use (`late`), and the column has to be gone through again as a categorical one.
 */
export class ColumnSurvey implements CellTarget, ColumnFacts {
  readonly name: string;
  /** Of the numbers of the rows that are kept. */
  readonly extent = new Extent();
  /** Values missing in rows that are kept. */
  gaps = 0;
  missing = 0;
  /** A text came after numbers. */
  late = false;
  readonly #rules: ColumnRules;
  readonly #most: number;
  #kind: 'open' | 'numeric' | 'categorical';
  #counts: Map<string, number> | undefined;
  readonly #tally = new TextTally();
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
    this.#rules = rules;
    this.#kind = rules.categorical.has(name) ? 'categorical' : rules.numeric.has(name) ? 'numeric' : 'open';
    this.#most = most;
    this.#counts = new Map();
  }

  get kind(): TableColumn['kind'] {
    return this.#kind === 'categorical' ? 'categorical' : 'numeric';
  }

  /** Whether the last cell has no value. */
  get gone(): boolean {
    return this.#cell === undefined;
  }

  add(cell: Cell): string | undefined {
    if (isMissing(cell, this.#rules)) this.#cell = undefined;
    else if (this.#kind === 'categorical') return this.#addChecked(String(cell));
    else {
      const value = typeof cell === 'string' ? parseNumber(cell) : Number(cell);
      const twin = isWide(value) ? (this.#wide ??= new WideIntegers()).add(cell, value) : undefined;
      if (twin === 'many') return TOO_MANY_WIDE;
      if (Number.isNaN(value) || twin !== undefined) {
        if (this.#rules.numeric.has(this.name)) return twin === undefined ? noNumber(cell) : merged(cell, twin);
        this.#wide = undefined;
        if (this.#kind === 'numeric') this.late = true;
        this.#kind = 'categorical';
        return this.#addChecked(String(cell));
      }
      this.#kind = 'numeric';
      this.#cell = cell;
      this.#value = value;
    }
    return undefined;
  }

  addCategory(text: string): string | undefined {
    if (this.#rules.numeric.has(this.name)) return this.add(text);
    if (this.#kind === 'numeric') this.late = true;
    this.#kind = 'categorical';
    this.#cell = isMissing(text, this.#rules) ? undefined : text;
    return undefined;
  }

  /** The row of the last cell is kept. @param counted - and measured, as a row to train on @param number - of the row, in messages */
  keep(counted: boolean, number: number): void {
    const cell = this.#cell;
    if (cell === undefined) {
      this.gaps++;
      if (counted) this.missing++;
      return;
    }
    if (this.#kind === 'numeric') this.extent.add(this.#value);
    if (!counted) return;
    if (this.#kind === 'numeric') this.#measure(this.#value);
    else this.#tally.add(String(cell), number);
    if (this.#counts !== undefined && (this.#kind === 'categorical' || this.#most > 0)) this.#count(cell);
  }

  mean(): number {
    return this.#sum / this.#numbers;
  }

  counts(): ReadonlyMap<string, number> | undefined {
    return this.#counts;
  }

  slips(): Slips | undefined {
    return this.#tally.slips();
  }

  isBinary(): boolean {
    return this.#binary;
  }

  integers(most: number): number | undefined {
    const counts = this.#counts;
    if (counts === undefined || counts.size > most) return undefined;
    return [...counts.keys()].every((text) => Number.isInteger(Number(text))) ? counts.size : undefined;
  }

  #measure(value: number): void {
    this.#sum += value;
    this.#numbers++;
    if (value !== 0 && value !== 1) this.#binary = false;
  }

  #count(cell: string | number | bigint): void {
    const text = this.#kind === 'categorical' ? String(cell) : String(this.#value);
    const counts = this.#counts!;
    const count = counts.get(text) ?? 0;
    counts.set(text, count + 1);
    if (count === 0 && counts.size > (this.#most || MOST_CLASSES)) this.#counts = undefined;
  }

  /** Of a text whose bytes nobody looked at. */
  #addChecked(text: string): string | undefined {
    this.#cell = text;
    return text.includes('\uFFFD') ? `expected text in UTF-8, got ${describe(text)}` : undefined;
  }
}

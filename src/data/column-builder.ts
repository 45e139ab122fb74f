import { describe } from '../core/checks.ts';
import { numberOf } from './boolean-text.ts';
import { CategoryStore, MOST_CATEGORIES } from './category-store.ts';
import { type DateOrder, parseDate } from './date-text.ts';
import { NumberStore } from './number-store.ts';
import { type NumberFormat, numberReader } from './number-text.ts';
import type { TableColumn } from './table-column.ts';
import { noNumber } from './text-tally.ts';
import { ZeroPadding } from './zero-padding.ts';
import { isWide, merged, TOO_MANY_WIDE, WideIntegers } from './wide-integers.ts';

/** A value as a file or a row holds it, bigint where a number would not be the same; undefined where it is missing. */
export type Cell = number | bigint | string | undefined;

/** How the columns of a table are to be read. */
export interface ColumnRules {
  readonly missing: ReadonlySet<string>;
  readonly numeric: ReadonlySet<string>;
  readonly categorical: ReadonlySet<string>;
  /** Columns of numbers whose texts are dates. */
  readonly dates?: ReadonlyMap<string, DateOrder>;
  /** How numbers are written; undefined for digits and a decimal point. */
  readonly numberFormat?: NumberFormat | undefined;
}

/** Takes the cells of a column, one after the other. */
export interface CellTarget {
  readonly name: string;
  /** @returns what is wrong with the cell, if anything */
  add(cell: Cell): string | undefined;
  /** A text that is a category whatever it looks like. */
  addCategory(text: string): string | undefined;
  /** 0 or 1, or a word where the column is one of texts. */
  addBoolean(value: boolean): string | undefined;
}

/**
 * Gathers a column cell by cell and finds out what it is: numeric as long as every text is a number, and different integers are
 * different numbers; else categorical. The texts of numbers are not kept. Where one turns up that is none, the rows before it
 * (`reread` of them) have to be read once more with `addAgain`, because 007 is a text of its own there.
 */
export class ColumnBuilder implements CellTarget {
  readonly name: string;
  readonly #rules: ColumnRules;
  readonly #parse: (text: string) => number;
  #kind: 'open' | 'numeric' | 'categorical';
  #rows = 0;
  #missing = new NumberStore();
  #numbers = new NumberStore();
  readonly #missingTexts: string[] = [];
  readonly #padding = new ZeroPadding();
  #again: CategoryStore | undefined;
  #texts = new CategoryStore();
  #wide: WideIntegers | undefined;
  #reread = 0;
  #tooMany = false;
  /** Rows that are read again and have a text too many. */
  #lost = new NumberStore();
  #rowsAgain = 0;

  constructor(name: string, rules: ColumnRules) {
    this.name = name;
    this.#rules = rules;
    this.#parse = parserOf(name, rules);
    this.#kind = rules.categorical.has(name) ? 'categorical' : rules.numeric.has(name) ? 'numeric' : 'open';
  }

  /** How many rows at the beginning have to be read again. */
  get reread(): number {
    return this.#reread;
  }

  add(given: Cell): string | undefined {
    const cell = trimmed(given);
    if (isMissing(cell, this.#rules)) {
      noteText(this.#missingTexts, cell);
      this.#addMissing();
    } else if (this.#kind === 'categorical') return this.#addChecked(String(cell));
    else {
      const value = typeof cell === 'string' ? this.#parse(cell) : Number(cell);
      const twin = isWide(value) ? (this.#wide ??= new WideIntegers()).add(cell, value) : undefined;
      if (twin === 'many') return TOO_MANY_WIDE;
      if (Number.isNaN(value) || twin !== undefined) {
        if (this.#rules.numeric.has(this.name))
          return twin === undefined ? notThis(this.name, this.#rules, cell) : merged(cell, twin);
        this.#becomeCategorical();
        return this.#addChecked(String(cell));
      }
      this.#kind = 'numeric';
      this.#numbers.push(value);
      this.#padding.add(cell);
    }
    this.#rows++;
    return undefined;
  }

  addCategory(given: string): string | undefined {
    if (this.#kind === 'numeric') return this.add(given);
    const text = trimmed(given);
    if (this.#kind === 'open') this.#becomeCategorical();
    if (!isMissing(text, this.#rules)) return this.#addText(text);
    noteText(this.#missingTexts, text);
    this.#addMissing();
    this.#rows++;
    return undefined;
  }

  addBoolean(value: boolean): string | undefined {
    return this.add(this.#rules.categorical.has(this.name) ? String(value) : Number(value));
  }

  /** The same cells again, from the first row on, `reread` of them. */
  addAgain(given: Cell): string | undefined {
    const cell = trimmed(given);
    this.#again ??= new CategoryStore();
    const row = this.#rowsAgain++;
    if (isMissing(cell, this.#rules)) this.#again.pushMissing();
    else if (this.#again.has(String(cell)) || this.#again.size < MOST_CATEGORIES) this.#again.push(String(cell));
    else {
      this.#again.pushMissing();
      this.#lost.push(row);
      return this.#loseText();
    }
    return undefined;
  }

  finish(): TableColumn {
    const known = this.#missing.length;
    const missing = new Uint32Array(known + this.#lost.length);
    missing.set(this.#missing.take());
    missing.set(this.#lost.take(), known);
    if (missing.length > known) missing.sort();
    const { name } = this;
    const gaps = { missing, ...(this.#missingTexts.length > 0 && { missingTexts: this.#missingTexts }) };
    if (this.#kind !== 'categorical') {
      const { digits } = this.#padding;
      const values = this.#numbers.take();
      return { kind: 'numeric', name, values, ...gaps, ...(digits !== undefined && { digits }) };
    }
    const taken = this.#again === undefined ? this.#texts.take() : this.#again.take(this.#texts);
    return { kind: 'categorical', name, ...taken, ...gaps, ...(this.#tooMany && { tooMany: true }) };
  }

  #addMissing(): void {
    this.#missing.push(this.#rows);
    if (this.#kind === 'categorical') this.#texts.pushMissing();
    else this.#numbers.push(0);
  }

  /** Of a text whose bytes nobody looked at. */
  #addChecked(text: string): string | undefined {
    const isNew = !this.#texts.has(text);
    const problem = this.#addText(text);
    if (problem !== undefined || !isNew) return problem;
    return text.includes('\uFFFD')
      ? `expected text in UTF-8, got ${describe(text)}: save the file as UTF-8`
      : undefined;
  }

  #addText(text: string): string | undefined {
    if (this.#texts.size === MOST_CATEGORIES && !this.#texts.has(text)) {
      this.#addMissing();
      this.#rows++;
      return this.#loseText();
    }
    this.#texts.push(text);
    this.#rows++;
    return undefined;
  }

  /** A column of so many texts is no input, and need not be whole, unless it was asked for. */
  #loseText(): string | undefined {
    this.#tooMany = true;
    return this.#rules.categorical.has(this.name) ? TOO_MANY : undefined;
  }

  #becomeCategorical(): void {
    this.#numbers = new NumberStore();
    this.#wide = undefined;
    // Rows of missing values only have no text that could be lost.
    if (this.#kind === 'numeric') this.#reread = this.#rows;
    else for (let r = 0; r < this.#rows; r++) this.#texts.pushMissing();
    this.#kind = 'categorical';
  }
}

/** How the texts of a column become numbers: words for 0 and 1 only where nothing but numbers is expected. */
export function parserOf(name: string, { numeric, dates, numberFormat }: ColumnRules): (text: string) => number {
  const order = dates?.get(name);
  if (order !== undefined) return (text) => parseDate(text, order);
  const read = numberReader(numberFormat);
  return numeric.has(name) ? (text) => numberOf(text, read) : read;
}

/** What is wrong with a cell of a column that has to be numeric. */
export function notThis(name: string, { dates }: ColumnRules, cell: unknown): string {
  return dates?.has(name) ? `expected a date, got ${describe(cell)}` : noNumber(cell);
}

/** Spaces around a text are no part of it, in whatever file it is. */
export function trimmed<T extends Cell>(cell: T): T | string {
  if (typeof cell !== 'string') return cell;
  return isSpace(cell.charCodeAt(0)) || isSpace(cell.charCodeAt(cell.length - 1)) ? cell.trim() : cell;
}

/** Whether the sign may be one: beyond ASCII there are several. */
function isSpace(code: number): boolean {
  return code <= 32 || code >= 160;
}

/** Whether a cell has no value. */
export function isMissing(cell: Cell, { missing }: ColumnRules): cell is undefined {
  if (typeof cell === 'string') return missing.has(cell);
  return cell === undefined || Number.isNaN(cell);
}

/** Different texts that a message shows. */
const SHOWN = 3;

/** Remembers what stands where a value is missing. */
export function noteText(texts: string[], cell: Cell): void {
  if (typeof cell === 'string' && cell !== '' && texts.length < SHOWN && !texts.includes(cell)) texts.push(cell);
}

const TOO_MANY = `has more than ${MOST_CATEGORIES} different texts: leave it out with "columns"`;

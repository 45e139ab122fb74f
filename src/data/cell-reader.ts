import { describe } from '../core/checks.ts';
import { numberOf } from './boolean-text.ts';
import { type DateOrder, parseDate } from './date-text.ts';
import { type NumberFormat, numberReader } from './number-text.ts';
import type { TableColumn } from './table-column.ts';
import { noNumber } from './text-tally.ts';
import { isWide, merged, TOO_MANY_WIDE, WideIntegers } from './wide-integers.ts';
import { ZeroPadding } from './zero-padding.ts';

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

/** Different texts for missing values that a message shows. */
const SHOWN = 3;

/**
 * Reads a column cell by cell and finds out what it is: numeric as long as every text is a number, and different integers are
 * different numbers; else categorical. What becomes of its values is for those that extend it.
 */
export abstract class CellReader implements CellTarget {
  readonly name: string;
  /** The first few different texts that counted as missing. */
  readonly missingTexts: string[] = [];
  protected readonly rules: ColumnRules;
  readonly #parse: (text: string) => number;
  #kind: 'open' | TableColumn['kind'];
  readonly #padding = new ZeroPadding();
  #wide: WideIntegers | undefined;

  constructor(name: string, rules: ColumnRules) {
    this.name = name;
    this.rules = rules;
    this.#parse = parserOf(name, rules);
    this.#kind = rules.categorical.has(name) ? 'categorical' : rules.numeric.has(name) ? 'numeric' : 'open';
  }

  /** As far as it is known: of missing values alone numeric. */
  get kind(): TableColumn['kind'] {
    return this.#kind === 'categorical' ? 'categorical' : 'numeric';
  }

  /** How many digits its numbers have with the zeros before them. */
  get digits(): number | undefined {
    return this.#padding.digits;
  }

  add(given: Cell): string | undefined {
    const cell = trimmed(given);
    if (isMissing(cell, this.rules)) this.#skip(cell);
    else if (this.#kind === 'categorical') return this.#addText(String(cell));
    else {
      const value = typeof cell === 'string' ? this.#parse(cell) : Number(cell);
      const twin = isWide(value) ? (this.#wide ??= new WideIntegers()).add(cell, value) : undefined;
      if (twin === 'many') return TOO_MANY_WIDE;
      if (Number.isNaN(value) || twin !== undefined) {
        if (this.rules.numeric.has(this.name))
          return twin === undefined ? notThis(this.name, this.rules, cell) : merged(cell, twin);
        this.#becomeCategorical();
        return this.#addText(String(cell));
      }
      this.#kind = 'numeric';
      this.#padding.add(cell);
      this.takeNumber(value);
    }
    return undefined;
  }

  addCategory(given: string): string | undefined {
    if (this.#kind === 'numeric') return this.add(given);
    const text = trimmed(given);
    if (this.#kind === 'open') this.#becomeCategorical();
    if (!isMissing(text, this.rules)) return this.takeText(text);
    this.#skip(text);
    return undefined;
  }

  addBoolean(value: boolean): string | undefined {
    return this.add(this.rules.categorical.has(this.name) ? String(value) : Number(value));
  }

  protected abstract takeMissing(): void;
  protected abstract takeNumber(value: number): void;
  /** @returns what is wrong with it, if anything */
  protected abstract takeText(text: string): string | undefined;
  /** It turns out not to be numeric. @param numbers - whether there were any */
  protected abstract becomeTexts(numbers: boolean): void;

  /** Of a text whose bytes nobody looked at. */
  #addText(text: string): string | undefined {
    const problem = this.takeText(text);
    if (problem !== undefined) return problem;
    return text.includes('\uFFFD')
      ? `expected text in UTF-8, got ${describe(text)}: save the file as UTF-8`
      : undefined;
  }

  #skip(cell: Cell): void {
    const texts = this.missingTexts;
    if (typeof cell === 'string' && cell !== '' && texts.length < SHOWN && !texts.includes(cell)) texts.push(cell);
    this.takeMissing();
  }

  #becomeCategorical(): void {
    this.#wide = undefined;
    this.becomeTexts(this.#kind === 'numeric');
    this.#kind = 'categorical';
  }
}

/** How the texts of a column become numbers: words for 0 and 1 only where nothing but numbers is expected. */
function parserOf(name: string, { numeric, dates, numberFormat }: ColumnRules): (text: string) => number {
  const order = dates?.get(name);
  if (order !== undefined) return (text) => parseDate(text, order);
  const read = numberReader(numberFormat);
  return numeric.has(name) ? (text) => numberOf(text, read) : read;
}

/** What is wrong with a cell of a column that has to be numeric. */
function notThis(name: string, { dates }: ColumnRules, cell: unknown): string {
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

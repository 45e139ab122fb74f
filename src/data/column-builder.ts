import { describe } from '../core/checks.ts';
import { CategoryStore, MOST_CATEGORIES } from './category-store.ts';
import { NumberStore } from './number-store.ts';
import { type NumberFormat, numberReader } from './number-text.ts';
import type { TableColumn } from './table-column.ts';
import { noNumber } from './text-tally.ts';

/** A value as a file or a row holds it; undefined where it is missing. */
export type Cell = number | string | undefined;

/** How the columns of a table are to be read. */
export interface ColumnRules {
  readonly missing: ReadonlySet<string>;
  readonly numeric: ReadonlySet<string>;
  readonly categorical: ReadonlySet<string>;
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
}

/**
 * Gathers a column cell by cell and finds out what it is: numeric as long as every text is a number, else categorical.
 * The texts of numbers are not kept. Where one turns up that is none, the rows before it (`reread` of them) have to be
 * read once more with `addAgain`, because 007 is a text of its own there.
 */
export class ColumnBuilder implements CellTarget {
  readonly name: string;
  readonly #rules: ColumnRules;
  readonly #parse: (text: string) => number;
  #kind: 'open' | 'numeric' | 'categorical';
  #rows = 0;
  #missing = new NumberStore();
  #numbers = new NumberStore();
  #again: CategoryStore | undefined;
  #texts = new CategoryStore();
  #reread = 0;

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

  add(cell: Cell): string | undefined {
    if (isMissing(cell, this.#rules)) this.#addMissing();
    else if (this.#kind === 'categorical') return this.#addText(String(cell));
    else {
      const value = typeof cell === 'number' ? cell : this.#parse(cell);
      if (Number.isNaN(value)) {
        if (this.#rules.numeric.has(this.name)) return noNumber(cell);
        this.#becomeCategorical();
        return this.#addText(String(cell));
      }
      this.#kind = 'numeric';
      this.#numbers.push(value);
    }
    this.#rows++;
    return undefined;
  }

  addCategory(text: string): string | undefined {
    if (this.#kind === 'numeric') return this.add(text);
    if (this.#kind === 'open') this.#becomeCategorical();
    return this.add(text);
  }

  /** The same cells again, from the first row on, `reread` of them. */
  addAgain(cell: Cell): string | undefined {
    this.#again ??= new CategoryStore();
    if (isMissing(cell, this.#rules)) this.#again.pushMissing();
    else this.#again.push(String(cell));
    return this.#again.size > MOST_CATEGORIES ? TOO_MANY : undefined;
  }

  finish(): TableColumn {
    const missing = new Uint32Array(this.#missing.length);
    missing.set(this.#missing.take());
    if (this.#kind !== 'categorical')
      return { kind: 'numeric', name: this.name, values: this.#numbers.take(), missing };
    const taken = this.#again === undefined ? this.#texts.take() : this.#again.take(this.#texts);
    return { kind: 'categorical', name: this.name, ...taken, missing };
  }

  #addMissing(): void {
    this.#missing.push(this.#rows);
    if (this.#kind === 'categorical') this.#texts.pushMissing();
    else this.#numbers.push(0);
  }

  #addText(text: string): string | undefined {
    const isNew = this.#texts.push(text);
    this.#rows++;
    if (!isNew) return undefined;
    if (text.includes('\uFFFD')) return `expected text in UTF-8, got ${describe(text)}`;
    return this.#texts.size > MOST_CATEGORIES ? TOO_MANY : undefined;
  }

  #becomeCategorical(): void {
    this.#numbers = new NumberStore();
    // Rows of missing values only have no text that could be lost.
    if (this.#kind === 'numeric') this.#reread = this.#rows;
    else for (let r = 0; r < this.#rows; r++) this.#texts.pushMissing();
    this.#kind = 'categorical';
  }
}

/** How the texts of a column become numbers. */
export function parserOf(_name: string, { numberFormat }: ColumnRules): (text: string) => number {
  return numberReader(numberFormat);
}

/** Whether a cell has no value. */
export function isMissing(cell: Cell, { missing }: ColumnRules): cell is undefined {
  if (typeof cell === 'string') return missing.has(cell);
  return cell === undefined || Number.isNaN(cell);
}

const TOO_MANY = `has more than ${MOST_CATEGORIES} different texts: leave it out with "columns"`;

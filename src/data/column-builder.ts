import { CategoryStore, MOST_CATEGORIES } from './category-store.ts';
import { type Cell, CellReader, isMissing, trimmed } from './cell-reader.ts';
import { NumberStore } from './number-store.ts';
import type { TableColumn } from './table-column.ts';

/**
 * Gathers a column cell by cell. The texts of numbers are not kept: where a text turns up that is none, the rows before it
 * (`reread` of them) have to be read once more with `addAgain`, because 007 is a text of its own there.
 */
export class ColumnBuilder extends CellReader {
  #rows = 0;
  #missing = new NumberStore();
  #numbers = new NumberStore();
  #again: CategoryStore | undefined;
  #texts = new CategoryStore();
  #reread = 0;
  #tooMany = false;
  /** Rows that are read again and have a text too many. */
  #lost = new NumberStore();
  #rowsAgain = 0;

  /** How many rows at the beginning have to be read again. */
  get reread(): number {
    return this.#reread;
  }

  /** The same cells again, from the first row on, `reread` of them. */
  addAgain(given: Cell): string | undefined {
    const cell = trimmed(given);
    this.#again ??= new CategoryStore();
    const row = this.#rowsAgain++;
    if (isMissing(cell, this.rules)) this.#again.pushMissing();
    else if (this.#again.has(String(cell)) || this.#again.size < MOST_CATEGORIES) this.#again.push(String(cell));
    else {
      this.#again.pushMissing();
      this.#lost.push(row);
      return this.#loseText();
    }
    return undefined;
  }

  finish(): TableColumn {
    const { name, digits } = this;
    const known = this.#missing.length;
    const missing = new Uint32Array(known + this.#lost.length);
    missing.set(this.#missing.take());
    missing.set(this.#lost.take(), known);
    if (missing.length > known) missing.sort();
    const gaps = { missing, ...(this.missingTexts.length > 0 && { missingTexts: this.missingTexts }) };
    if (this.kind === 'numeric')
      return { kind: 'numeric', name, values: this.#numbers.take(), ...gaps, ...(digits !== undefined && { digits }) };
    const taken = this.#again === undefined ? this.#texts.take() : this.#again.take(this.#texts);
    return { kind: 'categorical', name, ...taken, ...gaps, ...(this.#tooMany && { tooMany: true }) };
  }

  protected takeMissing(): void {
    this.#missing.push(this.#rows++);
    if (this.kind === 'categorical') this.#texts.pushMissing();
    else this.#numbers.push(0);
  }

  protected takeNumber(value: number): void {
    this.#numbers.push(value);
    this.#rows++;
  }

  protected takeText(text: string): string | undefined {
    if (this.#texts.size === MOST_CATEGORIES && !this.#texts.has(text)) {
      this.takeMissing();
      return this.#loseText();
    }
    this.#texts.push(text);
    this.#rows++;
    return undefined;
  }

  protected becomeTexts(numbers: boolean): void {
    this.#numbers = new NumberStore();
    // Rows of missing values only have no text that could be lost.
    if (numbers) this.#reread = this.#rows;
    else for (let r = 0; r < this.#rows; r++) this.#texts.pushMissing();
  }

  /** A column of so many texts is no input, and need not be whole, unless it was asked for. */
  #loseText(): string | undefined {
    this.#tooMany = true;
    return this.rules.categorical.has(this.name) ? TOO_MANY : undefined;
  }
}

const TOO_MANY = `has more than ${MOST_CATEGORIES} different texts: leave it out with "columns"`;

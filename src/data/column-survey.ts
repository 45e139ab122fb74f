import { CellReader, type ColumnRules } from './cell-reader.ts';
import { type ColumnFacts, TextFacts } from './column-facts.ts';
import type { DateOrder } from './date-text.ts';
import { MOST_CLASSES } from './decide-encoding.ts';
import { Extent } from './narrow.ts';
import { numberReader } from './number-text.ts';
import { padded } from './zero-padding.ts';

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
 * Where it turns out late that it is not numeric, what was counted before is of no use (`late`), and the column has to be gone through
 * again as a categorical one.
 */
export class ColumnSurvey extends CellReader implements ColumnFacts {
  readonly dates: DateOrder | undefined;
  /** Of the numbers of the rows that are kept. */
  readonly extent = new Extent();
  values = 0;
  /** Values missing in rows that are kept. */
  gaps = 0;
  missing = 0;
  /** The first row without a value. */
  firstGap: number | undefined;
  /** A text came after numbers. */
  late = false;
  readonly #most: number;
  /** By their texts; undefined for more than are counted, whose texts are only looked at. */
  #groups: Map<string, Group> | undefined = new Map();
  readonly #looks: TextFacts;
  #texts: TextFacts | undefined;
  #sum = 0;
  #numbers = 0;
  #binary = true;
  /** That came last. */
  #cell: string | number | undefined;

  /** @param most - different values that are counted: 0 where they do not matter as long as they are numbers */
  constructor(name: string, rules: ColumnRules, most: number) {
    super(name, rules);
    this.dates = rules.dates?.get(name);
    this.#looks = new TextFacts(numberReader(rules.numberFormat));
    this.#most = most;
  }

  /** Whether the last cell has no value. */
  get gone(): boolean {
    return this.#cell === undefined;
  }

  get different(): number {
    return this.#groups?.size ?? Infinity;
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
    if (typeof cell === 'string') this.#group(cell, use, number);
    else if (use !== 'none') {
      this.extent.add(cell);
      if (cell !== 0 && cell !== 1) this.#binary = false;
      if (use === 'train') {
        this.#sum += cell;
        this.#numbers++;
      }
      if (this.#most > 0) this.#group(String(cell), use, number);
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
      this.#texts = new TextFacts(numberReader(this.rules.numberFormat));
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

  protected takeMissing(): void {
    this.#cell = undefined;
  }

  protected takeNumber(value: number): void {
    this.#cell = value;
  }

  protected takeText(text: string): undefined {
    this.#cell = text;
  }

  protected becomeTexts(numbers: boolean): void {
    this.late = numbers;
  }

  #group(text: string, use: RowUse, row: number): void {
    const groups = this.#groups;
    const group = groups?.get(text);
    if (group !== undefined) {
      group.count++;
      if (use === 'train') group.trained++;
      if (use !== 'none') group.kept = true;
    } else if (groups === undefined) {
      if (this.kind === 'categorical') this.#looks.add(text, row);
    } else {
      groups.set(text, { row, count: 1, trained: use === 'train' ? 1 : 0, kept: use !== 'none' });
      if (groups.size > (this.#most || MOST_CLASSES)) this.#lookOnly(groups);
    }
  }

  /** There are too many: from here on texts are looked at one by one. */
  #lookOnly(groups: ReadonlyMap<string, Group>): void {
    this.#groups = undefined;
    if (this.kind === 'categorical') for (const [text, { row, count }] of groups) this.#looks.add(text, row, count);
  }
}

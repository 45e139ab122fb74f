import { type DateOrder, type Dates, DateTally } from './date-text.ts';
import type { NumberFormat } from './number-text.ts';
import type { TableColumn } from './table-column.ts';
import { type Slips, TextTally } from './text-tally.ts';

/**
 * What has to be known of a column to decide how it is encoded. What is measured, such as a mean, is measured on the training rows that
 * are kept; what the column is, and which categories there are, all rows tell.
 */
export interface ColumnFacts {
  readonly name: string;
  readonly kind: TableColumn['kind'];
  /** How its dates are read as numbers, where they are. */
  readonly dates: DateOrder | undefined;
  /** How many digits its numbers have with the zeros before them; see `NumericColumn`. */
  readonly digits: number | undefined;
  /** Values that all rows have, whether they are kept or not. */
  readonly values: number;
  /** Different ones among them, where they are texts; Infinity for more than are counted. */
  readonly different: number;
  /** Values that are missing in training rows. */
  readonly missing: number;
  /** Of the numbers of training rows; NaN where there are none. */
  mean(): number;
  /**
   * How often each text is there in training rows; 0 for those that only other rows have that are kept. Numbers as they are written.
   * Maybe undefined for more than 2^16.
   */
  counts(): ReadonlyMap<string, number> | undefined;
  /** What the texts are, where it is a column of texts. */
  texts(): TextFacts;
  /** All of the rows that are kept are the numbers 0 and 1. */
  isBinary(): boolean;
  /** How many different integers they are; undefined where some are not, or there are more than `most`. */
  integers(most: number): number | undefined;
}

/** What has to be known of a table. */
export interface TableFacts {
  /** As it is called in messages. */
  readonly source: string;
  /** Training rows that are kept, and those that are not. */
  readonly rows: number;
  readonly dropped: number;
  /** Rows that are kept, whether to train on or not. */
  readonly allRows: number;
  readonly missingValues: readonly string[];
  readonly numberFormat: NumberFormat | undefined;
  column(name: string): ColumnFacts;
  /** How a row is called in messages. */
  place(row: number): string;
}

/** So many different texts that are no numbers tell what a column is. */
const LOOKS = 2 ** 16;

/** What the texts of a column look like, without keeping them. */
export class TextFacts {
  /** Rows whose texts were looked at: all, unless there are very many. */
  rows = 0;
  #looks = 0;
  readonly #tally: TextTally;
  readonly #dates = new DateTally();

  /** @param toNumber - how numbers are read */
  constructor(toNumber: (text: string) => number) {
    this.#tally = new TextTally(toNumber);
  }

  /** @param row - in which it was seen first @param count - how many rows have it */
  add(text: string, row: number, count = 1): void {
    if (this.#looks > LOOKS) return;
    this.rows += count;
    const kind = this.#tally.add(text, row, count);
    if (kind === 'date') this.#dates.add(text, count);
    if (kind !== 'number') this.#looks++;
  }

  /** What are no numbers in a column that was meant as one of numbers. */
  get slips(): Slips | undefined {
    return this.#tally.slips();
  }

  get dates(): Dates {
    return this.#dates.found;
  }
}

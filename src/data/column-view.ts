import { describe } from '../core/checks.ts';
import { isSingle, singleInstead } from '../core/columns.ts';
import { badData } from './bad-data.ts';
import { inColumn } from './bad-file.ts';
import { numberOf } from './boolean-text.ts';
import { numberPlaceOf, placeOf } from './category-places.ts';
import type { DataTable } from './data-table.ts';
import { type DateOrder, parseDate } from './date-text.ts';
import type { CategoricalEncoding } from './encoding.ts';
import { numberReader, parseNumber } from './number-text.ts';
import type { TableColumn } from './table-column.ts';
import { padded } from './zero-padding.ts';

/** The value of a row that has one. */
export type RowReader = (row: number) => number;

/**
 * A column as numbers, whichever way it was read.
 * @param dates - how texts are read, where they are dates
 * @throws GradpoolError ERR_BAD_DATA when a row is read that holds no finite number
 */
export function numbersOf(table: DataTable, column: TableColumn, dates?: DateOrder): RowReader {
  const bad = (row: number, value: number, shown: unknown = value) => {
    const expected = dates !== undefined && Number.isNaN(value) ? 'a date' : singleInstead(value);
    return badData(inColumn(table.place(row), column.name), `expected ${expected}, got ${describe(shown)}`);
  };
  if (column.kind === 'numeric') {
    const { values } = column;
    return (row) => {
      const value = values[row]!;
      if (!isSingle(value)) throw bad(row, value);
      return value;
    };
  }
  const { codes, categories } = column;
  const read = numberReader(table.numberFormat);
  const numbers = categories.map((text) => (dates === undefined ? numberOf(text, read) : parseDate(text, dates)));
  return (row) => {
    const value = numbers[codes[row]!]!;
    if (!isSingle(value)) throw bad(row, value, categories[codes[row]!]);
    return value;
  };
}

/** A column as places in a list of categories, whichever way it was read; -1 for what is not in the list. */
export function placesOf(column: TableColumn, { categories, numbers }: Omit<CategoricalEncoding, 'fill'>): RowReader {
  if (column.kind === 'categorical') {
    const place = placeOf(categories);
    const placeIn = (text: string) => {
      const value = numbers ? parseNumber(text) : NaN;
      return place(Number.isNaN(value) ? text : String(value));
    };
    const map = column.categories.map(placeIn);
    return (row) => map[column.codes[row]!]!;
  }
  if (column.digits !== undefined && !numbers) {
    const place = placeOf(categories);
    return (row) => place(textAt(column, row));
  }
  const place = numberPlaceOf(categories);
  return (row) => place(column.values[row]!);
}

/** The text of a row, for messages and for the names of categories. */
export function textAt(column: TableColumn, row: number): string {
  return column.kind === 'numeric'
    ? padded(String(column.values[row]), column.digits)
    : column.categories[column.codes[row]!]!;
}

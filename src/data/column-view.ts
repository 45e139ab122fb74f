import { describe } from '../core/checks.ts';
import { isSingle, singleInstead } from '../core/columns.ts';
import { badData } from './bad-data.ts';
import { inColumn } from './bad-file.ts';
import type { DataTable } from './data-table.ts';
import type { CategoricalEncoding } from './encoding.ts';
import { numberReader, parseNumber } from './number-text.ts';
import type { TableColumn } from './table-column.ts';

/** The value of a row that has one. */
export type RowReader = (row: number) => number;

/**
 * A column as numbers, whichever way it was read.
 * @throws GradpoolError ERR_BAD_DATA when a row is read that holds no finite number
 */
export function numbersOf(table: DataTable, column: TableColumn): RowReader {
  const bad = (row: number, value: number, shown: unknown = value) =>
    badData(inColumn(table.place(row), column.name), `expected ${singleInstead(value)}, got ${describe(shown)}`);
  if (column.kind === 'numeric') {
    const { values } = column;
    return (row) => {
      const value = values[row]!;
      if (!isSingle(value)) throw bad(row, value);
      return value;
    };
  }
  const { codes, categories } = column;
  const numbers = categories.map(numberReader(table.numberFormat));
  return (row) => {
    const value = numbers[codes[row]!]!;
    if (!isSingle(value)) throw bad(row, value, categories[codes[row]!]);
    return value;
  };
}

/** A column as places in a list of categories, whichever way it was read; -1 for what is not in the list. */
export function placesOf(column: TableColumn, { categories, numbers }: Omit<CategoricalEncoding, 'fill'>): RowReader {
  if (column.kind === 'categorical') {
    const places = new Map(categories.map((text, place) => [text, place]));
    const map = column.categories.map((text) => places.get(numbers ? String(parseNumber(text)) : text) ?? -1);
    return (row) => map[column.codes[row]!]!;
  }
  // Texts of which each is a number: 7 is 7, and 007 was never this number's name.
  const places = new Map(
    categories.flatMap((text, place) => (String(Number(text)) === text ? [[Number(text), place]] : [])),
  );
  return (row) => places.get(column.values[row]!) ?? -1;
}

/** The text of a row, for messages and for the names of categories. */
export function textAt(column: TableColumn, row: number): string {
  return column.kind === 'numeric' ? String(column.values[row]) : column.categories[column.codes[row]!]!;
}

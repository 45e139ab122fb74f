import { describe, options, wrongType } from '../core/checks.ts';
import { isDate } from '../core/realm.ts';
import { badData } from './bad-data.ts';
import { inColumn } from './bad-file.ts';
import { numberedNames } from './choose-columns.ts';
import type { Cell, ColumnRules } from './cell-reader.ts';
import { ColumnBuilder } from './column-builder.ts';
import { DataTable } from './data-table.ts';
import { names, type ReadOptions, RULE_KEYS, type RuleKey, rulesGiven } from './read-options.ts';
import { exact } from './wide-integers.ts';

/** A value as a program has it: booleans are 0 and 1, dates milliseconds since 1970; null is not known. */
export type RawValue = number | string | boolean | bigint | Date | null;

/** A row by column names, or as a list in the order of the columns. */
export type RawRow = Readonly<Record<string, RawValue>> | readonly RawValue[];

/** What is not said of `columns` is as for `readTable`. */
export interface TableOptions extends Pick<ReadOptions, RuleKey> {
  /** The columns to take. Default: what the first row has; c1, c2, ... for lists. */
  columns?: readonly string[] | undefined;
}

/**
 * A table of rows that are in memory already.
 * @throws GradpoolError ERR_BAD_DATA naming row and column
 * @example
 * tableFromRows([{ age: 31, city: 'Bern' }, { age: null, city: 'Basel' }]);
 */
export function tableFromRows(rows: readonly RawRow[], given: TableOptions = {}): DataTable {
  const { columns, ...rules } = options<TableOptions>('options', given, ['columns', ...RULE_KEYS]);
  if (!Array.isArray(rows)) throw wrongType('rows', 'list of rows', rows);
  const wanted = columns === undefined ? namesOf(rows[0] as RawRow) : names('columns', columns);
  return rowsToTable(rows, wanted, rulesGiven(rules));
}

function namesOf(row: RawRow | undefined): readonly string[] {
  if (row === undefined) throw new RangeError('"rows" expected at least one row, got none');
  if (Array.isArray(row)) return numberedNames(row.length);
  if (typeof row !== 'object' || row === null) throw wrongType('rows[0]', 'object or list', row);
  return Object.keys(row);
}

/** @throws GradpoolError ERR_BAD_DATA, TypeError */
export function rowsToTable(rows: readonly RawRow[], columns: readonly string[], rules: ColumnRules): DataTable {
  if (rows.length === 0) throw new RangeError('"rows" expected at least one row, got none');
  const built = columns.map((name, c) => {
    const builder = new ColumnBuilder(name, rules);
    const cell = (r: number) => toCell(rows[r], r, name, c, columns.length, rules);
    const check = (r: number, problem: string | undefined) => {
      if (problem !== undefined) throw badData(inColumn(`rows[${r}]`, name), problem);
    };
    for (let r = 0; r < rows.length; r++) check(r, builder.add(cell(r)));
    for (let r = 0; r < builder.reread; r++) check(r, builder.addAgain(cell(r)));
    return builder.finish();
  });
  return new DataTable('rows', rows.length, built, rules, (row) => `rows[${row}]`);
}

function toCell(row: unknown, r: number, name: string, c: number, width: number, rules: ColumnRules): Cell {
  const value = valueOf(row, r, name, c, width);
  switch (typeof value) {
    case 'number':
      return value;
    case 'string':
      return value.trim();
    case 'boolean':
      return rules.categorical.has(name) ? String(value) : Number(value);
    case 'bigint':
      return exact(value);
  }
  if (value === null) return undefined;
  if (isDate(value)) return value.getTime();
  throw badData(
    inColumn(`rows[${r}]`, name),
    `expected number, string, boolean, bigint, Date or null, got ${describe(value)}`,
  );
}

function valueOf(row: unknown, r: number, name: string, c: number, width: number): unknown {
  if (Array.isArray(row)) {
    if (row.length !== width) throw badData(`rows[${r}]`, `expected ${width} values, got ${row.length}`);
    return row[c];
  }
  if (typeof row !== 'object' || row === null) throw wrongType(`rows[${r}]`, 'object or list', row);
  if (!Object.hasOwn(row, name)) {
    throw badData(inColumn(`rows[${r}]`, name), 'is not there; null stands for a value that is not known');
  }
  return (row as Record<string, unknown>)[name];
}

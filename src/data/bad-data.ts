import { GradpoolError } from '../core/errors.ts';
import { listed } from './choose-columns.ts';
import { otherDelimiter } from './delimiter-hint.ts';
import type { TableColumn } from './table-column.ts';

/** Rows that do not go with their encoding. @param where - the table, or a row and a column of it */
export function badData(where: string, what: string): GradpoolError {
  return new GradpoolError('ERR_BAD_DATA', `${where}: ${what}`);
}

/** What a `DataTable` has of this kind. */
export interface NamedColumns {
  readonly source: string;
  readonly names: readonly string[];
  column(name: string): TableColumn | undefined;
}

/** @throws GradpoolError ERR_BAD_DATA where there is none of that name */
export function columnOf(table: NamedColumns, name: string): TableColumn {
  const column = table.column(name);
  if (column === undefined) throw noColumn(table.source, name, table.names);
  return column;
}

export function noColumn(source: string, name: string, names: readonly string[]): GradpoolError {
  const hint = names.length === 1 ? otherDelimiter(names) : '';
  return badData(source, `has no column ${JSON.stringify(name)}; it has ${listed(names)}${hint}`);
}

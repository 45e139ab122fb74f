import { options, text } from '../core/checks.ts';
import { columnOf, type NamedColumns } from './bad-data.ts';
import { timeOf } from './date-text.ts';
import type { RowKeys, Shuffling } from './parts.ts';
import { badKey, checkTogether, numbered, SPLIT_KEYS } from './split-options.ts';
import type { TableColumn } from './table-column.ts';

export interface TableSplitOptions {
  /** Default 0. */
  seed?: number | undefined;
  /** Default true. */
  shuffle?: boolean | undefined;
  /** A column of classes, such as the target: each part gets its share of each; a class with one row is in the first part. */
  stratify?: string | undefined;
  /** A column of whom rows belong to: those of a group stay together, and the shares are met as nearly as groups allow. */
  groups?: string | undefined;
  /** A column of numbers or dates (ISO 8601): the parts follow one another in time; what was at the same time stays together. */
  times?: string | undefined;
}

/** What a `DataTable` has that is to be divided. */
interface Rows extends NamedColumns {
  readonly rows: number;
  readonly place: (row: number) => string;
}

/** @throws TypeError; GradpoolError ERR_BAD_DATA where a column is not there, or a row has no group or time */
export function tableSplitKeys(table: Rows, value: TableSplitOptions): { how: Shuffling; keys: RowKeys } {
  const { seed, shuffle, stratify, groups, times } = options<TableSplitOptions>('options', value, SPLIT_KEYS);
  checkTogether({ stratify: stratify !== undefined, groups, times });
  const named = (option: string, name: string | undefined) =>
    name === undefined ? undefined : columnOf(table, text(option, name));
  const [byClass, byGroup, byTime] = [named('stratify', stratify), named('groups', groups), named('times', times)];
  return {
    how: { seed, shuffle },
    keys: {
      classes: byClass && codesOf(byClass, table.rows),
      groups: byGroup && codesOf(whole(table, byGroup, 'group'), table.rows),
      times: byTime && timesOf(table, whole(table, byTime, 'time')),
    },
  };
}

/** Numbers from 0 on, one for each different value; what is missing is a value, too. */
function codesOf(column: TableColumn, rows: number): Uint32Array {
  const values = column.kind === 'numeric' ? column.values : column.codes;
  const found = numbered(rows, (row) => values[row]!);
  const other = found.reduce((most, code) => Math.max(most, code + 1), 0);
  for (const row of column.missing) found[row] = other;
  return found;
}

/** @throws GradpoolError ERR_BAD_DATA where a value is missing */
function whole(table: Rows, column: TableColumn, what: 'group' | 'time'): TableColumn {
  const [row] = column.missing;
  if (row === undefined) return column;
  throw badKey(table.place(row), column.name, what, undefined);
}

function timesOf(table: Rows, column: TableColumn): Float64Array {
  const { kind } = column;
  const times = kind === 'numeric' ? column.values : column.categories.map(timeOf);
  return Float64Array.from({ length: table.rows }, (_, row) => {
    const time = times[kind === 'numeric' ? row : column.codes[row]!]!;
    if (!Number.isNaN(time)) return time;
    throw badKey(
      table.place(row),
      column.name,
      'time',
      kind === 'numeric' ? time : column.categories[column.codes[row]!],
    );
  });
}

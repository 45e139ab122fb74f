import { badData } from './bad-data.ts';
import { inColumn } from './bad-file.ts';
import { type DataTable, missingMask } from './data-table.ts';
import type { MissingPolicy } from './encoding.ts';
import type { TableColumn } from './table-column.ts';

/**
 * The rows that become patterns. A missing target is never filled in: with 'mean' its row is left out.
 * @throws GradpoolError ERR_BAD_DATA at the first missing value with 'error'; where no row is left
 */
export function keptRows(
  table: DataTable,
  inputs: readonly TableColumn[],
  targets: readonly TableColumn[],
  policy: MissingPolicy,
): Uint32Array {
  const kept = completeRows(table, inputs, targets, policy);
  if (kept.length === 0)
    throw badData(table.source, 'expected at least one row in which no value is missing, got none');
  return kept;
}

/** The same of a part of a table, in which there may be none. */
export function completeRows(
  table: DataTable,
  inputs: readonly TableColumn[],
  targets: readonly TableColumn[],
  policy: MissingPolicy,
): Uint32Array {
  const decisive = policy === 'mean' ? targets : [...inputs, ...targets];
  const incomplete = decisive.filter(({ missing }) => missing.length > 0);
  const [first] = incomplete.toSorted((a, b) => a.missing[0]! - b.missing[0]!);
  if (policy === 'error' && first !== undefined) {
    throw valueMissing(table.place(first.missing[0]!), first.name);
  }
  const masks = incomplete.map((column) => missingMask(column, table.rows)!);
  const kept = new Uint32Array(table.rows);
  let length = 0;
  for (let row = 0; row < table.rows; row++) {
    if (masks.every((mask) => mask[row] === 0)) kept[length++] = row;
  }
  return kept.slice(0, length);
}

export function valueMissing(place: string, column: string): Error {
  return badData(inColumn(place, column), `has no value; "missing" can be 'drop' or 'mean'`);
}

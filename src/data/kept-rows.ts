import { describe } from '../core/checks.ts';
import { badData } from './bad-data.ts';
import { inColumn } from './bad-file.ts';
import { type DataTable, missingMask } from './data-table.ts';
import { canFill, type Encoding, type MissingPolicy } from './encoding.ts';
import type { TableColumn } from './table-column.ts';

/**
 * The rows that become patterns. A missing target is never filled in: with 'mean' its row is left out.
 * @param encoding - by which they are encoded, if it is known already
 * @throws GradpoolError ERR_BAD_DATA at the first missing value with 'error'; where no row is left
 */
export function keptRows(
  table: DataTable,
  inputs: readonly TableColumn[],
  targets: readonly TableColumn[],
  policy: MissingPolicy,
  encoding?: Encoding,
): Uint32Array {
  const kept = completeRows(table, inputs, targets, policy, encoding);
  if (kept.length > 0) return kept;
  const gaps = (columns: readonly TableColumn[]) =>
    columns.map(({ name, missing }) => ({ name, gaps: missing.length, rows: table.rows }));
  throw noRows(table.source, gaps(inputs), gaps(targets), policy, encoding);
}

/** The columns that keep a row from becoming a pattern where they have no value. */
function decisive<C>(policy: MissingPolicy, inputs: readonly C[], targets: readonly C[]): readonly C[] {
  return policy === 'mean' ? targets : [...inputs, ...targets];
}

/** The rows that become patterns, as they are called in messages. */
export function whatIsKept(policy: MissingPolicy): string {
  return policy === 'mean' ? 'that has a target' : 'in which no value is missing';
}

/** How many values a column has not. */
export interface Gaps {
  readonly name: string;
  readonly gaps: number;
  readonly rows: number;
}

/** Columns that a message names. */
const SHOWN = 5;

/** Why not one row is left. @param encoding - by which rows are encoded, where it is known */
export function noRows(
  source: string,
  inputs: readonly Gaps[],
  targets: readonly Gaps[],
  policy: MissingPolicy,
  encoding: Encoding | undefined,
): Error {
  const worst = decisive(policy, inputs, targets)
    .filter(({ gaps }) => gaps > 0)
    .toSorted((a, b) => b.gaps - a.gaps);
  const shown = worst.slice(0, SHOWN).map(({ name, gaps, rows }) => `${describe(name)} in ${gaps} of ${rows} rows`);
  const fill = fills(encoding) ? `; "missing" can be 'mean', which fills in what is no target` : '';
  const hint = policy === 'mean' ? '' : `${fill}; or leave columns out of "features"`;
  return badData(
    source,
    `expected at least one row ${whatIsKept(policy)}, got none: there is no value of ${shown.join(', of ')}${hint}`,
  );
}

/** The same of a part of a table, in which there may be none. */
export function completeRows(
  table: DataTable,
  inputs: readonly TableColumn[],
  targets: readonly TableColumn[],
  policy: MissingPolicy,
  encoding?: Encoding,
): Uint32Array {
  const incomplete = decisive(policy, inputs, targets).filter(({ missing }) => missing.length > 0);
  const [first] = incomplete.toSorted((a, b) => a.missing[0]! - b.missing[0]!);
  if (policy === 'error' && first !== undefined) {
    throw valueMissing(table.place(first.missing[0]!), first, encoding);
  }
  const masks = incomplete.map((column) => missingMask(column, table.rows)!);
  const kept = new Uint32Array(table.rows);
  let length = 0;
  for (let row = 0; row < table.rows; row++) {
    if (masks.every((mask) => mask[row] === 0)) kept[length++] = row;
  }
  return kept.slice(0, length);
}

/** @param encoding - by which rows are encoded, where it is known: what counts as missing was decided with it */
export function valueMissing(
  place: string,
  { name, missingTexts = [] }: Pick<TableColumn, 'name' | 'missingTexts'>,
  encoding: Encoding | undefined,
): Error {
  const ways = `; "missing" can be ${fills(encoding) ? `'drop' or 'mean'` : `'drop', or 'mean' where that was so in training`}`;
  if (missingTexts.length === 0) return badData(inColumn(place, name), `has no value${ways}`);
  const counts = `${missingTexts.map(describe).join(', ')} ${missingTexts.length > 1 ? 'count' : 'counts'} as missing`;
  const choice =
    encoding === undefined
      ? 'what counts is chosen with "missingValues" (--missing-values in the program)'
      : 'what counts is chosen in training ("missingValues", gradpool train --missing-values)';
  return badData(inColumn(place, name), `has no value: ${counts}${ways}; ${choice}`);
}

/** Whether there is, or can be measured, what stands in for a value that is missing. */
function fills(encoding: Encoding | undefined): boolean {
  return encoding === undefined || canFill(encoding);
}

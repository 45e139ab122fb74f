import type { DataTable } from '../data/data-table.ts';
import type { MissingPolicy } from '../data/encoding.ts';
import { counted } from './numbers.ts';

/** A table that is to be divided. */
export interface Divisible {
  readonly table: DataTable;
  /** As it is called in messages. */
  readonly name: string;
  readonly notes: readonly string[];
}

/** Without the rows that have no target, where they are not an error: which part of the split they fell into would be luck. */
export function withTarget(
  path: string,
  table: DataTable,
  targets: readonly string[],
  missing: MissingPolicy,
): Divisible {
  const gone = new Set(targets.flatMap((name) => [...(table.column(name)?.missing ?? [])]));
  if (missing === 'error' || gone.size === 0 || gone.size === table.rows) return { table, name: path, notes: [] };
  const rows = Uint32Array.from({ length: table.rows }, (_, row) => row).filter((row) => !gone.has(row));
  const what = `${counted(gone.size, 'row')} without a target ${gone.size === 1 ? 'is' : 'are'} left out`;
  return { table: table.select(rows), name: `${path}, of which ${what},`, notes: [what] };
}

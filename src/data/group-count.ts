import { Random } from '../core/random.ts';
import type { Cell } from './cell-reader.ts';
import { nearestParts } from './group-parts.ts';
import { badKeys, KeyVisitor } from './key-visitor.ts';
import type { KeyColumn } from './keyed-parts.ts';
import { withRest } from './row-parts.ts';
import type { TableRows } from './table-rows.ts';

/** More groups than this are not kept: then a hash meets the shares well enough. */
const MOST = 2 ** 16;

/**
 * Goes through a table to count the rows of each group, and gives each a part so that the shares are met as nearly as groups allow.
 * @returns undefined where there are too many groups
 * @throws GradpoolError ERR_BAD_FILE, ERR_BAD_DATA, ERR_ABORTED
 */
export async function partOfEachGroup(
  rows: TableRows,
  column: KeyColumn,
  shares: readonly number[],
  seed: number,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<Cell, number> | undefined> {
  const count = new GroupCount(column, signal);
  await rows.visit(count);
  const { groups } = count;
  if (groups === undefined) return undefined;
  const keys = [...groups.keys()];
  const order = Uint32Array.from(keys.keys());
  new Random(seed).shuffle(order);
  const tallies = Array.from(order, (i) => new Map([[0, groups.get(keys[i])!]]));
  const parts = badKeys(column, () => nearestParts(tallies, withRest(shares)));
  return new Map(Array.from(order, (i, at) => [keys[i]!, parts[at]!]));
}

class GroupCount extends KeyVisitor {
  /** Rows of each; undefined where there are too many. */
  groups: Map<Cell, number> | undefined = new Map();

  protected look(cells: readonly unknown[], number: number): void {
    if (this.groups === undefined) return;
    const key = this.reader.group(cells, number);
    this.groups.set(key, (this.groups.get(key) ?? 0) + 1);
    if (this.groups.size > MOST) this.groups = undefined;
  }
}

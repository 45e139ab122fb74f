import type { DataTable } from '../data/data-table.ts';
import type { Dataset } from '../data/dataset.ts';
import { MOST_INTEGER_CLASSES } from '../data/decide-encoding.ts';
import type { Encoding, Task } from '../data/encoding.ts';
import type { StreamSplitOptions } from '../data/stream-split.ts';
import type { StreamedDataset } from '../data/streamed-dataset.ts';
import type { TableColumn } from '../data/table-column.ts';
import type { TableSplitOptions } from '../data/table-split.ts';
import { UsageError } from './failure.ts';
import { counted } from './numbers.ts';
import type { Split } from './split-flags.ts';

/** What is predicted, as it stands on the command line. */
interface Wanted {
  readonly target?: string[];
  readonly task?: Task;
  readonly categorical?: string[];
}

/** How the rows of a table are divided. */
export function tableSplit(table: DataTable, wanted: Wanted, split: Split): TableSplitOptions {
  const { splitSeed: seed, groupColumn, timeColumn } = split;
  if (timeColumn !== null) return { times: timeColumn };
  const stratify = split.split === 'stratified' ? classColumn(table, wanted)?.name : undefined;
  return { seed, stratify, groups: groupColumn ?? undefined };
}

/** How rows are divided while they go by; where groups stay together, without a look at classes. */
export function streamSplit({ split, splitSeed: seed, groupColumn, timeColumn }: Split): StreamSplitOptions {
  if (timeColumn !== null) return { times: timeColumn };
  if (groupColumn !== null) return { seed, groups: groupColumn };
  return { seed, stratify: split === 'stratified' };
}

/** In a few words, for the summary; @param classes - what the rows were stratified by */
export function splitText({ split, groupColumn, timeColumn }: Split, classes: string | undefined): string {
  if (timeColumn !== null) return `divided in the order of ${timeColumn}`;
  if (groupColumn !== null) return `divided by ${groupColumn}`;
  return classes !== undefined && split === 'stratified' ? `stratified by ${classes}` : 'divided at random';
}

/** The target where its rows belong to classes, as far as can be told before the rows are divided. */
function classColumn(table: DataTable, { target = [], task, categorical = [] }: Wanted): TableColumn | undefined {
  const column = target.length === 1 ? table.column(target[0]!) : undefined;
  if (column === undefined || task === 'classification') return column;
  if (task !== undefined) return undefined;
  if (column.kind === 'categorical' || categorical.includes(column.name)) return column;
  const gone = new Set(column.missing);
  const different = new Set<number>();
  for (const [row, value] of column.values.entries()) {
    if (gone.has(row)) continue;
    if (!Number.isInteger(value) || different.size > MOST_INTEGER_CLASSES) return undefined;
    different.add(value);
  }
  const rows = table.rows - gone.size;
  return different.size <= MOST_INTEGER_CLASSES && 2 * different.size <= rows ? column : undefined;
}

/**
 * A class that no row to train on has cannot be learnt; rows may have been left out since they were divided. Mostly one piece tells.
 * @throws UsageError that names it
 */
export async function checkLearnt(
  { train, validation, test }: { readonly train: Rows } & Partial<Record<'validation' | 'test', Rows | undefined>>,
  { classes, targets }: Encoding,
  split: Split,
): Promise<void> {
  const missing = new Set(classes.keys());
  for await (const piece of piecesOf(train)) {
    for (let i = 0; i < piece.length && missing.size > 0; i++) missing.delete(classOf(piece, i));
    if (missing.size === 0) return;
  }
  const [k] = missing;
  if (k === undefined) return;
  const counts = [await countOf(validation, k), await countOf(test, k)];
  const all = counts.reduce((sum, count) => sum + count, 0);
  const others = counts.flatMap((count, i) => (count > 0 ? `${count} to ${i === 0 ? 'validate' : 'test'}` : []));
  const rows = all === 0 ? 'no row to train on' : `${counted(all, 'row')}, ${others.join(', ')} and none to train on`;
  throw new UsageError(`class ${JSON.stringify(classes[k])} of ${targets[0]!.name} has ${rows}: ${helps(split)}`);
}

type Rows = Dataset | StreamedDataset;

function piecesOf(rows: Rows | undefined): AsyncIterable<Dataset> | Dataset[] {
  return rows === undefined ? [] : 'pieces' in rows ? rows.pieces() : [rows];
}

function classOf({ storage, rows }: Dataset, i: number): number {
  const { values, stride } = storage.targets.columns;
  return values[rows[i]! * stride]!;
}

async function countOf(rows: Rows | undefined, k: number): Promise<number> {
  let count = 0;
  for await (const piece of piecesOf(rows))
    for (let i = 0; i < piece.length; i++) count += Number(classOf(piece, i) === k);
  return count;
}

function helps({ split, groupColumn, timeColumn }: Split): string {
  const all = 'train on all rows with --validation-share 0 --test-share 0';
  if (timeColumn !== null) return `choose other shares, or ${all}`;
  const seed = `another --split-seed may help, or ${all}`;
  return groupColumn === null && split === 'random' ? `leave out --split random, ${seed}` : seed;
}

import { GradpoolError } from '../core/errors.ts';
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
 * A class that no row to train on has cannot be learnt.
 * @throws UsageError that names it
 */
export function checkLearnable(
  table: DataTable,
  parts: Readonly<Record<'train', DataTable> & Record<'validation' | 'test', DataTable | undefined>>,
  wanted: Wanted,
  split: Split,
): void {
  const name = classColumn(table, wanted)?.name;
  if (name === undefined) return;
  const learnt = new Set(textsOf(parts.train.column(name)!, parts.train.rows).keys());
  for (const part of ['validation', 'test'] as const) {
    const rows = parts[part];
    if (rows === undefined) continue;
    for (const [text, count] of textsOf(rows.column(name)!, rows.rows)) {
      if (learnt.has(text)) continue;
      const whole = textsOf(table.column(name)!, table.rows).get(text)!;
      throw new UsageError(
        `class ${JSON.stringify(text)} of ${name} has ${counted(whole, 'row')}, ${count} to ${part === 'test' ? 'test' : 'validate'} and none to train on: ${helps(split)}`,
      );
    }
  }
}

/**
 * The same of patterns, from disk or in memory: rows may have been left out since they were divided. Mostly one piece tells.
 * @throws UsageError that names the class
 */
export async function checkLearnt(
  train: Dataset | StreamedDataset,
  { classes, targets }: Encoding,
  split: Split,
): Promise<void> {
  const missing = new Set(classes.keys());
  for await (const { storage, rows } of 'pieces' in train ? train.pieces() : [train]) {
    const { values, stride } = storage.targets.columns;
    for (let i = 0; i < rows.length && missing.size > 0; i++) missing.delete(values[rows[i]! * stride]!);
    if (missing.size === 0) return;
  }
  const [k] = missing;
  if (k === undefined) return;
  const what = `class ${JSON.stringify(classes[k])} of ${targets[0]!.name} has no row to train on`;
  throw new UsageError(`${what}: ${helps(split)}`);
}

/** What was thrown while a table was stored; with what helps where a class has no row to train on. */
export function withHelp(error: unknown, target: string, split: Split): unknown {
  if (!(error instanceof GradpoolError) || error.code !== 'ERR_BAD_DATA') return error;
  const { message, code } = error;
  if (!message.includes(`column ${JSON.stringify(target)}`) || !message.includes('of the training rows')) return error;
  return new GradpoolError(code, `${message}: ${helps(split)}`, { cause: error });
}

function helps({ split, groupColumn, timeColumn }: Split): string {
  const all = 'train on all rows with --validation-share 0 --test-share 0';
  if (timeColumn !== null) return `choose other shares, or ${all}`;
  const seed = `another --split-seed may help, or ${all}`;
  return groupColumn === null && split === 'random' ? `leave out --split random, ${seed}` : seed;
}

/** How many rows have each value. */
function textsOf(column: TableColumn, rows: number): Map<string, number> {
  const gone = new Set(column.missing);
  const values = column.kind === 'numeric' ? column.values : column.codes;
  const counts = new Map<number, number>();
  for (let row = 0; row < rows; row++)
    if (!gone.has(row)) counts.set(values[row]!, (counts.get(values[row]!) ?? 0) + 1);
  return new Map(
    Array.from(counts, ([value, count]) => [
      column.kind === 'numeric' ? String(value) : column.categories[value]!,
      count,
    ]),
  );
}

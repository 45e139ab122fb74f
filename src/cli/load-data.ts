import { GradpoolError } from '../core/errors.ts';
import { Dataset } from '../data/dataset.ts';
import type { DataTable } from '../data/data-table.ts';
import type { EncodeOptions } from '../data/encode-options.ts';
import { applyEncoding, encodeTable } from '../data/encode-table.ts';
import type { DatePolicy, Encoding, MissingPolicy, Task, UnknownPolicy } from '../data/encoding.ts';
import { type FileFormat, type ReadOptions } from '../data/read-options.ts';
import { readTable, readTableFor } from '../data/read-table.ts';
import { streamDataset } from '../data/stream-dataset.ts';
import type { StreamedDataset } from '../data/streamed-dataset.ts';
import { UsageError } from './failure.ts';
import { counted } from './numbers.ts';
import { planInstead, planStream, storeOptions, type StreamFlags, type StreamPlan } from './stream-data.ts';

/** How a file becomes patterns, as it stands on the command line. */
export interface DataFlags {
  target?: string[];
  features?: string[];
  weightColumn?: string;
  categorical?: string[];
  task?: Task;
  dates?: DatePolicy;
  missing: MissingPolicy;
  unknown: UnknownPolicy;
  missingValues?: string[];
  labels?: string;
  testData?: string;
  testLabels?: string;
  validationShare: number;
  testShare: number;
  format?: FileFormat;
  delimiter?: string;
  header?: boolean;
  quote?: string;
  comment?: string;
  decimal?: '.' | ',';
  thousands?: string;
  seed: number;
}

/** Patterns to train with, to choose by and to judge with. */
export interface LoadedData<Rows extends Dataset | StreamedDataset = Dataset> {
  readonly train: Rows;
  readonly validation: Rows | undefined;
  readonly test: Rows | undefined;
  readonly task: Task;
  /** K */
  readonly outputs: number;
  /** Of a table: how its rows became patterns. */
  readonly encoding: Encoding | undefined;
  readonly classes: readonly string[] | undefined;
  /** What was decided while the data were read, for people to read. */
  readonly notes: readonly string[];
}

/** @throws UsageError; GradpoolError ERR_BAD_FILE, ERR_BAD_DATA */
export async function loadData(path: string, flags: DataFlags): Promise<LoadedData> {
  checkShares(flags);
  return flags.labels === undefined ? loadTable(path, flags) : loadIdx(path, flags.labels, flags);
}

/**
 * The same, but a table that needs too much memory stays on disk.
 * @param note - is told why it does
 * @throws UsageError; GradpoolError ERR_BAD_FILE, ERR_BAD_DATA, ERR_DOES_NOT_FIT, ERR_ABORTED
 */
export async function loadOrStream(
  path: string,
  flags: DataFlags & StreamFlags,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<LoadedData<Dataset | StreamedDataset>> {
  if (flags.labels !== undefined) {
    if (flags.stream === 'always' || flags.memoryLimit !== undefined || flags.scratch !== undefined)
      throw new UsageError(
        '--labels expected no --stream always, --memory-limit, --scratch: IDX files are read into memory',
      );
    return loadData(path, flags);
  }
  checkShares(flags);
  const fromDisk = (plan: StreamPlan) => {
    note(`${path} is trained from disk: ${plan.why}; storing its rows in ${plan.folder}`);
    return streamTable(path, flags, plan, signal);
  };
  const plan = planStream(path, flags);
  if (plan !== undefined) return fromDisk(plan);
  try {
    return await loadTable(path, flags);
  } catch (error) {
    // Categories may take a thousand times the memory that their texts do: that shows only once all are known.
    if (!(error instanceof GradpoolError) || error.code !== 'ERR_DOES_NOT_FIT') throw error;
    if (flags.stream === 'never')
      throw new GradpoolError(error.code, `${error.message} (--stream auto does that)`, { cause: error });
    return fromDisk(planInstead(path, flags, 'its patterns do not fit into memory'));
  }
}

function checkShares(flags: DataFlags): void {
  if (flags.validationShare + testShareOf(flags) >= 1)
    throw new UsageError('--validation-share and --test-share expected less than 1 together');
}

/** How a file is laid out, and its numbers are. */
export type LayoutFlags = Pick<
  DataFlags,
  'format' | 'delimiter' | 'header' | 'quote' | 'comment' | 'decimal' | 'thousands'
>;

/** The same as `readTable` is to be told. */
export function layoutOf({ format, delimiter, header, quote, comment, decimal, thousands }: LayoutFlags): ReadOptions {
  return {
    ...{ format, header, comment, decimal, thousands },
    // A tab is hard to type.
    delimiter: delimiter === '\\t' ? '\t' : delimiter,
    quote: quote === 'none' ? false : quote,
  };
}

async function loadTable(path: string, flags: DataFlags): Promise<LoadedData> {
  refuseTestLabels(flags);
  const { categorical, missingValues, weightColumn: weights } = flags;
  const layout = layoutOf(flags);
  const read = { ...layout, missingValues, categorical };
  if (flags.target === undefined) {
    const { names } = await readTable(path, read);
    throw new UsageError(
      `--target expected one of the columns ${names.join(', ')}, or --labels for a pair of IDX files`,
    );
  }
  const options = encodeOptions(flags, flags.target);
  const rows = withTarget(path, await readTableFor(path, options, read), flags.target, flags.missing);
  const { table } = rows;
  const parts = splitUp(rows.name, table, flags);
  const { dataset: train, encoding, notes } = encodeTable(parts.train, { ...options, categoriesFrom: table });
  const validation = parts.validation && applyEncoding(encoding, parts.validation, { weights });
  const { testData } = flags;
  const test = testData === undefined ? parts.test : await readTable(testData, { ...layout, encoding });
  const all = new Set([...rows.notes, ...notes, ...(test?.notes ?? [])]);
  return { train, validation, test: test && applyEncoding(encoding, test), ...asEncoded(encoding), notes: [...all] };
}

/** Without the rows that have no target, where they are not an error: which part of the split they fell into would be luck. */
function withTarget(
  path: string,
  table: DataTable,
  targets: readonly string[],
  missing: MissingPolicy,
): { table: DataTable; name: string; notes: string[] } {
  const gone = new Set(targets.flatMap((name) => [...(table.column(name)?.missing ?? [])]));
  if (missing === 'error' || gone.size === 0 || gone.size === table.rows) return { table, name: path, notes: [] };
  const rows = Uint32Array.from({ length: table.rows }, (_, row) => row).filter((row) => !gone.has(row));
  const what = `${counted(gone.size, 'row')} without a target ${gone.size === 1 ? 'is' : 'are'} left out`;
  return { table: table.select(rows), name: `${path}, of which ${what},`, notes: [what] };
}

/** The same of a table that memory does not hold. */
async function streamTable(
  path: string,
  flags: DataFlags,
  plan: StreamPlan,
  signal: AbortSignal,
): Promise<LoadedData<StreamedDataset>> {
  refuseTestLabels(flags);
  const { target, categorical, missingValues, testData, seed } = flags;
  if (target === undefined) throw new UsageError('--target expected the name of a column');
  const layout = layoutOf(flags);
  const store = storeOptions(plan, signal);
  const read = { ...layout, missingValues, categorical };
  const split = { ...store, split: sharesOf(flags), seed };
  const { datasets, encoding, notes } = await streamDataset(path, encodeOptions(flags, target), read, split);
  const parts = named(datasets, flags);
  try {
    if (testData === undefined) return { ...parts, ...asEncoded(encoding), notes };
    const test = await streamDataset(testData, encoding, layout, store);
    return { ...parts, test: test.datasets[0], ...asEncoded(encoding), notes: [...notes, ...test.notes] };
  } catch (error) {
    await Promise.all(datasets.map((dataset) => dataset.close()));
    throw error;
  }
}

function refuseTestLabels({ testLabels }: DataFlags): void {
  if (testLabels !== undefined) throw new UsageError('--test-labels expected --labels beside it');
}

function encodeOptions(flags: DataFlags, target: string[]): EncodeOptions {
  const { features, weightColumn: weights, categorical = [], missing, unknown, task, dates } = flags;
  const columns = { target: target.length === 1 ? target[0]! : target, features, weights, categorical };
  return { ...columns, missing, unknown, task, dates };
}

function asEncoded(encoding: Encoding): Pick<LoadedData, 'task' | 'outputs' | 'encoding' | 'classes'> {
  return {
    task: encoding.task,
    outputs: encoding.outputSize,
    encoding,
    classes: encoding.classes.length > 0 ? encoding.classes : undefined,
  };
}

type Parts<T> = Record<'train', T> & Record<'validation' | 'test', T | undefined>;

/** Of the rows of the first file. */
function testShareOf({ testShare, testData }: DataFlags): number {
  return testData === undefined ? testShare : 0;
}

/** The shares of all parts but the last, of which the first has the rest; none where there is one part. */
function sharesOf(flags: DataFlags): number[] {
  const { validationShare } = flags;
  const test = testShareOf(flags);
  return [1 - validationShare - test, validationShare, test].filter((share) => share > 0).slice(0, -1);
}

function named<T>([train, ...others]: readonly T[], { validationShare }: DataFlags): Parts<T> {
  const validation = validationShare > 0 ? others.shift() : undefined;
  return { train: train!, validation, test: others[0] };
}

interface Splits<T> {
  readonly rows: number | { readonly length: number };
  split(shares: readonly number[], options: { seed: number }): readonly T[];
}

/** @throws UsageError where there are too few rows for all parts */
function splitUp<T extends Splits<T>>(path: string, all: T, flags: DataFlags): Parts<T> {
  const shares = sharesOf(flags);
  if (shares.length === 0) return named([all], flags);
  try {
    return named(all.split(shares, { seed: flags.seed }), flags);
  } catch (error) {
    // The shares themselves have been checked, so that what is left is a part without rows.
    if (!(error instanceof RangeError)) throw error;
    const rows = typeof all.rows === 'number' ? all.rows : all.rows.length;
    throw tooSmall(path, rows, flags);
  }
}

function tooSmall(path: string, rows: number, flags: DataFlags): UsageError {
  const parts = [
    ['--validation-share', flags.validationShare],
    ['--test-share', testShareOf(flags)],
  ] as const;
  const used = parts.filter(([, share]) => share > 0);
  const given = used.map(([name, share]) => `${name} ${share}`).join(' and ');
  const none = used.map(([name]) => `${name} 0`).join(' ');
  return new UsageError(`${path} has ${counted(rows, 'row')}, too few for ${given}: all are trained on with ${none}`);
}

async function loadIdx(images: string, labels: string, flags: DataFlags): Promise<LoadedData> {
  refuseTableFlags(flags);
  const { testData, testLabels } = flags;
  if ((testData === undefined) !== (testLabels === undefined))
    throw new UsageError('--test-data and --test-labels expected each other with IDX files');
  if (flags.task !== undefined && flags.task !== 'classification')
    throw new UsageError(`--task expected classification with IDX labels, got ${flags.task}`);
  const parts = splitUp(images, await Dataset.fromIdx({ images, labels }), flags);
  const test = testData === undefined ? parts.test : await Dataset.fromIdx({ images: testData, labels: testLabels! });
  const outputs = 1 + Math.max(...[parts.train, parts.validation, test].map((part) => (part ? highestClass(part) : 0)));
  return { ...parts, test, task: 'classification', outputs, encoding: undefined, classes: undefined, notes: [] };
}

function highestClass({ storage, rows }: Dataset): number {
  const { values, stride } = storage.targets.columns;
  return rows.reduce((highest, row) => Math.max(highest, values[row * stride]!), 0);
}

/** With IDX files there are no columns. */
export function refuseTableFlags(flags: Partial<DataFlags>): void {
  const { target, features, weightColumn, categorical, missing = 'error', unknown = 'error' } = flags;
  const { missingValues, format, delimiter, header, quote, comment, decimal, thousands, dates } = flags;
  const given = {
    '--target': target,
    '--features': features,
    '--weight-column': weightColumn,
    '--categorical': categorical,
    '--missing': missing === 'error' ? undefined : missing,
    '--missing-values': missingValues,
    '--dates': dates,
    '--unknown': unknown === 'error' ? undefined : unknown,
    '--format': format,
    '--delimiter': delimiter,
    '--header': header || undefined,
    '--no-header': header === false || undefined,
    '--quote': quote,
    '--comment': comment,
    '--decimal': decimal,
    '--thousands': thousands,
  };
  const wrong = Object.entries(given).filter(([, value]) => value !== undefined);
  if (wrong.length > 0)
    throw new UsageError(`--labels expected no ${wrong.map(([name]) => name).join(', ')}: IDX files have no columns`);
}

import { GradpoolError } from '../core/errors.ts';
import { Dataset } from '../data/dataset.ts';
import type { EncodeOptions } from '../data/encode-options.ts';
import { applyEncoding, encodeTable } from '../data/encode-table.ts';
import type { DatePolicy, Encoding, MissingPolicy, Task, UnknownPolicy } from '../data/encoding.ts';
import { MISSING_TEXTS } from '../data/number-text.ts';
import { readTable, readTableFor } from '../data/read-table.ts';
import { streamDataset } from '../data/stream-dataset.ts';
import type { StreamedDataset } from '../data/streamed-dataset.ts';
import { UsageError } from './failure.ts';
import { type LayoutFlags, layoutOf, TABLE_FLAGS } from './layout-flags.ts';
import { counted } from './numbers.ts';
import { checkSplit, type Split, type SplitFlags, splitOf } from './split-flags.ts';
import { checkLearnt, splitText, streamSplit, tableSplit } from './split-table.ts';
import { ofLimit, planInstead, planStream, storeOptions, type StreamFlags, type StreamPlan } from './stream-data.ts';
import { withTarget } from './with-target.ts';

/** How a file becomes patterns, as it stands on the command line. */
export interface DataFlags extends LayoutFlags, SplitFlags {
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
  /** How the rows were divided, in a few words; undefined where they were not. */
  readonly divided?: string | undefined;
}

/** @throws UsageError; GradpoolError ERR_BAD_FILE, ERR_BAD_DATA */
export async function loadData(path: string, flags: DataFlags, split = splitOf(flags)): Promise<LoadedData> {
  checkShares(flags);
  return flags.labels === undefined ? loadTable(path, flags, split) : loadIdx(path, flags.labels, flags, split);
}

/**
 * The same, but a table that needs too much memory stays on disk.
 * @param note - is told why it does
 * @throws UsageError; GradpoolError ERR_BAD_FILE, ERR_BAD_DATA, ERR_DOES_NOT_FIT, ERR_ABORTED
 */
export async function loadOrStream(
  path: string,
  flags: DataFlags & StreamFlags,
  split: Split,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<LoadedData<Dataset | StreamedDataset>> {
  if (flags.labels !== undefined) {
    if (flags.stream === 'always' || flags.memoryLimit !== undefined || flags.scratch !== undefined)
      throw new UsageError(
        '--labels expected no --stream always, --memory-limit, --scratch: IDX files are read into memory',
      );
    return loadData(path, flags, split);
  }
  checkShares(flags);
  const fromDisk = (plan: StreamPlan) => {
    note(`${path} is trained from disk: ${plan.why}; storing its rows in ${plan.folder}`);
    return streamTable(path, flags, split, plan, signal);
  };
  const plan = planStream(path, flags);
  if (plan !== undefined) return fromDisk(plan);
  try {
    return await loadTable(path, flags, split);
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
  checkSplit(flags, flags.target ?? []);
}

async function loadTable(path: string, flags: DataFlags, split: Split): Promise<LoadedData> {
  refuseTestLabels(flags);
  const { categorical, weightColumn: weights } = flags;
  const layout = layoutOf(flags);
  const read = { ...layout, missingValues: missingTexts(flags), categorical };
  if (flags.target === undefined) {
    const { names } = await readTable(path, read);
    throw new UsageError(
      `--target expected one of the columns ${names.join(', ')}, or --labels for a pair of IDX files`,
    );
  }
  const options = encodeOptions(flags, flags.target, split);
  const whole = await readTableFor(path, options, read, keysOf(flags));
  const rows = withTarget(path, whole, flags.target, flags.missing);
  const { table } = rows;
  const how = tableSplit(table, flags, split);
  const parts = splitUp(rows.name, table, flags, how);
  const { dataset: train, encoding, notes } = encodeTable(parts.train, { ...options, categoriesFrom: whole });
  const validation = parts.validation && applyEncoding(encoding, parts.validation, { weights });
  const { testData } = flags;
  const test = testData === undefined ? parts.test : await readTable(testData, { ...layout, encoding });
  const sets = { train, validation, test: test && applyEncoding(encoding, test) };
  await checkLearnt(sets, encoding, split);
  return {
    ...sets,
    ...asEncoded(encoding),
    notes: [...new Set([...rows.notes, ...notes, ...(test?.notes ?? [])])],
    divided: dividedBy(flags, split, how.stratify),
  };
}

/** The same of a table that memory does not hold. */
async function streamTable(
  path: string,
  flags: DataFlags,
  split: Split,
  plan: StreamPlan,
  signal: AbortSignal,
): Promise<LoadedData<StreamedDataset>> {
  refuseTestLabels(flags);
  const { target, categorical, testData } = flags;
  if (target === undefined) throw new UsageError('--target expected the name of a column');
  const layout = layoutOf(flags);
  const store = storeOptions(plan, signal);
  const read = { ...layout, missingValues: missingTexts(flags), categorical };
  const how = { ...store, split: sharesOf(flags), ...streamSplit(split) };
  const storing = streamDataset(path, encodeOptions(flags, target), read, how);
  const { datasets, encoding, notes } = await storing.catch((error: unknown) => {
    throw ofLimit(error);
  });
  const parts = named(datasets, flags);
  try {
    await checkLearnt(parts, encoding, split);
    const classes = encoding.task === 'classification' ? target[0] : undefined;
    const found = { ...parts, ...asEncoded(encoding), notes, divided: dividedBy(flags, split, classes) };
    if (testData === undefined) return found;
    const test = await streamDataset(testData, encoding, layout, store);
    return { ...found, test: test.datasets[0], notes: [...notes, ...test.notes] };
  } catch (error) {
    await Promise.all(datasets.map((dataset) => dataset.close()));
    throw error;
  }
}

function refuseTestLabels({ testLabels }: DataFlags): void {
  if (testLabels !== undefined) throw new UsageError('--test-labels expected --labels beside it');
}

/** The word "default" in the list stands for the texts that mean a missing value unless others are given. */
function missingTexts({ missingValues }: DataFlags): string[] | undefined {
  return missingValues?.flatMap((text) => (text === 'default' ? MISSING_TEXTS : text));
}

/** The columns by which rows are divided. */
function keysOf({ groupColumn, timeColumn }: DataFlags): string[] {
  return [groupColumn, timeColumn].filter((name) => name !== undefined);
}

/** @param split - of a table in memory: by what its rows were divided is no input */
function encodeOptions(flags: DataFlags, target: string[], split?: Split): EncodeOptions {
  const { features, weightColumn: weights, missing, unknown, task, dates } = flags;
  const apart = features === undefined ? keysOf(flags) : [];
  const categorical = (flags.categorical ?? []).filter((name) => !apart.includes(name));
  const exclude = split && apart;
  const wanted = target.length === 1 ? target[0]! : target;
  return { target: wanted, features, exclude, weights, categorical, missing, unknown, task, dates };
}

function dividedBy(flags: DataFlags, split: Split, classes: string | undefined): string | undefined {
  return sharesOf(flags).length === 0 ? undefined : splitText(split, classes);
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

interface Splits<T, O> {
  readonly rows: number | { readonly length: number };
  split(shares: readonly number[], options: O): readonly T[];
}

/** @throws UsageError where there are too few rows for all parts */
function splitUp<O, T extends Splits<T, O>>(path: string, all: T, flags: DataFlags, how: O): Parts<T> {
  const shares = sharesOf(flags);
  if (shares.length === 0) return named([all], flags);
  try {
    return named(all.split(shares, how), flags);
  } catch (error) {
    // The shares themselves have been checked, so that what is left is a part without rows, groups or times.
    if (!(error instanceof RangeError) || /^"(?:groups|times)"/.test(error.message)) throw error;
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

async function loadIdx(images: string, labels: string, flags: DataFlags, split: Split): Promise<LoadedData> {
  refuseTableFlags(flags);
  const { testData, testLabels } = flags;
  if ((testData === undefined) !== (testLabels === undefined))
    throw new UsageError('--test-data and --test-labels expected each other with IDX files');
  if (flags.task !== undefined && flags.task !== 'classification')
    throw new UsageError(`--task expected classification with IDX labels, got ${flags.task}`);
  const all = await Dataset.fromIdx({ images, labels });
  const stratify = split.split === 'stratified' && all.storage.targets.flat;
  const parts = splitUp(images, all, flags, { seed: split.splitSeed, stratify });
  const test = testData === undefined ? parts.test : await Dataset.fromIdx({ images: testData, labels: testLabels! });
  const outputs = 1 + Math.max(...[parts.train, parts.validation, test].map((part) => (part ? highestClass(part) : 0)));
  return {
    ...parts,
    test,
    task: 'classification',
    outputs,
    encoding: undefined,
    classes: undefined,
    notes: [],
    divided: dividedBy(flags, split, 'label'),
  };
}

function highestClass({ storage, rows }: Dataset): number {
  const { values, stride } = storage.targets.columns;
  return rows.reduce((highest, row) => Math.max(highest, values[row * stride]!), 0);
}

/** With IDX files there are no columns. */
export function refuseTableFlags(flags: Partial<DataFlags>): void {
  // The two that are never undefined are 'error' unless something else is said.
  const given = TABLE_FLAGS.filter((key) => flags[key] !== undefined && flags[key] !== 'error');
  const wrong = given.map((key) => `--${flags[key] === false ? 'no-' : ''}${spelt(key)}`);
  if (wrong.length > 0) throw new UsageError(`--labels expected no ${wrong.join(', ')}: IDX files have no columns`);
}

/** A key as it is called on the command line. */
function spelt(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

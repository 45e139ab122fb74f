import { dirname } from 'node:path';
import { abortable, options, text, wrongType } from '../core/checks.ts';
import { isUrl } from '../core/realm.ts';
import { askedFor } from './asked-columns.ts';
import { type EncodeOptions, type ResolvedEncodeOptions, resolveEncodeOptions } from './encode-options.ts';
import { checkEncoding, type Encoding } from './encoding.ts';
import { pathOf } from './file-source.ts';
import { type ReadOptions, type ResolvedReadOptions, resolveReadOptions } from './read-options.ts';
import { resolveStreamSplit, type StreamSplitOptions, streamParts } from './stream-split.ts';
import type { RowPlace } from './row-writer.ts';
import { rowBytes } from './row-layout.ts';
import { checkMemory, memoryOf, type MemoryOptions, StreamedDataset } from './streamed-dataset.ts';
import { layoutOf, storeTable } from './store-table.ts';
import { surveyTable } from './survey-table.ts';
import { tableRows } from './table-rows.ts';

export interface StreamOptions extends MemoryOptions, StreamSplitOptions {
  /**
   * Where the patterns are stored until the set is closed. Default: the folder of the file. They have no name there, and are gone when
   * the process ends, however it ends.
   */
  folder?: string | undefined;
  /** Or files that are kept, one for each part, for `StreamedDataset.open`. */
  paths?: readonly string[] | undefined;
  /** A column of what the loss of each pattern is multiplied by, where the encoding is known; else that of `EncodeOptions`. */
  weights?: string | undefined;
  /** Breaks off with ERR_ABORTED. */
  signal?: AbortSignal | undefined;
}

/** Patterns on a disk, and how they were made of the rows. */
export interface StreamedTable {
  /** One for each part of the split. */
  readonly datasets: [StreamedDataset, ...StreamedDataset[]];
  readonly encoding: Encoding;
  /** What was decided, such as columns that were left out; for people to read. */
  readonly notes: readonly string[];
}

const KEYS = [
  'folder',
  'paths',
  'split',
  'stratify',
  'groups',
  'times',
  'weights',
  'seed',
  'signal',
  'memory',
] as const;

/**
 * Makes patterns of a table that memory does not hold, as `readDataset` does of one that it holds: the same columns, the same
 * encoding, the same numbers. The file is gone through twice, once to find out what its columns are and once to store them; a third
 * time where a column has texts only far behind its beginning, dates that are read as numbers, or gaps but is no input. Means and the most
 * frequent categories are measured on the first part of the split. A few MB of a csv, tsv, npy or npz file are in memory at a time, of Parquet the row group that is read.
 *
 * @param source - a path or a file URL
 * @param encode - as for `encodeTable`, or the encoding of other rows
 * @throws GradpoolError ERR_BAD_FILE, ERR_BAD_DATA, ERR_DOES_NOT_FIT, ERR_ABORTED; what `node:fs` throws; then nothing is left behind
 * @example
 * const { datasets: [train, test], encoding } = await streamDataset('big.csv', { target: 'income' }, {}, { split: [0.9] });
 */
export async function streamDataset(
  source: string | URL,
  encode: EncodeOptions | Encoding,
  read: ReadOptions = {},
  given: StreamOptions = {},
): Promise<StreamedTable> {
  if (typeof source !== 'string' && !isUrl(source)) throw wrongType('source', 'path or file URL', source);
  const path = text('source', pathOf(source));
  const known = isEncoding(encode) ? checkEncoding('encode', encode) : undefined;
  const { memory, places, split, signal, weights: column } = resolveStream(path, given, known !== undefined);
  const how = known ? { encoding: known } : { options: without(resolveEncodeOptions(encode), split) };
  if ('options' in how && how.options.categoriesFrom !== undefined)
    throw new TypeError('"categoriesFrom" is for encodeTable: here categories are those of the whole file anyway');
  const weights = 'options' in how ? how.options.weights : column;
  const wanted = { ...how, weights };
  const apart = [split.groups, split.times].filter((name) => name !== undefined);
  const { asked, options: wantedOnly } =
    'options' in how ? askedFor(how.options, read, apart) : { asked: [], options: read };
  const resolved = resolveReadOptions(path, known ? { ...read, encoding: known } : wantedOnly, asked);
  const choice = { ...withNumbers(resolved, weights), optional: new Set<string>() };
  const rows = tableRows(path, path, choice);
  const going = { parts: await streamParts(split, rows, choice, how, signal), signal };
  const survey = await surveyTable(rows, choice, wanted, going);
  const { encoding } = survey;
  checkMemory(rowBytes(layoutOf(survey)), memory);
  const layout = { ...read, columns: undefined, numeric: undefined, categorical: undefined, missingValues: undefined };
  const kinds = resolveReadOptions(path, { ...layout, encoding });
  const files = await storeTable(rows, survey, withNumbers(kinds, weights), places, going);
  const datasets = files.map((file) => StreamedDataset.over(file, memory));
  return { datasets: datasets as StreamedTable['datasets'], encoding, notes: survey.notes };
}

/** What rows are divided by is no input, unless it was asked for. */
function without(options: ResolvedEncodeOptions, { groups, times }: StreamSplitOptions): ResolvedEncodeOptions {
  const apart = [groups, times].filter((name) => name !== undefined);
  return { ...options, exclude: [...options.exclude, ...apart] };
}

function isEncoding(value: object): value is Encoding {
  return typeof value === 'object' && value !== null && 'format' in value;
}

/** A column more that is read, as numbers. */
function withNumbers(choice: ResolvedReadOptions, name: string | undefined): ResolvedReadOptions {
  if (name === undefined) return choice;
  const { columns, numeric, asked } = choice;
  const [numbers, named] = [new Set([...numeric, name]), new Set([...asked, name])];
  return { ...choice, columns: columns && [...new Set([...columns, name])], numeric: numbers, asked: named };
}

function resolveStream(path: string, value: StreamOptions, known: boolean) {
  const given = options<StreamOptions>('options', value, KEYS);
  const { folder, paths, weights, signal } = given;
  const split = resolveStreamSplit(given);
  if (folder !== undefined && paths !== undefined) throw new TypeError('"folder" expected no "paths" beside it');
  abortable('signal', signal);
  if (weights !== undefined && !known) throw new TypeError('"weights" follows from the options of the encoding');
  const count = split.shares.length + 1;
  if (paths !== undefined && (!Array.isArray(paths) || paths.length !== count))
    throw wrongType('paths', `list of ${count}, one for each part`, paths);
  const where = folder === undefined ? dirname(path) : text('folder', folder);
  const places = Array.from({ length: count }, (_, part): RowPlace =>
    paths === undefined ? { folder: where } : { path: text(`paths[${part}]`, paths[part]) },
  );
  return {
    memory: memoryOf(given),
    weights: weights === undefined ? undefined : text('weights', weights),
    places,
    split,
    signal,
  };
}

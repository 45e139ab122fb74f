import { isBytes } from '../core/realm.ts';
import type { DataTable } from './data-table.ts';
import { type EncodedTable, encodeTable } from './encode-table.ts';
import { type EncodeOptions, resolveEncodeOptions } from './encode-options.ts';
import { pathOf, sourceLabel } from './file-source.ts';
import { askedFor } from './asked-columns.ts';
import { type ReadOptions, resolveReadOptions } from './read-options.ts';

/**
 * Reads a table from a file: csv or tsv (plain or gzip), Parquet, or NumPy's npy and npz. A column is numeric if all its values are
 * numbers, else categorical. Numbers are kept in the narrowest type that holds them exactly, in shared memory; text files are
 * read piece by piece, and their text is not kept.
 *
 * Text: an empty line is no row, spaces around values do not count, numbers have a decimal point. An npy array of P x n has the
 * columns c1 ... cn; an npz archive has a for an array a of P numbers, and a_1, a_2, ... for one of P x n. In Parquet,
 * dates are milliseconds since 1970, columns of lists, structures and bytes cannot be read, and the row index of pandas is left out
 * unless it is named.
 *
 * Where different integers beyond 2^53 would become the same number, the column is one of texts, with all of their digits; one that is
 * named in `numeric` is refused then.
 *
 * @param source - a path, a file URL, or the bytes themselves
 * @throws GradpoolError ERR_BAD_FILE naming the file, the line and the column; what `node:fs` throws if it cannot be opened
 * @example
 * const table = await readTable('iris.csv');
 * table.names; // ['sepal length', ..., 'species']
 */
export async function readTable(source: string | URL | Uint8Array, given: ReadOptions = {}): Promise<DataTable> {
  return read(source, given, []);
}

/**
 * Reads what an encoding with these options looks at: where its inputs are named, other columns are not decoded, whatever is in
 * them.
 * @param apart - columns that are read beside those
 * @internal
 */
export async function readTableFor(
  source: string | URL | Uint8Array,
  encode: EncodeOptions,
  given: ReadOptions = {},
  apart: readonly string[] = [],
): Promise<DataTable> {
  const { asked, options } = askedFor(resolveEncodeOptions(encode), given, apart);
  return read(source, options, asked);
}

async function read(
  source: string | URL | Uint8Array,
  given: ReadOptions,
  asked: readonly string[],
): Promise<DataTable> {
  const label = sourceLabel('path', source);
  const path = isBytes(source) ? undefined : pathOf(source);
  const options = resolveReadOptions(path, given, asked);
  switch (options.format) {
    case 'csv':
    case 'tsv':
      return (await import('./csv.ts')).readCsv(label, source, options, options.layout);
    case 'npy':
      return (await import('./array-table.ts')).readNpyTable(label, source, options);
    case 'npz':
      return (await import('./array-table.ts')).readNpzTable(label, source, options);
    case 'parquet':
      return (await import('./parquet.ts')).readParquet(label, source, options);
  }
}

/**
 * Reads a file of training rows and makes patterns of it: `readTable`, then `encodeTable`.
 * @example
 * const { dataset, encoding } = await readDataset('iris.csv', { target: 'species' });
 */
export async function readDataset(
  source: string | URL | Uint8Array,
  encode: EncodeOptions,
  read: ReadOptions = {},
): Promise<EncodedTable> {
  return encodeTable(await readTableFor(source, encode, read), encode);
}

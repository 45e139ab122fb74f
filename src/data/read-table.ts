import { fileURLToPath } from 'node:url';
import { isBytes, isUrl } from '../core/realm.ts';
import type { DataTable } from './data-table.ts';
import { type EncodedTable, encodeTable } from './encode-table.ts';
import type { EncodeOptions } from './encode-options.ts';
import { sourceLabel } from './file-source.ts';
import { type ReadOptions, resolveReadOptions } from './read-options.ts';

/**
 * Reads a table from a file: csv or tsv (plain or gzip), Parquet, or NumPy's npy and npz. A column is numeric if all its values are
 * numbers, else categorical. Numbers are kept in the narrowest type that holds them exactly, in shared memory; text files are
 * read piece by piece, and their text is not kept.
 *
 * Text: an empty line is no row, spaces around values do not count, numbers have a decimal point. An npy array of P x n has the
 * columns c1 ... cn; an npz archive has a for an array a of P numbers, and a_1, a_2, ... for one of P x n. Integers beyond
 * 2^53 are rounded. In Parquet, dates are milliseconds since 1970, and columns of lists and structures cannot be read.
 *
 * @param source - a path, a file URL, or the bytes themselves
 * @throws GradpoolError ERR_BAD_FILE naming the file, the line and the column; what `node:fs` throws if it cannot be opened
 * @example
 * const table = await readTable('iris.csv');
 * table.names; // ['sepal length', ..., 'species']
 */
export async function readTable(source: string | URL | Uint8Array, given: ReadOptions = {}): Promise<DataTable> {
  const label = sourceLabel('path', source);
  const path = isBytes(source) ? undefined : isUrl(source) ? fileURLToPath(source.href) : source;
  const options = resolveReadOptions(path, given);
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
  return encodeTable(await readTable(source, read), encode);
}

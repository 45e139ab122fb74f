import { type FileHandle, open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ColumnChunk, ColumnMetaData, FileMetaData, SchemaTree } from 'hyparquet';
import { describe } from '../core/checks.ts';
import { GradpoolError } from '../core/errors.ts';
import { isBytes, isUrl } from '../core/realm.ts';
import { badFile, inColumn } from './bad-file.ts';
import { chooseColumns } from './choose-columns.ts';
import type { CellTarget } from './column-builder.ts';
import { DataTable } from './data-table.ts';
import type { FileSource } from './file-source.ts';
import type { ColumnChoice } from './read-options.ts';

/** The end of a file: the length of what is known of it, and PAR1. */
const FOOTER = 8;

/** A file of which pieces are read. */
interface RandomAccess {
  readonly size: number;
  /** The bytes [from, to), in a buffer of their own. */
  read(from: number, to: number): Promise<Uint8Array>;
}

/**
 * Reads the flat columns of a Parquet file, one column of one row group at a time.
 * @throws GradpoolError ERR_BAD_FILE
 */
export async function readParquet(label: string, source: FileSource, choice: ColumnChoice): Promise<DataTable> {
  if (isBytes(source)) {
    const read = (from: number, to: number) => Promise.resolve(source.slice(from, to));
    return readColumns(label, { size: source.length, read }, choice);
  }
  const file = await open(isUrl(source) ? fileURLToPath(source.href) : source);
  try {
    const { size } = await file.stat();
    return await readColumns(label, { size, read: (from, to) => readAt(file, from, to) }, choice);
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, from: number, to: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(to - from);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
  return bytes.subarray(0, bytesRead);
}

async function readColumns(label: string, file: RandomAccess, choice: ColumnChoice): Promise<DataTable> {
  const content = await readContent(label, file);
  const builders = chooseColumns(label, content.names, choice);
  const columns = [];
  for (const [c, builder] of builders.entries()) {
    if (builder === undefined) continue;
    let row = 0;
    for (let group = 0; group < content.groups; group++) {
      const values = await content.values(c, group);
      for (let i = 0; i < values.length; i++) {
        const problem = addValue(builder, values[i]);
        if (problem !== undefined) throw badFile(inColumn(`${label}, row ${row + 1}`, builder.name), problem);
        row++;
      }
    }
    columns.push(builder.finish());
  }
  return new DataTable(label, content.rows, columns, choice.missing, (row) => `${label}, row ${row + 1}`);
}

/**
 * Visits the rows of a file; the columns of one row group are in memory at a time.
 * @param wanted - the columns that are read, by the names of all; the cells of the others are undefined
 */
export async function eachParquetRow(
  label: string,
  path: string | URL,
  wanted: (names: readonly string[]) => readonly boolean[],
  visit: (cells: readonly unknown[], row: number) => boolean,
): Promise<void> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { names, groups, values } = await readContent(label, { size, read: (from, to) => readAt(file, from, to) });
    const chosen = wanted(names);
    const cells: unknown[] = names.map(() => undefined);
    for (let group = 0, before = 0; group < groups; group++) {
      const columns: (readonly unknown[] | undefined)[] = [];
      for (const [c, isChosen] of chosen.entries()) columns.push(isChosen ? await values(c, group) : undefined);
      const rows = columns.find((column) => column !== undefined)?.length ?? 0;
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns.length; c++) cells[c] = columns[c]?.[r];
        if (!visit(cells, before + r + 1)) return;
      }
      before += rows;
    }
  } finally {
    await file.close();
  }
}

/** What is in a file. */
interface Content {
  readonly names: readonly string[];
  readonly rows: number;
  /** Row groups. */
  readonly groups: number;
  /** The values of a column in a row group. */
  readonly values: (column: number, group: number) => Promise<readonly unknown[]>;
}

async function readContent(label: string, file: RandomAccess): Promise<Content> {
  const metadata = await readMetadata(label, file);
  const { parquetSchema } = await import('hyparquet');
  const schema = attempt(label, () => parquetSchema(metadata));
  const names = attempt(label, () => schema.children.map(({ element }) => checkName(element.name)));
  const rows = attempt(label, () => countRows(metadata));
  if (rows === 0) throw badFile(label, 'expected at least one row, got none');
  const values = async (c: number, g: number) => {
    const node = schema.children[c]!;
    const where = inColumn(label, names[c]!);
    if (node.children.length > 0 || node.element.repetition_type === 'REPEATED')
      throw badFile(where, 'is a list or a structure, which cannot be read: leave it out with "columns"');
    const group = metadata.row_groups[g]!;
    const chunk = attempt(label, () => group.columns.find((chunk) => flatName(chunk) === names[c]));
    const found = await readChunk(where, file, [schema, node], chunk?.meta_data);
    const expected = Number(group.num_rows);
    if (found.length !== expected)
      throw badFile(where, `expected ${expected} values in a row group, got ${found.length}`);
    return found;
  };
  return { names, rows, groups: metadata.row_groups.length, values };
}

async function readMetadata(label: string, file: RandomAccess): Promise<FileMetaData> {
  const end = await file.read(Math.max(0, file.size - FOOTER), file.size);
  if (end.length < FOOTER || Buffer.from(end.buffer, end.byteOffset + 4, 4).toString('latin1') !== 'PAR1') {
    throw badFile(label, 'is not a Parquet file: expected it to end in PAR1');
  }
  const length = new DataView(end.buffer, end.byteOffset).getUint32(0, true);
  if (length + FOOTER > file.size) {
    throw badFile(label, `is not a Parquet file: it promises ${length} bytes of metadata and has ${file.size} in all`);
  }
  const { parquetMetadata } = await import('hyparquet');
  const bytes = await file.read(file.size - FOOTER - length, file.size);
  return attempt(label, () => parquetMetadata(bytes, { geoparquet: false }));
}

/** The name of a flat column of a row group; undefined for a part of a structure. */
function flatName({ meta_data }: ColumnChunk): string | undefined {
  const path: unknown = meta_data?.path_in_schema;
  if (!Array.isArray(path)) throw new Error('a column of a row group has no name');
  return path.length === 1 ? checkName(path[0]) : undefined;
}

function checkName(name: unknown): string {
  if (typeof name !== 'string') throw new Error('a column has no name');
  return name;
}

function countRows({ row_groups }: FileMetaData): number {
  let rows = 0;
  for (const { num_rows } of row_groups) {
    if (!(num_rows >= 0n)) throw new Error(`${num_rows} rows in a row group`);
    rows += Number(num_rows);
  }
  if (rows >= 2 ** 32) throw new Error(`${rows} rows, where at most ${2 ** 32 - 1} are expected`);
  return rows;
}

/** The values of a column in one row group. */
async function readChunk(
  where: string,
  file: RandomAccess,
  schemaPath: SchemaTree[],
  metadata: ColumnMetaData | undefined,
): Promise<unknown[]> {
  if (metadata === undefined) throw badFile(where, 'is missing from a row group');
  const start = Number(metadata.dictionary_page_offset || metadata.data_page_offset);
  const end = start + Number(metadata.total_compressed_size);
  if (!(start >= 0 && start <= end && end <= file.size)) {
    throw badFile(where, `expected its bytes within the ${file.size} of the file, got ${start} to ${end}`);
  }
  const [bytes, decode, { compressors }] = await Promise.all([
    file.read(start, end),
    import('./parquet-chunk.ts'),
    import('hyparquet-compressors'),
  ]);
  return attempt(where, () => decode.decodeChunk(bytes, schemaPath, metadata, compressors));
}

/** Takes a value as the decoder gives it. */
export function addValue(builder: CellTarget, value: unknown): string | undefined {
  if (value === null) return builder.add(undefined);
  if (typeof value === 'number') return builder.add(value);
  if (typeof value === 'string') return builder.addCategory(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return builder.add(Number(value));
  if (value instanceof Date) return builder.add(value.getTime());
  return `expected a number, a text, a boolean or a date, got ${describe(value)}`;
}

/** What the decoder throws at a broken file says nothing of the file. */
function attempt<T>(where: string, task: () => T): T {
  try {
    return task();
  } catch (cause) {
    if (cause instanceof GradpoolError) throw cause;
    throw badFile(where, `cannot be read as Parquet: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

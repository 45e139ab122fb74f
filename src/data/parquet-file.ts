import type { ColumnChunk, ColumnMetaData, FileMetaData, SchemaTree } from 'hyparquet';
import { GradpoolError } from '../core/errors.ts';
import { badFile, inColumn, LEAVE_OUT } from './bad-file.ts';
import type { FileSource } from './file-source.ts';
import { pandasIndex } from './parquet-index.ts';
import type { ParquetValue } from './parquet-values.ts';
import { type RandomAccess, withAccess } from './random-access.ts';

/** The end of a file: the length of what is known of it, and PAR1. */
const FOOTER = 8;
/** Early writers counted the header of the dictionary not as part of a column; it takes at most so many bytes. */
const UNCOUNTED = 100;

/** What is in a file. */
export interface Content {
  readonly names: readonly string[];
  /** Those of them that pandas keeps its row index in. */
  readonly index: readonly string[];
  readonly rows: number;
  /** Row groups. */
  readonly groups: number;
  /** The values of a column in a row group. */
  readonly values: (column: number, group: number) => Promise<readonly (ParquetValue | null)[]>;
}

/**
 * Opens a file for as long as the task takes.
 * @throws GradpoolError ERR_BAD_FILE
 */
export async function withContent<T>(
  label: string,
  source: FileSource,
  task: (content: Content) => Promise<T>,
): Promise<T> {
  return withAccess(source, async (file) => task(await readContent(label, file)));
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
      throw badFile(where, `is a list or a structure, which cannot be read: ${LEAVE_OUT}`);
    const group = metadata.row_groups[g]!;
    const chunk = attempt(where, () => chunkOf(group.columns, names[c]!));
    const found = await readChunk(where, file, [schema, node], chunk.meta_data);
    const expected = Number(group.num_rows);
    if (found.length !== expected)
      throw badFile(where, `expected ${expected} values in a row group, got ${found.length}`);
    return found;
  };
  const index = attempt(label, () => pandasIndex(metadata, names));
  return { names, index, rows, groups: metadata.row_groups.length, values };
}

async function readMetadata(label: string, file: RandomAccess): Promise<FileMetaData> {
  const end = await file.read(Math.max(0, file.size - FOOTER), file.size);
  const magic = Buffer.from(end.subarray(-4)).toString('latin1');
  if (end.length === FOOTER && magic === 'PARE')
    throw badFile(label, 'is an encrypted Parquet file, which cannot be read');
  if (end.length < FOOTER || magic !== 'PAR1') {
    throw badFile(label, 'is not a Parquet file: expected it to end in PAR1');
  }
  const length = new DataView(end.buffer, end.byteOffset).getUint32(0, true);
  if (length + FOOTER > file.size) {
    throw badFile(label, `is not a Parquet file: it promises ${length} bytes of metadata and has ${file.size} in all`);
  }
  const { parquetMetadata } = await import('hyparquet');
  const bytes = owned(await file.read(file.size - FOOTER - length, file.size));
  return attempt(label, () => parquetMetadata(bytes, { geoparquet: false }));
}

/** In a buffer of their own, beyond which no length that a file promises can reach. */
function owned(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}

/** The part of a flat column in a row group. */
function chunkOf(chunks: readonly ColumnChunk[], name: string): ColumnChunk {
  const found = chunks.find((chunk) => flatName(chunk) === name);
  const encrypted = chunks.filter(({ crypto_metadata: crypto }) => crypto !== undefined);
  if (found?.crypto_metadata !== undefined || (found === undefined && encrypted.length > 0))
    throw new Error(`it is encrypted: ${LEAVE_OUT}`);
  if (found === undefined) throw new Error('it is missing from a row group');
  return found;
}

/** The name of a flat column of a row group; undefined for a part of a structure, and for one whose name is encrypted. */
function flatName({ meta_data, crypto_metadata }: ColumnChunk): string | undefined {
  const path: unknown = meta_data?.path_in_schema;
  if (path === undefined && crypto_metadata !== undefined) return undefined;
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
): Promise<(ParquetValue | null)[]> {
  if (metadata === undefined) throw badFile(where, 'is missing from a row group');
  const start = Number(metadata.dictionary_page_offset || metadata.data_page_offset);
  const end = start + Number(metadata.total_compressed_size);
  if (!(start >= 0 && start <= end && end <= file.size)) {
    throw badFile(where, `expected its bytes within the ${file.size} of the file, got ${start} to ${end}`);
  }
  const [bytes, { decodeChunk }, { valueReader }, { compressors }] = await Promise.all([
    file.read(start, Math.min(file.size, end + UNCOUNTED)),
    import('./parquet-chunk.ts'),
    import('./parquet-values.ts'),
    import('hyparquet-compressors'),
  ]);
  return attempt(where, () => {
    const read = valueReader(schemaPath.at(-1)!.element);
    if (read === undefined) throw badFile(where, `is binary data, which cannot be read: ${LEAVE_OUT}`);
    return decodeChunk(owned(bytes), schemaPath, metadata, compressors, read);
  });
}

/** What the decoder throws at a broken file says nothing of the file, and at times only what JavaScript says. */
function attempt<T>(where: string, task: () => T): T {
  try {
    return task();
  } catch (cause) {
    if (cause instanceof GradpoolError) throw cause;
    const plain = cause instanceof Error && Object.getPrototypeOf(cause) === Error.prototype;
    const why = plain ? cause.message : 'its bytes are damaged, or mean what is not known here';
    throw badFile(where, `cannot be read as Parquet: ${why}`, cause);
  }
}

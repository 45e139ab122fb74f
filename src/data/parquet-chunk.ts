import { crc32 } from 'node:zlib';
import type { ColumnMetaData, Compressors, PageHeader, SchemaTree } from 'hyparquet';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { checkHeader, checkLevelsV2, checkPage, guarded, isDictionaryEncoded, levelBytes } from './parquet-guard.ts';
import type { ParquetValue, ValueReader } from './parquet-values.ts';

/**
 * Decodes the pages of a flat column, each of them checked first.
 * @param bytes - its pages, in a buffer of their own
 * @param read - what a value in a page means
 * @throws Error telling what is wrong with a page
 */
export function decodeChunk(
  bytes: Uint8Array,
  schemaPath: SchemaTree[],
  metadata: ColumnMetaData,
  compressors: Compressors,
  read: ValueReader,
): (ParquetValue | null)[] {
  const { element } = schemaPath.at(-1)!;
  const { codec } = metadata;
  // Of times in 96 bits the bytes are wanted: as one number their parts run into each other.
  const wide = metadata.type === 'INT96';
  const type = wide ? 'FIXED_LEN_BYTE_ARRAY' : metadata.type;
  const context = { type, codec, nullable: element.repetition_type !== 'REQUIRED' };
  // What values mean is the reader's: here they are left as they stand in the page.
  const physical = { ...element, type, converted_type: 'INT_64' as const, ...(wide ? { type_length: 12 } : {}) };
  delete physical.logical_type;
  let header: PageHeader | undefined;
  const decoder: Parameters<typeof readPage>[2] = {
    pathInSchema: metadata.path_in_schema,
    type,
    element: physical,
    utf8: false,
    parsers: DEFAULT_PARSERS,
    schemaPath,
    codec,
    compressors: guarded(compressors, context, () => header!),
  };
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  const values: (ParquetValue | null)[] = [];
  let dictionary: ParquetValue[] | undefined;
  while (values.length < Number(metadata.num_values)) {
    header = parquetHeader(reader);
    checkHeader(header, bytes.length - reader.offset);
    const page = bytes.subarray(reader.offset, reader.offset + header.compressed_page_size);
    checkSum(page, header);
    checkLevelsV2(page, header, context.nullable);
    const { data_page_header_v2: v2 } = header;
    if (codec === 'UNCOMPRESSED' || v2?.is_compressed === false)
      checkPage(page.subarray(levelBytes(header)), header, context);
    const body = header.data_page_header ?? v2;
    if (body?.num_values === 0) {
      reader.offset += header.compressed_page_size;
      continue;
    }
    const { data } = readPage(reader, header, decoder, undefined, undefined, 0);
    if (body === undefined) dictionary = Array.from(data as ArrayLike<unknown>, read);
    else append(values, data as ArrayLike<unknown>, isDictionaryEncoded(body.encoding) ? lookUp(dictionary) : read);
  }
  return values;
}

function append(values: (ParquetValue | null)[], data: ArrayLike<unknown>, read: ValueReader): void {
  for (let i = 0; i < data.length; i++) {
    const raw = data[i];
    values.push(raw === null ? null : read(raw));
  }
}

/** An index beyond the dictionary is not a null. */
function lookUp(dictionary: readonly ParquetValue[] | undefined): ValueReader {
  if (dictionary === undefined) throw new Error('values stand in a dictionary, and there is none');
  return (index) => {
    const value = dictionary[index as number];
    if (value === undefined) throw new Error('a value stands beyond the end of its dictionary');
    return value;
  };
}

/** Many writers leave a sum of the bytes as they are stored. */
function checkSum(page: Uint8Array, { crc }: PageHeader): void {
  if (crc === undefined) return;
  const found = crc32(page);
  if (found !== crc >>> 0) throw new Error(`the checksum of a page is wrong: expected ${crc >>> 0}, got ${found}`);
}

import type { ColumnMetaData, Compressors, DecodedArray, PageHeader, SchemaTree } from 'hyparquet';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { checkHeader, checkLevelsV2, checkPage, guarded } from './parquet-guard.ts';

/**
 * Decodes the pages of a flat column, each of them checked first.
 * @param bytes - its pages, in a buffer of their own
 * @throws Error telling what is wrong with a page
 */
export function decodeChunk(
  bytes: Uint8Array,
  schemaPath: SchemaTree[],
  metadata: ColumnMetaData,
  compressors: Compressors,
): unknown[] {
  const { element } = schemaPath.at(-1)!;
  const { type, codec } = metadata;
  const context = { type, codec, nullable: element.repetition_type !== 'REQUIRED' };
  let header: PageHeader | undefined;
  const decoder: Parameters<typeof readPage>[2] = {
    pathInSchema: metadata.path_in_schema,
    type,
    element,
    schemaPath,
    codec,
    parsers: DEFAULT_PARSERS,
    compressors: guarded(compressors, context, () => header!),
  };
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  const values: unknown[] = [];
  let dictionary: DecodedArray | undefined;
  while (values.length < Number(metadata.num_values)) {
    header = parquetHeader(reader);
    checkHeader(header, bytes.length - reader.offset);
    const page = bytes.subarray(reader.offset, reader.offset + header.compressed_page_size);
    checkLevelsV2(page, header, context.nullable);
    const plain = codec === 'UNCOMPRESSED' || header.data_page_header_v2?.is_compressed === false;
    if (plain)
      checkPage(page.subarray(header.data_page_header_v2?.definition_levels_byte_length ?? 0), header, context);
    if ((header.data_page_header ?? header.data_page_header_v2)?.num_values === 0) {
      reader.offset += header.compressed_page_size;
      continue;
    }
    const { data } = readPage(reader, header, decoder, dictionary, undefined, 0);
    if (header.type === 'DICTIONARY_PAGE') dictionary = convert(data!, decoder);
    else for (const value of data!) values.push(known(value));
  }
  return values;
}

/** An index beyond the dictionary reads as undefined, and is not a null. */
function known(value: unknown): unknown {
  if (value === undefined) throw new Error('a value stands beyond the end of its dictionary');
  return value;
}

import type { CompressionCodec, Compressors, PageHeader } from 'hyparquet';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';

// Files are not to be trusted, and the decoder trusts what a page says of itself: a run of 2^31 equal values in five bytes
// would fill the memory. So each page is looked at before it is decoded. What is thrown here is a plain Error; the caller
// tells the file.

/** Values in a page; writers begin a new one after some 10^4 to 10^6. */
const MOST_VALUES = 2 ** 24;
/** Bytes of a page when unpacked; writers begin a new one after some MB. */
const LARGEST_PAGE = 2 ** 28;
const MOST_MINIBLOCKS = 2 ** 10;

const DICTIONARY = ['PLAIN_DICTIONARY', 'RLE_DICTIONARY'];
const ENCODINGS = [
  'PLAIN',
  ...DICTIONARY,
  'RLE',
  'BYTE_STREAM_SPLIT',
  'DELTA_BINARY_PACKED',
  'DELTA_LENGTH_BYTE_ARRAY',
  'DELTA_BYTE_ARRAY',
];

/** What has to be known of a column to check its pages. */
export interface PageContext {
  readonly type: string;
  /** Whether values can be null. */
  readonly nullable: boolean;
  readonly codec: CompressionCodec;
}

/** Checks what a page promises, before it is unpacked. */
export function checkHeader(header: PageHeader, bytesLeft: number): void {
  const { compressed_page_size: packed, uncompressed_page_size: size } = header;
  within('bytes of a page', packed, bytesLeft);
  within('bytes of an unpacked page', size, LARGEST_PAGE);
  const { data_page_header: v1, data_page_header_v2: v2, dictionary_page_header: dictionary } = header;
  const page = header.type === 'DICTIONARY_PAGE' ? dictionary : header.type === 'DATA_PAGE_V2' ? v2 : v1;
  if (page === undefined) throw new Error(`page of type ${header.type ?? 'not known'} without its header`);
  within('values of a page', page.num_values, MOST_VALUES);
  if (header.type !== 'DICTIONARY_PAGE' && !ENCODINGS.includes(page.encoding)) {
    throw new Error(
      `values are encoded as ${page.encoding ?? 'not known'}, which cannot be read; ${ENCODINGS.join(', ')} can`,
    );
  }
  if (header.type === 'DATA_PAGE_V2') {
    within('nulls', v2!.num_nulls, v2!.num_values);
    // Of a flat column there is nothing to repeat, but some writers leave an empty run.
    within('bytes of levels', v2!.repetition_levels_byte_length, packed);
    within('bytes of levels', v2!.definition_levels_byte_length, packed - v2!.repetition_levels_byte_length);
  }
}

/**
 * Unpacks pages and checks their runs before the decoder sees them.
 * @param page - the header of the page that is being read
 */
export function guarded(compressors: Compressors, context: PageContext, page: () => PageHeader): Compressors {
  const { codec } = context;
  const unpack = compressors[codec];
  return {
    [codec]: (packed: Uint8Array, size: number) => {
      if (unpack === undefined) throw new Error(`pages are compressed with ${codec}, which cannot be read`);
      within('bytes of an unpacked page', size, LARGEST_PAGE);
      if (codec === 'ZSTD') checkZstd(packed, size);
      // A dictionary of nothing; not every decompressor can make nothing of something.
      const bytes = size === 0 ? new Uint8Array(0) : unpack(packed, size);
      checkPage(bytes, page(), context);
      return bytes;
    },
  };
}

/** The decoder allocates what a Zstandard frame says that it needs. */
function checkZstd(packed: Uint8Array, size: number): void {
  const flags = packed[4]!;
  const single = (flags >> 5) & 1;
  // The window: 2^(10 + exponent) and eighths of it; a frame of one segment has its size instead.
  const window = single === 1 ? 0 : 2 ** (10 + (packed[5]! >> 3)) * (1 + (packed[5]! & 7) / 8);
  const width = flags >> 6 === 0 ? single : 1 << (flags >> 6);
  const at = 6 - single + [0, 1, 2, 4][flags & 3]!;
  let content = flags >> 6 === 1 ? 256 : 0;
  for (let i = 0; i < width; i++) content += packed[at + i]! * 256 ** i;
  within('bytes of the window of a page', window, LARGEST_PAGE);
  if (width > 0 && content !== size) throw new Error(`a page expected ${size} bytes when unpacked, got ${content}`);
}

/** Checks the runs of an unpacked page: of its null marks, and of its dictionary indices. */
export function checkPage(bytes: Uint8Array, header: PageHeader, { type, nullable }: PageContext): void {
  if (header.type === 'DICTIONARY_PAGE') return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const v2 = header.data_page_header_v2;
  if (header.type === 'DATA_PAGE_V2') {
    checkValues(view, 0, v2!.num_values - v2!.num_nulls, v2!.encoding, type);
    return;
  }
  const { num_values: count, encoding } = header.data_page_header!;
  if (!nullable) {
    checkValues(view, 0, count, encoding, type);
    return;
  }
  const length = view.getUint32(0, true);
  within('bytes of levels', length, view.byteLength - 4);
  checkValues(view, 4 + length, scanRuns(view, 4, 4 + length, 1, count), encoding, type);
}

/** Bytes before the values of a page of the second version, which are never compressed. */
export function levelBytes({ data_page_header_v2: v2 }: PageHeader): number {
  return v2 === undefined ? 0 : v2.repetition_levels_byte_length + v2.definition_levels_byte_length;
}

/** Whether values are places in the dictionary. */
export function isDictionaryEncoded(encoding: string): boolean {
  return DICTIONARY.includes(encoding);
}

/** Checks the null marks of a page of the second version, which are never compressed. */
export function checkLevelsV2(bytes: Uint8Array, header: PageHeader, nullable: boolean): void {
  const v2 = header.data_page_header_v2;
  if (header.type !== 'DATA_PAGE_V2' || v2 === undefined || !nullable) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const known = scanRuns(view, v2.repetition_levels_byte_length, levelBytes(header), 1, v2.num_values);
  if (known !== v2.num_values - v2.num_nulls)
    throw new Error(`${v2.num_nulls} nulls are promised, and there are others`);
}

function checkValues(view: DataView, at: number, count: number, encoding: string, type: string): void {
  if (count === 0) return;
  if (DICTIONARY.includes(encoding)) {
    const width = view.getUint8(at);
    within('bits of an index', width, 32);
    if (width > 0) scanRuns(view, at + 1, view.byteLength, width, count);
  } else if (encoding === 'RLE') {
    if (type !== 'BOOLEAN') throw new Error(`values of type ${type} are encoded as RLE`);
    scanRuns(view, at + 4, view.byteLength, 1, count);
  } else if (encoding.startsWith('DELTA')) {
    const block = varint(view, at);
    const miniblocks = varint(view, block.next).value;
    if (miniblocks < 1 || miniblocks > MOST_MINIBLOCKS) throw new Error(`${miniblocks} miniblocks in a block`);
    if (encoding === 'DELTA_BYTE_ARRAY') checkPrefixes(view, at, count);
  } else if (type !== 'BOOLEAN' && count > view.byteLength - at) {
    throw new Error(`${count} values in ${view.byteLength - at} bytes`);
  }
}

/** Texts that begin as the one before: each prefix has to be there, and together they have to fit. */
function checkPrefixes(view: DataView, at: number, count: number): void {
  const reader = { view, offset: at };
  const [prefixes, suffixes] = [new Int32Array(count), new Int32Array(count)];
  deltaBinaryUnpack(reader, count, prefixes);
  within('miniblocks in a block', varint(view, varint(view, reader.offset).next).value, MOST_MINIBLOCKS);
  deltaBinaryUnpack(reader, count, suffixes);
  let [last, all] = [0, 0];
  for (let i = 0; i < count; i++) {
    within('bytes of a prefix', prefixes[i]!, last);
    within('bytes of a text', suffixes[i]!, view.byteLength);
    last = prefixes[i]! + suffixes[i]!;
    all += last;
    within('bytes of texts', all, LARGEST_PAGE);
  }
}

/**
 * Walks over runs of equal values and of packed bits until there are `count` values.
 * @returns how many of them are odd: of levels of one bit, those that are not null
 */
function scanRuns(view: DataView, from: number, end: number, width: number, count: number): number {
  let at = from;
  let seen = 0;
  let odd = 0;
  while (seen < count) {
    const { value: header, next } = varint(view, at);
    at = next;
    const left = count - seen;
    if ((header & 1) === 0) {
      const length = header / 2;
      if (length === 0 || length > left) throw new Error(`a run of ${length} values where ${left} are left`);
      if (view.getUint8(at) & 1) odd += length;
      at += Math.ceil(width / 8);
      seen += length;
    } else {
      const groups = (header - 1) / 2;
      if (groups === 0 || 8 * groups >= left + 8)
        throw new Error(`a run of ${8 * groups} values where ${left} are left`);
      for (let i = 0; width === 1 && i < Math.min(8 * groups, left); i++)
        odd += (view.getUint8(at + (i >> 3)) >> (i & 7)) & 1;
      at += groups * width;
      seen += 8 * groups;
    }
    if (at > end) throw new Error('a run is cut off');
  }
  return odd;
}

function varint(view: DataView, from: number): { value: number; next: number } {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = view.getUint8(from + i);
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80 && value < 2 ** 31) return { value, next: from + i + 1 };
  }
  throw new Error('a number of more than 31 bits');
}

function within(what: string, value: number, most: number): void {
  if (!(value >= 0 && value <= most))
    throw new Error(
      `${Number.isNaN(Number(value)) ? 'no number of' : value} ${what}, where at most ${most} are expected`,
    );
}

// The safetensors container: 8 bytes with the length N of the header (little-endian), N bytes of JSON, then the data:
//   { "__metadata__": { key: string }, name: { "dtype": "F32", "shape": [...], "data_offsets": [begin, end] } }
// Offsets count from the start of the data; the tensors cover the data without holes or overlaps.
// Format: https://huggingface.co/docs/safetensors
import { describe } from '../core/checks.ts';
import type { Bad } from './bad-file.ts';
import { LITTLE_ENDIAN } from '../core/endian.ts';
import { decodeText, excerpt, isObject, type JsonObject, parseJson } from './strict-json.ts';

/** Bytes of an element. Newer types are let through as long as nobody asks for the tensor. */
const DTYPES = new Map<string, number>([
  ...(['BOOL', 'U8', 'I8', 'F8_E5M2', 'F8_E4M3'] as const).map((name) => [name, 1] as const),
  ...(['U16', 'I16', 'F16', 'BF16'] as const).map((name) => [name, 2] as const),
  ...(['U32', 'I32', 'F32'] as const).map((name) => [name, 4] as const),
  ...(['U64', 'I64', 'F64'] as const).map((name) => [name, 8] as const),
]);

/** Of the reference implementation too. */
const LONGEST_HEADER = 100_000_000;
/** A header is an object of objects with lists; a tensor has six values, if it is a matrix. */
const HEADER_LIMITS = { depth: 3, values: 1_000_000 };
const MOST_DIMENSIONS = 16;
/** The length of the header comes first. */
export const PREFIX_BYTES = 8;

/** A tensor as the header describes it; it has been checked against the data. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes of the data, end exclusive. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** A whole file: its header, and the bytes that the offsets refer to. */
export interface SafetensorsFile extends SafetensorsHeader {
  readonly data: Uint8Array;
}

/** A tensor to be written, row-major. */
export interface FloatTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array;
}

/**
 * The length of the header.
 * @param prefix - the first bytes of the file
 * @param size - bytes of the whole file
 */
export function headerLength(bad: Bad, prefix: Uint8Array, size: number): number {
  if (prefix.length < PREFIX_BYTES) throw bad(`expected at least ${PREFIX_BYTES} bytes, got ${prefix.length}`);
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > LONGEST_HEADER) throw bad(`its header of ${length} bytes is longer than ${LONGEST_HEADER} bytes`);
  if (Number(length) > size - PREFIX_BYTES) {
    throw bad(`its header of ${length} bytes does not fit into ${size} bytes`);
  }
  return Number(length);
}

/**
 * Parses a header and checks every tensor against the data, of which only the length is known.
 * @param dataBytes - what follows the header in the file
 */
export function parseHeader(bad: Bad, header: Uint8Array, dataBytes: number): SafetensorsHeader {
  const text = decodeText(bad, 'the header', header);
  if (!/^[ \t\n\r]*\{/.test(text)) throw bad('the header does not begin with {');
  const parsed = parseJson(bad, 'the header', text, HEADER_LIMITS) as JsonObject;
  const tensors = new Map<string, TensorEntry>();
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '__metadata__') metadata = readMetadata(bad, value);
    else tensors.set(name, readEntry(bad, name, value));
  }
  checkCover(bad, [...tensors.values()], dataBytes);
  return { tensors, metadata };
}

/** Parses the bytes of a file. The data is not copied. */
export function parseSafetensors(bad: Bad, bytes: Uint8Array): SafetensorsFile {
  const data = PREFIX_BYTES + headerLength(bad, bytes, bytes.length);
  const header = parseHeader(bad, bytes.subarray(PREFIX_BYTES, data), bytes.length - data);
  return { ...header, data: bytes.subarray(data) };
}

function readMetadata(bad: Bad, value: unknown): ReadonlyMap<string, string> {
  if (value === null) return new Map();
  if (!isObject(value)) throw bad(`"__metadata__" expected an object of strings, got ${describe(value)}`);
  const metadata = new Map<string, string>();
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== 'string')
      throw bad(`"__metadata__" ${describe(key)} expected a string, got ${describe(entry)}`);
    metadata.set(key, entry);
  }
  return metadata;
}

function readEntry(bad: Bad, name: string, value: unknown): TensorEntry {
  const tensor = `tensor ${describe(name)}`;
  if (!isObject(value)) throw bad(`${tensor} expected { dtype, shape, data_offsets }, got ${describe(value)}`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') throw bad(`${tensor} has the unknown dtype ${describe(dtype)}`);
  if (!isCounts(shape)) throw bad(`the shape of ${tensor} expected a list of sizes, got ${excerpt(shape)}`);
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw bad(`the data_offsets of ${tensor} expected [begin, end], got ${excerpt(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const width = DTYPES.get(dtype);
  const bytes = width === undefined ? Math.max(0, end - begin) : shape.reduce((product, size) => product * size, width);
  if (end - begin !== bytes) {
    throw bad(`${tensor} of shape ${shapeText(shape)} and dtype ${dtype} takes ${bytes} bytes, got ${end - begin}`);
  }
  return { name, dtype, shape, begin, end };
}

/** Whether it is of a type that came after this reader. */
export function isUnknownType({ dtype }: TensorEntry): boolean {
  return !DTYPES.has(dtype);
}

function isCounts(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.length <= MOST_DIMENSIONS &&
    value.every((size) => Number.isSafeInteger(size) && size >= 0)
  );
}

/** Tensors must lie one after another, from the first byte of the data to the last. */
function checkCover(bad: Bad, tensors: TensorEntry[], dataBytes: number): void {
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const tensor of tensors) {
    const fault = tensor.begin < end ? 'overlaps the one before it' : 'leaves a hole before it';
    if (tensor.begin !== end) {
      throw bad(`tensor ${describe(tensor.name)} begins at byte ${tensor.begin} and ${fault}, which ends at ${end}`);
    }
    end = tensor.end;
  }
  if (end !== dataBytes) throw bad(`its tensors take ${end} bytes, got ${dataBytes} bytes of data`);
}

/** A shape as it reads in a message. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** The bytes of a file with tensors of float32 or float64, in the order given; data begins at a multiple of 8 bytes. */
export function writeSafetensors(
  tensors: readonly FloatTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const { name, shape, values } of tensors) {
    const dtype = values instanceof Float64Array ? 'F64' : 'F32';
    header[name] = { dtype, shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(PREFIX_BYTES + length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.fill(0x20, PREFIX_BYTES, PREFIX_BYTES + length);
  bytes.set(text, PREFIX_BYTES);
  let at = PREFIX_BYTES + length;
  for (const { values } of tensors) {
    bytes.set(littleEndian(values), at);
    at += values.byteLength;
  }
  return bytes;
}

/** The bytes of numbers as they stand in a file. */
export function littleEndian(values: Float32Array | Float64Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (LITTLE_ENDIAN) return bytes;
  const turned = bytes.slice();
  for (let at = 0; at < turned.length; at += values.BYTES_PER_ELEMENT)
    turned.subarray(at, at + values.BYTES_PER_ELEMENT).reverse();
  return turned;
}

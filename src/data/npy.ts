import type { NumericArray } from '../core/table.ts';
import { allocate, isShared } from '../memory/shared.ts';
import { badFile } from './bad-file.ts';
import { DEFLATE_LIMIT, type FileSource, isGzip, readShared, sourceLabel } from './file-source.ts';
import { NumberStore } from './number-store.ts';
import { unpackExactly } from './unpack.ts';

/** An array as a .npy file holds it, row by row; in shared memory. */
export interface NpyArray {
  readonly values: NumericArray;
  readonly shape: readonly number[];
}

interface ElementType {
  readonly Type: new (buffer: ArrayBufferLike, offset: number, length: number) => NumericArray;
  readonly bytes: number;
  readonly read: (view: DataView, at: number, little: boolean) => number;
}

/** By kind and bytes; 64-bit integers are brought into the narrowest type that holds them, as no typed array of numbers does. */
const TYPES: Readonly<Record<string, ElementType>> = {
  b1: { Type: Uint8Array, bytes: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
  u1: { Type: Uint8Array, bytes: 1, read: (view, at) => view.getUint8(at) },
  i1: { Type: Int8Array, bytes: 1, read: (view, at) => view.getInt8(at) },
  u2: { Type: Uint16Array, bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  i2: { Type: Int16Array, bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  u4: { Type: Uint32Array, bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  i4: { Type: Int32Array, bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  f4: { Type: Float32Array, bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { Type: Float64Array, bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  u8: { Type: Float64Array, bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
  i8: { Type: Float64Array, bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
};

export interface Header {
  /** As the file has it, '<f4' for example. */
  readonly dtype: string;
  readonly element: ElementType;
  readonly little: boolean;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  readonly count: number;
  /** Bytes of the header, and of the whole file. */
  readonly length: number;
  readonly total: number;
}

/** The header of an array of plain numbers has some 100 bytes. */
export const LONGEST_HEADER = 2 ** 16;
const MAGIC = '\x93NUMPY';
const NATIVE_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Reads a .npy file, plain or gzip.
 * @throws GradpoolError ERR_BAD_FILE; what `node:fs` throws if it cannot be opened
 */
export async function readNpy(name: string, source: FileSource): Promise<NpyArray> {
  const label = sourceLabel(name, source);
  const bytes = await readShared(source);
  if (!isGzip(bytes)) return parseNpy(label, bytes);
  const total = (first: Uint8Array, packed: number) => {
    const header = headerOf(label, first);
    const limit = packed * DEFLATE_LIMIT;
    if (header !== undefined && header.total > limit) {
      throw notNpy(label, `its header promises ${header.total} bytes, more than ${packed} bytes can hold`);
    }
    return header?.total;
  };
  return parseNpy(label, await unpackExactly(label, bytes, LONGEST_HEADER + 12, total));
}

/** Parses the bytes of a .npy file; lengths are checked before anything is allocated. */
export function parseNpy(label: string, bytes: Uint8Array): NpyArray {
  const header = headerOf(label, bytes);
  if (header === undefined) throw notNpy(label, `its header is cut off after ${bytes.length} bytes`);
  const { dtype, element, little, shape, count, length, total } = header;
  if (bytes.length !== total) {
    const what = `${shape.join(' x ') || 'a single number'} of type ${dtype}`;
    throw notNpy(label, `${what} expected ${total} bytes in all, got ${bytes.length}`);
  }
  const at = bytes.byteOffset + length;
  const direct =
    dtype[1] !== 'b' && !/[iu]8/.test(dtype) && (element.bytes === 1 || little === NATIVE_LITTLE) && !header.fortran;
  if (direct && isShared(bytes.buffer) && at % element.bytes === 0) {
    return { values: new element.Type(bytes.buffer, at, count), shape };
  }
  return { values: npyElements(header)(bytes.subarray(length), count), shape };
}

/** How the elements of an array become numbers: `count` of them, from their bytes. */
export function npyElements({ dtype, element, little, fortran, shape }: Header) {
  return (bytes: Uint8Array, count: number): NumericArray => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, count * element.bytes);
    const places = fortran ? rowMajor(shape) : undefined;
    const value = (i: number) => element.read(view, (places?.next().value ?? i) * element.bytes, little);
    if (/[iu]8/.test(dtype)) {
      const store = new NumberStore();
      for (let i = 0; i < count; i++) store.push(value(i));
      return store.take();
    }
    const values = new element.Type(allocate(count * element.bytes), 0, count);
    for (let i = 0; i < count; i++) values[i] = value(i);
    return values;
  };
}

/** Where the elements of an array stored column by column stand, in the order of rows. */
function* rowMajor(shape: readonly number[]): Generator<number, undefined> {
  const strides = shape.map((_, d) => shape.slice(0, d).reduce((product, size) => product * size, 1));
  const index = shape.map(() => 0);
  let place = 0;
  for (;;) {
    yield place;
    let d = shape.length - 1;
    for (; d >= 0; d--) {
      place += strides[d]!;
      if (++index[d]! < shape[d]!) break;
      place -= shape[d]! * strides[d]!;
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

/** Undefined where there are not enough bytes yet. */
export function headerOf(label: string, bytes: Uint8Array): Header | undefined {
  const magic = latin1(bytes, 0, MAGIC.length);
  if (!MAGIC.startsWith(magic))
    throw notNpy(label, `expected it to begin with "\\x93NUMPY", got ${JSON.stringify(magic)}`);
  if (bytes.length < 12) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw notNpy(label, `expected version 1, 2 or 3, got ${version}`);
  const start = version === 1 ? 10 : 12;
  const size = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (size > LONGEST_HEADER) throw notNpy(label, `expected a header of at most ${LONGEST_HEADER} bytes, got ${size}`);
  if (bytes.length < start + size) return undefined;
  return parseHeader(
    label,
    latin1(bytes, start, start + size)
      .replace(/\s+/g, ' ')
      .trim(),
    start + size,
  );
}

/** Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`. */
function parseHeader(label: string, text: string, length: number): Header {
  const what = `got the header ${JSON.stringify(text.slice(0, 100))}`;
  const entries = /^\{(?: ?'(?:descr|fortran_order|shape)' ?: ?(?:'[^']*'|True|False|\([\d, ]*\)) ?,?)* ?\}$/;
  if (/'descr' ?: ?\[/.test(text)) throw notNpy(label, `records of several types cannot be read; ${what}`);
  const dtype = /'descr' ?: ?'([^']*)'/.exec(text)?.[1];
  const fortran = /'fortran_order' ?: ?(True|False)/.exec(text)?.[1];
  const sizes = /'shape' ?: ?\(([\d, ]*)\)/.exec(text)?.[1];
  if (!entries.test(text) || dtype === undefined || fortran === undefined || sizes === undefined) {
    throw notNpy(label, `expected descr, fortran_order and shape, ${what}`);
  }
  const element = TYPES[dtype.slice(1)];
  if (element === undefined || !'<>|='.includes(dtype[0]!)) {
    throw notNpy(label, `expected an element type of f4, f8, i1 to i8, u1 to u8 or b1, got ${JSON.stringify(dtype)}`);
  }
  const shape = sizes
    .split(',')
    .filter((size) => size.trim() !== '')
    .map(Number);
  const count = shape.reduce((product, size) => product * size, 1);
  const total = length + count * element.bytes;
  if (shape.some(Number.isNaN) || shape.length > 32 || !Number.isSafeInteger(total)) {
    throw notNpy(label, `expected at most 32 dimensions that can be counted, ${what}`);
  }
  const little = dtype[0] === '<' || (dtype[0] === '=' && NATIVE_LITTLE);
  return { dtype, element, little, fortran: fortran === 'True' && shape.length > 1, shape, count, length, total };
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.slice(from, to)).toString('latin1');
}

export function notNpy(label: string, what: string): Error {
  return badFile(label, `is not a .npy file: ${what}`);
}

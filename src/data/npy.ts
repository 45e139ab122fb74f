import type { NumericArray } from '../core/table.ts';
import { allocate, isShared } from '../memory/shared.ts';
import { badFile } from './bad-file.ts';
import { DEFLATE_LIMIT, type FileSource, isGzip, readShared, sourceLabel } from './file-source.ts';
import type { Element } from './npy-element.ts';
import { type Header, headerOf, LONGEST_HEADER, notNpy, widthOf } from './npy-header.ts';
import { NumberStore } from './number-store.ts';
import { unpackExactly } from './unpack.ts';
import { isWide, merged, TOO_MANY_WIDE, WideIntegers } from './wide-integers.ts';

/** An array as a .npy file holds it, row by row; in shared memory. */
export interface NpyArray {
  readonly values: NumericArray;
  readonly shape: readonly number[];
}

/** The bytes of a .npy file, whose header has been read. */
export interface NpyBytes {
  readonly header: Header;
  /** Without the header; in shared memory where the file was read into it. */
  readonly body: Uint8Array;
}

/**
 * Reads a .npy file of numbers, plain or gzip.
 * @throws GradpoolError ERR_BAD_FILE; what `node:fs` throws if it cannot be opened
 */
export async function readNpy(name: string, source: FileSource): Promise<NpyArray> {
  const label = sourceLabel(name, source);
  return numbersOf(label, await readNpyBytes(label, source));
}

/** Reads a .npy file, plain or gzip. */
export async function readNpyBytes(label: string, source: FileSource): Promise<NpyBytes> {
  const bytes = await readShared(source);
  if (!isGzip(bytes)) return npyBytes(label, bytes);
  const total = (first: Uint8Array, packed: number) => {
    const header = headerOf(label, first);
    const limit = packed * DEFLATE_LIMIT;
    if (header !== undefined && header.total > limit) {
      throw notNpy(label, `its header promises ${header.total} bytes, more than ${packed} bytes can hold`);
    }
    return header?.total;
  };
  return npyBytes(label, await unpackExactly(label, bytes, LONGEST_HEADER + 12, total));
}

/** Parses a .npy file; lengths are checked before anything is allocated. */
export function npyBytes(label: string, bytes: Uint8Array): NpyBytes {
  const header = headerOf(label, bytes);
  if (header === undefined) throw notNpy(label, `its header is cut off after ${bytes.length} bytes`);
  const { shape, length, total, fields } = header;
  const [first] = fields;
  // Python objects are pickled: how long they are does not follow from their number.
  if (bytes.length !== total && !fields.some(({ element }) => element.dtype.includes('O'))) {
    const type = fields.length === 1 ? `type ${first!.element.dtype}` : `${header.itemBytes} bytes`;
    const what = `${shape.join(' x ') || 'a single number'} of ${type}`;
    throw notNpy(label, `${what} expected ${total} bytes in all, got ${bytes.length}`);
  }
  return { header, body: bytes.subarray(length) };
}

/** @throws GradpoolError ERR_BAD_FILE where an array holds anything but numbers */
export function numbersOf(label: string, { header, body }: NpyBytes): NpyArray {
  const { fields, shape, count, fortran } = header;
  const [field] = fields;
  if (fields.length !== 1 || field!.name !== '')
    throw badFile(label, 'holds records, where plain numbers are expected; readTable reads their fields as columns');
  const { element } = field!;
  if (element.read === undefined || /[USaM]/.test(element.dtype))
    throw badFile(label, `expected elements of type f2 to f8, i1 to i8, u1 to u8 or b1, got "${element.dtype}"`);
  const { Type, direct, bytes } = element;
  if (Type !== undefined && direct && !fortran && isShared(body.buffer) && body.byteOffset % bytes === 0) {
    return { values: new Type(body.buffer, body.byteOffset, count), shape };
  }
  return { values: copied(label, element, header, body), shape };
}

function copied(label: string, { read, bytes, Type }: Element, header: Header, body: Uint8Array): NumericArray {
  const { count, fortran, shape } = header;
  const view = new DataView(body.buffer, body.byteOffset, count * bytes);
  const places = fortran ? rowMajor(shape) : undefined;
  const value = (i: number) => read!(view, (places?.next().value ?? i) * bytes);
  if (Type === undefined) return narrowed(label, count, widthOf(shape), value as (i: number) => number | bigint);
  const values = new Type(allocate(count * Type.BYTES_PER_ELEMENT), 0, count);
  for (let i = 0; i < count; i++) values[i] = value(i) as number;
  return values;
}

const LESS = 'store class numbers in place of names, or less a common offset';

/** 64-bit integers in the narrowest type that holds them; different ones of a column have to stay apart. */
function narrowed(label: string, count: number, width: number, value: (i: number) => number | bigint): NumericArray {
  const store = new NumberStore();
  const wide = new Map<number, WideIntegers>();
  for (let i = 0; i < count; i++) {
    const integer = value(i);
    const number = Number(integer);
    store.push(number);
    if (!isWide(number)) continue;
    const column = i % width;
    const seen = wide.get(column) ?? new WideIntegers();
    wide.set(column, seen);
    const twin = seen.add(integer, number);
    if (twin !== undefined) throw badFile(label, twin === 'many' ? TOO_MANY_WIDE : merged(integer, twin, LESS));
  }
  return store.take();
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

/** Of arrays stored column by column: where the items of the first row stand. */
export function firstItems({ shape }: Header): number[] {
  const places = rowMajor(shape);
  return Array.from({ length: widthOf(shape) }, () => places.next().value ?? 0);
}

import { GradpoolError } from '../core/errors.ts';
import type { NumericArray } from '../core/table.ts';
import { DEFLATE_LIMIT, isGzip, readBytes, sourceLabel } from './file-source.ts';
import { unpackExactly } from './unpack.ts';

/** An array as an IDX file holds it. */
export interface IdxArray {
  readonly values: NumericArray;
  readonly shape: readonly number[];
}

interface ElementType {
  readonly name: string;
  readonly bytes: number;
  readonly read: (view: DataView, count: number) => NumericArray;
}

/** The third byte of the magic number; elements are big-endian. */
const TYPES = new Map<number, ElementType>([
  [
    0x08,
    {
      name: 'unsigned byte',
      bytes: 1,
      read: (view, count) => new Uint8Array(view.buffer, view.byteOffset, count),
    },
  ],
  [
    0x09,
    {
      name: 'signed byte',
      bytes: 1,
      read: (view, count) => new Int8Array(view.buffer, view.byteOffset, count),
    },
  ],
  [
    0x0b,
    {
      name: 'short',
      bytes: 2,
      read: (view, count) => Int16Array.from({ length: count }, (_, i) => view.getInt16(2 * i)),
    },
  ],
  [
    0x0c,
    {
      name: 'int',
      bytes: 4,
      read: (view, count) => Int32Array.from({ length: count }, (_, i) => view.getInt32(4 * i)),
    },
  ],
  [
    0x0d,
    {
      name: 'float',
      bytes: 4,
      read: (view, count) => Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i)),
    },
  ],
  [
    0x0e,
    {
      name: 'double',
      bytes: 8,
      read: (view, count) => Float64Array.from({ length: count }, (_, i) => view.getFloat64(8 * i)),
    },
  ],
]);

/** What the first bytes of an IDX file promise. */
interface Header {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly count: number;
  /** Bytes of the header, and of the whole file. */
  readonly length: number;
  readonly total: number;
}

/** More dimensions than this byte can count do not exist. */
const LONGEST_HEADER = 4 + 4 * 255;

/**
 * Reads an IDX file (the format of MNIST), plain or gzip.
 * @param source - a path, a file URL, or the bytes themselves
 * @throws GradpoolError ERR_BAD_FILE telling what is wrong in which file; what `node:fs` throws if it cannot be opened
 */
export async function readIdx(name: string, source: string | URL | Uint8Array): Promise<IdxArray> {
  const label = sourceLabel(name, source);
  const bytes = await readBytes(source);
  if (!isGzip(bytes)) return parseIdx(label, bytes);
  const total = (first: Uint8Array, packed: number) => {
    if (first.length < 4 || first.length < 4 + 4 * first[3]!) return undefined;
    const header = parseHeader(label, first);
    if (header.total > packed * DEFLATE_LIMIT) {
      throw badIdx(label, `its header promises ${header.total} bytes, more than ${packed} bytes can hold`);
    }
    return header.total;
  };
  return parseIdx(label, await unpackExactly(label, bytes, LONGEST_HEADER, total));
}

/** Parses the bytes of an IDX file; lengths are checked before anything is allocated. */
export function parseIdx(label: string, bytes: Uint8Array): IdxArray {
  const { type, shape, count, length, total } = parseHeader(label, bytes);
  if (bytes.length !== total) {
    const what = `${shape.join(' x ')} of type ${type.name}`;
    throw badIdx(label, `${what} expected ${total} bytes in all, got ${bytes.length}`);
  }
  return { values: type.read(new DataView(bytes.buffer, bytes.byteOffset + length), count), shape };
}

function parseHeader(label: string, bytes: Uint8Array): Header {
  if (bytes.length < 4) throw badIdx(label, `expected a header of at least 4 bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) !== 0) throw badIdx(label, `expected two zero bytes first, got ${bytes[0]}, ${bytes[1]}`);
  const type = TYPES.get(bytes[2]!);
  if (type === undefined) throw badIdx(label, `expected an element type of 8, 9, 11, 12, 13 or 14, got ${bytes[2]}`);
  const dimensions = bytes[3]!;
  if (dimensions === 0) throw badIdx(label, 'expected at least one dimension, got 0');
  const length = 4 + 4 * dimensions;
  if (bytes.length < length) throw badIdx(label, `expected a header of ${length} bytes, got ${bytes.length}`);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const count = shape.reduce((product, size) => product * size, 1);
  return { type, shape, count, length, total: length + count * type.bytes };
}

function badIdx(label: string, what: string): GradpoolError {
  return new GradpoolError('ERR_BAD_FILE', `${label} is not an IDX file: ${what}`);
}

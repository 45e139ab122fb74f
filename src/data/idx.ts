import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { wrongType } from '../core/checks.ts';
import { GradpoolError } from '../core/errors.ts';
import type { NumericArray } from '../core/table.ts';

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

const MOST_UNPACKED = 2 ** 32 - 1;

/**
 * Reads an IDX file (the format of MNIST), plain or gzip.
 * @param source - a path, a file URL, or the bytes themselves
 * @throws GradpoolError ERR_BAD_FILE telling what is wrong in which file; what `node:fs` throws if it cannot be opened
 */
export async function readIdx(name: string, source: string | URL | Uint8Array): Promise<IdxArray> {
  if (typeof source !== 'string' && !(source instanceof URL) && !(source instanceof Uint8Array)) {
    throw wrongType(name, 'path, file URL or Uint8Array', source);
  }
  const label = source instanceof Uint8Array ? `"${name}"` : String(source);
  const bytes = source instanceof Uint8Array ? source : await readFile(source);
  return parseIdx(label, await unpack(label, bytes));
}

async function unpack(label: string, bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MOST_UNPACKED });
  } catch (cause) {
    throw new GradpoolError('ERR_BAD_FILE', `${label} is not sound gzip: ${String(cause)}`, { cause });
  }
}

/** Parses the bytes of an IDX file; lengths are checked before anything is allocated. */
export function parseIdx(label: string, bytes: Uint8Array): IdxArray {
  const bad = (what: string) => new GradpoolError('ERR_BAD_FILE', `${label} is not an IDX file: ${what}`);
  if (bytes.length < 4) throw bad(`expected a header of at least 4 bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) !== 0) throw bad(`expected two zero bytes first, got ${bytes[0]}, ${bytes[1]}`);
  const type = TYPES.get(bytes[2]!);
  if (type === undefined) throw bad(`expected an element type of 8, 9, 11, 12, 13 or 14, got ${bytes[2]}`);
  const dimensions = bytes[3]!;
  if (dimensions === 0) throw bad('expected at least one dimension, got 0');
  const header = 4 + 4 * dimensions;
  if (bytes.length < header) throw bad(`expected a header of ${header} bytes, got ${bytes.length}`);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const count = shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== header + count * type.bytes) {
    throw bad(
      `${shape.join(' x ')} of type ${type.name} expected ${header + count * type.bytes} bytes in all, got ${bytes.length}`,
    );
  }
  return { values: type.read(new DataView(bytes.buffer, bytes.byteOffset + header), count), shape };
}

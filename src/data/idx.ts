import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
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

/** What the first bytes of an IDX file promise. */
interface Header {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly count: number;
  /** Bytes of the header, and of the whole file. */
  readonly length: number;
  readonly total: number;
}

/** Deflate never shrinks by more than this factor. */
const DEFLATE_LIMIT = 1032;
/** More dimensions than this byte can count do not exist. */
const LONGEST_HEADER = 4 + 4 * 255;

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
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return parseIdx(label, zipped ? await unpack(label, bytes) : bytes);
}

/** Unpacks as much as the header promises and not a byte more. */
async function unpack(label: string, bytes: Uint8Array): Promise<Uint8Array> {
  let unpacked = new Uint8Array(LONGEST_HEADER);
  let header: Header | undefined;
  let filled = 0;
  const append = (chunk: Uint8Array): void => {
    if (filled + chunk.length > unpacked.length) {
      throw badFile(label, `expected ${header?.total ?? 0} bytes in all, got more`);
    }
    unpacked.set(chunk, filled);
    filled += chunk.length;
  };
  const stream = Readable.from([bytes]).pipe(createGunzip());
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      const start = header ? 0 : Math.min(chunk.length, LONGEST_HEADER - filled);
      if (start > 0) append(chunk.subarray(0, start));
      if (header === undefined && filled >= 4 && filled >= 4 + 4 * unpacked[3]!) {
        header = parseHeader(label, unpacked.subarray(0, filled));
        if (header.total > bytes.length * DEFLATE_LIMIT) {
          throw badFile(label, `its header promises ${header.total} bytes, more than ${bytes.length} bytes can hold`);
        }
        if (filled > header.total) throw badFile(label, `expected ${header.total} bytes in all, got more`);
        const whole = new Uint8Array(header.total);
        whole.set(unpacked.subarray(0, filled));
        unpacked = whole;
      }
      if (start < chunk.length) append(chunk.subarray(start));
    }
  } catch (cause) {
    if (cause instanceof GradpoolError) throw cause;
    throw new GradpoolError('ERR_BAD_FILE', `${label} is not sound gzip: ${String(cause)}`, { cause });
  } finally {
    stream.destroy();
  }
  return unpacked.subarray(0, filled);
}

/** Parses the bytes of an IDX file; lengths are checked before anything is allocated. */
export function parseIdx(label: string, bytes: Uint8Array): IdxArray {
  const { type, shape, count, length, total } = parseHeader(label, bytes);
  if (bytes.length !== total) {
    const what = `${shape.join(' x ')} of type ${type.name}`;
    throw badFile(label, `${what} expected ${total} bytes in all, got ${bytes.length}`);
  }
  return { values: type.read(new DataView(bytes.buffer, bytes.byteOffset + length), count), shape };
}

function parseHeader(label: string, bytes: Uint8Array): Header {
  if (bytes.length < 4) throw badFile(label, `expected a header of at least 4 bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) !== 0) throw badFile(label, `expected two zero bytes first, got ${bytes[0]}, ${bytes[1]}`);
  const type = TYPES.get(bytes[2]!);
  if (type === undefined) throw badFile(label, `expected an element type of 8, 9, 11, 12, 13 or 14, got ${bytes[2]}`);
  const dimensions = bytes[3]!;
  if (dimensions === 0) throw badFile(label, 'expected at least one dimension, got 0');
  const length = 4 + 4 * dimensions;
  if (bytes.length < length) throw badFile(label, `expected a header of ${length} bytes, got ${bytes.length}`);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const count = shape.reduce((product, size) => product * size, 1);
  return { type, shape, count, length, total: length + count * type.bytes };
}

function badFile(label: string, what: string): GradpoolError {
  return new GradpoolError('ERR_BAD_FILE', `${label} is not an IDX file: ${what}`);
}

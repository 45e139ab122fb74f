import { Readable, type Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { allocate } from '../memory/shared.ts';
import { badFile } from './bad-file.ts';

type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Bytes as they are unpacked.
 * @param fault - the error where they are not sound
 */
export async function* unpackedBy(
  unpacker: Transform,
  packed: Pieces,
  fault: (cause: unknown) => Error,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(packed, { objectMode: false });
  source.on('error', (error) => unpacker.destroy(error));
  try {
    yield* source.pipe(unpacker) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code?.startsWith('Z_') ? fault(cause) : cause;
  } finally {
    source.destroy();
    unpacker.destroy();
  }
}

/** @throws GradpoolError ERR_BAD_FILE where it is not sound */
export function gunzipped(label: string, packed: Pieces): AsyncGenerator<Uint8Array> {
  const fault = (cause: unknown) => badFile(label, `is not sound gzip: ${String(cause)}`, cause);
  return unpackedBy(createGunzip(), packed, fault);
}

/**
 * Unpacks gzip, as much as the header of what is inside promises and not a byte more.
 * @param longestHeader - bytes
 * @param total - the bytes in all, from the first bytes; undefined as long as they are not enough
 * @returns in shared memory
 */
export async function unpackExactly(
  label: string,
  packed: Uint8Array,
  longestHeader: number,
  total: (first: Uint8Array, packed: number) => number | undefined,
): Promise<Uint8Array> {
  let unpacked: Uint8Array = new Uint8Array(longestHeader);
  let promised: number | undefined;
  let filled = 0;
  const append = (piece: Uint8Array): void => {
    if (filled + piece.length > unpacked.length)
      throw badFile(label, `expected ${promised ?? 0} bytes in all, got more`);
    unpacked.set(piece, filled);
    filled += piece.length;
  };
  for await (const piece of gunzipped(label, [packed])) {
    const start = promised === undefined ? Math.min(piece.length, longestHeader - filled) : 0;
    if (start > 0) append(piece.subarray(0, start));
    promised ??= total(unpacked.subarray(0, filled), packed.length);
    if (start > 0 && promised !== undefined) {
      if (filled > promised) throw badFile(label, `expected ${promised} bytes in all, got more`);
      const whole = new Uint8Array(allocate(promised));
      whole.set(unpacked.subarray(0, filled));
      unpacked = whole;
    }
    if (start < piece.length) append(piece.subarray(start));
  }
  return unpacked.subarray(0, filled);
}

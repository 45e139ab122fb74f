import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { GradpoolError } from '../core/errors.ts';
import { allocate } from '../memory/shared.ts';
import { badFile } from './bad-file.ts';

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
  const stream = Readable.from([packed]).pipe(createGunzip());
  try {
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
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
  } catch (cause) {
    if (cause instanceof GradpoolError) throw cause;
    throw badFile(label, `is not sound gzip: ${String(cause)}`, cause);
  } finally {
    stream.destroy();
  }
  return unpacked.subarray(0, filled);
}

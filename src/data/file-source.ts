import { createReadStream } from 'node:fs';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { wrongType } from '../core/checks.ts';
import { isBytes, isUrl } from '../core/realm.ts';
import { allocate } from '../memory/shared.ts';
import { gunzipped } from './unpack.ts';

/** Where a file is: a path, a file URL, or its bytes. */
export type FileSource = string | URL | Uint8Array;

/** Bytes that are read or decoded in one go. */
const PIECE = 2 ** 16;
/** `readFile` reads no more. */
const MOST_AT_ONCE = 2 ** 31 - 1;
/** Nor `FileHandle.read` in one go. */
const MOST_IN_ONE = 2 ** 30;
/** Deflate never shrinks by more than this factor. */
export const DEFLATE_LIMIT = 1032;

/** @returns how the file is called in messages */
export function sourceLabel(name: string, source: unknown): string {
  if (isBytes(source)) return `"${name}"`;
  if (typeof source === 'string' || isUrl(source)) return String(source);
  throw wrongType(name, 'path, file URL or Uint8Array', source);
}

/** node:fs knows URLs of its own realm only. */
export function pathOf(source: string | URL): string {
  return isUrl(source) ? fileURLToPath(source.href) : source;
}

/** The whole file; what `node:fs` throws if it cannot be opened. */
export async function readBytes(source: FileSource): Promise<Uint8Array> {
  if (isBytes(source)) return source;
  const path = pathOf(source);
  return (await stat(path)).size > MOST_AT_ONCE ? readShared(source) : readFile(path);
}

/** The whole file in shared memory, so that arrays in it need not be copied. */
export async function readShared(source: FileSource): Promise<Uint8Array> {
  if (isBytes(source)) {
    const copy = new Uint8Array(allocate(source.length));
    copy.set(source);
    return copy;
  }
  const file = await open(pathOf(source));
  try {
    return await fill(new Uint8Array(allocate((await file.stat()).size)), file, 0);
  } finally {
    await file.close();
  }
}

/** Reads bytes of a file from a place on. @returns as many of them as there are */
export async function fill(bytes: Uint8Array, file: FileHandle, from: number): Promise<Uint8Array> {
  for (let filled = 0; filled < bytes.length;) {
    const length = Math.min(MOST_IN_ONE, bytes.length - filled);
    const { bytesRead } = await file.read(bytes, filled, length, from + filled);
    if (bytesRead === 0) return bytes.subarray(0, filled);
    filled += bytesRead;
  }
  return bytes;
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The bytes of a file, piece by piece, unpacked where they are gzip. */
export async function* streamBytes(label: string, source: FileSource): AsyncGenerator<Uint8Array> {
  yield* (await beginsAsGzip(source)) ? gunzipped(label, rawPieces(source)) : rawPieces(source);
}

async function beginsAsGzip(source: FileSource): Promise<boolean> {
  if (isBytes(source)) return isGzip(source);
  const file = await open(pathOf(source));
  try {
    const first = new Uint8Array(2);
    await file.read(first, 0, 2, 0);
    return isGzip(first);
  } finally {
    await file.close();
  }
}

async function* rawPieces(source: FileSource): AsyncGenerator<Uint8Array> {
  if (isBytes(source)) yield* pieces(source);
  else yield* createReadStream(pathOf(source), { highWaterMark: PIECE }) as AsyncIterable<Uint8Array>;
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

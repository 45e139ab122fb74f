import { type FileHandle, open } from 'node:fs/promises';
import { asArrayOf } from '../core/realm.ts';
import { type FileSource, pathOf } from './file-source.ts';

/** A file of which pieces are read. */
export interface RandomAccess {
  readonly size: number;
  /** The bytes [from, to), fewer where the file ends before. They may be those of the source itself. */
  read(from: number, to: number): Promise<Uint8Array>;
}

/** More than this is not read in one go. */
const MOST = 2 ** 30;

/** Opens a file for as long as the task takes; what `node:fs` throws if it cannot be opened. */
export async function withAccess<T>(source: FileSource, task: (file: RandomAccess) => Promise<T>): Promise<T> {
  const bytes = asArrayOf('Uint8Array', source);
  if (bytes !== undefined) {
    const read = (from: number, to: number) => Promise.resolve(bytes.subarray(from, to));
    return task({ size: bytes.length, read });
  }
  const file = await open(pathOf(source as string | URL));
  try {
    const { size } = await file.stat();
    return await task({ size, read: (from, to) => readPieces(file, from, Math.min(to, size)) });
  } finally {
    await file.close();
  }
}

async function readPieces(file: FileHandle, from: number, to: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, to - from));
  for (let filled = 0; filled < bytes.length;) {
    const length = Math.min(MOST, bytes.length - filled);
    const { bytesRead } = await file.read(bytes, filled, length, from + filled);
    if (bytesRead === 0) return bytes.subarray(0, filled);
    filled += bytesRead;
  }
  return bytes;
}

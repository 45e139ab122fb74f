import { open } from 'node:fs/promises';
import { asArrayOf } from '../core/realm.ts';
import { type FileSource, fill, pathOf } from './file-source.ts';

/** A file of which pieces are read. */
export interface RandomAccess {
  readonly size: number;
  /** The bytes [from, to), fewer where the file ends before. They may be those of the source itself. */
  read(from: number, to: number): Promise<Uint8Array>;
}

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
    const read = (from: number, to: number) => fill(new Uint8Array(Math.max(0, Math.min(to, size) - from)), file, from);
    return await task({ size, read });
  } finally {
    await file.close();
  }
}

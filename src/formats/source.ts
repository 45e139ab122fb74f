import { type FileHandle, open } from 'node:fs/promises';
import { isBytes } from '../core/realm.ts';
import { type FileSource, fill, pathOf, sourceLabel } from '../data/file-source.ts';
import { type Bad, badFile } from './bad-file.ts';
import { headerLength, parseHeader, parseSafetensors, PREFIX_BYTES, type SafetensorsFile } from './safetensors.ts';

/**
 * Reads a safetensors file. Its header is checked against the size of the file before the data is read.
 * @param kind - what the file should be, for the message
 * @throws GradpoolError ERR_BAD_FILE telling what is wrong in which file; what `node:fs` throws if it cannot be opened
 */
export async function openSafetensors(
  name: string,
  source: FileSource,
  kind: string,
): Promise<{ bad: Bad; file: SafetensorsFile }> {
  const bad = badFile(sourceLabel(name, source), kind);
  if (isBytes(source)) return { bad, file: parseSafetensors(bad, source) };
  const handle = await open(pathOf(source));
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw bad('it is no regular file');
    const prefix = await readExactly(bad, handle, 0, Math.min(PREFIX_BYTES, stat.size));
    const length = headerLength(bad, prefix, stat.size);
    const dataBytes = stat.size - PREFIX_BYTES - length;
    const header = parseHeader(bad, await readExactly(bad, handle, PREFIX_BYTES, length), dataBytes);
    const data = await readExactly(bad, handle, PREFIX_BYTES + length, dataBytes);
    return { bad, file: { ...header, data } };
  } finally {
    await handle.close();
  }
}

async function readExactly(bad: Bad, handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = await fill(new Uint8Array(length), handle, position);
  if (bytes.length < length) throw bad(`it ends after ${position + bytes.length} bytes while it is read`);
  return bytes;
}

import { wrongType } from '../core/checks.ts';
import { OutputFile } from '../core/output-file.ts';
import { isUrl } from '../core/realm.ts';
import { pathOf } from '../data/file-source.ts';

/** A path as node:fs takes it. */
export function checkPath(name: string, path: unknown): string {
  if (!isUrl(path) && (typeof path !== 'string' || path === '')) throw wrongType(name, 'path or file URL', path);
  return pathOf(path);
}

/**
 * Writes a file whole or not at all, through links, as {@link OutputFile} does.
 * @param name - of the argument, for messages
 * @throws RangeError naming it where there is something that is no file; what `node:fs` throws; then nothing is left behind
 */
export async function writeAside(name: string, path: string, content: string | Uint8Array): Promise<void> {
  const file = await OutputFile.open(name, path);
  try {
    await file.write(content);
  } catch (error) {
    await file.discard();
    throw error;
  }
  await file.commit();
}

import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wrongType } from '../core/checks.ts';

/** A path as node:fs takes it. */
export function checkPath(name: string, path: unknown): string {
  if (path instanceof URL) return fileURLToPath(path);
  if (typeof path !== 'string' || path === '') throw wrongType(name, 'path or file URL', path);
  return path;
}

/**
 * Writes a file beside its place and renames it when it is whole and on the disk: whoever reads the path sees the old
 * file or the new one, also after the process was killed. (After a power failure as far as the disk keeps what it confirms.)
 * @throws what `node:fs` throws; then nothing is left behind
 */
export async function writeAside(path: string, content: string | Uint8Array): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = await open(aside, 'wx');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

/** The name is on the disk, too. Windows opens no folders. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

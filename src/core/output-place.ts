import { accessSync, constants, lstatSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

/** What stands at a path that is to be written to, links followed. */
export type OutputPlace =
  /** Nothing yet, or a file: it may be replaced. */
  | { readonly kind: 'file'; readonly path: string; readonly before: Stats | undefined }
  /** A device or a pipe: written to, never replaced. */
  | { readonly kind: 'stream'; readonly path: string }
  /** What this process has open already, as /dev/stdout: written to, left open. */
  | { readonly kind: 'descriptor'; readonly descriptor: number };

/** As many as Linux follows. */
const MOST_LINKS = 40;

/**
 * Looks, with no harm done, whether a path can be written to.
 * @param name - of the argument
 * @throws RangeError: a folder, a socket, a file that nobody may write to, a link that leads nowhere or in a circle; what `node:fs` throws
 */
export function outputPlace(name: string, path: string): OutputPlace {
  if (/[/\\]$/.test(path)) throw wrong(name, path, 'a folder');
  let place = resolve(path);
  for (let links = 0; ; links++) {
    place = withRealFolder(place);
    const descriptor = descriptorOf(place);
    if (descriptor !== undefined) return { kind: 'descriptor', descriptor };
    const found = stats(name, path, () => lstatSync(place, { throwIfNoEntry: false }));
    if (found === undefined && links > 0) throw wrong(name, path, `a symbolic link to ${place}, which is not there`);
    if (!found?.isSymbolicLink()) return placeOf(name, path, place, found);
    if (links === MOST_LINKS) throw wrong(name, path, 'a symbolic link that leads in a circle');
    const target = resolve(dirname(place), readlinkSync(place));
    // What another process has open is shown as a link to a name that need not exist.
    if (place.startsWith('/proc/') && !stats(name, path, () => lstatSync(target, { throwIfNoEntry: false })))
      return placeOf(name, path, place, statSync(place));
    place = target;
  }
}

function placeOf(name: string, given: string, path: string, found: Stats | undefined): OutputPlace {
  if (found?.isDirectory()) throw wrong(name, given, 'a folder');
  if (found?.isSocket()) throw wrong(name, given, 'a socket');
  if (found === undefined || found.isFile()) {
    // Whoever runs it: root may write to such a file, too, but somebody has meant to keep it.
    if (found && (found.mode & 0o222) === 0) throw wrong(name, given, 'a write-protected file');
    if (found) accessSync(path, constants.W_OK);
    return { kind: 'file', path, before: found };
  }
  accessSync(path, constants.W_OK);
  return { kind: 'stream', path };
}

function wrong(name: string, path: string, what: string): RangeError {
  return new RangeError(`"${name}" expected the path of a file, got ${what}: ${path}`);
}

/** Links in the folder's own path are followed here: `..` in a link counts from where the folder really is. */
function withRealFolder(place: string): string {
  try {
    return resolve(realpathSync(dirname(place)), basename(place));
  } catch (error) {
    // It may be made yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return place;
    throw error;
  }
}

function descriptorOf(place: string): number | undefined {
  const [, process_, number] = /^\/(?:dev|proc\/(\d+|self))\/fd\/(\d+)$/.exec(place) ?? [];
  const own = process_ === undefined || process_ === 'self' || Number(process_) === process.pid;
  return number !== undefined && own ? Number(number) : undefined;
}

function stats(name: string, path: string, look: () => Stats | undefined): Stats | undefined {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP')
      throw wrong(name, path, 'a symbolic link that leads in a circle');
    throw error;
  }
}

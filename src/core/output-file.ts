import { randomBytes } from 'node:crypto';
import { constants, createReadStream, type Stats, writeSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type OutputPlace, outputPlace } from './output-place.ts';

const { O_WRONLY, O_TRUNC } = constants;

/** Codes with which a file cannot be replaced by another one, though it may be written to. */
const NO_REPLACEMENT = ['EACCES', 'EPERM', 'EROFS', 'EBUSY'];

/**
 * Where something is written to. A file is written beside its place and renamed when it is whole and on the disk: whoever reads the path
 * sees the old file or the new one, also after the process was killed. (After a power failure as far as the disk keeps what it
 * confirms.) The new file has the mode and the owner of the old one; a symbolic link stays, and its target is replaced. Other hard
 * links keep the old content. Devices, pipes and what is open already are written to as they are. So is a file that cannot be replaced by
 * another one of the same owner: one of somebody else, in a folder that is write-protected, or mounted by itself.
 */
export class OutputFile {
  readonly #sink: Sink;

  private constructor(sink: Sink) {
    this.#sink = sink;
  }

  /**
   * @param name - of the argument, for messages
   * @throws RangeError naming it where there is something that is no file; what `node:fs` throws
   */
  static async open(name: string, path: string): Promise<OutputFile> {
    const place = outputPlace(name, path);
    return new OutputFile(place.kind === 'file' ? await openAside(place) : await openInPlace(place, O_TRUNC));
  }

  /** The same, but what is written is there at once: a file is emptied, or with `append` added to. */
  static async openLive(name: string, path: string, append: boolean): Promise<OutputFile> {
    return new OutputFile(await openInPlace(outputPlace(name, path), append ? constants.O_APPEND : O_TRUNC));
  }

  /** Adds to what was written. */
  write(content: string | Uint8Array): Promise<void> {
    return this.#sink.write(content);
  }

  /** All is written: the file takes its place. */
  async commit(): Promise<void> {
    try {
      await this.#sink.commit();
    } catch (error) {
      await this.#sink.discard();
      throw error;
    }
  }

  /** Leaves nothing behind. */
  discard(): Promise<void> {
    return this.#sink.discard();
  }
}

interface Sink {
  write(content: string | Uint8Array): Promise<void>;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

async function openInPlace(place: OutputPlace, mode: number): Promise<Sink> {
  if (place.kind === 'descriptor') return new OpenDescriptor(place.descriptor);
  const create = place.kind === 'file' && place.before === undefined ? constants.O_CREAT : 0;
  // Pipes in shared folders refuse to be made.
  return new InPlace(await open(place.path, O_WRONLY | mode | create));
}

async function openAside(place: Extract<OutputPlace, { kind: 'file' }>): Promise<Sink> {
  try {
    return new AsideSink(await AsideFile.create(place.path, place.before));
  } catch (error) {
    if (place.before === undefined || !cannotReplace(error)) throw error;
    return openInPlace(place, O_TRUNC);
  }
}

function cannotReplace(error: unknown): boolean {
  return NO_REPLACEMENT.includes((error as NodeJS.ErrnoException).code ?? '');
}

class InPlace implements Sink {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  write(content: string | Uint8Array): Promise<void> {
    return this.#handle.writeFile(content);
  }

  commit(): Promise<void> {
    return this.#handle.close();
  }

  discard(): Promise<void> {
    return this.#handle.close();
  }
}

/** What is open already stays open, and its other writers go on. */
class OpenDescriptor implements Sink {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  async write(content: string | Uint8Array): Promise<void> {
    const stream = this.#descriptor === 1 ? process.stdout : this.#descriptor === 2 ? process.stderr : undefined;
    if (stream)
      return new Promise((done, failed) => {
        stream.write(content, (error) => (error ? failed(error) : done()));
      });
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    for (let written = 0; written < bytes.length;) {
      try {
        written += writeSync(this.#descriptor, bytes, written);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        await delay(5);
      }
    }
  }

  commit(): Promise<void> {
    return Promise.resolve();
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }
}

class AsideSink implements Sink {
  readonly #file: AsideFile;

  constructor(file: AsideFile) {
    this.#file = file;
  }

  write(content: string | Uint8Array): Promise<void> {
    return this.#file.handle.writeFile(content);
  }

  async commit(): Promise<void> {
    await this.#file.handle.sync();
    await this.#file.handle.close();
    await this.#file.publish();
  }

  discard(): Promise<void> {
    return this.#file.discard();
  }
}

/** A file beside the place that it is to have. */
export class AsideFile {
  /** Written and read; stays open when the file has its place. */
  readonly handle: FileHandle;
  readonly #path: string;
  readonly #aside: string;
  /** The file that it replaces. */
  readonly #before: Stats | undefined;
  /** Whether it has that one's owner. */
  readonly #owned: boolean;

  private constructor(handle: FileHandle, path: string, aside: string, before: Stats | undefined, owned: boolean) {
    this.handle = handle;
    this.#path = path;
    this.#aside = aside;
    this.#before = before;
    this.#owned = owned;
  }

  /**
   * @param path - of what `outputPlace` has found
   * @throws what `node:fs` throws
   */
  static async create(path: string, before: Stats | undefined): Promise<AsideFile> {
    const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    // Until it has its mode nobody else reads what may be secret.
    const handle = await open(aside, 'wx+', before ? 0o600 : 0o666).catch((error: NodeJS.ErrnoException) => {
      // What is said is said of the path that was given.
      throw Object.assign(error, { message: error.message.replace(aside, path), path });
    });
    try {
      const owned = before === undefined || (await takeOver(handle, before));
      return new AsideFile(handle, path, aside, before, owned);
    } catch (error) {
      await handle.close();
      await rm(aside, { force: true });
      throw error;
    }
  }

  /** Gives the file its place. @throws what `node:fs` throws */
  async publish(): Promise<void> {
    if (this.#owned) {
      try {
        await rename(this.#aside, this.#path);
        return await syncFolder(dirname(this.#path));
      } catch (error) {
        if (this.#before === undefined || !cannotReplace(error)) throw error;
      }
    }
    const target = await open(this.#path, O_WRONLY | O_TRUNC);
    try {
      await pipeline(createReadStream(this.#aside), target.createWriteStream({ autoClose: false }));
      await target.sync();
    } finally {
      await target.close();
    }
    await rm(this.#aside, { force: true });
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    // It may be closed already.
    await this.handle.close().catch(() => undefined);
    await rm(this.#aside, { force: true });
  }
}

/** Gives a new file the owner and the mode of one that was there. @returns whether the owner could be given */
async function takeOver(handle: FileHandle, { uid, gid, mode }: Stats): Promise<boolean> {
  const now = await handle.stat();
  const owned =
    (now.uid === uid && now.gid === gid) ||
    (await handle.chown(uid, gid).then(
      () => true,
      () => false,
    ));
  // After the owner, whose change takes bits from the mode.
  await handle.chmod(mode & 0o7777);
  return owned;
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

import { type FileHandle, open } from 'node:fs/promises';
import { GradpoolError } from '../core/errors.ts';
import { badFile } from './bad-file.ts';
import { footerLength, parseFooter, type RowFooter, TAIL } from './row-footer.ts';
import { rowBytes } from './row-layout.ts';

/** The longest piece that is read in one go; Node refuses 2 GiB. */
const PIECE = 2 ** 30;

/** Patterns in a file, each as many bytes as the other, from the first byte on; open until it is closed. */
export class RowFile {
  /** How the file is called in messages. */
  readonly label: string;
  readonly about: RowFooter;
  readonly rowBytes: number;
  readonly #handle: FileHandle;
  readonly #stamp: Stamp;
  #closing: Promise<void> | undefined;

  private constructor(label: string, handle: FileHandle, about: RowFooter, stamp: Stamp) {
    this.label = label;
    this.#handle = handle;
    this.about = about;
    this.rowBytes = rowBytes(about.layout);
    this.#stamp = stamp;
  }

  /** Takes over a file that has been written and is open. */
  static async of(label: string, handle: FileHandle, about: RowFooter): Promise<RowFile> {
    return new RowFile(label, handle, about, await stampOf(handle));
  }

  /** @throws GradpoolError ERR_BAD_FILE; what `node:fs` throws if it cannot be opened */
  static async open(path: string): Promise<RowFile> {
    const handle = await open(path);
    try {
      const stamp = await stampOf(handle);
      const { size } = stamp;
      const end = await piece(handle, Math.max(0, size - TAIL), TAIL);
      const length = footerLength(path, end, size);
      const json = await piece(handle, size - TAIL - length, length);
      return new RowFile(path, handle, parseFooter(path, json, size - TAIL - length), stamp);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Reads patterns, as many as there is room for.
   * @param first - the number of the first, from 0
   * @throws GradpoolError ERR_BAD_FILE where the file has become shorter or cannot be read, ERR_CLOSED
   */
  async read(into: Uint8Array, first: number): Promise<void> {
    const start = first * this.rowBytes;
    for (let done = 0; done < into.length;) {
      if (this.#closing) throw new GradpoolError('ERR_CLOSED', `${this.label}: the data set is closed`);
      const length = Math.min(PIECE, into.length - done);
      const { bytesRead } = await this.#handle.read(into, done, length, start + done).catch((cause: Error) => {
        throw badFile(this.label, `cannot be read: ${cause.message}`, cause);
      });
      if (bytesRead === 0) throw badFile(this.label, `ends at byte ${start + done}: it has become shorter`);
      done += bytesRead;
    }
  }

  /** @throws GradpoolError ERR_BAD_FILE where somebody has written to the file since it was opened, ERR_CLOSED */
  async checkUnchanged(): Promise<void> {
    if (this.#closing) throw new GradpoolError('ERR_CLOSED', `${this.label}: the data set is closed`);
    const { size, modified } = await stampOf(this.#handle);
    if (size !== this.#stamp.size || modified !== this.#stamp.modified)
      throw badFile(this.label, 'was changed while it was in use');
  }

  /** Waits for what is being read. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#handle.close();
    return this.#closing;
  }
}

interface Stamp {
  readonly size: number;
  /** ms since 1970. */
  readonly modified: number;
}

async function stampOf(handle: FileHandle): Promise<Stamp> {
  const { size, mtimeMs } = await handle.stat();
  return { size, modified: mtimeMs };
}

async function piece(handle: FileHandle, from: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await handle.read(bytes, 0, length, from);
  return bytes.subarray(0, bytesRead);
}

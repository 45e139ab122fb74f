import { badFile } from './bad-file.ts';
import { type Header, headerOf, LONGEST_HEADER, widthOf } from './npy-header.ts';

/** An array that is read in pieces. */
export interface ArrayStream {
  readonly header: Header;
  /** The bytes of so many of the next rows; fewer only at the end. @throws GradpoolError ERR_BAD_FILE where the file is too short or too long */
  next(rows: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens an array that is stored row by row.
 * @param pieces - of the file, from its beginning
 * @throws GradpoolError ERR_BAD_FILE
 */
export async function openArray(label: string, pieces: AsyncGenerator<Uint8Array>): Promise<ArrayStream> {
  const bytes = new ByteQueue(label, pieces);
  try {
    let header: Header | undefined;
    for (let size = 512; header === undefined; size *= 4) {
      const first = await bytes.peek(size);
      header = headerOf(label, first);
      if (header === undefined && (first.length < size || size > 4 * LONGEST_HEADER))
        throw badFile(label, `its header is cut off after ${first.length} bytes`);
    }
    const { shape, length, itemBytes } = header;
    await bytes.take(length);
    const rowBytes = widthOf(shape) * itemBytes;
    let left = shape[0] ?? 1;
    const next = async (wanted: number) => {
      const rows = Math.min(wanted, left);
      left -= rows;
      const piece = await bytes.take(rows * rowBytes);
      if (left === 0 && (await bytes.peek(1)).length > 0)
        throw badFile(label, `expected ${shape.join(' x ')} values, got more bytes`);
      return piece;
    };
    return { header, next, close: () => bytes.close() };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

/** The bytes of a file in pieces of the length that is asked for. */
class ByteQueue {
  readonly #label: string;
  readonly #stream: AsyncGenerator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);
  #taken = 0;

  constructor(label: string, stream: AsyncGenerator<Uint8Array>) {
    this.#label = label;
    this.#stream = stream;
  }

  /** The next bytes, fewer where there are no more, which stay. */
  async peek(length: number): Promise<Uint8Array> {
    const parts = [this.#held];
    let held = this.#held.length;
    while (held < length) {
      const piece: IteratorResult<Uint8Array, unknown> = await this.#stream.next();
      if (piece.done === true) break;
      parts.push(piece.value);
      held += piece.value.length;
    }
    if (parts.length > 1) this.#held = Buffer.concat(parts);
    return this.#held.subarray(0, length);
  }

  /** The next bytes, in a buffer of their own. */
  async take(length: number): Promise<Uint8Array> {
    const bytes = await this.peek(length);
    if (bytes.length < length)
      throw badFile(
        this.#label,
        `ends after ${this.#taken + bytes.length} bytes: expected ${length - bytes.length} more`,
      );
    this.#held = this.#held.subarray(length);
    this.#taken += length;
    return new Uint8Array(bytes);
  }

  async close(): Promise<void> {
    await this.#stream.return(undefined);
  }
}

import type { NumericArray } from '../core/table.ts';
import { badFile } from './bad-file.ts';
import { type FileSource, streamBytes } from './file-source.ts';

/** What the beginning of a file says of the array in it, row by row. */
export interface ArrayHeader {
  readonly shape: readonly number[];
  /** Bytes of the header, and of an element. */
  readonly length: number;
  readonly elementBytes: number;
  /** Elements in their own type, from their bytes. */
  readonly decode: (bytes: Uint8Array, count: number) => NumericArray;
}

/** An array that is read in pieces. */
export interface ArrayStream {
  /** Rows. */
  readonly rows: number;
  /** Numbers of a row. */
  readonly width: number;
  /** So many of the next rows; fewer only at the end. @throws GradpoolError ERR_BAD_FILE where the file is too short or too long */
  next(rows: number): Promise<NumericArray>;
  close(): Promise<void>;
}

/**
 * Opens an array, plain or gzip.
 * @param headerOf - reads the header, undefined where there are not enough bytes yet
 * @throws GradpoolError ERR_BAD_FILE
 */
export async function openArray(
  label: string,
  source: FileSource,
  longestHeader: number,
  headerOf: (first: Uint8Array) => ArrayHeader | undefined,
): Promise<ArrayStream> {
  const bytes = new ByteQueue(label, source);
  try {
    let header: ArrayHeader | undefined;
    for (let size = 512; header === undefined; size *= 4) {
      const first = await bytes.peek(size);
      header = headerOf(first);
      if (header === undefined && (first.length < size || size > 4 * longestHeader))
        throw badFile(label, `its header is cut off after ${first.length} bytes`);
    }
    const { shape, length, elementBytes, decode } = header;
    await bytes.take(length);
    const rows = shape[0] ?? 1;
    const width = shape.slice(1).reduce((product, size) => product * size, 1);
    let left = rows;
    const next = async (wanted: number) => {
      const count = Math.min(wanted, left) * width;
      left -= Math.min(wanted, left);
      const piece = await bytes.take(count * elementBytes);
      if (left === 0 && (await bytes.peek(1)).length > 0)
        throw badFile(label, `expected ${shape.join(' x ')} numbers, got more bytes`);
      return decode(piece, count);
    };
    return { rows, width, next, close: () => bytes.close() };
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

  constructor(label: string, source: FileSource) {
    this.#label = label;
    this.#stream = streamBytes(label, source);
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

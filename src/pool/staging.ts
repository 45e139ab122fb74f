/** The least that is allocated, and the most that is kept for later; bytes. */
const LEAST = 2 ** 12;
const KEPT = 2 ** 26;

/** Shared memory that is used again: a new megabyte takes longer to allocate than to predict what it holds. */
export class Staging {
  readonly #free: SharedArrayBuffer[] = [];
  #kept = 0;

  /** At least so many bytes, which hold anything. */
  take(bytes: number): SharedArrayBuffer {
    const size = Math.max(LEAST, 2 ** Math.ceil(Math.log2(bytes)));
    const at = this.#free.findIndex(({ byteLength }) => byteLength === size);
    if (at < 0) return new SharedArrayBuffer(size);
    this.#kept -= size;
    return this.#free.splice(at, 1)[0]!;
  }

  /** Takes back what no thread looks at any more. */
  give(buffer: SharedArrayBuffer): void {
    if (this.#kept + buffer.byteLength > KEPT) return;
    this.#kept += buffer.byteLength;
    this.#free.push(buffer);
  }
}

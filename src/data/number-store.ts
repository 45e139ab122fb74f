import type { NumericArray } from '../core/table.ts';
import { allocate } from '../memory/shared.ts';
import { Extent } from './narrow.ts';

/** Numbers that are gathered before they are stored in their own type. */
const CHUNK = 4096;

/** A list of numbers that grows in chunks, each in the narrowest type that holds it exactly. */
export class NumberStore {
  readonly extent = new Extent();
  #chunks: NumericArray[] = [];
  #open = new Float64Array(16);
  #filled = 0;

  get length(): number {
    return this.#chunks.length * CHUNK + this.#filled;
  }

  push(value: number): void {
    if (this.#filled === this.#open.length) this.#grow();
    this.#open[this.#filled++] = value;
  }

  /** All numbers in one array in shared memory, in the narrowest type that holds them; the store is empty after it. */
  take(): NumericArray {
    const last = this.#open.subarray(0, this.#filled);
    for (const value of last) this.extent.add(value);
    const Type = this.extent.exactType;
    const values = new Type(allocate(this.length * Type.BYTES_PER_ELEMENT));
    values.set(last, this.#chunks.length * CHUNK);
    // From the back, so that each chunk is free as soon as it is copied.
    for (let chunk = this.#chunks.pop(); chunk !== undefined; chunk = this.#chunks.pop()) {
      values.set(chunk, this.#chunks.length * CHUNK);
    }
    this.#filled = 0;
    return values;
  }

  #grow(): void {
    if (this.#filled < CHUNK) {
      const wider = new Float64Array(4 * this.#filled);
      wider.set(this.#open);
      this.#open = wider;
      return;
    }
    const extent = new Extent();
    for (const value of this.#open) extent.add(value);
    this.extent.join(extent);
    const Type = extent.exactType;
    const chunk = new Type(new ArrayBuffer(CHUNK * Type.BYTES_PER_ELEMENT));
    chunk.set(this.#open);
    this.#chunks.push(chunk);
    this.#filled = 0;
  }
}

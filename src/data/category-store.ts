import type { NumericArray } from '../core/table.ts';
import { allocate } from '../memory/shared.ts';
import { indexType } from './narrow.ts';
import { NumberStore } from './number-store.ts';

/** More different texts than this in one column are no categories. */
export const MOST_CATEGORIES = 2 ** 20;

/** A list of texts that grows: each text once, and its number for each row. */
export class CategoryStore {
  #numbers = new Map<string, number>();
  #codes = new NumberStore();

  get size(): number {
    return this.#numbers.size;
  }

  has(text: string): boolean {
    return this.#numbers.has(text);
  }

  /** @returns whether the text is a new one */
  push(text: string): boolean {
    const known = this.#numbers.get(text);
    const code = known ?? this.#numbers.size;
    if (known === undefined) this.#numbers.set(text, code);
    this.#codes.push(code);
    return known === undefined;
  }

  /** A row without a text. */
  pushMissing(): void {
    this.#codes.push(0);
  }

  /**
   * The texts in sorted order, and for each row the place of its text among them, in shared memory.
   * @param later - a store whose rows follow
   */
  take(later?: CategoryStore): { categories: string[]; codes: NumericArray } {
    const laterCodes = later === undefined ? [] : Array.from(later.#numbers.keys(), (text) => this.#number(text));
    const categories = sortedTexts(this.#numbers.keys());
    const rank = new Uint32Array(categories.length);
    categories.forEach((text, place) => (rank[this.#numbers.get(text)!] = place));
    const parts = [this.#codes.take(), later === undefined ? new Uint8Array(0) : later.#codes.take()] as const;
    const Type = indexType(categories.length);
    const codes = new Type(allocate((parts[0].length + parts[1].length) * Type.BYTES_PER_ELEMENT));
    // A column of missing values only has codes and no categories.
    if (categories.length > 0) {
      for (let r = 0; r < parts[0].length; r++) codes[r] = rank[parts[0][r]!]!;
      for (let r = 0; r < parts[1].length; r++) codes[parts[0].length + r] = rank[laterCodes[parts[1][r]!] ?? 0]!;
    }
    return { categories, codes };
  }

  #number(text: string): number {
    const code = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, code);
    return code;
  }
}

/** By code units, so that the order is the same on every machine. */
export function sortedTexts(texts: Iterable<string>): string[] {
  return Array.from(texts).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

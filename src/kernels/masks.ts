// Which units an update leaves out: a hash of numbers that are the same on every thread (counter-based, Salmon et al. 2011,
// doi:10.1145/2063384.2063405). Nothing is remembered from one update to the next, and nothing depends on who works on a row.
import { mix32 } from '../core/random.ts';
import { dropoutOf, type NetworkSpec } from '../core/spec.ts';

/** 2^32 / golden ratio, odd: its multiples are far apart. As in assembly/dropout.ts. */
export const GOLDEN = 0x9e3779b9;

/**
 * The mask M of a layer in one update, for inverted dropout (Srivastava et al. 2014): an element is 0 with probability p, else
 * 1 / (1 - p).
 */
export class Mask {
  /** 1 / (1 - p). */
  readonly factor: number;
  /** 1 - p. */
  readonly keep: number;
  /** A unit is left out whose hash is below: p 2^32. */
  readonly threshold: number;
  /** Two of 32 bits; from them come those of the rows. */
  readonly keys = new Int32Array(2);
  readonly #layer: number;

  constructor(layer: number, p: number) {
    this.#layer = layer;
    this.keep = 1 - p;
    this.factor = 1 / this.keep;
    this.threshold = Math.min(2 ** 32 - 1, Math.round(p * 2 ** 32));
  }

  /** Sets the keys to those of an update. */
  draw(seed: number, update: number): void {
    for (let i = 0; i < 2; i++) {
      let key = fold(fold(i, seed | 0), high(seed));
      key = fold(fold(key, update | 0), high(update));
      this.keys[i] = fold(key, this.#layer);
    }
  }
}

/** The masks of all layers that have dropout, for the update under way. */
export class Masks {
  readonly #seed: number;
  readonly #layers: readonly (Mask | undefined)[];
  /** Where the batch begins in the order of the patterns. */
  start = 0;

  private constructor(seed: number, layers: readonly (Mask | undefined)[]) {
    this.#seed = seed;
    this.#layers = layers;
  }

  /** Undefined for a network without dropout. */
  static of(spec: NetworkSpec, seed: number): Masks | undefined {
    const layers = Array.from({ length: spec.layers.length + 1 }, (_, l) => {
      const p = dropoutOf(spec, l);
      return p > 0 ? new Mask(l, p) : undefined;
    });
    return layers.some((mask) => mask !== undefined) ? new Masks(seed, layers) : undefined;
  }

  /**
   * Goes over to an update.
   * @param update - counted since the weights were set; other masks for other uses have numbers below 0
   * @param start - where its batch begins in the order of the patterns
   */
  begin(update: number, start: number): void {
    for (let l = 0; l < this.#layers.length; l++) this.#layers[l]?.draw(this.#seed, update);
    this.start = start;
  }

  /** The mask of layer l, where there is one; layer 0 are the inputs. */
  of(layer: number): Mask | undefined {
    return this.#layers[layer];
  }
}

/** Whether a unit is left out of row `row` of the batch, one by one; the kernels do four at a time. */
export function isDropped({ keys, threshold }: Mask, row: number, unit: number): boolean {
  const a = mix32((keys[0]! + Math.imul(row, GOLDEN)) | 0);
  const b = mix32((keys[1]! + Math.imul(row, GOLDEN)) | 0);
  // mix32 with the second key in its middle: rows whose first keys are near each other have nothing in common either.
  let z = (a + Math.imul(unit, GOLDEN)) | 0;
  z ^= z >>> 16;
  z = Math.imul(z, 0x21f0aaad);
  z ^= (z >>> 15) ^ b;
  z = Math.imul(z, 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0 < threshold;
}

function fold(key: number, word: number): number {
  return mix32((Math.imul(key, GOLDEN) + word + GOLDEN) | 0);
}

/** What is above the low 32 bits. */
function high(count: number): number {
  return Math.floor(count / 2 ** 32) | 0;
}

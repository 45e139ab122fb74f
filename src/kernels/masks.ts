// Which units training leaves out: a hash of numbers that are the same on every thread (counter-based, Salmon et al. 2011,
// doi:10.1145/2063384.2063405). Nothing is remembered
// from one pattern to the next, and nothing depends on who works on it, or on the batch that it is in.
import { mix32 } from '../core/random.ts';
import { dropoutOf, type NetworkSpec } from '../core/spec.ts';

/** 2^32 / golden ratio, odd: its multiples are far apart. As in assembly/dropout.ts. */
export const GOLDEN = 0x9e3779b9;

/**
 * The mask M of a layer in one epoch, for inverted dropout (Srivastava et al. 2014): an element is 0 with probability p, else
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

  /** Sets the keys to those of an epoch. */
  draw(seed: number, epoch: number): void {
    for (let i = 0; i < 2; i++) {
      const key = fold(fold(fold(i, seed | 0), Math.floor(seed / 2 ** 32)), epoch);
      this.keys[i] = fold(key, this.#layer);
    }
  }
}

/** The masks of all layers that have dropout, for the epoch under way. */
export class Masks {
  readonly #seed: number;
  readonly #layers: readonly (Mask | undefined)[];
  /** Rows of the epoch before the order that is trained on begins. */
  before = 0;

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
   * Goes over to an epoch.
   * @param epoch - of all that the trainer trains, from 0 on; what is no epoch has numbers below 0
   * @param before - rows of it that come before those of the order
   */
  begin(epoch: number, before = 0): void {
    for (const mask of this.#layers) mask?.draw(this.#seed, epoch);
    this.before = before;
  }

  /** The mask of layer l, where there is one; layer 0 are the inputs. */
  of(layer: number): Mask | undefined {
    return this.#layers[layer];
  }
}

/** Whether a unit is left out of row `row` of the epoch, one by one; the kernels do four at a time. */
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

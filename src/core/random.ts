/**
 * Seeded random numbers: xoshiro128** 1.1 (Blackman & Vigna 2018), its state filled by splitmix32.
 * The same seed and stream give the same numbers on every machine.
 */
export class Random {
  /** Numbers that are no small integers would be boxed at every write to a field. */
  readonly #state: Int32Array;

  /**
   * @param seed - an integer; its low 53 bits count
   * @param stream - numbers of another stream of the same seed are independent
   */
  constructor(seed: number, stream = 0) {
    const next = splitmix32(
      (seed | 0) ^ Math.imul(Math.floor(seed / 2 ** 32) | 0, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b),
    );
    this.#state = Int32Array.of(next(), next(), next(), next() | 1);
  }

  /** A uniform integer in [0, 2^32). */
  uint32(): number {
    const state = this.#state;
    const b = state[1]!;
    const c = state[2]! ^ state[0]!;
    const d = state[3]! ^ b;
    state[0]! ^= d;
    state[1] = b ^ c;
    state[2] = c ^ (b << 9);
    state[3] = rotateLeft(d, 11);
    return Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
  }

  /**
   * A uniform integer in [0, bound): the upper half of a product of 64 bits, drawn again where its lower half would make
   * some results likelier (Lemire 2019, algorithm 5). `bound` is at most 2^32.
   */
  below(bound: number): number {
    const high = Math.floor(bound / 2 ** 16);
    const low = bound - high * 2 ** 16;
    for (;;) {
      const value = this.uint32();
      // value * bound = upper * 2^32 + lower, in parts that a double holds exactly.
      const first = value * low;
      const carry = Math.floor(first / 2 ** 16);
      const second = value * high + carry;
      const upper = Math.floor(second / 2 ** 16);
      const lower = (second - upper * 2 ** 16) * 2 ** 16 + (first - carry * 2 ** 16);
      if (lower >= bound || lower >= 2 ** 32 % bound) return upper;
    }
  }

  /** A uniform number in [0, 1), with 53 bits. */
  uniform(): number {
    return (this.uint32() * 2 ** 21 + (this.uint32() >>> 11)) / 2 ** 53;
  }

  /** A standard normal number (Box & Muller 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /**
   * Puts `items` into a uniformly random order, in place (Fisher-Yates); or does the part of it that decides what stands at the
   * places from `last` down to above `first`, for an order that is made in parts.
   */
  shuffle(items: Uint32Array, last = items.length - 1, first = 0): void {
    for (let i = last; i > first; i--) {
      const j = this.below(i + 1);
      const item = items[i]!;
      items[i] = items[j]!;
      items[j] = item;
    }
  }
}

function rotateLeft(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return mix32(state);
  };
}

/** A bijection of 32-bit integers after which each bit depends on all of them (found by Wellons' hash-prospector). */
export function mix32(x: number): number {
  let z = x ^ (x >>> 16);
  z = Math.imul(z, 0x21f0aaad);
  z ^= z >>> 15;
  z = Math.imul(z, 0x735a2d97);
  return z ^ (z >>> 15);
}

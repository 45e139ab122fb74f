import { expect } from 'vitest';

export interface Tolerance {
  /** |actual - expected| may be this times |expected|. */
  readonly relative: number;
  /** Smaller expected values count as this large; default 0. */
  readonly floor?: number;
}

/** The largest magnitude of a list: the natural floor where a rounding error is one of a sum of like terms. */
export function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}

/** Compares number by number; NaN equals NaN only. A failure names the first bad index and the worst one. */
export function expectClose(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { relative, floor = 0 }: Tolerance,
): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  let first = -1;
  let worst = -1;
  let most = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = relativeError(actual[i]!, expected[i]!, floor);
    if (!(error <= relative) && first < 0) first = i;
    if (!(error <= most)) [most, worst] = [error, i];
  }
  if (first < 0) return;
  const at = (i: number) => `[${i}] is ${actual[i]}, expected ${expected[i]}`;
  expect.fail(`${what}: first bad ${at(first)}; worst ${at(worst)}: relative ${most}, allowed ${relative}`);
}

/** Relative to the larger of |expected| and the floor; Infinity where only one is NaN or infinite. */
export function relativeError(actual: number, expected: number, floor = 0): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  const error = Math.abs(actual - expected) / Math.max(Math.abs(expected), floor);
  return Number.isNaN(error) ? Infinity : error;
}

/** W_l and b_l one after the other, layer by layer. */
export function flatten(layers: readonly { weights: ArrayLike<number>; bias: ArrayLike<number> }[]): Float64Array {
  return Float64Array.from(layers.flatMap(({ weights, bias }) => [...Array.from(weights), ...Array.from(bias)]));
}

/** Whether two lists of layers hold the same float32 bits. */
export function sameBits(a: readonly Parameters32[], b: readonly Parameters32[]): boolean {
  return firstDifference(a, b) === undefined;
}

interface Parameters32 {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/** Fails with the first place in which two lists of layers differ in a bit. */
export function expectSameBits(what: string, actual: readonly Parameters32[], expected: readonly Parameters32[]): void {
  const difference = firstDifference(actual, expected);
  if (difference !== undefined) expect.fail(`${what}: ${difference}`);
}

function firstDifference(a: readonly Parameters32[], b: readonly Parameters32[]): string | undefined {
  if (a.length !== b.length) return `${a.length} layers, expected ${b.length}`;
  for (const [l, layer] of a.entries()) {
    for (const part of ['weights', 'bias'] as const) {
      const [mine, other] = [layer[part], b[l]![part]];
      if (mine.length !== other.length) return `layer ${l} ${part}: length ${mine.length}, expected ${other.length}`;
      const [x, y] = [bits(mine), bits(other)];
      const at = x.findIndex((word, i) => word !== y[i]);
      if (at >= 0) return `layer ${l} ${part}[${at}] is ${mine[at]}, expected ${other[at]} to the bit`;
    }
  }
  return undefined;
}

function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

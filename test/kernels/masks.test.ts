// What dropout leaves out: the masks that Python computed, and what chance would do.
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import type { NetworkSpec } from '#src/core/spec.js';
import { isDropped, type Mask, Masks } from '#src/kernels/masks.js';

interface Given {
  readonly p: number;
  readonly seed: number;
  readonly epoch: number;
  readonly layer: number;
  readonly row: number;
  readonly mask: readonly number[];
}

const { masks } = JSON.parse(readFileSync(new URL('../fixtures/dropout.json', import.meta.url), 'utf8')) as {
  masks: readonly Given[];
};

/** Layers 0 to 3 with the same dropout. */
function network(p: number): NetworkSpec {
  const hidden = { units: 1, activation: 'tanh', dropout: p } as const;
  return {
    inputs: 1,
    inputDropout: p,
    layers: [hidden, hidden, hidden, { units: 1, activation: 'linear' }],
    loss: 'mse',
  };
}

function maskOf({ p, seed, epoch, layer }: Omit<Given, 'mask' | 'row'>): Mask {
  const all = Masks.of(network(p), seed)!;
  all.begin(epoch);
  return all.of(layer)!;
}

test.each(masks)('as computed in Python: p $p, seed $seed, epoch $epoch, layer $layer, row $row', (given) => {
  const mask = maskOf(given);
  expect(mask.factor).toBeCloseTo(1 / (1 - given.p), 14);
  const dropped = given.mask.map((_, unit) => isDropped(mask, given.row, unit));
  expect(dropped).toEqual(given.mask.map((factor) => factor === 0));
});

test('a network without dropout has no masks, and layers without have none', () => {
  const { inputDropout: _, layers, ...rest } = network(0.5);
  const plain = layers.map(({ units, activation }) => ({ units, activation }));
  expect(Masks.of({ ...rest, layers: plain }, 0)).toBeUndefined();
  const one = Masks.of({ ...rest, layers: [layers[0]!, ...plain.slice(1)] }, 0)!;
  expect([0, 1, 2, 3, 4].map((l) => one.of(l) !== undefined)).toEqual([false, true, false, false, false]);
});

const [ROWS, UNITS] = [1024, 256];

/** ROWS x UNITS, 1 where a unit is left out. */
function bits(given: Partial<Given> & { p: number }): Uint8Array {
  const mask = maskOf({ seed: 3, epoch: 5, layer: 1, ...given });
  return Uint8Array.from({ length: ROWS * UNITS }, (_, i) =>
    Number(isDropped(mask, (given.row ?? 0) + Math.floor(i / UNITS), i % UNITS)),
  );
}

/** How far a share of so many is from what is expected of it, in standard deviations. */
function deviations(share: number, expected: number, count: number): number {
  return Math.abs(share - expected) / Math.sqrt((expected * (1 - expected)) / count);
}

const mean = (values: Uint8Array) => values.reduce((sum, bit) => sum + bit, 0) / values.length;
const shareOfBoth = (a: Uint8Array, b: Uint8Array) => a.reduce((sum, bit, i) => sum + (bit & b[i]!), 0) / a.length;

describe.each([0.1, 0.5, 0.8])('p = %d', (p) => {
  const all = bits({ p });

  it('so many are left out', () => {
    expect(deviations(mean(all), p, all.length)).toBeLessThan(4);
  });

  it('in every row and of every unit about so many, and not more alike than chance makes them', () => {
    // Sums of squared deviations of n binomial shares have mean n and standard deviation about sqrt(2 n).
    const squares = (shares: number[], count: number) =>
      shares.reduce((sum, share) => sum + deviations(share, p, count) ** 2, 0);
    const rows = Array.from({ length: ROWS }, (_, r) => mean(all.subarray(r * UNITS, (r + 1) * UNITS)));
    const units = Array.from({ length: UNITS }, (_, u) => mean(Uint8Array.from(rows, (_, r) => all[r * UNITS + u]!)));
    expect(Math.abs(squares(rows, UNITS) - ROWS) / Math.sqrt(2 * ROWS)).toBeLessThan(4);
    expect(Math.abs(squares(units, ROWS) - UNITS) / Math.sqrt(2 * UNITS)).toBeLessThan(4);
  });

  it.each<[string, Uint8Array]>([
    ['the next unit', Uint8Array.from(all, (_, i) => all[(i + 1) % all.length]!)],
    ['four units on', Uint8Array.from(all, (_, i) => all[(i + 4) % all.length]!)],
    ['the next row', bits({ p, row: 1 })],
    ['the same unit 256 rows on', bits({ p, row: 256 })],
    ['the next epoch', bits({ p, epoch: 6 })],
    ['no epoch', bits({ p, epoch: -6 })],
    ['the next layer', bits({ p, layer: 2 })],
    ['the next seed', bits({ p, seed: 4 })],
    ['a seed that differs above its low 32 bits', bits({ p, seed: 3 + 2 ** 32 })],
  ])('independent of %s', (_, other) => {
    expect(deviations(shareOfBoth(all, other), p * p, all.length)).toBeLessThan(4.5);
  });
});

it('small and large rates have their share', () => {
  for (const p of [1e-3, 0.01, 0.99, 0.999]) expect(deviations(mean(bits({ p })), p, ROWS * UNITS)).toBeLessThan(4);
});

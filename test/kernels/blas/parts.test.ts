import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveSpec } from '#src/core/spec.js';
import { pieceOf, shareOfRows } from '#src/kernels/blas/parts.js';
import { planTraining } from '#src/memory/layout.js';

function layersOf(inputs: number, units: number) {
  const spec = resolveSpec({
    inputs,
    layers: [
      { units, activation: 'relu' },
      { units: 3, activation: 'softmax' },
    ],
  });
  return planTraining({ spec, batchSize: 8, workers: 1, format: 'rows-f32' }).layers;
}

const size = fc.integer({ min: 1, max: 3000 });
const few = fc.integer({ min: 1, max: 9 });

describe('shareOfRows', () => {
  it('gives every input and every unit to exactly one share, along the same bounds whatever the number of shares', () => {
    fc.assert(
      fc.property(size, size, few, few, (inputs, units, parts, count) => {
        const layers = layersOf(inputs, units);
        const whole = shareOfRows(layers, 0, 1, parts);
        const shares = Array.from({ length: count }, (_, i) => shareOfRows(layers, i, count, parts));
        layers.forEach(({ weights, bias }, l) => {
          const all = whole.layers[l]!.bounds;
          expect([all[0], all.at(-1)]).toEqual([0, weights.rows]);
          for (let i = 1; i < all.length; i++) expect(all[i]).toBeGreaterThan(all[i - 1]!);
          let at = 0;
          let group = 0;
          for (const share of shares) {
            const { bounds, biasFrom, biasTo } = share.layers[l]!;
            expect(bounds[0]).toBe(at);
            for (const bound of bounds) expect(all).toContain(bound);
            at = bounds.at(-1)!;
            expect(biasFrom).toBe(group);
            group = biasTo;
          }
          expect(at).toBe(weights.rows);
          expect(group * 8).toBe(bias.paddedColumns);
        });
      }),
    );
  });

  it('has work for as many shares as there are parts, where there are inputs enough', () => {
    for (const parts of [1, 2, 3, 8, 16]) {
      const { bounds } = shareOfRows(layersOf(784, 10), 0, 1, parts).layers[0]!;
      expect((bounds.length - 1) % parts).toBe(0);
    }
  });
});

it('a wave is cut into a piece for each part, of whole eights, at most so many rows', () => {
  expect(pieceOf(256, 2, 128)).toBe(128);
  expect(pieceOf(64, 2, 128)).toBe(32);
  expect(pieceOf(16, 2, 128)).toBe(8);
  expect(pieceOf(1, 2, 128)).toBe(8);
  expect(pieceOf(100, 3, 128)).toBe(40);
  expect(pieceOf(4096, 2, 128)).toBe(128);
});

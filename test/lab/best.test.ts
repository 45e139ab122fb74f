import { expect, test } from 'vitest';
import { bestBatchSizes } from '#src/lab/best.js';

const BY = { seed: 0, share: 0.5 };
const rounds = (time: number) => [0.99, 1, 1.01, 1.02, 0.98].map((f) => f * time);

test('the set of those that are not shown to be slower by more than the tolerance; the smallest is recommended', () => {
  const times = [3, 1.04, 1, 1.03, 2].map(rounds);
  const sizes = [1, 2, 4, 8, 16];
  expect(bestBatchSizes(2, sizes, times, { ...BY, tolerance: 0.05 })).toEqual({
    workers: 2,
    fastest: 4,
    batchSizes: [2, 4, 8],
    recommended: 2,
    tolerance: 0.05,
  });
  expect(bestBatchSizes(2, sizes, times, { ...BY, tolerance: 0 })!.batchSizes).toEqual([4]);
});

test('what slowed whole rounds down does not blur the comparison', () => {
  const drift = [1, 2, 3, 4, 5];
  const times = [1, 1.2].map((t) => drift.map((f) => f * t));
  expect(bestBatchSizes(1, [16, 32], times, { ...BY, tolerance: 0.05 })!.batchSizes).toEqual([16]);
});

test('what never arrives is not good', () => {
  const never = [Infinity, Infinity, Infinity, 1, 1];
  expect(bestBatchSizes(1, [16, 32], [never, rounds(5)], { ...BY, tolerance: 0.05 })).toMatchObject({
    fastest: 32,
    batchSizes: [32],
  });
  expect(bestBatchSizes(1, [16], [never], { ...BY, tolerance: 0.05 })).toBeUndefined();
});

test('by their lower quartiles, sizes are told apart whose medians other programs have moved', () => {
  const busy = (time: number, from: number) =>
    Array.from({ length: 25 }, (_, i) => time * (i % 5 < from ? 1 + i / 1000 : 2));
  const times = [busy(1.2, 2), busy(1, 2)];
  expect(bestBatchSizes(1, [16, 32], times, { seed: 0, share: 0.25, tolerance: 0.05 })!.batchSizes).toEqual([32]);
});

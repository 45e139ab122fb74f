import { expect, test } from 'vitest';
import { fitEpochTimes, fitUpdateTimes } from '#src/lab/fit.js';

const SIZES = [1, 4, 16, 64, 256, 1024];

test('a / B + b + c B is found again', () => {
  const fitted = fitEpochTimes(
    SIZES,
    SIZES.map((B) => 3 / B + 0.25 + 0.0007 * B),
  );
  expect(fitted.a).toBeCloseTo(3, 9);
  expect(fitted.b).toBeCloseTo(0.25, 9);
  expect(fitted.c).toBeCloseTo(0.0007, 9);
  expect(fitted.aiccDifference).toBeLessThan(0);
});

test('coefficients are never negative, and AICc does not buy what it does not need', () => {
  const falling = fitEpochTimes(
    SIZES,
    SIZES.map((B) => 3 / B + 0.25 - 0.0001 * B),
  );
  expect(falling.c).toBe(0);
  expect(falling.aiccDifference).toBeGreaterThan(0);
  expect(fitEpochTimes(SIZES.slice(0, 4), [4, 3, 2, 1]).aiccDifference).toBeUndefined();
});

test('t0 + c B is found again, relative to sizes that are six orders apart', () => {
  const fitted = fitUpdateTimes(
    SIZES,
    SIZES.map((B) => 2e-6 + 1e-9 * B),
  );
  expect(fitted.t0).toBeCloseTo(2e-6, 12);
  expect(fitted.c).toBeCloseTo(1e-9, 15);
});

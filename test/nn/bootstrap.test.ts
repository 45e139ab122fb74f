// Intervals of metrics by drawing the patterns again.
import { measureMetrics } from 'gradpool';
import { expect, it, test } from 'vitest';

const normal = (seed: number) => {
  let state = seed;
  const uniform = () => (state = (state * 16807) % 2147483647) / 2147483647;
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
};

/** Probabilities of class 1, of which `wrong` of `count` are wrong. */
function answers(count: number, wrong: number): { outputs: number[]; targets: number[] } {
  const targets = Array.from({ length: count }, (_, p) => p % 2);
  return { targets, outputs: targets.map((target, p) => (p < wrong ? 1 - target : target)) };
}

it.each([
  // Quantiles of the binomial distribution, over the rows: scipy.stats.binom(n, p).ppf([0.025, 0.975]) / n.
  [15, 3, 0.6, 1],
  [100, 20, 0.72, 0.88],
  [1000, 50, 0.937, 0.963],
])('of %i answers %i are wrong', async (count, wrong, low, high) => {
  const { outputs, targets } = answers(count, wrong);
  const { intervals, accuracy } = await measureMetrics(outputs, targets, { task: 'classes', intervals: true });
  expect(accuracy).toBeCloseTo(1 - wrong / count, 12);
  expect(Math.abs(intervals!.accuracy!.low - low)).toBeLessThan(2 / count + 0.003);
  expect(Math.abs(intervals!.accuracy!.high - high)).toBeLessThan(2 / count + 0.003);
});

test('where all answers are right, or wrong, the bound is that of Clopper and Pearson', async () => {
  const perfect = answers(15, 0);
  const right = await measureMetrics(perfect.outputs, perfect.targets, { task: 'classes', intervals: true });
  // statsmodels.stats.proportion.proportion_confint(15, 15, method='beta')
  expect(right.intervals!.accuracy!.low).toBeCloseTo(0.7819806, 6);
  expect(right.intervals!.accuracy!.high).toBe(1);
  const none = answers(15, 15);
  const wrong = await measureMetrics(none.outputs, none.targets, { task: 'classes', intervals: true });
  expect(wrong.intervals!.accuracy!.low).toBe(0);
  expect(wrong.intervals!.accuracy!.high).toBeCloseTo(1 - 0.7819806, 6);
});

it.each([0, 1e9])('of values around %f, as the spread of their metrics over other rows is', async (offset) => {
  const random = normal(5);
  const sample = () => {
    const actual = Array.from({ length: 200 }, () => offset + 3 * random());
    return { actual, outputs: actual.map((d) => d + random()) };
  };
  const { actual, outputs } = sample();
  const { intervals, ...metrics } = await measureMetrics(outputs, actual, { task: 'values', intervals: true });
  // 500 other samples of 200 rows: 95% of their R2 is in an interval as wide as this one.
  const others: number[] = [];
  for (let i = 0; i < 500; i++) {
    const other = sample();
    const { r2 } = await measureMetrics(other.outputs, other.actual, { task: 'values' });
    others.push(Number(r2));
  }
  others.sort((a, b) => a - b);
  const width = others[487]! - others[12]!;
  const found = intervals!.r2!;
  expect(found.low).toBeLessThan(Number(metrics.r2));
  expect(found.high).toBeGreaterThan(Number(metrics.r2));
  expect((found.high - found.low) / width).toBeGreaterThan(0.7);
  expect((found.high - found.low) / width).toBeLessThan(1.3);
  expect(intervals!.rmse!.low).toBeLessThan(metrics.rmse);
  expect(intervals!.rmse!.high).toBeGreaterThan(metrics.rmse);
});

test('many patterns are drawn in bundles', async () => {
  const { outputs, targets } = answers(100_000, 10_000);
  const { intervals } = await measureMetrics(outputs, targets, { task: 'classes', intervals: true });
  const reach = 1.96 * Math.sqrt((0.9 * 0.1) / 100_000);
  expect(Math.abs((intervals!.accuracy!.high - intervals!.accuracy!.low) / (2 * reach) - 1)).toBeLessThan(0.1);
});

test('the same patterns have the same interval; labels have two; one pattern has none', async () => {
  const rows = Array.from({ length: 30 }, (_, p) => [p % 2, p % 3 === 0 ? 1 : 0]);
  const given = rows.map(([a, b], p) => (p % 7 === 0 ? [1 - a!, b!] : [a!, b!]));
  const measure = () => measureMetrics(given, rows, { task: 'labels', intervals: true });
  const { intervals } = await measure();
  expect((await measure()).intervals).toEqual(intervals);
  expect(Object.keys(intervals!)).toEqual(['accuracy', 'exact']);
  expect(intervals!.exact!.high - intervals!.exact!.low).toBeGreaterThan(
    intervals!.accuracy!.high - intervals!.accuracy!.low,
  );
  const one = await measureMetrics([1], [1], { task: 'classes', intervals: true });
  expect(one.intervals).toEqual({});
  expect(await measureMetrics([1], [1], { task: 'classes' })).not.toHaveProperty('intervals');
});

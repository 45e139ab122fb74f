// The laws of scaling on speed-ups that were made up from them.
import { describe, expect, it, test } from 'vitest';
import { Random } from '#src/core/random.js';
import { fitStrong, fitWeak, karpFlatt, lawSpeedup } from '#src/lab/scaling-fit.js';

const WORKERS = [1, 2, 4, 8];

/** The same speed-up in each of five rounds. */
function exact(workers: readonly number[], law: (N: number) => number) {
  return workers.map((N) => ({ workers: N, speedups: Array.from({ length: 5 }, () => law(N)) }));
}

/** Speed-ups from times that are off by 3% each: those of one worker are in all of a round. */
function noisy(random: Random, workers: readonly number[], law: (N: number) => number, rounds = 5) {
  const time = () => 1 + 0.03 * random.normal();
  const base = Array.from({ length: rounds }, time);
  return workers.map((N) => ({ workers: N, speedups: base.map((t) => (N === 1 ? 1 : (law(N) * t) / time())) }));
}

describe('without noise', () => {
  it("Amdahl's serial fraction is found again, with its limit and predictions", () => {
    const { amdahl, predictions } = fitStrong(
      exact(WORKERS, (N) => lawSpeedup(N, 0.125, 0)),
      [32, 64],
      0,
    );
    for (const value of Object.values(amdahl!.serial)) expect(value).toBeCloseTo(0.125, 12);
    expect(amdahl!.limit.median).toBeCloseTo(8, 9);
    const said = predictions.filter(({ law }) => law === 'amdahl');
    expect(said.map(({ workers, beyond }) => [workers, beyond])).toEqual([
      [32, true],
      [64, true],
    ]);
    expect(said[0]!.speedup.median).toBeCloseTo(1 / (0.125 + 0.875 / 32), 9);
  });

  it('contention and coherency are found again, with the peak, also where more workers are slower', () => {
    const law = (N: number) => lawSpeedup(N, 0.05, 0.04);
    expect(law(8)).toBeLessThan(law(4));
    const { usl, predictions } = fitStrong(exact(WORKERS, law), [32], 0);
    expect(usl!.alpha.median).toBeCloseTo(0.05, 9);
    expect(usl!.beta.median).toBeCloseTo(0.04, 9);
    expect(usl!.peak.median).toBeCloseTo(Math.sqrt(0.95 / 0.04), 6);
    expect(predictions.find((p) => p.law === 'usl')!.speedup.high).toBeCloseTo(law(32), 6);
  });

  it('the universal law of data without coherency is that of Amdahl, and has no peak', () => {
    const { usl } = fitStrong(
      exact([1, 2, 4], (N) => lawSpeedup(N, 0.25, 0)),
      [],
      0,
    );
    expect(usl!.alpha.median).toBeCloseTo(0.25, 9);
    expect(usl!.beta.median).toBeCloseTo(0, 9);
    expect(usl!.peak.median).toBeGreaterThan(1000);
  });

  it("Gustafson's serial fraction is found again", () => {
    const found = fitWeak(
      exact(WORKERS, (N) => N - 0.2 * (N - 1)),
      0,
    );
    for (const value of Object.values(found!.serial)) expect(value).toBeCloseTo(0.2, 12);
  });

  it("Karp and Flatt's fraction is Amdahl's on every number of workers", () => {
    for (const N of [2, 3, 64]) expect(karpFlatt(N, lawSpeedup(N, 0.07, 0))).toBeCloseTo(0.07, 12);
    expect(karpFlatt(4, 5)).toBeLessThan(0);
  });
});

describe('with 3% of noise', () => {
  it('at least 90 of 100 intervals of 95% hold the truth, for each coefficient', () => {
    const held = { serial: 0, alpha: 0, beta: 0, gustafson: 0 };
    const within = ({ low, high }: { low: number; high: number }, truth: number) =>
      Number(low <= truth && truth <= high);
    const random = new Random(11);
    for (let trial = 0; trial < 100; trial++) {
      const amdahl = fitStrong(
        noisy(random, WORKERS, (N) => lawSpeedup(N, 0.1, 0), 9),
        [],
        trial,
      ).amdahl!;
      const usl = fitStrong(
        noisy(random, WORKERS, (N) => lawSpeedup(N, 0.06, 0.004), 9),
        [],
        trial,
      ).usl!;
      const weak = noisy(random, WORKERS, (N) => N - 0.15 * (N - 1), 9);
      held.serial += within(amdahl.serial, 0.1);
      held.alpha += within(usl.alpha, 0.06);
      held.beta += within(usl.beta, 0.004);
      held.gustafson += within(fitWeak(weak, trial)!.serial, 0.15);
    }
    for (const [name, count] of Object.entries(held)) expect([name, count >= 90]).toEqual([name, true]);
  });

  it('the interval is not so wide that it says nothing', () => {
    const { amdahl } = fitStrong(
      noisy(new Random(3), WORKERS, (N) => lawSpeedup(N, 0.1, 0)),
      [],
      0,
    );
    expect(amdahl!.serial.high - amdahl!.serial.low).toBeGreaterThan(0);
    expect(amdahl!.serial.high - amdahl!.serial.low).toBeLessThan(0.05);
  });
});

test('more than N times as fast: the coefficients stay at 0, there is no limit and no peak', () => {
  const { amdahl, usl, predictions } = fitStrong(
    exact(WORKERS, (N) => N ** 1.2),
    [32],
    0,
  );
  expect(amdahl).toEqual({
    serial: { median: 0, low: 0, high: 0 },
    limit: { median: Infinity, low: Infinity, high: Infinity },
  });
  expect(usl!.peak.median).toBe(Infinity);
  for (const { speedup } of predictions) expect(speedup.median).toBe(32);
});

test('slower than one worker: Amdahl has its bound and predicts nothing, the universal law is best on one', () => {
  const { amdahl, usl, predictions } = fitStrong(
    exact([1, 2, 4], (N) => 1 / N),
    [8],
    0,
  );
  expect(amdahl!.serial).toEqual({ median: 1, low: 1, high: 1 });
  expect(predictions.map(({ law }) => law)).toEqual(['usl']);
  expect(predictions[0]!.speedup.median).toBeLessThan(0.5);
  expect(usl!.alpha.median).toBeLessThanOrEqual(1);
  expect(usl!.peak.median).toBe(1);
});

test('what there are too few numbers of workers for is not fitted', () => {
  const law = (N: number) => lawSpeedup(N, 0.1, 0.01);
  expect(fitStrong(exact([1], law), [4], 0)).toEqual({ amdahl: undefined, usl: undefined, predictions: [] });
  const two = fitStrong(exact([1, 2], law), [4], 0);
  expect(two.usl).toBeUndefined();
  expect(two.amdahl!.serial.median).toBeCloseTo(karpFlatt(2, law(2)), 12);
  expect(two.predictions.map((p) => p.law)).toEqual(['amdahl']);
  expect(fitStrong(exact([1, 2, 3], law), [], 0).usl!.beta.median).toBeCloseTo(0.01, 9);
  expect(fitWeak(exact([1], law), 0)).toBeUndefined();
});

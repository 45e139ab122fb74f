// The verdict on curves whose shape is known: an arm that is not there is seen no more often than the level says, and a clear
// one is seen.
import { describe, expect, test } from 'vitest';
import { judgeShape, type Verdict } from 'gradpool';
import { Random } from '#src/core/random.js';

const SIZES = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
const ROUNDS = 5;

const CURVES = {
  flat: () => 1,
  L: (B: number) => 20 / B + 1,
  /** Its right arm is 61% high. */
  U: (B: number) => 20 / B + 1 + 2e-4 * B,
  rising: (B: number) => 1 + 2e-4 * B,
};

/** What the machine does to the times of a round, and of a point within it; the last one has index 8. */
const NOISES = {
  'normal noise of 3%': (random: Random) => () => 1 + 0.03 * random.normal(),
  'a neighbour that slows one point in eight down': (random: Random) => () =>
    1 + 0.02 * random.normal() + (random.below(8) === 0 ? 0.3 : 0),
  'noise of 10% at the largest batch, of half a percent elsewhere': (random: Random) => (_: number, i: number) =>
    1 + (i === SIZES.length - 1 ? 0.1 : 0.005) * random.normal(),
  'a machine that drifts by half from round to round': (random: Random) => (round: number) =>
    (1 + 0.1 * round) * (1 + 0.03 * random.normal()),
};

function verdicts(
  curve: (B: number) => number,
  noise: (random: Random) => (round: number, point: number) => number,
  trials: number,
) {
  const counts: Record<Verdict, number> = { 'U-shaped': 0, 'L-shaped': 0, rising: 0, inconclusive: 0 };
  for (let trial = 0; trial < trials; trial++) {
    const disturbed = noise(new Random(trial, 77));
    const samples = SIZES.map((B, i) => Array.from({ length: ROUNDS }, (_, r) => curve(B) * disturbed(r, i)));
    counts[judgeShape(SIZES, samples, { seed: trial }).verdict]++;
  }
  return counts;
}

describe.each(Object.entries(NOISES))('%s', (name, noise) => {
  const trials = 60;
  // 5% of 60 are 3; 10 or more happen by chance once in some 1000 times. Where one point is 20 times as noisy as the
  // others, five rounds do not tell how noisy it is, and twice the level is what can be held.
  const most = name.includes('10%') ? 13 : 9;

  test('flat: no arm', () => {
    const counts = verdicts(CURVES.flat, noise, trials);
    expect(counts['U-shaped']).toBeLessThanOrEqual(most);
    expect(counts['U-shaped'] + counts['L-shaped']).toBeLessThanOrEqual(most);
    expect(counts['U-shaped'] + counts.rising).toBeLessThanOrEqual(most);
  });

  test('L: no right arm, and the left one is not missed', () => {
    const counts = verdicts(CURVES.L, noise, trials);
    expect(counts['U-shaped']).toBeLessThanOrEqual(most);
    expect(counts['L-shaped']).toBeGreaterThanOrEqual(trials - most);
  });

  test('a clear U is not missed', () => {
    expect(verdicts(CURVES.U, noise, trials)['U-shaped']).toBeGreaterThanOrEqual(0.85 * trials);
  });

  test('rising: no left arm, and the right one is not missed', () => {
    const counts = verdicts(CURVES.rising, noise, trials);
    expect(counts['U-shaped']).toBeLessThanOrEqual(most);
    expect(counts.rising).toBeGreaterThanOrEqual(trials - most);
  });
});

test('the evidence: minimum, knee, arms and fit', () => {
  const exact = (curve: (B: number) => number) => SIZES.map((B) => [1.001, 0.999, 1].map((f) => f * curve(B)));
  const U = judgeShape(SIZES, exact(CURVES.U));
  expect(U).toMatchObject({ verdict: 'U-shaped', minimum: 256, knee: undefined, level: 0.05 });
  expect(U.evidence.left).toMatchObject({ batchSize: 16, significant: true });
  expect(U.evidence.right).toMatchObject({ batchSize: 4096, significant: true });
  expect(U.evidence.right.ratio).toBeCloseTo(CURVES.U(4096) / CURVES.U(256), 2);
  expect(U.evidence.fit!.c).toBeCloseTo(2e-4, 6);
  expect(U.evidence.fit!.aiccDifference).toBeLessThan(-10);
  expect(U.text).toMatch(/^U-shaped: least at B = 256; \d+% more at B = 16 and 62% more at B = 4096\.$/);
  const L = judgeShape(SIZES, exact(CURVES.L));
  expect(L).toMatchObject({ verdict: 'L-shaped', minimum: 4096, knee: 256 });
  expect(L.evidence.fit!.a).toBeCloseTo(20, 1);
  expect(L.evidence.fit!.aiccDifference).toBeGreaterThan(0);
});

test('one round, or two batch sizes, say nothing', () => {
  expect(
    judgeShape(
      SIZES,
      SIZES.map((B) => [CURVES.U(B)]),
    ).verdict,
  ).toBe('inconclusive');
  expect(
    judgeShape(
      [1, 2],
      [
        [1, 1],
        [2, 2],
      ],
    ).text,
  ).toContain('at least 3 in 2 are needed');
});

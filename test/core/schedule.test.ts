// Learning rates against torch.optim.lr_scheduler (test/fixtures/make/optimisers.py).
import { readFileSync } from 'node:fs';
import type { Schedule } from 'gradpool';
import { describe, expect, it } from 'vitest';
import { expectClose } from '../close.ts';
import { fillRates, rateAt } from '#src/core/schedule.js';
import { Plateau, plateauIn, ratesOf, resolveSchedule } from '#src/train/schedule.js';

interface Case {
  readonly schedule: Schedule & object;
  readonly perEpoch: number;
  readonly rates: number[];
  /** Of a plateau. */
  readonly losses?: number[];
}

const CASES = JSON.parse(readFileSync(new URL('../fixtures/schedules.json', import.meta.url), 'utf8')) as Case[];
const BASE = 0.1;
const EXACT = { relative: 1e-12 };

describe.each(CASES.filter(({ losses }) => losses === undefined))('$schedule', ({ schedule, perEpoch, rates }) => {
  const resolved = ratesOf(resolveSchedule(schedule), BASE, perEpoch);

  it('is that of PyTorch', () => {
    const ours = rates.map((_, u) => rateAt(resolved, u));
    expectClose('rates', ours, rates, EXACT);
  });

  it('is the same from any update on, as many as wanted', () => {
    for (let first = 0; first < rates.length; first++) {
      for (const count of [1, 2, 7]) {
        const some = new Float64Array(count);
        fillRates(resolved, first, some);
        expect(Array.from(some)).toEqual(Array.from(some, (_, i) => rateAt(resolved, first + i)));
      }
    }
  });
});

it('what comes after the end has the last rate', () => {
  const cosine = ratesOf(resolveSchedule({ name: 'cosine', epochs: 2, least: 0.03 }), BASE, 5);
  expect([10, 11, 1000].map((u) => rateAt(cosine, u))).toEqual([0.03, 0.03, 0.03]);
  const cycle = ratesOf(resolveSchedule({ name: 'one-cycle', epochs: 2 }), BASE, 5);
  expectClose('cycle', [rateAt(cycle, 9), rateAt(cycle, 1000)], [BASE / 25e4, BASE / 25e4], EXACT);
  for (const updates of [1, 2, 3, 4]) {
    const short = { name: 'one-cycle', peak: 1, updates } as const;
    for (let u = 0; u < updates; u++) expect(rateAt(short, u)).toBeGreaterThan(0);
    expectClose('end', [rateAt(short, updates - 1)], [1 / 25e4], EXACT);
  }
});

it('a plateau is that of PyTorch', () => {
  const { schedule, rates, losses } = CASES.find((one) => one.losses)!;
  const plateau = new Plateau(plateauIn(resolveSchedule(schedule))!, BASE);
  const ours = losses!.map((loss) => {
    const now = plateau.rate;
    plateau.observe(loss);
    return now;
  });
  expect(new Set(ours).size).toBeGreaterThan(2);
  expectClose('rates', ours, rates, EXACT);
});

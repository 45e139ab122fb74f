// What a measurement makes of the epochs that it lasts. The trainer is made up, so that the epochs take what the test says.
import { describe, expect, it } from 'vitest';
import { type EpochReport, type FitOptions, Trainer } from 'gradpool';
import { type Point, timeUpdates, warmUp } from '#src/lab/update-time.js';
import { blobs } from './problem.ts';

const ROWS = 100;
const data = blobs(ROWS);

/** A point of batches of 32: four updates an epoch, the last of 4 rows; the n-th epoch asked for takes `seconds(n)` per row. */
function point(updates: number, seconds: (epoch: number) => number): Point {
  let trained = 0;
  const epochOf = (count: number): EpochReport => {
    const samples = count === 4 ? ROWS : 32 * count;
    const time = samples * seconds(trained++);
    const phases = [{ gather: 0, forward: time / 2, backward: time / 2, gradient: 0, barrier: 0, update: 0 }];
    return { epoch: trained, updates: count, samples, seconds: time, phases } as unknown as EpochReport;
  };
  const fit = (_: unknown, { maxUpdates }: FitOptions) => {
    const counts = Array.from({ length: Math.ceil(maxUpdates! / 4) }, (_, e) => Math.min(4, maxUpdates! - 4 * e));
    return Promise.resolve(counts.map(epochOf));
  };
  const trainer = Object.assign(Object.create(Trainer.prototype) as Trainer, { fit });
  Object.defineProperty(trainer, 'info', { value: { batchSize: 32 } });
  return { batchSize: 32, workers: 1, trainer, samples: [], updates };
}

describe('timeUpdates', () => {
  it('takes the middle epoch, whatever the first and a held-up one took', async () => {
    const perRow = [9e-6, 1e-6, 7e-3, 2e-6, 3e-6];
    const timed = await timeUpdates(
      point(20, (epoch) => perRow[epoch]!),
      data,
      undefined,
    );
    expect(timed.perRow).toBeCloseTo(3e-6, 12);
    expect(timed.perUpdate).toBeCloseTo((3e-6 * ROWS) / 4, 12);
    expect(timed.phases[0]!.forward).toBeCloseTo(timed.perUpdate / 2, 12);
    expect(timed.total).toBeCloseTo(ROWS * perRow.reduce((a, b) => a + b), 9);
  });

  it('takes the faster of two, and the only one, which may be part of an epoch', async () => {
    const slower = await timeUpdates(
      point(8, (epoch) => [5e-6, 4e-6][epoch]!),
      data,
      undefined,
    );
    expect(slower.perRow).toBeCloseTo(4e-6, 12);
    const part = await timeUpdates(
      point(3, () => 5e-6),
      data,
      undefined,
    );
    expect(part.perRow).toBeCloseTo(5e-6, 12);
    expect(part.perUpdate).toBeCloseTo(32 * 5e-6, 12);
  });
});

describe('warmUp', () => {
  // An epoch takes 1 ms.
  it.each([
    { measurement: 6e-4, updates: 2, of: 'part of an epoch' },
    { measurement: 2.6e-3, updates: 12, of: 'whole epochs' },
    { measurement: 2.2e-3, updates: 8, of: 'whole epochs, the nearest number of them' },
  ])('finds $of for a measurement of $measurement s', async ({ measurement, updates }) => {
    const own = point(1, () => 1e-5);
    await warmUp(own, data, 0.05, measurement, undefined);
    expect(own.updates).toBe(updates);
  });

  it('ends once the seconds are over', async () => {
    let epochs = 0;
    const own = point(1, () => (epochs++, 1e-3));
    await warmUp(own, data, 0.3, 0.1, undefined);
    expect(epochs).toBeLessThan(12);
  });
});

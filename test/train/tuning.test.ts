// How many workers to use is found out from the times of pieces of an epoch.
import { describe, expect, it } from 'vitest';
import { WorkerTuning } from '#src/train/tuning.js';

/** Trains so many updates where `cost` is the time of one, and tells how many were done by each number of workers. */
function simulate(tuning: WorkerTuning, updates: number, cost: (workers: number, done: number) => number) {
  const by = new Map<number, number>();
  let last = 0;
  for (let done = 0; done < updates;) {
    const piece = tuning.next(updates - done);
    expect(piece.updates).toBeGreaterThan(0);
    expect(piece.updates).toBeLessThanOrEqual(updates - done);
    tuning.record(piece.workers, piece.updates, piece.updates * cost(piece.workers, done));
    by.set(piece.workers, (by.get(piece.workers) ?? 0) + piece.updates);
    last = piece.workers;
    done += piece.updates;
  }
  return { by, last };
}

describe('WorkerTuning', () => {
  it.each([
    { name: 'tiny updates: one', cost: (w: number) => (w === 1 ? 1e-6 : 3e-6), best: 1 },
    { name: 'large enough: all', cost: (w: number) => 1e-4 / w + 2e-6, best: 8 },
    { name: 'in between', cost: (w: number) => 2e-5 / w + w * 2e-6, best: 4 },
  ])('$name', ({ cost, best }) => {
    const { by, last } = simulate(new WorkerTuning(8), 1_000_000, cost);
    expect(last).toBe(best);
    expect(by.get(best)! / 1_000_000).toBeGreaterThan(0.8);
    expect([...by.keys()].sort((a, b) => a - b)).toEqual([1, 2, 4, 8]);
  });

  it('slow first pieces, while code is compiled, do not count', () => {
    const pieces = new Map<number, number>();
    const { last } = simulate(new WorkerTuning(2), 100_000, (workers) => {
      const count = (pieces.get(workers) ?? 0) + 1;
      pieces.set(workers, count);
      return (workers === 2 ? 5e-5 : 8e-5) * (workers === 2 && count < 5 ? 10 : 1);
    });
    expect(last).toBe(2);
  });

  it('an update of milliseconds is not tried on fewer', () => {
    const { by } = simulate(new WorkerTuning(6), 40, () => 0.01);
    expect(by.get(6)).toBeGreaterThan(35);
  });

  it('goes on in the next epoch where one is short, and looks again when the machine has changed', () => {
    const tuning = new WorkerTuning(2);
    let busy = false;
    const cost = (workers: number) => (workers === 2 ? (busy ? 4e-4 : 1e-4) : 2e-4);
    let last = 0;
    for (let epoch = 0; epoch < 200; epoch++) ({ last } = simulate(tuning, 10, cost));
    expect(last).toBe(2);
    busy = true;
    ({ last } = simulate(tuning, 100_000, cost));
    for (let epoch = 0; epoch < 200; epoch++) ({ last } = simulate(tuning, 100, cost));
    expect(last).toBe(1);
  });
});

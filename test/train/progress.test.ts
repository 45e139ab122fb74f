// What onProgress is told while a training runs, and exceptions of the user's own functions.
import { type FitOptions, type Progress, Trainer } from 'gradpool';
import { describe, expect, test } from 'vitest';
import { COUNTING, countingData, countingNetwork } from './counting.ts';
import { STRATEGIES } from './problem.ts';

describe.each(STRATEGIES)('%s', (strategy) => {
  test('an exception of onProgress ends the training as it is, and frees the trainer', async () => {
    await using trainer = await Trainer.create(countingNetwork(), { ...COUNTING, strategy, workers: 1 });
    const mistake = new Error('mine');
    const data = countingData(8 * (strategy === 'coordinator' ? 3000 : 40_000));
    const onProgress = () => {
      throw mistake;
    };
    await expect(trainer.fit(data, { epochs: 10, onProgress })).rejects.toBe(mistake);
    expect(await trainer.fit(data, { maxUpdates: 1 })).toHaveLength(1);
  });
});

// Many times as many as there is time for.
const EPOCHS = 1_000_000;

describe.each(['auto', 'off'] as const)('epochs far shorter than the interval, sharedMemory %s', (sharedMemory) => {
  const create = () => Trainer.create(countingNetwork(), { ...COUNTING, workers: 1, sharedMemory });
  const data = countingData(40);
  const calls: [string, (trainer: Trainer, options: FitOptions) => Promise<unknown>][] = [
    ['fit', (trainer, options) => trainer.fit(data, options)],
    [
      'epochs',
      async (trainer, options) => {
        for await (const _ of trainer.epochs(data, options));
      },
    ],
  ];

  test.each(calls)('%s tells some ten times a second across them', async (_, call) => {
    await using trainer = await create();
    const seen: (Progress & { at: number })[] = [];
    const { signal, abort } = aborting();
    const onProgress = (progress: Progress) => {
      seen.push({ ...progress, at: performance.now() });
      if (seen.length === 4) abort();
    };
    await expect(call(trainer, { epochs: EPOCHS, signal, onProgress })).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    let last: (typeof seen)[number] | undefined;
    for (const now of seen) {
      expect(now.totalUpdates).toBe(5);
      expect(now.updates).toBeLessThanOrEqual(5);
      expect(now.samples).toBe(now.updates * COUNTING.batchSize);
      if (last) expect(now.epoch).toBeGreaterThan(last.epoch);
      // A timer of 100 ms may be a little early.
      if (last) expect(now.at - last.at).toBeGreaterThan(95);
      last = now;
    }
  });

  test.each(calls)('%s ends with an exception of onProgress', async (_, call) => {
    await using trainer = await create();
    const mistake = new Error('mine');
    const onProgress = () => Promise.reject(mistake);
    await expect(call(trainer, { epochs: EPOCHS, callbacks: [{ onProgress }] })).rejects.toBe(mistake);
    expect(await trainer.fit(data, { maxUpdates: 1 })).toHaveLength(1);
  });
});

function aborting(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

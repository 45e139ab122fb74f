// Exceptions of the user's own functions, while a training runs.
import { Trainer } from 'gradpool';
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

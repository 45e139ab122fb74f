// The rows of an epoch that are too few for a batch: kept as a short one, or dropped.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dataset, type EpochReport, type FitOptions, Network, Trainer, type TrainerOptions } from 'gradpool';
import { describe, expect, it, test } from 'vitest';
import { sameBits } from '../close.ts';
import { classes, classifier, STRATEGIES, train } from './problem.ts';

const INLINE: TrainerOptions = { sharedMemory: 'off', backend: 'wasm', batchSize: 8 };
const DROP: TrainerOptions = { ...INLINE, lastBatch: 'drop' };

/** y = sum of x, of which a step with all rows is stable where one of a single row is not. */
function linear(rows: number): [Network, Dataset] {
  let seed = 7;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  const inputs = Array.from({ length: rows }, () => Array.from({ length: 20 }, () => 2 * random() - 1));
  const targets = inputs.map((x) => x.reduce((a, b) => a + b, 0));
  const network = new Network({ inputs: 20, layers: [{ units: 1, activation: 'linear' }] });
  return [network, Dataset.fromArrays({ inputs, targets })];
}

test('a rate that is stable for whole batches diverges by a short one, and does not where that is dropped', async () => {
  const losses: Record<string, number> = {};
  for (const lastBatch of ['keep', 'drop'] as const) {
    const [network, data] = linear(1001);
    await train(network, data, { ...INLINE, batchSize: 1000, learningRate: 2, lastBatch }, { epochs: 60 });
    losses[lastBatch] = network.evaluate(data).loss;
  }
  expect(losses.keep).toBeGreaterThan(1e6);
  expect(losses.drop).toBeLessThan(2);
});

const counts = ({ updates, samples }: EpochReport) => [updates, samples];

describe.each<TrainerOptions>([
  ...STRATEGIES.map((strategy) => ({ strategy, workers: 2 })),
  { workers: 1 },
  { microBatchSize: 4, workers: 2 },
  { sharedMemory: 'off' },
])('%o', (options) => {
  test('an epoch has the updates that are whole, and its loss is of their rows', async () => {
    const given = { ...options, batchSize: 8, lastBatch: 'drop', shuffle: false } as const;
    const { history } = await train(classifier(), classes(61), given, { epochs: 3 });
    expect(history.map(counts)).toEqual([1, 2, 3].map(() => [7, 56]));
    if (options.strategy === 'hogwild') return;
    // In the order of the set the last rows are never seen: it is as if they were not there.
    const whole = await train(classifier(), classes(61).slice(0, 56), { ...given, lastBatch: 'keep' }, { epochs: 3 });
    expect(history.map(({ loss }) => loss)).toEqual(whole.history.map(({ loss }) => loss));
  });
});

it('is other rows each time where the patterns are shuffled', async () => {
  const [dropped, kept] = [classifier(), classifier()];
  await train(dropped, classes(61), DROP, { epochs: 2 });
  await train(kept, classes(61), INLINE, { epochs: 2 });
  expect(sameBits(dropped.parameters, kept.parameters)).toBe(false);
  const seen = await train(classifier(), classes(61), DROP, { epochs: 4 });
  expect(new Set(seen.history.map(({ loss }) => loss)).size).toBe(4);
});

it('changes nothing where all batches are whole', async () => {
  const [dropped, kept] = [classifier(), classifier()];
  await train(dropped, classes(64), DROP, { epochs: 2 });
  await train(kept, classes(64), INLINE, { epochs: 2 });
  expect(sameBits(dropped.parameters, kept.parameters)).toBe(true);
});

it('counts epochs of a schedule, and updates that are asked for, by whole batches', async () => {
  const schedule = { name: 'step', every: 1, factor: 0.5 } as const;
  const given = { ...DROP, learningRate: 0.1, schedule };
  const { history } = await train(classifier(), classes(61), given, { epochs: 3 });
  expect(history.map(({ learningRate }) => learningRate)).toEqual([0.1, 0.05, 0.025]);
  const few = await train(classifier(), classes(61), DROP, { epochs: 9, maxUpdates: 16 });
  expect(few.history.map(counts)).toEqual([[7, 56], [7, 56], [2, 16]]); // prettier-ignore
});

it('ends an epoch of an adaptive batch size where no batch is whole any more', async () => {
  const batchSize = { adaptive: true, least: 8, most: 64, referenceBatchSize: 8, cost: { perUpdate: 1, perRow: 1e-6 } } as const; // prettier-ignore
  const given: TrainerOptions = { ...INLINE, batchSize, lastBatch: 'drop' };
  const { history } = await train(classifier(), classes(3000), given, { epochs: 12 });
  expect(history.at(-1)!.batchSize).toBeGreaterThan(8);
  for (const { samples, batchSize: B } of history) {
    expect(samples).toBeLessThanOrEqual(3000);
    expect(samples).toBeGreaterThan(3000 - B);
  }
});

it('with fewer rows than a batch is an error', async () => {
  const fit = (options: TrainerOptions) => train(classifier(), classes(5), options, {});
  await expect(fit(DROP)).rejects.toThrow(
    new RangeError('"lastBatch" drop expected at least 8 patterns, one batch of "batchSize", got 5'),
  );
  await expect(Trainer.create(classifier(), { lastBatch: 'short' as never })).rejects.toThrow(
    '"lastBatch" expected one of',
  );
});

describe('a checkpoint', () => {
  const folder = () => mkdtempSync(join(tmpdir(), 'gradpool-last-'));
  const data = classes(61);
  const run = async (trainer: Trainer | undefined, fit: FitOptions) => {
    await using open = trainer!;
    return await open.fit(data, fit);
  };

  it('keeps it, within an epoch too, and goes on to the same bits', async () => {
    const directory = folder();
    const whole = classifier();
    await run(await Trainer.create(whole, DROP), { epochs: 4 });
    const stop = new AbortController();
    const begun = await Trainer.create(classifier(), DROP);
    const fit = { epochs: 4, checkpoint: { directory, everyUpdates: 5 } };
    const onEpoch = ({ epoch }: EpochReport) => epoch === 2 && stop.abort();
    await expect(run(begun, { ...fit, signal: stop.signal, callbacks: [{ onEpochEnd: (r) => void onEpoch(r) }] })).rejects.toThrow(); // prettier-ignore
    const network = classifier();
    const history = await run(await Trainer.resume(directory, { network }), fit);
    expect(history.at(-1)).toMatchObject({ epoch: 4, updates: 7, samples: 56 });
    expect(sameBits(network.parameters, whole.parameters)).toBe(true);
  });

  it('is gone on with only as it was', async () => {
    const directory = folder();
    await run(await Trainer.create(classifier(), INLINE), { checkpoint: { directory } });
    await expect(Trainer.resume(directory, { lastBatch: 'drop' })).rejects.toThrow('"lastBatch" expected its default');
    await (await Trainer.resume(directory, { lastBatch: 'keep' }))!.close();
  });
});

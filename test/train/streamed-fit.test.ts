// Streamed sets with what else there is to training: dropout, weights, metrics, callbacks, accumulation. In the order of the file all of
// it has the bits of training in memory.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dataset, type FitOptions, Network, StreamedDataset, Trainer, type TrainerOptions } from 'gradpool';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { expectSameBits } from '../close.ts';
import { classes, classifier, withTrainer } from './problem.ts';

const ROWS = 603;
/** Rows of 56 bytes: windows of 8 blocks of 10 rows, so that none ends where a batch ends. */
const MEMORY = 8 * 10 * (3 * 56 + 16);
const plain = classes(ROWS);
const weighted = plain.withWeights(Array.from({ length: ROWS }, (_, r) => (r % 7) / 3));
/** One class is frequent. */
const uneven = Dataset.fromArrays({
  inputs: Array.from({ length: ROWS }, (_, r) => plain.pattern(r).inputs),
  targets: Array.from({ length: ROWS }, (_, r) => (r % 5 === 0 ? r % 4 : 1)),
  weights: Array.from({ length: ROWS }, (_, r) => 1 + (r % 3)),
});
let folder: string;
const stored = new Map<Dataset, StreamedDataset>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'streamed-fit-'));
  for (const set of [plain, weighted, uneven])
    stored.set(set, await StreamedDataset.store([set], { folder, memory: MEMORY }));
});
afterAll(async () => {
  for (const set of stored.values()) await set.close();
  rmSync(folder, { recursive: true });
});

/** 9-13-4 with dropout in all of it. */
const dropping = () =>
  new Network({
    inputs: 9,
    inputDropout: 0.1,
    layers: [
      { units: 13, activation: 'tanh', dropout: 0.5 },
      { units: 4, activation: 'softmax' },
    ],
    seed: 5,
  });

const INLINE: TrainerOptions = { batchSize: 32, backend: 'wasm', sharedMemory: 'off', momentum: 0.5, seed: 3 };

async function trained(
  network: Network,
  options: TrainerOptions,
  set: Dataset | StreamedDataset,
  fit: FitOptions = {},
): Promise<{ network: Network; history: unknown[]; losses: number[] }> {
  const history = await withTrainer(network, options, (trainer) => trainer.fit(set, { epochs: 2, ...fit }));
  return { network, history, losses: history.map(({ loss }) => loss) };
}

async function expectSame(make: () => Network, set: Dataset, given: TrainerOptions, fit: FitOptions = {}) {
  const options = { ...INLINE, shuffle: false, ...given };
  const a = await trained(make(), options, set, fit);
  const b = await trained(make(), options, stored.get(set)!, fit);
  expectSameBits('parameters', b.network.parameters, a.network.parameters);
  b.losses.forEach((loss, e) => expect(loss).toBeCloseTo(a.losses[e]!, 10));
}

test.each([32, 67, 77])(
  'of batches of %d those that are whole, where the last is dropped, in any order',
  async (batchSize) => {
    const options = { ...INLINE, batchSize, lastBatch: 'drop' } as const;
    const { history } = await trained(classifier(), options, stored.get(plain)!, { epochs: 3 });
    const updates = Math.floor(ROWS / batchSize);
    for (const report of history) expect(report).toMatchObject({ updates, samples: updates * batchSize });
  },
);

describe('in the order of the file, as in memory', () => {
  it.each<TrainerOptions>([
    {},
    { strategy: 'coordinator' },
    { backend: 'reference' },
    { sharedMemory: 'auto', workers: 2, strategy: 'owner-computes' },
  ])('dropout: %o', (options) => expectSame(dropping, plain, options));

  it('weights of patterns', () => expectSame(classifier, weighted, {}));

  it('a last batch that is dropped', () => expectSame(classifier, plain, { lastBatch: 'drop' }));

  it.each<TrainerOptions['classWeights']>(['balanced', [1, 0.5, 2, 0]])('weights of classes: %o', async (weights) => {
    await expectSame(classifier, plain, { classWeights: weights });
    await expectSame(classifier, uneven, { classWeights: weights });
  });

  it('accumulation', () =>
    expectSame(classifier, weighted, { sharedMemory: 'auto', workers: 2, microBatchSize: 4, batchSize: 32 }));
});

test('weights do not change with the order', async () => {
  const shuffled = (set: Dataset, options: TrainerOptions) =>
    trained(classifier(), { ...INLINE, learningRate: 0, momentum: 0, ...options }, stored.get(set)!, { epochs: 1 });
  for (const options of [{}, { classWeights: 'balanced' } as const]) {
    const { losses } = await shuffled(uneven, options);
    const still = { ...INLINE, learningRate: 0, momentum: 0, ...options };
    const inMemory = await trained(classifier(), still, uneven, { epochs: 1 });
    expect(losses[0]).toBeCloseTo(inMemory.losses[0]!, 6);
  }
});

describe('validation', () => {
  const metrics = ['accuracy', 'f1', 'rocAuc'] as const;
  const run = (set: Dataset | StreamedDataset, validation: Dataset | StreamedDataset) =>
    withTrainer(classifier(), { ...INLINE, shuffle: false }, (trainer) =>
      trainer.fit(set, { epochs: 2, validation, metrics, earlyStopping: { monitor: 'f1', patience: 5 } }),
    );

  it('of a streamed set and of one in memory has the same loss and the same metrics', async () => {
    const [train, check] = [stored.get(plain)!, stored.get(weighted)!];
    const expected = await run(plain, weighted);
    for (const [set, validation] of [
      [train, check],
      [train, weighted],
      [plain, check],
    ] as const) {
      const history = await run(set, validation);
      history.forEach((report, e) => {
        const { loss, ...rest } = expected[e]!.validation!;
        expect(report.validation!.loss).toBeCloseTo(loss, 10);
        expect(report.validation).toMatchObject(rest);
        expect(report.earlyStopping).toEqual(expected[e]!.earlyStopping);
      });
    }
  });

  it('has the loss of weighted patterns', async () => {
    const network = classifier();
    const { loss } = await withTrainer(network, INLINE, (trainer) => trainer.evaluate(stored.get(weighted)!));
    expect(loss).toBeCloseTo(network.evaluate(weighted).loss, 5);
  });
});

test('early stopping goes back to the best weights, and a callback ends training and sets the rate', async () => {
  const set = stored.get(plain)!;
  const network = classifier();
  const stopping = { monitor: 'validation loss', patience: 1 } as const;
  const wild = { ...INLINE, learningRate: 3 };
  const history = await withTrainer(network, wild, async (trainer) => {
    const reports = await trainer.fit(set, { epochs: 50, validation: set, earlyStopping: stopping });
    const { best } = reports.at(-1)!.earlyStopping!;
    expect((await trainer.evaluate(set)).loss).toBeCloseTo(best.value, 10);
    return reports;
  });
  expect(history.length).toBeLessThan(50);
  expect(history.at(-1)!.stopped!.by).toBe('early stopping');
  const seen: string[] = [];
  const called = await withTrainer(classifier(), INLINE, (trainer) =>
    trainer.fit(set, {
      epochs: 9,
      callbacks: [
        {
          onEpochBegin: (epoch, control) => {
            seen.push(`begin ${epoch}`);
            control.setLearningRate(0.1 / epoch);
          },
          onEpochEnd: ({ epoch }, control) => {
            seen.push(`end ${epoch}`);
            if (epoch === 2) control.stop('enough');
          },
        },
      ],
    }),
  );
  expect(seen).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
  expect(called.map(({ learningRate }) => learningRate)).toEqual([0.1, 0.05]);
  expect(called.at(-1)!.stopped).toEqual({ by: 'callback', why: 'enough' });
});

test('a checkpoint is taken where an epoch ends; a training that is broken off goes on from there, with the same bits', async () => {
  const directory = join(folder, 'saved');
  const set = stored.get(plain)!;
  const options = { ...INLINE, shuffle: true };
  const whole = await trained(dropping(), options, set, { epochs: 4 });
  const stop = new AbortController();
  const first = dropping();
  await withTrainer(first, options, async (trainer) => {
    const broken = trainer.fit(set, {
      epochs: 4,
      checkpoint: { directory, everyUpdates: 10_000 },
      signal: stop.signal,
      callbacks: [{ onEpochBegin: (epoch) => void (epoch === 3 && setImmediate(() => stop.abort())) }],
    });
    await expect(broken).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });
  const trainer = (await Trainer.resume(directory, { sharedMemory: 'off' }))!;
  expect(trainer.resumed!.history).toHaveLength(2);
  const history = await trainer.fit(set, { epochs: 4, checkpoint: { directory } });
  await trainer.close();
  expectSameBits('parameters', trainer.network.parameters, whole.network.parameters);
  expect(history.map(({ loss }) => loss)).toEqual(whole.losses);
  const elsewhere = await StreamedDataset.store([plain], { folder, memory: 2 * MEMORY });
  const other = (await Trainer.resume(directory, { sharedMemory: 'off' }))!;
  await expect(other.fit(elsewhere, { epochs: 5 })).rejects.toThrow(
    'expected patterns that are read from a disk in blocks of 11',
  );
  await elsewhere.close();
  await expect(other.fit(stored.get(uneven)!, { epochs: 5 })).rejects.toThrow('on which the checkpoint was trained');
  await other.close();
});

// Gradient accumulation: less memory, the update of the whole batch.
import { Dataset, Network, Trainer, type TrainerOptions } from 'gradpool';
import { describe, expect, it, test } from 'vitest';
import { prepare } from '#src/train/prepare.js';
import { expectClose, expectSameBits, flatten } from '../close.ts';
import { flatLayers, GOLDEN } from '../golden.ts';
import { BACKENDS, classes, classifier, STRATEGIES, train } from './problem.ts';

/** 16 rows a batch, 50 in all: the last batch has two, which are less than one pass of both workers. */
const golden = GOLDEN.find(({ name }) => name === 'softmax-relu-relu')!;
const CASES = STRATEGIES.flatMap((strategy) => BACKENDS.map((backend) => ({ strategy, backend })));

test.each(CASES)('passes of two rows train as PyTorch does with the whole batch: $strategy, $backend', async (how) => {
  const network = new Network(golden.spec);
  network.setParameters(golden.params);
  const { learningRate, steps } = golden;
  const parts = { microBatchSize: 2, accumulation: 4, workers: 2 };
  await using trainer = await Trainer.create(network, { learningRate, shuffle: false, ...parts, ...how });
  const blockRows = how.strategy === 'owner-computes' ? 4 : 2;
  expect(trainer.info).toMatchObject({ batchSize: 16, ...parts, ...how, blockRows });
  await trainer.fit(Dataset.fromArrays({ inputs: golden.x, targets: golden.d }), { epochs: steps, maxUpdates: steps });
  const tolerance = how.backend === 'reference' ? { relative: 1e-6, floor: 1e-3 } : { relative: 1e-4, floor: 0.01 };
  expectClose('parameters', flatten(network.parameters), flatten(flatLayers(golden.after.params)), tolerance);
});

describe('the same bits', () => {
  const options: TrainerOptions = { optimizer: 'adam', clipNorm: 0.2, batchSize: 48, seed: 3 };
  const run = async (given: TrainerOptions) =>
    (await train(classifier(), classes(203), { ...options, ...given }, { epochs: 2 })).parameters;

  it('whoever makes the passes, microBatchSize x workers being the same', async () => {
    const [first, ...others] = await Promise.all([
      run({ microBatchSize: 8, workers: 1 }),
      run({ microBatchSize: 4, accumulation: 6, workers: 2 }),
      run({ blockRows: 8, workers: 2, strategy: 'owner-computes' }),
    ]);
    for (const other of others) expectSameBits('parameters', other, first);
  });

  it('as of the whole batch, where sums are computed in float64', async () => {
    const backend = 'reference';
    const whole = await run({ backend, workers: 1, strategy: 'owner-computes' });
    expectSameBits('parameters', await run({ backend, microBatchSize: 3, accumulation: 8, workers: 2 }), whole);
    expectSameBits('parameters', await run({ backend, microBatchSize: 3, workers: 2, sharedMemory: 'off' }), whole);
  });
});

describe('memory', () => {
  const wide = () => new Network({ inputs: 300, layers: [{ units: 500 }, { units: 4 }].map(withActivation) });
  const withActivation = ({ units }: { units: number }, l: number) =>
    ({ units, activation: l === 0 ? 'relu' : 'softmax' }) as const;
  const infoOf = async (options: TrainerOptions) =>
    (await prepare(wide(), { workers: 2, ...options } as Parameters<typeof prepare>[1])).info;
  const SOME = [...STRATEGIES, 'local-sgd'] as const;

  test.each(SOME.flatMap((strategy) => BACKENDS.map((backend) => ({ strategy, backend }))))(
    'depends on the micro-batch, not on the batch: $strategy, $backend',
    async (how) => {
      const one = await infoOf({ ...how, microBatchSize: 16 });
      const many = await infoOf({ ...how, microBatchSize: 16, accumulation: 32 });
      expect([one.batchSize, many.batchSize]).toEqual([32, 1024]);
      expect(many.bytes).toBe(one.bytes);
      const less = await infoOf({ ...how, microBatchSize: 1, batchSize: 1024 });
      // A row that goes through needs its inputs as they come, and outputs and deltas of each layer; a matrix has a little more.
      const row = (300 + 300 + 2 * (500 + 4)) * (how.backend === 'reference' ? 8 : 4);
      expect(one.bytes - less.bytes).toBeGreaterThan(0.6 * 30 * row);
      if (how.backend === 'reference') return;
      const whole = await infoOf({ ...how, batchSize: 1024, blockRows: 1024 });
      expect(whole.bytes - many.bytes).toBeGreaterThan(0.9 * 992 * row);
    },
  );
});

test('the factors that are not given follow from the others', async () => {
  const infoOf = async (options: TrainerOptions) => {
    const { info } = await prepare(classifier(), options as Parameters<typeof prepare>[1]);
    const { batchSize, microBatchSize, accumulation, workers, strategy } = info;
    return { batchSize, microBatchSize, accumulation, workers, strategy };
  };
  const found = { batchSize: 48, microBatchSize: 8, accumulation: 3, workers: 2, strategy: 'owner-computes' };
  expect(await infoOf({ microBatchSize: 8, accumulation: 3, workers: 2 })).toEqual(found);
  expect(await infoOf({ microBatchSize: 8, batchSize: 48, workers: 2 })).toEqual(found);
  expect(await infoOf({ accumulation: 3, batchSize: 48, workers: 2 })).toEqual(found);
  expect(await infoOf({ microBatchSize: 24, workers: 2 })).toEqual({ ...found, microBatchSize: 24, accumulation: 1 });
  // The one thread there is makes the passes of all.
  const inline = { ...found, accumulation: 6, workers: 1 };
  expect(await infoOf({ microBatchSize: 8, accumulation: 3, workers: 2, sharedMemory: 'off' })).toEqual(inline);
});

test.each<[TrainerOptions, string]>([
  [
    { batchSize: 50, microBatchSize: 8, accumulation: 3, workers: 2 },
    '"batchSize" expected microBatchSize x accumulation x workers = 8 x 3 x 2 = 48, got 50',
  ],
  [
    { batchSize: 50, microBatchSize: 8, workers: 2 },
    '"batchSize" expected a multiple of microBatchSize x workers = 8 x 2, got 50',
  ],
  [{ accumulation: 2, workers: 2 }, '"accumulation" expected "microBatchSize" or "batchSize" beside it, got neither'],
  [
    { microBatchSize: 8 },
    '"microBatchSize" expected "workers" beside it, which is a factor of the batch size, got none',
  ],
  [
    { microBatchSize: 8, workers: 2, blockRows: 8 },
    '"microBatchSize" expected no "blockRows" beside it: the micro-batch is what goes through together',
  ],
  [
    { microBatchSize: 8, workers: 2, strategy: 'hogwild' },
    '"microBatchSize" expected "strategy" other than hogwild, whose workers take whole batches',
  ],
  [
    { microBatchSize: 8, workers: 2, batchSize: 'auto' },
    '"microBatchSize" expected a number for "batchSize" beside it, or none, got auto',
  ],
  [
    { accumulation: 2, workers: 2, batchSize: { adaptive: true } },
    '"accumulation" expected a number for "batchSize" beside it, or none, got an adaptive one',
  ],
])('what does not go together: %o', async (options, says) => {
  await expect(Trainer.create(classifier(), options)).rejects.toThrow(new RangeError(says));
});

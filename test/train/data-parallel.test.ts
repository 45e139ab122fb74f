// What an update costs in synchronisation, and that any division of the rows gives the mean over the whole batch.
import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { Network } from 'gradpool';
import { type Dataset, type Strategy, type TrainerOptions } from 'gradpool';
import { COMPLETED, GENERATION } from '#src/memory/control.js';
import { workerEntry } from '#src/pool/locations.js';
import { ThreadPool } from '#src/pool/pool.js';
import { Coordinator } from '#src/train/coordinator.js';
import { prepare } from '#src/train/prepare.js';
import { classes, classifier, expectCloseParameters, STRATEGIES, train } from './problem.ts';

/** Trains one epoch of 10 updates with the coordinator on this thread, so that its words can be read. */
async function count(strategy: Strategy, workers: number, clipNorm = Infinity) {
  const network = classifier();
  const { arena, setup } = await prepare(network, {
    strategy,
    workers,
    batchSize: 7,
    ...(clipNorm < Infinity && { clipNorm }),
  });
  const { table, rows } = classes(66).bind(network.spec, network.normalization);
  arena.storeScaling(table.affine.scale, table.affine.shift);
  arena.storeParameters(0, network.parameters);
  const coordinator = new Coordinator(setup, new ThreadPool(workerEntry(), workers).ofSession(0));
  try {
    expect(await coordinator.attach('train', table, rows)).toEqual({ state: 'done' });
    Atomics.store(arena.control, GENERATION, 0);
    const rates = { name: 'constant', rate: 0.1 } as const;
    const step = { rule: 'sgd', hyperparameters: {}, decay: 0, l1: 0, clip: Infinity } as const;
    const constants = { step, rates, count: 0, clipNorm };
    const epoch = {
      epochs: 1,
      epoch: 0,
      updates: 10,
      batchSize: 7,
      from: 0,
      trained: 0,
      counted: undefined,
      drawn: false,
      rows: 66,
      slot: 0,
    };
    const outcome = await coordinator.train({ ...epoch, ...constants, shuffle: undefined });
    expect(outcome).toMatchObject({ state: 'done', completed: 10, slot: 0 });
    // One is before the first update, where all meet.
    const meeting = workers > 1 && strategy !== 'coordinator' ? 1 : 0;
    const barriers = (Atomics.load(arena.control, GENERATION) - meeting) / 10;
    return { barriers, completed: Atomics.load(arena.control, COMPLETED) };
  } finally {
    await coordinator.close();
  }
}

describe('barriers per update', () => {
  test.each([
    { workers: 1, barriers: 1, clipped: 1 },
    { workers: 2, barriers: 2, clipped: 3 },
    { workers: 3, barriers: 2, clipped: 3 },
  ])(
    'data-parallel and owner-computes on $workers: $barriers, with the norm clipped $clipped',
    async ({ workers, barriers, clipped }) => {
      expect(await count('data-parallel', workers)).toEqual({ barriers, completed: 10 });
      expect(await count('owner-computes', workers)).toEqual({ barriers, completed: 10 });
      expect(await count('data-parallel', workers, 1)).toEqual({ barriers: clipped, completed: 10 });
      expect(await count('owner-computes', workers, 1)).toEqual({ barriers: clipped, completed: 10 });
    },
  );

  test.each([1, 2])('coordinator on %i: none, a task per worker instead', async (workers) => {
    expect(await count('coordinator', workers)).toEqual({ barriers: 0, completed: 10 });
  });
});

/** The same training with the float64 gradients of the whole batch, on this thread. */
function byGradients(network: Network, data: Dataset, batchSize: number, rate: number, epochs: number): void {
  const patterns = Array.from({ length: data.length }, (_, i) => data.pattern(i));
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let at = 0; at < patterns.length; at += batchSize) {
      const batch = patterns.slice(at, at + batchSize);
      const { gradients } = network.gradients({
        inputs: batch.map(({ inputs }) => inputs),
        targets: batch.map(({ targets }) => targets[0]!),
      });
      network.setParameters(
        network.parameters.map(({ weights, bias }, l) => ({
          weights: weights.map((w, i) => w - rate * gradients[l]!.weights[i]!),
          bias: bias.map((b, i) => b - rate * gradients[l]!.bias[i]!),
        })),
      );
    }
  }
}

async function expectMeans(rows: number, epochs: number, options: TrainerOptions & { batchSize: number }) {
  const [network, expected] = [classifier(), classifier()];
  const data = classes(rows);
  const { history } = await train(network, data, { ...options, shuffle: false, learningRate: 0.5 }, { epochs });
  byGradients(expected, data, options.batchSize, 0.5, epochs);
  expectCloseParameters(JSON.stringify(options), network.parameters, expected.parameters);
  expect(history.at(-1)).toMatchObject({ updates: Math.ceil(rows / options.batchSize), samples: rows });
}

describe.each(STRATEGIES)('the gradient is the mean over the whole batch: %s', (strategy) => {
  test.each([1, 2, 3])('batches of 7, the last of 3, on %i workers', async (workers) => {
    await expectMeans(38, 3, { strategy, workers, batchSize: 7 });
  });

  test('a last batch with fewer rows than workers', async () => {
    await expectMeans(22, 3, { strategy, workers: 3, batchSize: 7 });
  });

  test('more workers than rows in any batch', async () => {
    await expectMeans(5, 4, { strategy, workers: 4, batchSize: 2 });
  });

  test('more workers than cores', async () => {
    await expectMeans(38, 2, { strategy, workers: availableParallelism() + 2, batchSize: 7 });
  });

  test('B = 1', async () => {
    await expectMeans(20, 2, { strategy, workers: 2, batchSize: 1 });
  });

  test('B = the whole set, in several blocks', async () => {
    await expectMeans(700, 3, { strategy, workers: 2, batchSize: 700 });
  });

  test('the reference backend', async () => {
    await expectMeans(38, 3, { strategy, workers: 3, batchSize: 7, backend: 'reference' });
  });
});

// Short epochs follow each other without a pause where nobody looks in between: nothing but time may tell the difference.
import { Trainer, type TrainerOptions } from 'gradpool';
import { describe, expect, it } from 'vitest';
import { EPOCHS_PER_RUN } from '#src/memory/control.js';
import { flatten } from '../close.ts';
import { BACKENDS, classes, classifier, train, withTrainer } from './problem.ts';

const EPOCHS = 2 * EPOCHS_PER_RUN + 3;
const OPTIONS = { batchSize: 7, learningRate: 0.2, momentum: 0.5, seed: 9 };
const CASES: TrainerOptions[] = [
  ...BACKENDS.map((backend) => ({ backend, workers: 2 })),
  { strategy: 'data-parallel', workers: 3 },
  { strategy: 'coordinator', workers: 2 },
  { strategy: 'local-sgd', workers: 2, averagingPeriod: 3 },
  { strategy: 'hogwild', workers: 1 },
  { sharedMemory: 'off' },
  { workers: 2, shuffle: false },
  {},
];

describe.each(CASES)('%o', (options) => {
  it('fit in runs gives what epoch by epoch gives', async () => {
    const data = classes(40);
    const together = await train(classifier(), data, { ...OPTIONS, ...options }, { epochs: EPOCHS });
    const network = classifier();
    const single = await withTrainer(network, { ...OPTIONS, ...options }, async (trainer) => {
      const reports = [];
      for await (const report of trainer.epochs(data, { epochs: EPOCHS })) reports.push(report);
      return reports;
    });
    expect(together.history.map(({ epoch }) => epoch)).toEqual(Array.from({ length: EPOCHS }, (_, e) => e + 1));
    // The workers' sums are added; where their number is being tuned it differs between the trainings.
    together.losses.forEach((loss, e) => expect(loss).toBeCloseTo(single[e]!.loss, options.workers ? 15 : 12));
    expect(together.history.map(({ accuracy }) => accuracy)).toEqual(single.map(({ accuracy }) => accuracy));
    expect(flatten(together.parameters)).toEqual(flatten(network.parameters));
    for (const { updates, samples, seconds, phases } of together.history) {
      expect({ updates, samples }).toEqual({ updates: 6, samples: 40 });
      expect(seconds).toBeGreaterThan(0);
      for (const worker of phases) {
        for (const time of Object.values(worker)) expect(time).toBeLessThanOrEqual(1.01 * EPOCHS * seconds);
      }
    }
  });
});

it('the times of the epochs add up to what the call took, at most', async () => {
  await using trainer = await Trainer.create(classifier(), { ...OPTIONS, workers: 2 });
  const data = classes(4000);
  await trainer.fit(data);
  const start = performance.now();
  const history = await trainer.fit(data, { epochs: EPOCHS });
  const wall = (performance.now() - start) / 1000;
  const sum = history.reduce((total, { seconds }) => total + seconds, 0);
  expect(sum).toBeLessThanOrEqual(wall);
  expect(sum).toBeGreaterThan(0.5 * wall);
});

it('hogwild takes each update of each epoch once', async () => {
  await using trainer = await Trainer.create(classifier(), { ...OPTIONS, strategy: 'hogwild', workers: 3 });
  const history = await trainer.fit(classes(200), { epochs: EPOCHS });
  // Each row is seen once: the answers counted are whole numbers of 200ths.
  for (const { accuracy } of history) expect((accuracy! * 200) % 1).toBeCloseTo(0, 9);
  const first = history[0]!.loss;
  expect(history.at(-1)!.loss).toBeLessThan(first);
});

it('maxUpdates ends within an epoch after whole ones', async () => {
  const { history } = await train(classifier(), classes(40), { ...OPTIONS, workers: 2 }, { epochs: 9, maxUpdates: 20 });
  expect(history.map(({ updates }) => updates)).toEqual([6, 6, 6, 2]);
});

it('an abort in the middle of a run leaves whole updates and a trainer that goes on', async () => {
  const network = classifier();
  await using trainer = await Trainer.create(network, { ...OPTIONS, workers: 2 });
  const data = classes(16_000);
  await trainer.fit(data);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  await expect(trainer.fit(data, { epochs: 100_000, signal: controller.signal })).rejects.toMatchObject({
    code: 'ERR_ABORTED',
  });
  expect(flatten(network.parameters).every(Number.isFinite)).toBe(true);
  expect(await trainer.fit(data, { epochs: 3 })).toHaveLength(3);
});

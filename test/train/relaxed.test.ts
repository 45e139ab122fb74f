// The strategies that do not take the gradient of the whole batch in every update: local-sgd and hogwild.
import { describe, expect, it, test } from 'vitest';
import { Dataset, Network, Trainer, type TrainerOptions } from 'gradpool';
import { expectSameBits, sameBits } from '../close.ts';
import { BACKENDS, bytes, classes, classifier, expectCloseParameters, train } from './problem.ts';

/** Two clouds, apart. */
function clouds(rows: number): Dataset {
  const inputs = Array.from({ length: rows }, (_, i) => {
    const side = i % 2 === 0 ? 1 : -1;
    return [side + 0.6 * Math.sin(i * 7.3), side + 0.6 * Math.cos(i * 3.1), Math.sin(i)];
  });
  return Dataset.fromArrays({ inputs, targets: inputs.map((_, i) => i % 2) });
}

/** y = sin 2x. */
function curve(rows: number): Dataset {
  const inputs = Array.from({ length: rows }, (_, i) => [(i / rows) * 2 - 1]);
  return Dataset.fromArrays({ inputs, targets: inputs.map(([x]) => [Math.sin(2 * x!)]) });
}

const PROBLEMS = [
  {
    name: 'a classification',
    data: clouds(400),
    network: () =>
      new Network({
        inputs: 3,
        layers: [
          { units: 8, activation: 'relu' },
          { units: 2, activation: 'softmax' },
        ],
        seed: 2,
      }),
    rate: 0.1,
  },
  {
    name: 'a regression',
    data: curve(300),
    network: () =>
      new Network({
        inputs: 1,
        layers: [
          { units: 12, activation: 'tanh' },
          { units: 1, activation: 'linear' },
        ],
        seed: 2,
      }),
    rate: 0.05,
  },
] as const;

const WAYS: readonly TrainerOptions[] = [
  { strategy: 'local-sgd', averagingPeriod: 1, workers: 2 },
  { strategy: 'local-sgd', averagingPeriod: 4, workers: 3 },
  { strategy: 'local-sgd', averagingPeriod: 16, workers: 2, momentum: 0.5 },
  { strategy: 'local-sgd' },
  { strategy: 'hogwild', workers: 2 },
  { strategy: 'hogwild', workers: 3, momentum: 0.5, nesterov: true },
];

describe.each(PROBLEMS)('$name is learnt', ({ data, network, rate }) => {
  test.each(WAYS)('%j', async (options) => {
    const { history } = await train(network(), data, { ...options, batchSize: 12, learningRate: rate }, { epochs: 40 });
    expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss / 5);
    for (const { updates } of history) expect(updates).toBe(Math.ceil(data.length / 12));
  });
});

describe('local-sgd', () => {
  const base = { strategy: 'local-sgd', batchSize: 12, learningRate: 0.2 } as const;

  test.each(BACKENDS)('averaged after every update, with equal parts, is the synchronous step: %s', async (backend) => {
    for (const workers of [1, 2, 3]) {
      const options = { ...base, backend, workers, averagingPeriod: 1, weightDecay: 0.01 };
      const local = await train(classifier(), classes(60), options, { epochs: 4 });
      const { averagingPeriod: _, ...rest } = { ...options, strategy: 'data-parallel' as const };
      const together = await train(classifier(), classes(60), rest, { epochs: 4 });
      expect(local.info).toMatchObject({ strategy: 'local-sgd', averagingPeriod: 1, backend, workers });
      expectCloseParameters(`on ${workers}`, local.parameters, together.parameters);
    }
  });

  test.each([0, 0.9])('one worker averages with nobody, whatever the period; momentum %d', async (momentum) => {
    const run = (averagingPeriod: number, workers = 1) =>
      train(classifier(), classes(61), { ...base, backend: 'wasm', momentum, workers, averagingPeriod }, { epochs: 3 });
    const often = await run(1);
    expectSameBits('every 5', (await run(5)).parameters, often.parameters);
    const { averagingPeriod: _, ...plain } = { ...base, strategy: 'data-parallel' as const, averagingPeriod: 1 };
    const together = await train(
      classifier(),
      classes(61),
      { ...plain, backend: 'wasm', momentum, workers: 1 },
      { epochs: 3 },
    );
    expectCloseParameters('synchronous', often.parameters, together.parameters);
  });

  it('gives the same bits again on the same number of workers, others on another or with another period', async () => {
    const run = (workers: number, averagingPeriod: number) =>
      train(classifier(), classes(60), { ...base, backend: 'wasm', workers, averagingPeriod }, { epochs: 3 });
    const first = await run(3, 4);
    expectSameBits('again', (await run(3, 4)).parameters, first.parameters);
    expect(sameBits((await run(2, 4)).parameters, first.parameters)).toBe(false);
    expect(sameBits((await run(3, 2)).parameters, first.parameters)).toBe(false);
    expect(first.info.reproducible).toContain('the same number of workers');
  });

  it('copes with workers that have no rows, with short batches and a cut', async () => {
    const options = { ...base, workers: 5, averagingPeriod: 3, batchSize: 3, momentum: 0.5 };
    const { history } = await train(classifier(), classes(31), options, { epochs: 3, maxUpdates: 25 });
    expect(history.map(({ updates }) => updates)).toEqual([11, 11, 3]);
    for (const { loss } of history) expect(loss).toBeLessThan(2);
  });

  it('without threads is one worker, with the same bits', async () => {
    for (const backend of ['wasm', 'reference'] as const) {
      const options = { ...base, backend, averagingPeriod: 4, momentum: 0.5 };
      const inline = await train(classifier(), classes(40), { ...options, sharedMemory: 'off' }, { epochs: 3 });
      const thread = await train(classifier(), classes(40), { ...options, workers: 1 }, { epochs: 3 });
      expect(inline.info.execution).toBe('inline');
      expectSameBits(backend, inline.parameters, thread.parameters);
    }
  });

  it('an abort leaves the weights of an averaging', async () => {
    const data = bytes(40_000, 9);
    const options = { ...base, backend: 'wasm', workers: 2, averagingPeriod: 1000, shuffle: false } as const;
    const network = classifier();
    await using trainer = await Trainer.create(network, options);
    const running = trainer.fit(data, { epochs: 1000, signal: AbortSignal.timeout(60) });
    await expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    // The weights after 1000 n updates, for some n: those of a training that ends there.
    const again = classifier();
    await using other = await Trainer.create(again, options);
    const perEpoch = Math.ceil(data.length / 12);
    let found = sameBits(again.parameters, network.parameters);
    for (let epoch = 0; epoch < 40 && !found; epoch++) {
      for (const maxUpdates of [1000, 2000, 3000, perEpoch]) {
        const copy = classifier();
        copy.setParameters(again.parameters);
        found ||= sameBits((await train(copy, data, options, { maxUpdates })).parameters, network.parameters);
      }
      await other.fit(data);
    }
    expect(found).toBe(true);
  });
});

describe('hogwild', () => {
  const base = { strategy: 'hogwild', batchSize: 12, learningRate: 0.2 } as const;

  test.each(BACKENDS)('on one worker is SGD, update by update: %s', async (backend) => {
    for (const momentum of [0, 0.9]) {
      const options = { ...base, backend, momentum, workers: 1 };
      const alone = await train(classifier(), classes(61), options, { epochs: 3 });
      const sgd = await train(classifier(), classes(61), { ...options, strategy: 'data-parallel' }, { epochs: 3 });
      expectCloseParameters(`momentum ${momentum}`, alone.parameters, sgd.parameters);
      if (momentum > 0) expectSameBits('the same kernels', alone.parameters, sgd.parameters);
      expect(alone.info.reproducible).toContain('the same bits');
    }
  });

  it('takes every batch once, whoever takes it', async () => {
    const options = { ...base, workers: 3, learningRate: 0 };
    const { history, info } = await train(classifier(), classes(61), options, { epochs: 2 });
    // At a rate of 0 the loss is that of the start, over all rows.
    const { loss } = classifier().evaluate(classes(61));
    for (const epoch of history) {
      expect(epoch.updates).toBe(6);
      expect(epoch.loss).toBeCloseTo(loss, 5);
    }
    expect(info.reproducible).toContain('other bits in every run');
  });

  it('without threads is one worker, with the same bits', async () => {
    const options = { ...base, backend: 'wasm', momentum: 0.5 } as const;
    const inline = await train(classifier(), classes(40), { ...options, sharedMemory: 'off' }, { epochs: 3 });
    const thread = await train(classifier(), classes(40), { ...options, workers: 1 }, { epochs: 3 });
    expectSameBits('parameters', inline.parameters, thread.parameters);
  });
});

describe.each(['local-sgd', 'hogwild'] as const)('%s can be stopped', (strategy) => {
  it('by an abort and by close, promptly', async () => {
    const data = bytes(40_000, 9);
    const network = classifier();
    const trainer = await Trainer.create(network, { strategy, workers: 3, batchSize: 8 });
    const began = performance.now();
    const aborted = trainer.fit(data, { epochs: 1000, signal: AbortSignal.timeout(50) });
    await expect(aborted).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    const closed = expect(trainer.fit(data, { epochs: 1000 })).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await trainer.close();
    await closed;
    expect(performance.now() - began).toBeLessThan(2000);
    expect(network.parameters.every(({ weights }) => weights.every(Number.isFinite))).toBe(true);
  });
});

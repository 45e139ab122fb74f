import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Dataset, type EpochReport, type Evaluation, Network, type PhaseSeconds, type Progress } from 'gradpool';
import { expectClose, expectSameBits, sameBits } from '../close.ts';
import {
  BACKENDS,
  bytes,
  classes,
  classifier,
  expectCloseParameters,
  STRATEGIES,
  train,
  withTrainer,
} from './problem.ts';

const OPTIONS = { workers: 2, batchSize: 8, learningRate: 0.2 };

function sumOf(phase: PhaseSeconds): number {
  return Object.values(phase).reduce((a, b) => a + b);
}

function expectEvaluation(what: string, actual: Evaluation | undefined, expected: Evaluation): void {
  expectClose(what, [actual!.loss], [expected.loss], { relative: 1e-5 });
  expect(actual!.accuracy).toBe(expected.accuracy);
}

describe.each(STRATEGIES)('maxUpdates: %s', (strategy) => {
  const options = { ...OPTIONS, strategy, shuffle: false };

  test('ends within the first epoch, with the weights of so many updates', async () => {
    const data = classes(40);
    const some = await train(classifier(), data, options, { epochs: 3, maxUpdates: 3 });
    expect(some.history).toMatchObject([{ epoch: 1, updates: 3, samples: 24 }]);
    const first = await train(classifier(), data.slice(0, 24), options);
    expectSameBits('parameters', some.parameters, first.parameters);
    expect(some.losses).toEqual(first.losses);
  });

  test('ends within a later epoch', async () => {
    const { history } = await train(classifier(), classes(38), options, { epochs: 9, maxUpdates: 8 });
    expect(history).toMatchObject([
      { epoch: 1, updates: 5, samples: 38 },
      { epoch: 2, updates: 3, samples: 24 },
    ]);
  });

  test('ends after whole epochs; and may be more than there are', async () => {
    const two = await train(classifier(), classes(40), options, { epochs: 9, maxUpdates: 10 });
    expect(two.history.map(({ updates }) => updates)).toEqual([5, 5]);
    const all = await train(classifier(), classes(40), options, { epochs: 2, maxUpdates: 1000 });
    expectSameBits('parameters', all.parameters, two.parameters);
  });
});

test('a report says what the epoch did', async () => {
  const network = classifier();
  const before = network.evaluate(classes(40));
  const { history } = await train(network, classes(40), { ...OPTIONS, batchSize: 40 }, { epochs: 2 });
  // One batch of the whole set: its loss is measured before the update.
  expectEvaluation('loss of the first epoch', history[0], before);
  for (const { seconds, samplesPerSecond, samples, phases, coordinator } of history) {
    expect(seconds).toBeGreaterThan(0);
    expect(samplesPerSecond).toBeCloseTo(samples / seconds, 6);
    expect(phases).toHaveLength(2);
    for (const phase of phases) {
      expect(Object.keys(phase)).toEqual(['gather', 'forward', 'backward', 'gradient', 'barrier', 'update']);
      expect(sumOf(phase)).toBeGreaterThan(0);
    }
    expect(coordinator).toBeUndefined();
  }
  // Only of both epochs: one worker may go on to the second while the other is still at the end of the first.
  const total = history.reduce((sum, { seconds }) => sum + seconds, 0);
  for (const w of [0, 1]) {
    expect(history.reduce((sum, { phases }) => sum + sumOf(phases[w]!), 0)).toBeLessThanOrEqual(total);
  }
  expect(history[1]!.loss).toBeLessThan(history[0]!.loss);
});

test('the strategy coordinator also reports the coordinator’s own phases', async () => {
  const { history } = await train(classifier(), classes(40), { ...OPTIONS, strategy: 'coordinator' });
  expect(history[0]!.coordinator!.update).toBeGreaterThan(0);
  expect(history[0]!.coordinator!.barrier).toBeGreaterThan(0);
  expect(history[0]!.coordinator!.forward).toBe(0);
});

describe('epochs', () => {
  test('runs when it is asked for; nothing runs in between', async () => {
    const network = classifier();
    await withTrainer(network, OPTIONS, async (trainer) => {
      const initial = network.parameters;
      const epochs = trainer.epochs(classes(40), { epochs: 2 });
      await delay(60);
      expectSameBits('before the first', network.parameters, initial);
      expect((await epochs.next()).value).toMatchObject({ epoch: 1 });
      const first = network.parameters;
      expect(sameBits(first, initial)).toBe(false);
      await delay(60);
      expectSameBits('between epochs', network.parameters, first);
      await trainer.evaluate(classes(20));
      expectSameBits('evaluated between epochs', network.parameters, first);
      expect((await epochs.next()).value).toMatchObject({ epoch: 2 });
      expect(sameBits(network.parameters, first)).toBe(false);
      expect(await epochs.next()).toEqual({ done: true, value: undefined });
      const twice = await train(classifier(), classes(40), OPTIONS, { epochs: 2 });
      expectSameBits('pulled or not', network.parameters, twice.parameters);
    });
  });

  test('leaving the loop frees the trainer', async () => {
    await withTrainer(classifier(), OPTIONS, async (trainer) => {
      let seen = 0;
      for await (const { epoch } of trainer.epochs(classes(40), { epochs: 100 })) {
        seen = epoch;
        if (epoch === 2) break;
      }
      expect(seen).toBe(2);
      expect(await trainer.fit(classes(40))).toMatchObject([{ epoch: 1, updates: 5 }]);
    });
  });

  test('one that was left between two epochs keeps nobody from training, and hears of it', async () => {
    await withTrainer(classifier(), OPTIONS, async (trainer) => {
      const ends: unknown[] = [];
      const callbacks = [{ onTrainEnd: ({ error }: { error: unknown }) => void ends.push(error) }];
      const epochs = trainer.epochs(classes(40), { epochs: 9, callbacks });
      await epochs.next();
      expect(await trainer.fit(classes(40))).toHaveLength(1);
      expect(ends).toMatchObject([{ code: 'ERR_ABORTED' }]);
      await expect(epochs.next()).rejects.toMatchObject({ code: 'ERR_ABORTED', message: /another call/ });
      const next = trainer.epochs(classes(40), { epochs: 2 });
      const first = next.next();
      await expect(trainer.fit(classes(40)), 'while an epoch runs').rejects.toMatchObject({ code: 'ERR_BUSY' });
      await first;
      await next.return();
      await next[Symbol.asyncDispose]();
    });
  });

  test('a generator that is never pulled holds nothing', async () => {
    await withTrainer(classifier(), OPTIONS, async (trainer) => {
      trainer.epochs(classes(40));
      expect(await trainer.fit(classes(40))).toHaveLength(1);
    });
  });

  test('parameters set between epochs are taken over, with fresh momentum', async () => {
    const [network, fresh] = [classifier(), classifier(9)];
    const options = { ...OPTIONS, momentum: 0.9, shuffle: false };
    await withTrainer(network, options, async (trainer) => {
      for await (const { epoch } of trainer.epochs(classes(40), { epochs: 2 })) {
        if (epoch === 1) network.setParameters(fresh.parameters);
      }
    });
    await train(fresh, classes(40), options);
    expectSameBits('parameters', network.parameters, fresh.parameters);
  });
});

test('onEpoch is awaited, and its failure ends the training', async () => {
  const network = classifier();
  await withTrainer(network, OPTIONS, async (trainer) => {
    const events: string[] = [];
    const onEpoch = async ({ epoch }: EpochReport) => {
      const held = network.parameters;
      events.push(`begin ${epoch}`);
      await delay(30);
      expectSameBits('while onEpoch is pending', network.parameters, held);
      events.push(`end ${epoch}`);
    };
    const history = await trainer.fit(classes(40), { epochs: 2, onEpoch });
    expect(events).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
    expect(history).toHaveLength(2);
    const failing = () => Promise.reject(new Error('out of disk'));
    await expect(trainer.fit(classes(40), { epochs: 9, onEpoch: failing })).rejects.toThrow('out of disk');
    expect(await trainer.fit(classes(40))).toHaveLength(1);
  });
});

test('onProgress tells how far the epoch is', async () => {
  const network = new Network({ inputs: 32, layers: [{ units: 4, activation: 'softmax' }] });
  const seen: Progress[] = [];
  // Tasks rather than barriers: slow enough for several looks on any machine.
  const options = { workers: 2, batchSize: 1, strategy: 'coordinator' } as const;
  const { history } = await train(network, bytes(6000, 32), options, { onProgress: (at) => void seen.push(at) });
  expect(seen.length).toBeGreaterThanOrEqual(2);
  let last = { updates: 0, seconds: 0 };
  for (const { epoch, updates, totalUpdates, loss, seconds } of seen) {
    expect(epoch).toBe(1);
    expect(totalUpdates).toBe(6000);
    expect(updates).toBeGreaterThanOrEqual(last.updates);
    expect(updates).toBeLessThanOrEqual(totalUpdates);
    expect(seconds).toBeGreaterThan(last.seconds);
    if (updates > 100) expect(loss).toBeGreaterThan(0);
    if (updates > 100) expect(loss).toBeLessThan(10 * history[0]!.loss);
    last = { updates, seconds };
  }
  expect(last.updates).toBeGreaterThan(0);
});

describe('validation', () => {
  test.each(BACKENDS)('is that of network.evaluate: %s', async (backend) => {
    const network = classifier();
    const validation = classes(203, 40);
    await withTrainer(network, { ...OPTIONS, workers: 3, backend }, async (trainer) => {
      for await (const report of trainer.epochs(classes(40), { epochs: 3, validation })) {
        expectEvaluation('validation', report.validation, network.evaluate(validation));
      }
      expectEvaluation('evaluate', await trainer.evaluate(validation), network.evaluate(validation));
      expectEvaluation(
        'of one row',
        await trainer.evaluate(validation.slice(0, 1)),
        network.evaluate(validation.slice(0, 1)),
      );
      network.setParameters(classifier(8).parameters);
      expectEvaluation('set since', await trainer.evaluate(validation), classifier(8).evaluate(validation));
    });
  });

  test('does not touch the training', async () => {
    const plain = await train(classifier(), classes(40), OPTIONS, { epochs: 3 });
    const watched = await train(classifier(), classes(40), OPTIONS, { epochs: 3, validation: classes(50, 7) });
    expectSameBits('parameters', watched.parameters, plain.parameters);
    expect(watched.losses).toEqual(plain.losses);
  });

  test('may have another kind of targets: rows where training has classes', async () => {
    const network = classifier();
    const patterns = Array.from({ length: 30 }, (_, i) => classes(30, 50).pattern(i));
    const rows = Dataset.fromArrays({
      inputs: patterns.map(({ inputs }) => inputs),
      targets: patterns.map(({ targets }) => [0, 1, 2, 3].map((k) => Number(k === targets[0]))),
    });
    const { history } = await train(network, classes(40), OPTIONS, { validation: rows });
    expectEvaluation('rows', history[0]!.validation, network.evaluate(classes(30, 50)));
    const other = classifier();
    const reverse = await train(other, rows, OPTIONS, { validation: classes(40) });
    expectEvaluation('classes', reverse.history[0]!.validation, other.evaluate(classes(40)));
  });
});

describe('momentum', () => {
  test.each(STRATEGIES)('goes on from one fit to the next: %s', async (strategy) => {
    const options = { ...OPTIONS, strategy, momentum: 0.9, nesterov: true };
    const network = classifier();
    const losses = await withTrainer(network, options, async (trainer) => [
      ...(await trainer.fit(classes(36), { epochs: 1 })),
      ...(await trainer.fit(classes(36), { epochs: 1 })),
    ]);
    const once = await train(classifier(), classes(36), options, { epochs: 2 });
    expectSameBits('parameters', network.parameters, once.parameters);
    expect(losses.map(({ loss }) => loss)).toEqual(once.losses);
  });

  test.each([
    { momentum: 0.9, nesterov: false, weightDecay: 0.01 },
    { momentum: 0.8, nesterov: true, weightDecay: 0 },
    { momentum: 0.8, nesterov: true, weightDecay: 0.02 },
    { momentum: 0, nesterov: false, weightDecay: 0.05 },
  ])('$momentum, nesterov $nesterov, weight decay $weightDecay: two workers as one', async (sgd) => {
    const options = { ...OPTIONS, ...sgd, learningRate: 0.05 };
    const one = await train(classifier(), classes(38), { ...options, workers: 1 }, { epochs: 4 });
    for (const strategy of STRATEGIES) {
      const two = await train(classifier(), classes(38), { ...options, strategy, workers: 2 }, { epochs: 4 });
      expectCloseParameters(strategy, two.parameters, one.parameters);
    }
    const plain = await train(classifier(), classes(38), { ...OPTIONS, learningRate: 0.05 }, { epochs: 4 });
    expect(sameBits(plain.parameters, one.parameters), 'the options count').toBe(false);
  });
});

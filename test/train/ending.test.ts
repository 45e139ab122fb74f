// Ways in which a training ends before its time: by its signal, by close, or not at all because another one runs.
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type LayerParameters, Network, Trainer } from 'gradpool';
import { expectSameBits, sameBits } from '../close.ts';
import { bytes, classes, classifier, STRATEGIES, train, withTrainer } from './problem.ts';

const OPTIONS = { workers: 2, batchSize: 8 };
/** From an abort to the rejection, in ms: one kernel call at most, and what a shared machine adds. */
const PROMPT = 700;

const BATCH = 64;
const BATCHES = 25;
/** Updates of about a millisecond. */
const large = () =>
  new Network({
    inputs: 64,
    layers: [
      { units: 160, activation: 'relu' },
      { units: 160, activation: 'tanh' },
      { units: 4, activation: 'softmax' },
    ],
    seed: 1,
  });
const data = bytes(BATCH * BATCHES, 64);

/** Trains one whole update after another until the parameters are `wanted`, and then one more. */
async function stepsTo(
  wanted: LayerParameters[],
  options: object,
): Promise<{ updates: number; next: LayerParameters[] }> {
  const network = large();
  return withTrainer(network, options, async (trainer) => {
    const step = (u: number) => {
      const at = (u % BATCHES) * BATCH;
      return trainer.fit(data.slice(at, at + BATCH));
    };
    for (let updates = 0; updates < 20 * BATCHES; updates++) {
      if (sameBits(network.parameters, wanted)) {
        await step(0);
        return { updates, next: network.parameters };
      }
      await step(updates);
    }
    return expect.fail(`the weights are not those of any number of updates up to ${20 * BATCHES}`);
  });
}

describe.each(STRATEGIES)('abort in mid-epoch: %s', (strategy) => {
  test.each([
    { after: 12, momentum: 0 },
    { after: 17, momentum: 0.9 },
  ])('after $after ms, momentum $momentum: the weights of whole updates, and training goes on', async (given) => {
    const options = { strategy, workers: 2, batchSize: BATCH, shuffle: false, momentum: given.momentum };
    const network = large();
    await withTrainer(network, options, async (trainer) => {
      await trainer.fit(data, { maxUpdates: 1 });
      network.setParameters(large().parameters);
      const controller = new AbortController();
      const reason = new Error('enough');
      const running = trainer.fit(data, { epochs: 100_000, signal: controller.signal });
      await delay(given.after);
      const began = performance.now();
      controller.abort(reason);
      await expect(running).rejects.toMatchObject({ name: 'GradpoolError', code: 'ERR_ABORTED', cause: reason });
      expect(performance.now() - began).toBeLessThan(PROMPT);

      const { updates, next } = await stepsTo(network.parameters, options);

      await trainer.fit(data.slice(0, BATCH));
      expectSameBits(`the update after ${updates}`, network.parameters, next);
    });
  });
});

test('a signal that is aborted already: nothing happens', async () => {
  const network = classifier();
  const initial = network.parameters;
  await withTrainer(network, OPTIONS, async (trainer) => {
    const signal = AbortSignal.abort('no');
    await expect(trainer.fit(classes(40), { signal })).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'no' });
    expectSameBits('parameters', network.parameters, initial);
    expect(await trainer.fit(classes(40))).toHaveLength(1);
  });
});

test('a signal that is aborted between epochs', async () => {
  const network = classifier();
  const controller = new AbortController();
  await withTrainer(network, OPTIONS, async (trainer) => {
    const onEpoch = () => controller.abort('enough');
    const running = trainer.fit(classes(40), { epochs: 5, signal: controller.signal, onEpoch });
    await expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' });
  });
  const one = await train(classifier(), classes(40), OPTIONS);
  expectSameBits('parameters', network.parameters, one.parameters);
});

test('a signal of AbortSignal.timeout', async () => {
  await withTrainer(classifier(), OPTIONS, async (trainer) => {
    await trainer.fit(classes(40));
    const signal = AbortSignal.timeout(40);
    const error: unknown = await trainer.fit(classes(40), { epochs: 1_000_000, signal }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'ERR_ABORTED', cause: signal.reason as unknown });
    expect(signal.reason).toHaveProperty('name', 'TimeoutError');
  });
});

test('aborted while the data set is attached for the first time, it can be trained on after', async () => {
  const network = classifier();
  const set = classes(40);
  await withTrainer(network, OPTIONS, async (trainer) => {
    const controller = new AbortController();
    const running = trainer.fit(set, { signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await trainer.fit(set);
  });
  expectSameBits('parameters', network.parameters, (await train(classifier(), set, OPTIONS)).parameters);
});

test('two trainings at once: the second is refused, the first goes on undisturbed', async () => {
  const network = classifier();
  const undisturbed = await train(classifier(), classes(400), OPTIONS, { epochs: 5 });
  await withTrainer(network, OPTIONS, async (trainer) => {
    const first = trainer.fit(classes(400), { epochs: 5 });
    await expect(trainer.fit(classes(40))).rejects.toMatchObject({ code: 'ERR_BUSY' });
    await expect(trainer.epochs(classes(40)).next()).rejects.toMatchObject({ code: 'ERR_BUSY' });
    await expect(trainer.evaluate(classes(40))).rejects.toMatchObject({ code: 'ERR_BUSY' });
    expect((await first).map(({ loss }) => loss)).toEqual(undisturbed.losses);
    expect(await trainer.evaluate(classes(40))).toHaveProperty('accuracy');
  });
  expectSameBits('parameters', network.parameters, undisturbed.parameters);
});

describe('close', () => {
  async function expectClosed(trainer: Trainer, set = classes(40)): Promise<void> {
    await expect(trainer.fit(set)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await expect(trainer.evaluate(set)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await expect(trainer.epochs(set).next()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  }

  test('then nothing runs any more; the network keeps its weights', async () => {
    const network = classifier();
    const trainer = await Trainer.create(network, OPTIONS);
    await trainer.fit(classes(40));
    const trained = network.parameters;
    await trainer.close();
    await expectClosed(trainer);
    expectSameBits('parameters', network.parameters, trained);
    expect(network.predict([new Float32Array(9)])).toHaveLength(4);
  });

  test.each(STRATEGIES)('ends a training that runs, with the weights of whole updates: %s', async (strategy) => {
    const options = { strategy, workers: 2, batchSize: BATCH, shuffle: false };
    const network = large();
    const trainer = await Trainer.create(network, options);
    const running = trainer.fit(data, { epochs: 100_000 });
    const ended = expect(running).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await delay(30);
    const began = performance.now();
    await trainer.close();
    expect(performance.now() - began).toBeLessThan(PROMPT);
    await ended;
    await stepsTo(network.parameters, options);
    await expectClosed(trainer, data);
  });

  test('at once after a training has begun', async () => {
    const trainer = await Trainer.create(classifier(), OPTIONS);
    const ended = expect(trainer.fit(classes(40), { epochs: 1000 })).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await trainer.close();
    await ended;
  });

  test('between the epochs of a loop', async () => {
    const trainer = await Trainer.create(classifier(), OPTIONS);
    const epochs = trainer.epochs(classes(40), { epochs: 5 });
    await epochs.next();
    await trainer.close();
    await expect(epochs.next()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('may be called twice, also at once', async () => {
    const trainer = await Trainer.create(classifier(), OPTIONS);
    await Promise.all([trainer.close(), trainer.close()]);
    await trainer.close();
    await expectClosed(trainer);
  });

  test('is what Symbol.asyncDispose does', async () => {
    const trainer = await Trainer.create(classifier(), OPTIONS);
    await trainer[Symbol.asyncDispose]();
    await expectClosed(trainer);
  });
});

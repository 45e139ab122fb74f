// Which data set the workers hold.
import { expect, test } from 'vitest';
import { Dataset } from 'gradpool';
import { expectSameBits } from '../close.ts';
import { classes, classifier, train, withTrainer } from './problem.ts';

const OPTIONS = { workers: 2, batchSize: 8, shuffle: false };

test('a trainer goes from one data set to another and back, in training and in validation', async () => {
  const sets = [classes(40), classes(60, 500), classes(24, 900)];
  const network = classifier();
  await withTrainer(network, OPTIONS, async (trainer) => {
    for (const i of [0, 1, 0, 2, 2, 1]) {
      network.setParameters(classifier(i).parameters);
      const [report] = await trainer.fit(sets[i]!, { validation: sets[(i + 1) % 3]! });
      const alone = classifier(i);
      const expected = await train(alone, sets[i]!, OPTIONS);
      expectSameBits(`trained on set ${i}`, network.parameters, alone.parameters);
      expect(report!.loss).toBe(expected.losses[0]);
      expect(report!.validation!.loss).toBeCloseTo(alone.evaluate(sets[(i + 1) % 3]!).loss, 5);
    }
  });
});

test('aborted while another data set is being attached, the next training uses the one it is given', async () => {
  const network = classifier();
  await withTrainer(network, OPTIONS, async (trainer) => {
    const first = classes(40);
    await trainer.fit(first);
    const controller = new AbortController();
    const running = trainer.fit(classes(40, 1000), { signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    network.setParameters(classifier().parameters);
    await trainer.fit(first);
  });
  const expected = await train(classifier(), classes(40), OPTIONS);
  expectSameBits('parameters', network.parameters, expected.parameters);
});

test('aborted while another validation set is being attached, the next evaluation measures the one it is given', async () => {
  const network = classifier();
  const validation = classes(40, 77);
  let aborted = 0;
  await withTrainer(network, OPTIONS, async (trainer) => {
    await trainer.evaluate(validation);
    for (let attempt = 0; attempt < 50 && aborted < 3; attempt++) {
      const controller = new AbortController();
      const { version } = network;
      const other = classes(300, 1000 + attempt);
      const running = trainer.fit(classes(40), { validation: other, signal: controller.signal });
      const ended = running.then(
        () => 0,
        () => 1,
      );
      // Once the weights of the epoch are there, its validation set is being attached.
      while (network.version === version) await new Promise(setImmediate);
      controller.abort();
      aborted += await ended;
      expect((await trainer.evaluate(validation)).loss).toBeCloseTo(network.evaluate(validation).loss, 5);
    }
  });
  expect(aborted, 'aborts in time').toBeGreaterThan(0);
});

test('the cause of an abort while attaching is the reason', async () => {
  await withTrainer(classifier(), OPTIONS, async (trainer) => {
    const controller = new AbortController();
    const running = trainer.fit(classes(40), { signal: controller.signal });
    controller.abort('enough');
    await expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' });
  });
});

test('a validation set that does not fit the network is refused before training', async () => {
  const narrow = Dataset.fromArrays({
    inputs: new Float32Array(5 * 8),
    inputSize: 5,
    targets: Array<number>(8).fill(0),
  });
  const network = classifier();
  await withTrainer(network, OPTIONS, async (trainer) => {
    const { version } = network;
    await expect(trainer.fit(classes(40), { validation: narrow })).rejects.toThrow(/"inputs" expected rows of 9/);
    expect(network.version, 'an epoch was trained for nothing').toBe(version);
  });
});

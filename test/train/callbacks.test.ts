// What is called while a training goes on, in which order, and what it can do to the training.
import { setTimeout as delay } from 'node:timers/promises';
import { type FitOptions, Trainer, type TrainerOptions, type TrainingCallback } from 'gradpool';
import { describe, expect, it, test } from 'vitest';
import { expectSameBits, flatten } from '../close.ts';
import { classes, classifier, train, withTrainer } from './problem.ts';

const INLINE: TrainerOptions = { sharedMemory: 'off', batchSize: 8, learningRate: 0.1 };
/** A task for each update: an epoch of some thousands takes long enough for its progress to be told. */
const LONG: TrainerOptions = { strategy: 'coordinator', batchSize: 1, workers: 1 };
const data = classes(40);

/** Notes its calls, each over only after a moment. */
function noting(name: string, calls: string[]): TrainingCallback {
  const note = async (what: string) => {
    await delay(1);
    calls.push(`${name} ${what}`);
  };
  return {
    onTrainBegin: () => note('begins'),
    onEpochBegin: (epoch) => note(`epoch ${epoch}`),
    onEpochEnd: ({ epoch, validation }) => note(`after ${epoch}${validation ? ', validated' : ''}`),
    onTrainEnd: ({ last, error }) =>
      note(`ends after ${last?.epoch}: ${error instanceof Error ? error.message : 'well'}`),
  };
}

test('callbacks are called in their order, each when the one before is done', async () => {
  const calls: string[] = [];
  const callbacks = [noting('a', calls), noting('b', calls)];
  const onEpoch = ({ epoch }: { epoch: number }) => void calls.push(`onEpoch ${epoch}`);
  await withTrainer(classifier(), INLINE, (trainer) =>
    trainer.fit(data, { epochs: 2, validation: data, callbacks, onEpoch }),
  );
  const epoch = (n: number) => [
    ...['a', 'b'].map((name) => `${name} epoch ${n}`),
    ...['a', 'b'].map((name) => `${name} after ${n}, validated`),
    `onEpoch ${n}`,
  ];
  const both = (what: string) => ['a', 'b'].map((name) => `${name} ${what}`);
  expect(calls).toEqual([...both('begins'), ...epoch(1), ...epoch(2), ...both('ends after 2: well')]);
});

test('a callback may be an object of a class', async () => {
  class Counter implements TrainingCallback {
    epochs = 0;
    onEpochEnd() {
      this.epochs++;
    }
  }
  const counter = new Counter();
  await train(classifier(), data, INLINE, { epochs: 3, callbacks: [counter] });
  expect(counter.epochs).toBe(3);
});

describe('what one throws', () => {
  const mistake = new Error('mine');
  const fail = () => Promise.reject(mistake);
  test.each<[keyof TrainingCallback, number | undefined]>([
    ['onTrainBegin', undefined],
    ['onEpochBegin', undefined],
    ['onEpochEnd', 1],
    ['onTrainEnd', 3],
  ])('in %s ends the training with it, and frees the trainer', async (method, last) => {
    const calls: string[] = [];
    const callbacks = [{ [method]: fail }, noting('other', calls)];
    const network = classifier();
    await withTrainer(network, INLINE, async (trainer) => {
      await expect(trainer.fit(data, { epochs: 3, callbacks })).rejects.toBe(mistake);
      expect(calls.at(-1)).toBe(`other ends after ${last}: ${method === 'onTrainEnd' ? 'well' : 'mine'}`);
      expect(await trainer.fit(data)).toHaveLength(1);
    });
  });

  it('while updates run ends the training at once', async () => {
    const network = classifier();
    const ends: unknown[] = [];
    const callbacks: TrainingCallback[] = [{ onProgress: fail, onTrainEnd: ({ error }) => void ends.push(error) }];
    await withTrainer(network, LONG, async (trainer) => {
      await expect(trainer.fit(classes(6000), { epochs: 1000, callbacks })).rejects.toBe(mistake);
      expect(ends).toEqual([mistake]);
      expect(flatten(network.parameters).every(Number.isFinite)).toBe(true);
      expect(await trainer.fit(data, { maxUpdates: 1 })).toHaveLength(1);
    });
  });
});

describe('stop', () => {
  it('ends the training after the epoch, which says why', async () => {
    const calls: string[] = [];
    const stopping: TrainingCallback = {
      onEpochBegin: (epoch, training) => (epoch === 2 ? training.stop('seen enough') : undefined),
    };
    const { history } = await train(classifier(), data, INLINE, {
      epochs: 9,
      callbacks: [stopping, noting('other', calls)],
    });
    expect(history.map(({ stopped }) => stopped)).toEqual([undefined, { by: 'callback', why: 'seen enough' }]);
    expect(calls.at(-1)).toBe('other ends after 2: well');
  });

  it('before the first epoch leaves nothing to be done', async () => {
    const callbacks: TrainingCallback[] = [{ onTrainBegin: (training) => training.stop() }];
    expect((await train(classifier(), data, INLINE, { epochs: 9, callbacks })).history).toEqual([]);
  });
});

describe('setLearningRate', () => {
  const halving: TrainingCallback = {
    onEpochEnd: ({ learningRate }, training) => training.setLearningRate(learningRate / 2),
  };

  it('holds from the next epoch on, until the call is over', async () => {
    const plain = { ...INLINE, shuffle: false };
    const network = classifier();
    await withTrainer(network, plain, async (trainer) => {
      const history = await trainer.fit(data, { epochs: 3, callbacks: [halving] });
      expect(history.map(({ learningRate }) => learningRate)).toEqual([0.1, 0.05, 0.025]);
      expect((await trainer.fit(data))[0]!.learningRate).toBe(0.1);
    });
    const other = classifier();
    for (const learningRate of [0.1, 0.05, 0.025, 0.1]) await train(other, data, { ...plain, learningRate });
    expectSameBits('parameters', network.parameters, other.parameters);
  });

  test.each<[string, TrainerOptions]>([
    ['"schedule" step', { ...INLINE, schedule: { name: 'step', every: 2 } }],
    [
      'an adaptive "batchSize"',
      { ...INLINE, batchSize: { adaptive: true, cost: { perUpdate: 1, perRow: 1 }, most: 16 } },
    ],
  ])('is refused where the rate follows %s', async (what, options) => {
    await expect(train(classifier(), data, options, { epochs: 2, callbacks: [halving] })).rejects.toThrow(
      `"learningRate" expected to follow ${what}, not to be set, got`,
    );
  });

  it.each([-1, NaN, Infinity])('is checked: %s', async (rate) => {
    const callbacks: TrainingCallback[] = [{ onTrainBegin: (training) => training.setLearningRate(rate) }];
    await expect(train(classifier(), data, INLINE, { callbacks })).rejects.toThrow('"learningRate" expected');
  });
});

describe('the trainer', () => {
  it('can be asked for an evaluation while training rests, and is busy while updates run', async () => {
    await withTrainer(classifier(), INLINE, async (trainer) => {
      const seen: unknown[] = [];
      const evaluate = async () => void seen.push((await trainer.evaluate(data)).loss);
      const own = { onTrainBegin: evaluate, onEpochBegin: evaluate, onEpochEnd: evaluate, onTrainEnd: evaluate };
      // The last is not waited for: the next epoch comes after it.
      const late = { onEpochBegin: () => void evaluate() };
      const history = await trainer.fit(data, { epochs: 2, validation: data, callbacks: [own, late] });
      const [first, second] = history.map(({ validation }) => validation!.loss);
      expect(seen.slice(3)).toEqual([first, first, first, second, second]);
      const plain = await train(classifier(), data, INLINE, { epochs: 2 });
      expectSameBits('as without', trainer.network.parameters, plain.parameters);
      const callbacks: TrainingCallback[] = [{ onProgress: evaluate }];
      const fit = trainer.fit(data, { epochs: 1e6, callbacks });
      await expect(fit).rejects.toMatchObject({ code: 'ERR_BUSY' });
      const again: TrainingCallback[] = [{ onEpochEnd: async () => void (await trainer.fit(data)) }];
      await expect(trainer.fit(data, { callbacks: again }), 'fit within fit').rejects.toMatchObject({
        code: 'ERR_BUSY',
      });
    });
  });

  it.each(['onEpochEnd', 'onProgress'] as const)('can be closed by %s', async (method) => {
    const trainer = await Trainer.create(classifier(), LONG);
    const callbacks = [{ [method]: () => trainer.close() }];
    const fit = trainer.fit(classes(6000), { epochs: 1000, callbacks });
    await expect(fit).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  it.each(['onTrainBegin', 'onEpochBegin', 'onProgress', 'onEpochEnd', 'onTrainEnd'] as const)(
    'is aborted and closed while %s never settles',
    async (method) => {
      for (const how of ['ERR_ABORTED', 'ERR_CLOSED'] as const) {
        const trainer = await Trainer.create(classifier(), INLINE);
        const controller = new AbortController();
        let call = () => {};
        const called = new Promise<void>((resolve) => (call = resolve));
        const never = () => {
          call();
          return new Promise<void>(() => {});
        };
        const epochs = method === 'onProgress' ? 1e6 : 2;
        const fit = trainer.fit(data, { epochs, signal: controller.signal, callbacks: [{ [method]: never }] });
        fit.catch(() => undefined);
        await called;
        if (how === 'ERR_ABORTED') controller.abort();
        else await trainer.close();
        await expect(fit).rejects.toMatchObject({ code: how });
        await trainer.close();
      }
    },
  );

  it('lets onTrainEnd clear up after an abort, and may be closed there', async () => {
    const trainer = await Trainer.create(classifier(), INLINE);
    const controller = new AbortController();
    let cleared = false;
    const callbacks: TrainingCallback[] = [
      { onEpochEnd: () => controller.abort() },
      {
        async onTrainEnd() {
          await new Promise(setImmediate);
          cleared = true;
        },
      },
    ];
    const fit = trainer.fit(data, { epochs: 9, signal: controller.signal, callbacks });
    await expect(fit).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(cleared).toBe(true);
    expect(await trainer.fit(data, { callbacks: [{ onTrainEnd: () => trainer.close() }] })).toHaveLength(1);
  });

  it('of `epochs` calls them, too, and ends with them where its reader has seen enough', async () => {
    const calls: string[] = [];
    await withTrainer(classifier(), INLINE, async (trainer) => {
      for await (const report of trainer.epochs(data, { epochs: 5, callbacks: [noting('a', calls)] })) {
        expect(calls.at(-1)).toBe(`a after ${report.epoch}`);
        if (report.epoch === 2) break;
      }
    });
    expect(calls.at(-1)).toBe('a ends after 2: well');
  });
});

test.each<[string, unknown]>([
  ['"callbacks[0]" expected object with methods, got null', null],
  ['"callbacks[0]" expected object with methods, got function log', function log() {}],
  ['"callbacks[0]" has no option "onEpoch"; it has onTrainBegin', { onEpoch: () => undefined }],
  ['"callbacks[0].onEpochEnd" expected function, got 5', { onEpochEnd: 5 }],
  ['"callbacks[0]" expected object with a method onTrainBegin', new Map()],
])('what is wrong: %s', async (says, callback) => {
  await withTrainer(classifier(), INLINE, async (trainer) => {
    const fit = trainer.fit(data, { callbacks: [callback] } as FitOptions);
    await expect(fit).rejects.toThrow(TypeError);
    await expect(trainer.fit(data, { callbacks: [callback] } as FitOptions)).rejects.toThrow(says);
  });
});

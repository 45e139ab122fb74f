// When a training that gets no better ends, and with which weights.
import { Dataset, type EpochReport, type FitOptions, type Monitor, Network, type TrainerOptions } from 'gradpool';
import { describe, expect, it, test } from 'vitest';
import { Stopping } from '#src/train/early-stopping.js';
import { expectSameBits } from '../close.ts';
import { BACKENDS, classes, classifier, STRATEGIES, train, withTrainer } from './problem.ts';

interface Followed {
  /** Epochs, of all that there are values of. */
  readonly trained: number;
  readonly best: number;
  readonly why: string | undefined;
}

/** What becomes of a training whose epochs have these values. */
function follow(values: number[], rule: { patience: number; minDelta?: number; monitor?: Monitor }): Followed {
  const network = new Network({ inputs: 1, layers: [{ units: 1, activation: 'sigmoid' }] });
  const stopping = new Stopping({ minDelta: 0, monitor: 'validation loss', restoreBest: true, ...rule }, network);
  const reports: EpochReport[] = [];
  while (reports.length < values.length && !reports.at(-1)?.stopped) {
    const epoch = reports.length + 1;
    const value = values[epoch - 1]!;
    network.setParameters([{ weights: [epoch], bias: [0] }]);
    const report = { epoch, loss: value, validation: { loss: value, accuracy: value } } as EpochReport;
    stopping.observe(report);
    reports.push(report);
  }
  stopping.restore();
  const { earlyStopping, stopped } = reports.at(-1)!;
  const best = earlyStopping!.best.epoch;
  expect(network.parameters[0]!.weights[0], 'the weights of the best epoch').toBe(best);
  return { trained: reports.length, best, why: stopped?.why };
}

describe('the rule', () => {
  test.each<[string, number[], Parameters<typeof follow>[1], Omit<Followed, 'why'>]>([
    ['no less for two epochs', [5, 4, 4, 6, 1], { patience: 2 }, { trained: 4, best: 2 }],
    ['patience begins anew', [5, 6, 4, 6, 3, 3, 3, 1], { patience: 2 }, { trained: 7, best: 5 }],
    ['less, but too little', [5, 4.6, 4.2, 4, 3.8, 3], { patience: 2, minDelta: 0.5 }, { trained: 5, best: 3 }],
    ['more is better', [0.5, 0.7, 0.6, 0.9], { patience: 1, monitor: 'accuracy' }, { trained: 3, best: 2 }],
    ['not a number', [NaN, NaN, 7, NaN, 8, 1], { patience: 2 }, { trained: 5, best: 3 }],
    ['never a number', [NaN, NaN, NaN, 1], { patience: 2 }, { trained: 3, best: 1 }],
  ])('%s', (_, values, rule, expected) => {
    expect(follow(values, rule)).toEqual({ ...expected, why: expect.any(String) as string });
  });

  it('goes on as long as it gets better', () => {
    expect(follow([5, 6, 4, 3], { patience: 2 })).toEqual({ trained: 4, best: 4, why: undefined });
  });

  it('says what it saw', () => {
    expect(follow([0.5, 0.25, 0.3, 0.2], { patience: 1 }).why).toBe(
      'in the last epoch the validation loss has not fallen below the 0.250000 of epoch 2',
    );
    expect(follow([0.5, 0.5, 0.6], { patience: 2, minDelta: 0.2, monitor: 'accuracy' }).why).toBe(
      'in the last 2 epochs the accuracy has not risen above the 0.500000 of epoch 1 by more than 0.2',
    );
  });
});

/** Patterns without a rule in them: what is learnt of the first does not help with the others. */
const OPTIONS: TrainerOptions = { batchSize: 8, learningRate: 0.5, seed: 2 };
const data = classes(60);
const validation = classes(40, 60);
const FIT: FitOptions = { epochs: 60, validation, earlyStopping: { patience: 3 } };

describe.each<TrainerOptions>([
  ...STRATEGIES.map((strategy) => ({ strategy, workers: 2 })),
  ...BACKENDS.slice(1).map((backend) => ({ backend, workers: 1 })),
  { sharedMemory: 'off' },
])('%o', (options) => {
  it('ends with the weights of the best epoch, and tells which that was', async () => {
    const { history, parameters } = await train(classifier(), data, { ...OPTIONS, ...options }, FIT);
    const losses = history.map((report) => report.validation!.loss);
    const best = losses.indexOf(Math.min(...losses)) + 1;
    expect(history).toHaveLength(best + 3);
    expect(history.at(-1)).toMatchObject({
      earlyStopping: {
        monitor: 'validation loss',
        value: losses.at(-1),
        best: { epoch: best, value: losses[best - 1] },
      },
      stopped: { by: 'early stopping' },
    });
    expect(history.slice(0, -1).every(({ stopped }) => stopped === undefined)).toBe(true);
    const again = await train(classifier(), data, { ...OPTIONS, ...options }, { epochs: best });
    expectSameBits('parameters', parameters, again.parameters);
  });
});

describe('weights', () => {
  const inline: TrainerOptions = { ...OPTIONS, sharedMemory: 'off' };

  it('are the best where the epochs are over first, and the last where none are to be restored', async () => {
    const fit = { ...FIT, epochs: 12, earlyStopping: { patience: 100 } };
    const { history, parameters } = await train(classifier(), data, inline, fit);
    expect(history.at(-1)!.stopped).toBeUndefined();
    const { epoch } = history.at(-1)!.earlyStopping!.best;
    expect(epoch).toBeLessThan(12);
    expectSameBits('best', parameters, (await train(classifier(), data, inline, { epochs: epoch })).parameters);
    const last = await train(classifier(), data, inline, {
      ...fit,
      earlyStopping: { patience: 100, restoreBest: false },
    });
    expectSameBits('last', last.parameters, (await train(classifier(), data, inline, { epochs: 12 })).parameters);
  });

  it('are the best after an abort, and where the reader of `epochs` has seen enough', async () => {
    const network = classifier();
    const stop = new AbortController();
    const seen: number[] = [];
    await withTrainer(network, inline, async (trainer) => {
      const onEpoch = ({ epoch, earlyStopping }: EpochReport) => {
        seen.push(earlyStopping!.best.epoch);
        if (epoch === 12) stop.abort();
      };
      const patient = { ...FIT, earlyStopping: { patience: 100 }, signal: stop.signal };
      await expect(trainer.fit(data, { ...patient, onEpoch })).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    });
    expect(seen).toHaveLength(12);
    const best = await train(classifier(), data, inline, { epochs: seen.at(-1)! });
    expectSameBits('after the abort', network.parameters, best.parameters);
    const other = classifier();
    await withTrainer(other, inline, async (trainer) => {
      const patient = { ...FIT, earlyStopping: { patience: 100 } };
      for await (const { epoch } of trainer.epochs(data, patient)) if (epoch === 12) break;
    });
    expectSameBits('after the break', other.parameters, best.parameters);
  });
});

test('the training loss, or a metric that nobody asked for, can be looked at', async () => {
  const inline: TrainerOptions = { ...OPTIONS, sharedMemory: 'off' };
  const earlyStopping = { patience: 2, monitor: 'training loss', minDelta: 0.2 } as const;
  const { history } = await train(classifier(), data, inline, { epochs: 50, earlyStopping });
  expect(history.length).toBeLessThan(50);
  expect(history.at(-1)!.earlyStopping!.value).toBe(history.at(-1)!.loss);
  const looked = await train(classifier(), data, inline, { ...FIT, earlyStopping: { patience: 2, monitor: 'f1' } });
  for (const { validation: found, earlyStopping: seen } of looked.history)
    expect(found!.metrics).toEqual({ f1: seen!.value });
  const scores = looked.history.map((report) => report.validation!.metrics!.f1!);
  expect(looked.history.at(-1)!.earlyStopping!.best.value).toBe(Math.max(...scores));
});

const WRONG: [string, FitOptions][] = [
  ['"validation" expected Dataset, which "earlyStopping" looks at, got undefined', { earlyStopping: { patience: 2 } }],
  ['"validation" expected Dataset, which "metrics" look at, got undefined', { metrics: ['f1'] }],
  ['"earlyStopping.patience" expected integer of at least 1, got 0', { validation, earlyStopping: { patience: 0 } }],
  [
    '"earlyStopping.minDelta" expected finite number of at least 0, got -1',
    { validation, earlyStopping: { patience: 1, minDelta: -1 } },
  ],
  [
    `"earlyStopping.monitor" expected one of 'validation loss', 'training loss', 'accuracy', 'precision', 'recall', 'f1', 'logLoss', 'rocAuc', got "rmse"`,
    { validation, earlyStopping: { patience: 1, monitor: 'rmse' } },
  ],
  [
    `"metrics[1]" expected one of 'accuracy', 'precision', 'recall', 'f1', 'logLoss', 'rocAuc', got "r2"`,
    { validation, metrics: ['f1', 'r2'] },
  ],
];

test.each(WRONG)('what is wrong: %s', async (says, fit) => {
  await withTrainer(classifier(), { sharedMemory: 'off', batchSize: 8 }, async (trainer) => {
    await expect(trainer.fit(data, fit)).rejects.toThrow(new RangeError(says));
  });
});

test('a training that diverges ends as one without early stopping does, and the callbacks hear of it', async () => {
  const network = new Network({ inputs: 1, layers: [{ units: 1, activation: 'linear' }], seed: 1 });
  const lines = Dataset.fromArrays({ inputs: [[1e3], [2e3], [3e3]], targets: [[1], [2], [3]] });
  let ended = 0;
  const history = await withTrainer(network, { sharedMemory: 'off', batchSize: 1, learningRate: 10 }, (trainer) =>
    trainer.fit(lines, {
      epochs: 40,
      earlyStopping: { patience: 2, monitor: 'training loss' },
      callbacks: [{ onTrainEnd: () => void ended++ }],
    }),
  );
  expect(history.at(-1)!.stopped?.by).toBe('early stopping');
  expect(ended).toBe(1);
});

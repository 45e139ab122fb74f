// Metrics of the validation set, which workers compute the outputs for, against those of the network itself.
import {
  Dataset,
  type EpochReport,
  type MetricName,
  measureMetrics,
  Network,
  Normalization,
  type ParametersInput,
  TensorBoardWriter,
  type TrainerOptions,
} from 'gradpool';
import { describe, expect, test } from 'vitest';
import { scalarsOf } from '#src/train/history.js';
import { figuresOf } from '#src/nn/figures.js';
import { BACKENDS, classes, classifier, STRATEGIES, train } from './problem.ts';

const ANSWERS: MetricName[] = ['accuracy', 'precision', 'recall', 'f1', 'logLoss', 'rocAuc'];

/** The metrics of the last epoch are those of the network as it is now. */
async function expectMeasured(
  network: Network,
  [training, validation]: [Dataset, Dataset],
  options: TrainerOptions,
  metrics: MetricName[],
): Promise<EpochReport[]> {
  const { history } = await train(network, training, { batchSize: 8, ...options }, { epochs: 2, validation, metrics });
  const expected = figuresOf(await measureMetrics(network, validation));
  const found = history.at(-1)!.validation!.metrics!;
  expect(Object.keys(found)).toEqual(metrics);
  for (const name of metrics) expect(found[name], name).toBeCloseTo(expected[name]!, 4);
  return history;
}

describe.each<TrainerOptions>([
  ...STRATEGIES.map((strategy) => ({ strategy, workers: 2 })),
  ...BACKENDS.slice(1).map((backend) => ({ backend, workers: 2 })),
  { sharedMemory: 'off' },
  { microBatchSize: 4, workers: 2 },
])('%o', (options) => {
  test('classes', async () => {
    const history = await expectMeasured(classifier(), [classes(60), classes(203, 60)], options, ANSWERS);
    for (const { validation } of history) expect(validation!.accuracy).toBe(validation!.metrics!.accuracy);
  });
});

const INLINE: TrainerOptions = { sharedMemory: 'off' };
const inputs = Array.from({ length: 90 }, (_, i) => [Math.sin(i), Math.cos(3 * i), ((i * 7) % 10) - 5]);
const parts = (targets: number[][] | number[]) =>
  Dataset.fromArrays({ inputs, targets }).split(0.6, { seed: 1 }) as [Dataset, Dataset];

test('values are in the units of the data', async () => {
  const sets = parts(inputs.map(([a, b, c]) => [1000 * a! + 500 * b!, 3 + c!]));
  const normalization = Normalization.fit(sets[0], { inputs: 'z-score', targets: 'z-score' });
  const network = new Network({ inputs: 3, layers: [{ units: 2, activation: 'linear' }], normalization });
  const history = await expectMeasured(network, sets, { ...INLINE, backend: 'reference' }, ['mae', 'rmse', 'r2']);
  expect(history[0]!.validation!.metrics!.mae).toBeGreaterThan(1);
});

test('labels, and two classes of one output', async () => {
  const labels = new Network({ inputs: 3, layers: [{ units: 2, activation: 'sigmoid' }] });
  const marked = parts(inputs.map(([a, b]) => [Number(a! > 0), Number(b! > 0)]));
  await expectMeasured(labels, marked, INLINE, ['exact', 'f1', 'rocAuc']);
  const binary = new Network({ inputs: 3, layers: [{ units: 1, activation: 'sigmoid' }] });
  await expectMeasured(binary, parts(inputs.map(([a]) => [Number(a! > 0)])), INLINE, ANSWERS);
});

describe.each<TrainerOptions>([...BACKENDS.map((backend) => ({ backend, workers: 1 })), { sharedMemory: 'off' }])(
  'outputs that are all but 0 or 1, %o',
  (options) => {
    const one = (parameters: ParametersInput, units: number, activation: 'sigmoid' | 'softmax') => {
      const network = new Network({ inputs: 1, layers: [{ units, activation }] });
      network.setParameters([parameters]);
      return network;
    };
    const alone = { weights: [1], bias: [0] };
    test.each<[string, Network, number[], number[] | number[][]]>([
      ['above 17', one(alone, 1, 'sigmoid'), [20, 21, 22, 23], [0, 0, 1, 1]],
      ['below -17', one(alone, 1, 'sigmoid'), [-23, -22, -21, -20], [0, 0, 1, 1]],
      ['above 37', one(alone, 1, 'sigmoid'), [50, 51, 52, 53], [0, 0, 1, 1]],
      ['near one half', one({ weights: [0.5], bias: [-1e-8] }, 1, 'sigmoid'), [0, 1e-9, 1, 2], [0, 0, 1, 1]],
      ['of a softmax', one({ weights: [0, 1], bias: [0, 0] }, 2, 'softmax'), [20, 21, 22, 23], [0, 0, 1, 1]],
      ['of labels', one({ weights: [1, 1], bias: [0, 0] }, 2, 'sigmoid'), [20, 21, 22, 23], [[0, 0], [0, 0], [1, 1], [1, 1]]], // prettier-ignore
    ])('%s are ranked by their logits', async (name, network, inputs, targets) => {
      const data = Dataset.fromArrays({ inputs: inputs.map((x) => [x]), targets });
      const metrics = ['rocAuc', 'logLoss', 'accuracy'] as const;
      const still = { ...options, learningRate: 0, batchSize: 1 };
      const { history } = await train(network, data, still, { validation: data, metrics });
      const { loss, accuracy, metrics: found } = history[0]!.validation!;
      expect(found).toMatchObject({ rocAuc: 1, accuracy });
      const outputs = name === 'of labels' ? 2 : 1;
      expect(found!.logLoss! * outputs).toBeCloseTo(loss, 4);
    });
  },
);

test('early stopping by a figure that the validation set does not have is an error', async () => {
  const same = Dataset.fromArrays({ inputs: classesOf(9), targets: new Array<number>(9).fill(1) });
  const fit = { validation: same, epochs: 9, earlyStopping: { patience: 2, monitor: 'rocAuc' } } as const;
  await expect(train(classifier(), classes(64), INLINE, fit)).rejects.toThrow(
    `"earlyStopping.monitor" expected a figure that the validation set has, got "rocAuc": it has patterns of one class only`,
  );
  const single = { ...fit, validation: values().slice(0, 1), earlyStopping: { patience: 2, monitor: 'r2' } } as const;
  await expect(train(linear(), values(), { ...INLINE, batchSize: 8 }, single)).rejects.toThrow('it has one pattern');
});

test('an area under a curve that there is not is left out; a training that diverges has metrics that are NaN', async () => {
  const same = Dataset.fromArrays({ inputs: classesOf(9), targets: new Array<number>(9).fill(1) });
  const { history } = await train(classifier(), classes(64), INLINE, { validation: same, metrics: ['rocAuc', 'f1'] });
  expect(Object.keys(history[0]!.validation!.metrics!)).toEqual(['f1']);
  const wild = { ...INLINE, batchSize: 8, learningRate: 1e30 };
  const diverged = await train(linear(), values(), wild, { epochs: 2, validation: values(), metrics: ['mae'] });
  expect(diverged.history.at(-1)!.validation!.metrics).toEqual({ mae: NaN });
});

function classesOf(rows: number): number[][] {
  return Array.from({ length: rows }, (_, r) => Array.from({ length: 9 }, (_, c) => Math.sin(r + c)));
}

const linear = () => new Network({ inputs: 3, layers: [{ units: 1, activation: 'linear' }] });
const values = () => Dataset.fromArrays({ inputs, targets: inputs.map(([a]) => 5 * a!) });

test('TensorBoard gets them, too', () => {
  expect(TensorBoardWriter.prototype).toHaveProperty('onEpochEnd');
  const report = { loss: 1, learningRate: 0.1, batchSize: 8, samplesPerSecond: 5 } as EpochReport;
  report.validation = { loss: 2, accuracy: 0.5, metrics: { f1: 0.25 } };
  expect(scalarsOf(report)).toMatchObject({ 'validation/loss': 2, 'validation/accuracy': 0.5, 'validation/f1': 0.25 });
});

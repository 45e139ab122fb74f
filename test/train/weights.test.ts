// Weights of patterns and of classes, against PyTorch: the loss of a batch is (1/B) sum_i w_i l_i.
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { Dataset, Network, type NetworkOptions, Trainer, type TrainerOptions } from 'gradpool';
import { expectClose, expectSameBits, flatten } from '../close.ts';
import { flatLayers, type NestedLayer } from '../golden.ts';
import { RUNNING, withTwin } from '../twins.ts';
import { BACKENDS, classes, classifier, STRATEGIES, train, withTrainer } from './problem.ts';

interface Training {
  readonly spec: NetworkOptions;
  readonly d: number[] | number[][];
  readonly weights: readonly number[] | null;
  readonly classWeights: TrainerOptions['classWeights'] | null;
  readonly start: readonly NestedLayer[];
  readonly losses: readonly number[];
  readonly end: readonly NestedLayer[];
  /** At the end, of all patterns with their own weights. */
  readonly loss: number;
}

const { x, batchSize, epochs, learningRate, momentum, trainings } = JSON.parse(
  readFileSync(new URL('../fixtures/weights.json', import.meta.url), 'utf8'),
) as { x: number[][]; trainings: Record<string, Training> } & Record<
  'batchSize' | 'epochs' | 'learningRate' | 'momentum',
  number
>;
const NAMES = Object.keys(trainings);

async function expectTraining(name: string, options: TrainerOptions): Promise<void> {
  const { spec, d, weights, classWeights, start, losses, end, loss } = trainings[name]!;
  const network = new Network(spec);
  network.setParameters(flatLayers(start));
  const data = Dataset.fromArrays({ inputs: x, targets: d, weights: weights ?? undefined });
  const shared = { batchSize, learningRate, momentum, shuffle: false, classWeights: classWeights ?? undefined };
  const [history, evaluation] = await withTrainer(network, { ...shared, ...options }, async (trainer) => [
    await trainer.fit(data, { epochs }),
    await trainer.evaluate(data),
  ]);
  const exact = options.backend === 'reference';
  const trained = history.map((epoch) => epoch.loss);
  expectClose('losses', trained, losses, { relative: exact ? 1e-7 : 1e-4 });
  const close = exact ? { relative: 1e-6, floor: 1e-3 } : { relative: 1e-4, floor: 0.01 };
  expectClose('parameters', flatten(network.parameters), flatten(flatLayers(end)), close);
  expectClose('evaluation', [evaluation.loss, network.evaluate(data).loss], [loss, loss], close);
}

// Without threads: what they do is looked at below.
describe('PyTorch with the same weights', () => {
  it.each(NAMES)('reference: %s', (name) => expectTraining(name, { backend: 'reference', sharedMemory: 'off' }));
  describe.each(RUNNING)('%s', (twin) => {
    it.each(NAMES)('%s', (name) =>
      withTwin(twin, () => expectTraining(name, { backend: 'wasm', sharedMemory: 'off' })),
    );
  });
  describe.each(BACKENDS.filter((backend) => backend === 'blas'))('%s', (backend) => {
    it.each(NAMES)('%s', (name) => expectTraining(name, { backend, sharedMemory: 'off' }));
  });
  it.each(STRATEGIES)('3 workers, %s', (strategy) => expectTraining('both', { strategy, workers: 3, blockRows: 4 }));
});

const inline = { batchSize: 8, sharedMemory: 'off' } as const;
const P = 60;
const ones = new Float32Array(P).fill(1);

describe.each(BACKENDS)('%s', (backend) => {
  it('weights of 1 are none, of patterns and of classes', async () => {
    const plain = await train(classifier(), classes(P), { ...inline, backend }, { epochs: 2 });
    const own = await train(classifier(), classes(P).withWeights(ones), { ...inline, backend }, { epochs: 2 });
    expectSameBits('patterns', own.parameters, plain.parameters);
    expectClose('losses', own.losses, plain.losses, { relative: 1e-12 });
    expect(own.history.map(({ accuracy }) => accuracy)).toEqual(plain.history.map(({ accuracy }) => accuracy));
    for (const classWeights of [[1, 1, 1, 1], 'balanced'] as const) {
      const other = await train(classifier(), classes(P), { ...inline, backend, classWeights }, { epochs: 2 });
      expectSameBits('classes', other.parameters, plain.parameters);
    }
  });

  it('a pattern of weight 0 has no influence, one of weight 2 counts twice', async () => {
    const set = classes(8);
    const weights = [0, 2, 1, 1, 1, 0, 2, 1];
    const step = { ...inline, backend, batchSize: 8, shuffle: false };
    const weighted = await train(classifier(), set.withWeights(weights), step);
    const same = set.select(weights.flatMap((weight, i) => Array.from({ length: weight }, () => i)));
    const repeated = await train(classifier(), same, step);
    const close = { relative: 1e-5, floor: 0.01 };
    expectClose('parameters', flatten(weighted.parameters), flatten(repeated.parameters), close);
    expectClose('loss', weighted.losses, repeated.losses, { relative: 1e-5 });
  });
});

test('the same bits with 1, 2 and 3 workers', async () => {
  const data = classes(P).withWeights(ones.map((_, i) => (i % 5) / 2));
  const options = { batchSize: 8, backend: 'wasm', classWeights: [1, 2, 0.5, 3], momentum: 0.5 } as const;
  const [one, two, three] = await Promise.all(
    [1, 2, 3].map((workers) => train(classifier(), data, { ...options, workers }, { epochs: 2 })),
  );
  expectSameBits('2 workers', two!.parameters, one!.parameters);
  expectSameBits('3 workers', three!.parameters, one!.parameters);
});

test('class weights are those of the training patterns; validation goes without', async () => {
  // Three of class 0 and one of class 1 in the view, eight patterns in the storage.
  const data = Dataset.fromArrays({ inputs: x.slice(0, 8), targets: [1, 1, 1, 1, 0, 0, 0, 1] });
  const spec = { inputs: 5, layers: [{ units: 2, activation: 'softmax' }], seed: 1 } as const;
  const [rare, common] = [4 / (2 * 1), 4 / (2 * 3)];
  const still = { ...inline, batchSize: 4, learningRate: 0, shuffle: false, classWeights: 'balanced' } as const;
  const view = data.slice(4);
  const network = new Network(spec);
  await withTrainer(network, still, async (trainer) => {
    const [epoch] = await trainer.fit(view, { validation: view });
    const weighted = network.evaluate(view.withWeights([common, common, common, rare]));
    expectClose('loss', [epoch!.loss], [weighted.loss], { relative: 1e-6 });
    expectClose('validation', [epoch!.validation!.loss], [network.evaluate(view).loss], { relative: 1e-6 });
    expect(epoch!.accuracy).toBe(weighted.accuracy);
    // Another set has other weights.
    const [other] = await trainer.fit(data);
    const even = network.evaluate(data.withWeights([1, 1, 1, 1, 0, 0, 0, 1].map((k) => (k ? 8 / 10 : 8 / 6))));
    expectClose('another set', [other!.loss], [even.loss], { relative: 1e-6 });
  });
});

test('gradients of a weighted batch', () => {
  const { d, weights, start, spec } = trainings.classes!;
  const network = new Network(spec);
  network.setParameters(flatLayers(start));
  const targets = d as number[];
  const whole = network.gradients({ inputs: x, targets, weights: weights! });
  const each = x.map((row, i) => network.gradients({ inputs: [row], targets: [targets[i]!] }));
  const sum = (values: Float64Array[]) =>
    values[0]!.map((_, k) => values.reduce((s, v, i) => s + (weights![i]! * v[k]!) / x.length, 0));
  expectClose('gradients', flatten(whole.gradients), sum(each.map(({ gradients }) => flatten(gradients))), {
    relative: 1e-12,
    floor: 1e-3,
  });
  expectClose('loss', [whole.loss], sum(each.map(({ loss }) => Float64Array.of(loss))), { relative: 1e-12 });
  expect(() => network.gradients({ inputs: x, targets, weights: [1] })).toThrow(
    /"weights" expected one for each of 26/,
  );
});

test('what is wrong with class weights is said before any thread starts', async () => {
  const create = (network: Network, classWeights: unknown) =>
    Trainer.create(network, { classWeights } as TrainerOptions);
  await expect(create(classifier(), [1, 2])).rejects.toThrow(
    new RangeError('"classWeights" expected 4 numbers, one for each class, got 2'),
  );
  const values = new Network({ inputs: 9, layers: [{ units: 3, activation: 'linear' }] });
  await expect(create(values, 'balanced')).rejects.toThrow(
    new RangeError('"classWeights" expected softmax outputs or one sigmoid output, got outputs for values (mse)'),
  );
});

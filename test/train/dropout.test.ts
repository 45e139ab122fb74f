// Training with dropout, against PyTorch with the same masks.
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { Dataset, Network, type NetworkOptions, type TrainerOptions } from 'gradpool';
import { expectClose, expectSameBits, flatten, sameBits } from '../close.ts';
import { flatLayers, type NestedLayer } from '../golden.ts';
import { RUNNING, withTwin } from '../twins.ts';
import { BACKENDS, classes, STRATEGIES, train, withTrainer } from './problem.ts';

interface Training {
  readonly spec: NetworkOptions;
  readonly seed: number;
  readonly d: readonly number[];
  readonly start: readonly NestedLayer[];
  readonly losses: readonly number[];
  readonly end: readonly NestedLayer[];
  readonly loss: number;
}

const { x, batchSize, epochs, learningRate, momentum, trainings } = JSON.parse(
  readFileSync(new URL('../fixtures/dropout.json', import.meta.url), 'utf8'),
) as { x: number[][]; trainings: Record<string, Training> } & Record<
  'batchSize' | 'epochs' | 'learningRate' | 'momentum',
  number
>;
const NAMES = Object.keys(trainings);

async function expectTraining(name: string, options: TrainerOptions): Promise<void> {
  const { spec, seed, d, start, losses, end, loss } = trainings[name]!;
  const network = new Network(spec);
  network.setParameters(flatLayers(start));
  const data = Dataset.fromArrays({ inputs: x, targets: d });
  const shared = { batchSize, learningRate, momentum, seed, shuffle: false };
  const [found, evaluation] = await withTrainer(network, { ...shared, ...options }, async (trainer) => {
    const history = await trainer.fit(data, { epochs });
    return [history, await trainer.evaluate(data)] as const;
  });
  const exact = options.backend === 'reference';
  const relative = exact ? 1e-9 : 1e-4;
  expectClose(
    'losses',
    found.map((epoch) => epoch.loss),
    losses,
    { relative },
  );
  const floor = exact ? 1e-3 : 0.01;
  expectClose('parameters', flatten(network.parameters), flatten(flatLayers(end)), {
    relative: exact ? 1e-6 : 1e-4,
    floor,
  });
  const without = { relative: exact ? 1e-6 : 1e-4, floor };
  expectClose('evaluation, without dropout', [evaluation.loss, network.evaluate(data).loss], [loss, loss], without);
}

// Without threads: what they do is looked at below.
describe('PyTorch with the same masks', () => {
  it.each(NAMES)('reference: %s', (name) => expectTraining(name, { backend: 'reference', sharedMemory: 'off' }));
  describe.each(RUNNING)('%s', (twin) => {
    it.each(NAMES)('%s', (name) =>
      withTwin(twin, () => expectTraining(name, { backend: 'wasm', sharedMemory: 'off' })),
    );
  });
  describe.each(BACKENDS.filter((backend) => backend === 'blas'))('%s', (backend) => {
    it.each(NAMES)('%s', (name) => expectTraining(name, { backend, sharedMemory: 'off' }));
  });
  it.each(STRATEGIES)('3 workers, %s', (strategy) => expectTraining('tanh-sigmoid', { strategy, workers: 3 }));
  it('in blocks of 3 rows', () => expectTraining('tanh-sigmoid', { workers: 2, blockRows: 3 }));
});

/** 9-13-5-4 with dropout in all of it. */
function dropping(): Network {
  return new Network({
    inputs: 9,
    inputDropout: 0.1,
    layers: [
      { units: 13, activation: 'tanh', dropout: 0.5 },
      { units: 5, activation: 'relu', dropout: 0.2 },
      { units: 4, activation: 'softmax' },
    ],
    seed: 5,
  });
}

const data = classes(60);
const options = { batchSize: 8, momentum: 0.5, seed: 3 } as const;

test('the same bits with 1, 2 and 3 workers', async () => {
  const [one, two, three] = await Promise.all(
    [1, 2, 3].map((workers) => train(dropping(), data, { ...options, backend: 'wasm', workers }, { epochs: 3 })),
  );
  expect(one!.info.strategy).toBe('owner-computes');
  expectSameBits('2 workers', two!.parameters, one!.parameters);
  expectSameBits('3 workers', three!.parameters, one!.parameters);
});

const inline = { ...options, backend: 'wasm', sharedMemory: 'off' } as const;

test('other masks with another seed and in every epoch', async () => {
  const still = { ...inline, shuffle: false, learningRate: 0, momentum: 0 };
  const a = await train(dropping(), data, still, { epochs: 3 });
  expect(new Set(a.losses).size, 'the weights stay as they are').toBe(3);
  const b = await train(dropping(), data, { ...still, seed: 4 }, { epochs: 3 });
  expect(new Set([...a.losses, ...b.losses]).size).toBe(6);
});

test('the mean loss over many masks is that of their mean, the network without dropout, where the network is linear', async () => {
  const make = (inputDropout: number) =>
    new Network({ inputs: 9, inputDropout, layers: [{ units: 4, activation: 'softmax' }], seed: 5 });
  // Softmax is not linear: the difference is one of second order, and small dropout makes it small.
  const still = { ...inline, learningRate: 0, momentum: 0 };
  const { losses } = await train(make(0.02), classes(400), still, { epochs: 50 });
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  expect(Math.abs(mean / make(0).evaluate(classes(400)).loss - 1)).toBeLessThan(0.02);
});

test('one worker of local-sgd and of hogwild does what a synchronous one does', async () => {
  const { parameters } = await train(dropping(), data, { ...inline, strategy: 'data-parallel' }, { epochs: 2 });
  for (const strategy of ['local-sgd', 'hogwild'] as const) {
    const other = await train(dropping(), data, { ...inline, strategy }, { epochs: 2 });
    expect(sameBits(other.parameters, parameters), strategy).toBe(true);
  }
});

test('pieces of an epoch that follow one another have the masks of the whole', async () => {
  // A cost that is given and a rule that keeps everything as it is: pieces end where the noise scale is measured.
  const adaptive = { adaptive: true, least: 8, most: 8, rule: 'none', cost: { perUpdate: 1, perRow: 1 } } as const;
  const many = classes(9000);
  const fixed = { ...inline, strategy: 'owner-computes', momentum: 0 } as const;
  const whole = await train(dropping(), many, fixed, { epochs: 1 });
  const pieces = await train(dropping(), many, { ...fixed, batchSize: adaptive }, { epochs: 1 });
  expect(pieces.history[0]!.adaptation!.map(({ updates }) => updates)).toEqual([0, 1024]);
  expectSameBits('parameters', pieces.parameters, whole.parameters);
});

test('dropout of 0 is none', async () => {
  const layers = dropping().spec.layers.map(({ units, activation }) => ({ units, activation }));
  const none = new Network({ inputs: 9, layers, seed: 5 });
  const zero = new Network({
    inputs: 9,
    inputDropout: 0,
    layers: layers.map((layer) => ({ ...layer, dropout: 0 })),
    seed: 5,
  });
  expect(zero.spec).toEqual(none.spec);
  const a = await train(none, data, inline);
  expectSameBits('parameters', (await train(zero, data, inline)).parameters, a.parameters);
});

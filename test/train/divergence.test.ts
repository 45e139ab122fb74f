import { Dataset, Network, Trainer } from 'gradpool';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../close.ts';
import { BACKENDS } from './problem.ts';

const targets = Array.from({ length: 16 }, (_, i) => [i % 2, 1 - (i % 2)]);
const data = Dataset.fromArrays({ inputs: targets.map((_, i) => [i - 8, 1, 100]), targets });

// NaN that a maximum, a ReLU or a comparison swallows would leave a finite loss; NaN that gets into the padding would stay.
describe.each(BACKENDS)('%s', (backend) => {
  test.each(['linear', 'softmax', 'sigmoid'] as const)(
    'a training that diverges shows NaN, and parameters that are set afterwards are as good as new: %s',
    async (activation) => {
      const layers = [
        { units: 9, activation: 'relu' as const },
        { units: 5, activation: 'leaky-relu' as const },
        { units: 2, activation },
      ];
      const network = new Network({ inputs: 3, layers, seed: 1 });
      const start = network.parameters;
      await using trainer = await Trainer.create(network, { backend, workers: 2, batchSize: 4, learningRate: 1e30 });
      const history = await trainer.fit(data, { epochs: 30 });
      expect(history.at(-1)!.loss).toBeNaN();
      network.setParameters(start);
      const { loss } = await trainer.evaluate(data);
      expectClose('loss', [loss], [network.evaluate(data).loss], { relative: 1e-5 });
    },
  );
});

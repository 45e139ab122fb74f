// Data over shared memory are used as they are: what is changed while they are in use must neither go unnoticed nor do harm.
import { Dataset, Network, type TrainerOptions } from 'gradpool';
import { describe, expect, it } from 'vitest';
import { BACKENDS, STRATEGIES, withTrainer } from './problem.ts';
import { desired } from '#src/nn/network.js';

const ROWS = 64;
const inputs = Float32Array.from({ length: ROWS * 3 }, (_, i) => Math.sin(i));
const bad = (what: string): unknown =>
  expect.objectContaining({ code: 'ERR_BAD_DATA', message: expect.stringContaining(what) as string });

function labelled() {
  const shared = new Uint8Array(new SharedArrayBuffer(ROWS));
  for (let i = 0; i < ROWS; i++) shared[i] = i % 4;
  return { shared, data: Dataset.fromArrays({ inputs, inputSize: 3, targets: shared }) };
}

function valued() {
  const shared = new Float32Array(new SharedArrayBuffer(4 * ROWS)).fill(0.5);
  return { shared, data: Dataset.fromArrays({ inputs, inputSize: 3, targets: shared }) };
}

function network(activation: 'softmax' | 'sigmoid' | 'linear') {
  return new Network({ inputs: 3, layers: [{ units: activation === 'softmax' ? 4 : 1, activation }], seed: 1 });
}

/** Sets the last target after the first epoch. */
async function changed(
  options: TrainerOptions,
  { shared, data }: { shared: Uint8Array | Float32Array; data: Dataset },
  activation: 'softmax' | 'sigmoid' | 'linear',
  value: number,
) {
  await withTrainer(network(activation), { batchSize: 8, ...options }, async (trainer) => {
    const onEpochEnd = () => void (shared[ROWS - 1] = value);
    await trainer.fit(data, { epochs: 3, callbacks: [{ onEpochEnd }] });
  });
}

const strategies = [...STRATEGIES, 'local-sgd', 'hogwild'] as const;

describe.each(BACKENDS)('%s', (backend) => {
  it.each([{ workers: 1, sharedMemory: 'off' as const }, ...strategies.map((strategy) => ({ strategy, workers: 2 }))])(
    'class numbers out of range: $strategy $sharedMemory',
    async (options) => {
      await expect(changed({ backend, ...options }, labelled(), 'softmax', 200)).rejects.toEqual(
        bad('"targets" expected a class number in [0, 3], got 200'),
      );
    },
  );

  it('probabilities and values', async () => {
    const options = { backend, sharedMemory: 'off' as const };
    await expect(changed(options, valued(), 'sigmoid', 7)).rejects.toEqual(bad('expected a value in [0, 1], got 7'));
    await expect(changed(options, valued(), 'linear', NaN)).rejects.toEqual(bad('expected a finite number, got NaN'));
  });

  it('inputs that become NaN are seen in the loss', async () => {
    const x = new Float32Array(new SharedArrayBuffer(4 * ROWS * 2));
    const other = Dataset.fromArrays({ inputs: x, inputSize: 2, targets: new Float32Array(ROWS) });
    const relu = [
      { units: 5, activation: 'relu' as const },
      { units: 1, activation: 'linear' as const },
    ];
    await withTrainer(new Network({ inputs: 2, layers: relu }), { backend, sharedMemory: 'off' }, async (trainer) => {
      const history = await trainer.fit(other, {
        epochs: 2,
        callbacks: [{ onEpochEnd: () => void (x[1] = NaN) }],
      });
      expect(history.map(({ loss }) => Number.isNaN(loss))).toEqual([false, true]);
    });
  });
});

it('what metrics compare with is checked, too', () => {
  const columns = { values: Uint8Array.of(0, 77), size: 1, stride: 1 };
  expect(() => desired({ kind: 'classes', columns }, Uint32Array.of(0, 1), 4)).toThrow(bad('got 77'));
});

// The strategy owner-computes promises the same bits for any number of workers.
import { describe, expect, test } from 'vitest';
import { Dataset, type LayerSpec, Network, type TrainerOptions } from 'gradpool';
import { expectSameBits } from '../close.ts';
import { BACKENDS, train } from './problem.ts';

/** The backend says nothing of how a batch is divided: most numbers are tried on one. */
const workersOf = (backend: string) => (backend === 'wasm' ? [2, 3, 5] : [3]);

interface Case {
  readonly widths: readonly number[];
  readonly hidden: LayerSpec['activation'];
  readonly rows: number;
  readonly options: TrainerOptions;
}

/** Odd sizes; batches of one tile of rows and less, of several waves, with a short last batch; every kind of step. */
const CASES: readonly Case[] = [
  { widths: [9, 13, 4], hidden: 'relu', rows: 60, options: { batchSize: 8 } },
  { widths: [13, 9, 17, 5], hidden: 'tanh', rows: 50, options: { batchSize: 7, weightDecay: 0.01 } },
  { widths: [3, 2], hidden: 'relu', rows: 10, options: { batchSize: 1 } },
  { widths: [5, 33, 3], hidden: 'sigmoid', rows: 51, options: { batchSize: 51 } },
  { widths: [31, 127, 8], hidden: 'leaky-relu', rows: 700, options: { batchSize: 300 } },
  { widths: [7, 8, 9], hidden: 'relu', rows: 33, options: { batchSize: 10, momentum: 0.9 } },
  { widths: [16, 32, 32, 4], hidden: 'relu', rows: 290, options: { batchSize: 290, momentum: 0.5, nesterov: true } },
];

function problem({ widths, hidden, rows }: Case): { network: Network; data: Dataset } {
  const [inputs, outputs] = [widths[0]!, widths.at(-1)!];
  const layers = widths.slice(1).map((units, l): LayerSpec => ({
    units,
    activation: l === widths.length - 2 ? 'softmax' : hidden,
  }));
  const data = Dataset.fromArrays({
    inputs: Float32Array.from({ length: rows * inputs }, (_, i) => Math.sin(i * 12.9898)),
    inputSize: inputs,
    targets: Uint8Array.from({ length: rows }, (_, r) => (r * 7) % outputs),
  });
  return { network: new Network({ inputs, layers, seed: 3 }), data };
}

function runner(given: Case) {
  return (workers: number, options: TrainerOptions = {}) => {
    const { network, data } = problem(given);
    const all = { strategy: 'owner-computes', backend: 'wasm', workers, ...given.options, ...options } as const;
    return train(network, data, all, { epochs: 3 });
  };
}

describe.each(CASES)('$widths, $options', (given) => {
  const run = runner(given);

  test.each(BACKENDS)('the same bits on any number of workers: %s', async (backend) => {
    const alone = await run(1, { backend });
    expect(alone.info).toMatchObject({ strategy: 'owner-computes', backend, workers: 1 });
    for (const workers of workersOf(backend)) {
      const { parameters, info } = await run(workers, { backend });
      expect(info.workers).toBe(workers);
      expectSameBits(`parameters on ${workers} workers`, parameters, alone.parameters);
    }
  });

  test('close to the reference in float64, which has the same promise', async () => {
    const [wasm, reference, two] = [
      await run(1),
      await run(1, { backend: 'reference' }),
      await run(2, { backend: 'reference' }),
    ];
    expectSameBits('reference on 2 workers', two.parameters, reference.parameters);
    const apart = wasm.losses.map((loss, i) => Math.abs(loss - reference.losses[i]!) / Math.abs(reference.losses[i]!));
    expect(Math.max(...apart)).toBeLessThan(1e-4);
  });
});

/** Small networks, large batches. */
const SHARDED = CASES.filter(({ options }) => Number(options.batchSize) >= 256);

describe.each(SHARDED)('auto, in as many shards for all: $widths, $options', (given) => {
  test.each(BACKENDS)('the same bits on any number of workers: %s', async (backend) => {
    const run = runner(given);
    const alone = await run(1, { backend, strategy: 'auto' });
    expect(alone.info).toMatchObject({ strategy: 'data-parallel', shards: 2, backend });
    for (const workers of workersOf(backend)) {
      const { parameters, info } = await run(workers, { backend, strategy: 'auto' });
      expect(info).toMatchObject({ shards: 2, workers });
      expectSameBits(`parameters on ${workers} workers`, parameters, alone.parameters);
    }
  });
});

// Which backend, strategy and number of workers were chosen, and why, is in trainer.info.
import { availableParallelism } from 'node:os';
import { describe, expect, it, test } from 'vitest';
import { Network, Trainer, type TrainerOptions } from 'gradpool';
import { findBlas } from '#src/kernels/blas/library.js';
import { classes, classifier, train, withTrainer } from './problem.ts';

const infoOf = (network: Network, options: TrainerOptions) =>
  withTrainer(network, options, ({ info }) => Promise.resolve(info));

const wide = () =>
  new Network({
    inputs: 784,
    layers: [
      { units: 1024, activation: 'relu' },
      { units: 10, activation: 'softmax' },
    ],
  });

const found = findBlas();
if ('blas' in found) {
  describe('auto with a BLAS', () => {
    it('takes the one that was measured to be faster, and gives the times', async () => {
      for (const [network, batchSize] of [
        [classifier(), 8],
        [wide(), 128],
      ] as const) {
        const info = await infoOf(network, { workers: 2, batchSize });
        const { wasm, blas } = info.measured!;
        expect(Math.min(wasm, blas)).toBeGreaterThan(0);
        expect(info.backend).toBe(blas < wasm ? 'blas' : 'wasm');
        expect(info.library).toContain(found.blas.library);
        expect(info.reason).toMatch(/measured at the start: [\d.]+ times as fast as (wasm|blas) on \d+ rows/);
        expect(info.reproducible).toContain('the backend was measured');
      }
    });

    it('measures a network once in a process', async () => {
      const [first, again] = [await infoOf(wide(), { workers: 2 }), await infoOf(wide(), { workers: 2 })];
      expect(again.measured).toEqual(first.measured);
    });

    it('a backend that is named is not measured', async () => {
      const info = await infoOf(classifier(), { backend: 'blas' });
      expect(info).toMatchObject({ backend: 'blas', path: 'sgemm', reason: 'it was asked for' });
      expect(info).not.toHaveProperty('measured');
      expect(info.reproducible).toContain('the same library');
    });
  });
} else {
  it(`auto without a BLAS: ${found.obstacle}`, async () => {
    const info = await infoOf(classifier(), {});
    expect(info.reason).toContain(found.obstacle);
  });
}

const CORES = availableParallelism();
const inShards = (shards: number) => ({ strategy: 'data-parallel', shards });

describe('the strategy', () => {
  test.each([
    { network: classifier(), batchSize: 64, strategy: 'owner-computes', shards: 1 },
    { network: classifier(), batchSize: 255, strategy: 'owner-computes', shards: 1 },
    { network: classifier(), batchSize: 256, strategy: 'data-parallel', shards: 2 },
    { network: classifier(), batchSize: 1100, strategy: 'data-parallel', shards: 4 },
    { network: classifier(), batchSize: 100_000, strategy: 'data-parallel', shards: 16 },
    { network: wide(), batchSize: 64, strategy: 'owner-computes', shards: 1 },
    { network: wide(), batchSize: 4096, ...(CORES > 1 ? inShards(CORES) : { strategy: 'owner-computes', shards: 1 }) },
  ])('auto at B = $batchSize is $strategy', async ({ network, batchSize, ...expected }) => {
    const info = await infoOf(network, { batchSize, backend: 'wasm', workers: 3 });
    expect(info).toMatchObject(expected);
    expect(info.strategyReason).not.toBe('it was asked for');
    expect(info.reproducible).toContain('any number of workers');
  });

  it('data-parallel by name has a partial gradient for each worker', async () => {
    const info = await infoOf(classifier(), {
      batchSize: 1024,
      backend: 'wasm',
      workers: 3,
      strategy: 'data-parallel',
    });
    expect(info).toMatchObject({ strategy: 'data-parallel', shards: 3, strategyReason: 'it was asked for' });
    expect(info.reproducible).toContain('the same number of workers');
  });
});

describe('the number of workers', () => {
  const options = { batchSize: 4, backend: 'wasm', learningRate: 0.05 } as const;

  it('is found out where it was not given, and the result is that of any number', async () => {
    const free = await train(classifier(), classes(4000), options, { epochs: 4 });
    const fixed = await train(classifier(), classes(4000), { ...options, workers: 2 }, { epochs: 4 });
    expect(free.info).toMatchObject({ workers: availableParallelism(), tuned: availableParallelism() > 1 });
    expect(fixed.info).toMatchObject({ workers: 2, tuned: false });
    expect(free.parameters).toEqual(fixed.parameters);
    for (const { workers } of free.history) expect(workers).toBeLessThanOrEqual(availableParallelism());
    expect(fixed.history.map(({ workers }) => workers)).toEqual([2, 2, 2, 2]);
  });

  it('is not tuned where the result depends on it', async () => {
    expect(await infoOf(classifier(), { strategy: 'data-parallel' })).toMatchObject({ tuned: false });
  });

  it('an abort while it is tuned leaves whole updates', async () => {
    const network = classifier();
    await using trainer = await Trainer.create(network, options);
    const running = trainer.fit(classes(20_000), { epochs: 1000, signal: AbortSignal.timeout(25) });
    await expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(network.parameters.flatMap(({ weights }) => [...weights]).every(Number.isFinite)).toBe(true);
    expect(await trainer.fit(classes(40))).toHaveLength(1);
  });
});

// Training on the calling thread: where memory cannot be shared, or where it is not wanted.
import { describe, expect, test } from 'vitest';
import { type Evaluation, Network, type SharedMemory, type TrainerInfo, type TrainerOptions } from 'gradpool';
import { expectSameBits } from '../close.ts';
import { BACKENDS, bytes, child, classes, classifier, STRATEGIES, train, withTrainer } from './problem.ts';

describe.each(STRATEGIES)('sharedMemory off: %s', (strategy) => {
  const given = BACKENDS.flatMap((backend) => [0, 0.9].map((momentum) => ({ backend, momentum })));
  test.each(given)('$backend, momentum $momentum: the same bits as one worker', async (given) => {
    const options = { ...given, strategy, batchSize: 7 };
    const fit = { epochs: 3, maxUpdates: 14, validation: classes(30, 99) };
    const inline = await train(classifier(), classes(38), { ...options, workers: 3, sharedMemory: 'off' }, fit);
    const thread = await train(classifier(), classes(38), { ...options, workers: 1 }, fit);
    expect(inline.info).toMatchObject({ execution: 'inline', workers: 1, backend: given.backend });
    expect(thread.info).toMatchObject({ execution: 'threads', workers: 1, backend: given.backend });
    expectSameBits('parameters', inline.parameters, thread.parameters);
    expect(inline.losses).toEqual(thread.losses);
    expect(inline.history.map(({ validation }) => validation)).toEqual(
      thread.history.map(({ validation }) => validation),
    );
  });
});

test('no thread is started', async () => {
  let threads = 0;
  const count = () => threads++;
  process.on('worker', count);
  try {
    await train(classifier(), classes(40), { sharedMemory: 'off', batchSize: 8 });
  } finally {
    process.off('worker', count);
  }
  expect(threads).toBe(0);
});

test('it can be aborted and closed while it trains', async () => {
  const large = bytes(50_000, 32);
  const network = new Network({ inputs: 32, layers: [{ units: 4, activation: 'softmax' }] });
  await withTrainer(network, { sharedMemory: 'off', backend: 'reference', batchSize: 1 }, async (trainer) => {
    const running = trainer.fit(large, { epochs: 1000, signal: AbortSignal.timeout(40) });
    await expect(trainer.fit(large)).rejects.toMatchObject({ code: 'ERR_BUSY' });
    await expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    const ended = expect(trainer.fit(large, { epochs: 1000 })).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await trainer.close();
    await ended;
  });
});

interface Bare {
  detected: SharedMemory;
  info?: TrainerInfo;
  last?: Evaluation;
  evaluated?: Evaluation;
  error?: { name: string; code: string; message: string };
}

describe('without SharedArrayBuffer', () => {
  const bare = (trainer: TrainerOptions) => child<Bare>('no-shared-memory.mjs', { trainer });
  const reason = 'SharedArrayBuffer is not defined';

  test.each([
    {},
    { workers: 4 },
    { backend: 'reference' },
    { strategy: 'coordinator' },
    { sharedMemory: 'off' },
  ] as const)('training works and says why it is on one thread: %j', async (options) => {
    const { detected, info, last, evaluated, error } = await bare(options);
    expect(error).toBeUndefined();
    expect(detected).toEqual({ available: false, reason });
    expect(info).toMatchObject({
      sharedMemory: { available: false, reason },
      execution: 'inline',
      workers: 1,
      backend: 'reference',
    });
    expect(info!.reason).toMatch(/shared memory|asked for/);
    expect(last!.accuracy).toBe(1);
    expect(last!.loss).toBeCloseTo(evaluated!.loss, 5);
  });

  test('where it is required, or a backend needs it, that is an error', async () => {
    expect((await bare({ sharedMemory: 'required' })).error).toMatchObject({ code: 'ERR_NO_SHARED_MEMORY' });
    expect((await bare({ sharedMemory: 'required' })).error!.message).toContain(reason);
    expect((await bare({ backend: 'wasm' })).error).toMatchObject({ code: 'ERR_BACKEND_UNAVAILABLE' });
  });
});

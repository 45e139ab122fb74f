// What is wrong with an argument is said before any thread starts.
import { availableParallelism } from 'node:os';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Dataset, type FitOptions, Network, Trainer, type TrainerOptions } from 'gradpool';
import { prepare } from '#src/train/prepare.js';
import { classes, classifier, withTrainer } from './problem.ts';

let threads = 0;
const count = () => threads++;

beforeEach(() => {
  threads = 0;
  process.on('worker', count);
});
afterEach(() => {
  process.off('worker', count);
});

type Wrong = [unknown, typeof TypeError | typeof RangeError];

const TRAINER: Record<keyof TrainerOptions, Wrong[]> = {
  workers: [
    ['2', TypeError],
    [0, RangeError],
    [1.5, RangeError],
    [NaN, RangeError],
    [5000, RangeError],
  ],
  trace: [
    [7, TypeError],
    ['', RangeError],
  ],
  batchSize: [
    [[8], TypeError],
    ['large', TypeError],
    [0, RangeError],
    [2.5, RangeError],
    [Infinity, RangeError],
  ],
  microBatchSize: [
    ['8', TypeError],
    [0, RangeError],
    [8, RangeError], // without workers
  ],
  lastBatch: [
    ['short', RangeError],
    [1, TypeError],
  ],
  accumulation: [
    [true, TypeError],
    [1.5, RangeError],
    [2, RangeError], // without workers
  ],
  learningRate: [
    ['0.1', TypeError],
    [-0.1, RangeError],
    [NaN, RangeError],
    [Infinity, RangeError],
  ],
  optimizer: [
    [1, TypeError],
    ['adagrad', RangeError],
    [{ name: 'adam', beta1: 1 }, RangeError],
    [{ name: 'adam', beta2: -0.1 }, RangeError],
    [{ name: 'adam', epsilon: 0 }, RangeError],
    [{ name: 'rmsprop', alpha: '0.9' }, TypeError],
    [{ name: 'adamw', weightDecay: -1 }, RangeError],
    [{ beta1: 0.9 }, TypeError],
  ],
  schedule: [
    [7, TypeError],
    ['cosine', RangeError],
    [{ name: 'linear' }, RangeError],
    [{ name: 'step', every: 0 }, RangeError],
    [{ name: 'step' }, TypeError],
    [{ name: 'cosine', epochs: 2, least: -1 }, RangeError],
    [{ name: 'warm-up', updates: 2.5 }, RangeError],
    [{ name: 'warm-up', updates: 2, then: { name: 'one-cycle', epochs: 0 } }, RangeError],
    [{ name: 'plateau', factor: 1 }, RangeError],
    [{ name: 'plateau', patience: -1 }, RangeError],
  ],
  l1: [
    ['none', TypeError],
    [-1, RangeError],
  ],
  clipNorm: [
    ['1', TypeError],
    [0, RangeError],
    [-1, RangeError],
    [Infinity, RangeError],
  ],
  clipValue: [
    [true, TypeError],
    [0, RangeError],
    [NaN, RangeError],
  ],
  momentum: [
    [true, TypeError],
    [-0.1, RangeError],
    [1, RangeError],
    [NaN, RangeError],
  ],
  nesterov: [
    [1, TypeError],
    [true, RangeError], // without momentum
  ],
  weightDecay: [
    ['none', TypeError],
    [-1, RangeError],
    [Infinity, RangeError],
  ],
  classWeights: [
    [2, TypeError],
    [[1, '2', 1, 1], TypeError],
    ['even', RangeError],
    [[1, -1, 1, 1], RangeError],
    [[1, 2], RangeError], // of four classes
  ],
  strategy: [
    [1, TypeError],
    ['dataparallel', RangeError],
  ],
  averagingPeriod: [
    ['8', TypeError],
    [0, RangeError],
    [8, RangeError], // without local-sgd
  ],
  blockRows: [
    ['all', TypeError],
    [0, RangeError],
    [1.5, RangeError],
  ],
  backend: [
    [{}, TypeError],
    ['gpu', RangeError],
  ],
  shuffle: [
    ['yes', TypeError],
    [0, TypeError],
  ],
  seed: [
    ['7', TypeError],
    [-1, RangeError],
    [0.5, RangeError],
  ],
  sharedMemory: [
    [false, TypeError],
    ['on', RangeError],
  ],
  stallTimeout: [
    ['1s', TypeError],
    [10, RangeError],
    [Infinity, RangeError],
  ],
};

const FIT: Record<keyof FitOptions | 'onEpoch', Wrong[]> = {
  epochs: [
    ['5', TypeError],
    [0, RangeError],
    [1.5, RangeError],
    [Infinity, RangeError],
  ],
  maxUpdates: [
    ['5', TypeError],
    [0, RangeError],
    [2.5, RangeError],
    [-Infinity, RangeError],
  ],
  validation: [
    [[[0, 1]], TypeError],
    [5, TypeError],
    [null, TypeError],
  ],
  metrics: [
    ['f1', TypeError],
    [{ f1: true }, TypeError],
  ],
  earlyStopping: [
    [5, TypeError],
    [null, TypeError],
  ],
  callbacks: [
    [{ onEpochEnd: () => undefined }, TypeError],
    [7, TypeError],
  ],
  signal: [
    [new AbortController(), TypeError],
    [true, TypeError],
  ],
  onProgress: [
    [5, TypeError],
    [{}, TypeError],
  ],
  checkpoint: [
    ['saved', TypeError],
    [{}, TypeError],
    [{ directory: 'saved', everyUpdates: 0 }, RangeError],
    [{ directory: 'saved', everyMinutes: -1 }, RangeError],
    [{ directory: 'saved', keep: 0 }, RangeError],
    [{ directory: 'saved', extra: {} }, TypeError],
  ],
  onEpoch: [['log', TypeError]],
};

const cases = (table: Record<string, Wrong[]>) =>
  Object.entries(table).flatMap(([name, wrong]) => wrong.map(([value, type]) => ({ name, value, type })));

async function failureOf(work: () => Promise<unknown>): Promise<unknown> {
  return work().then(
    (value) => expect.fail(`it gave ${String(value)}`),
    (error: unknown) => error,
  );
}

test('a thread that starts is counted', async () => {
  await withTrainer(classifier(), { workers: 1 }, () => Promise.resolve());
  expect(threads).toBe(1); // the coordinator's; it starts the others
});

describe('Trainer.create', () => {
  test.each(cases(TRAINER))('$name: $value', async ({ name, value, type }) => {
    const error = await failureOf(() => Trainer.create(classifier(), { [name]: value }));
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toMatch(new RegExp(`^"${name}[\\w.[\\]]*" expected .+`));
    expect(threads).toBe(0);
  });

  test('a misspelt option is an error that lists the right ones', async () => {
    const error = await failureOf(() => Trainer.create(classifier(), { learningrate: 0.5 } as TrainerOptions));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toMatch(/has no option "learningrate"; it has .*learningRate/);
    expect(threads).toBe(0);
  });

  test.each<[TrainerOptions, RegExp]>([
    [{ optimizer: 'adam', momentum: 0.9 }, /^"momentum" expected "optimizer" sgd beside it, got optimizer adam$/],
    [{ optimizer: 'adamw', weightDecay: 0.1 }, /^"weightDecay" expected to stand in "optimizer"/],
    [{ optimizer: 'adam', strategy: 'local-sgd' }, /^"optimizer" adam expected "strategy" owner-computes/],
    [{ optimizer: 'rmsprop', strategy: 'hogwild' }, /^"optimizer" rmsprop expected "strategy" owner-computes/],
    [{ clipNorm: 1, strategy: 'hogwild' }, /^"clipNorm" expected "strategy" owner-computes/],
    [
      { batchSize: { adaptive: true }, schedule: { name: 'cosine', epochs: 3 } },
      /^an adaptive "batchSize" expected "schedule" constant beside it.* got cosine$/,
    ],
  ])('what does not go together: %o', async (options, says) => {
    const error = await failureOf(() => Trainer.create(classifier(), options));
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).toMatch(says);
    expect(threads).toBe(0);
  });

  test('an optimiser has constants of its own only', async () => {
    const optimizer = { name: 'adam', alpha: 0.9 } as TrainerOptions['optimizer'];
    await expect(Trainer.create(classifier(), { optimizer })).rejects.toThrow(/"optimizer" has no option "alpha"/);
  });

  test.each([
    [{ optimizer: { type: 'adam' } }, '"optimizer" has no option "type"; it has name, '],
    [{ optimizer: { beta1: 0.5 } }, '"optimizer.name" expected one of'],
    [{ schedule: { type: 'cosine', epochs: 3 } }, '"schedule" has no option "type"; it has name, '],
    [
      { schedule: { name: 'warm-up', updates: 3, then: { kind: 'step' } } },
      '"schedule.then" has no option "kind"; it has name, ',
    ],
    [{ batchSize: { adapt: true } }, '"batchSize" has no option "adapt"; it has adaptive, '],
  ])('an unknown key comes before one that is missing: %o', async (options, says) => {
    await expect(Trainer.create(classifier(), options as TrainerOptions)).rejects.toThrow(says);
  });

  test('new says how a trainer is made', () => {
    const Made = Trainer as unknown as new (network: Network) => Trainer;
    expect(() => new Made(classifier())).toThrow('expected await Trainer.create(network, options)');
  });

  test.each([undefined, null, {}, { spec: {} }, 'network'])('a network that is none: %s', async (network) => {
    const error = await failureOf(() => Trainer.create(network as unknown as Network));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain('"network" expected Network');
    expect(threads).toBe(0);
  });

  test.each([null, 5, [], 'fast'])('options that are none: %s', async (options) => {
    const error = await failureOf(() => Trainer.create(classifier(), options as TrainerOptions));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain('"options" expected object');
  });

  test('an option that is undefined is one that is not given', async () => {
    const options = Object.fromEntries(Object.keys(TRAINER).map((name) => [name, undefined]));
    const info = await withTrainer(classifier(), options, (trainer) => Promise.resolve(trainer.info));
    expect(info).toMatchObject({
      workers: info.cores,
      batchSize: 64,
      strategy: 'owner-computes',
      execution: 'threads',
    });
  });

  test('a backend that is not there', async () => {
    vi.stubEnv('GRADPOOL_BLAS', '/nowhere/libblas.so');
    const error = await failureOf(() => Trainer.create(classifier(), { backend: 'blas' }));
    vi.unstubAllEnvs();
    expect(error).toMatchObject({ name: 'GradpoolError', code: 'ERR_BACKEND_UNAVAILABLE' });
    expect((error as Error).message).toMatch(/blas.*GRADPOOL_BLAS=\/nowhere\/libblas\.so cannot be used/);
    expect(threads).toBe(0);
  });

  test('a network that fits into no memory says how many bytes it needs', async () => {
    const network = new Network({ inputs: 9000, layers: [{ units: 9000, activation: 'linear' }] });
    const error = await failureOf(() => Trainer.create(network, { workers: 64, strategy: 'data-parallel' }));
    expect(error).toMatchObject({ code: 'ERR_DOES_NOT_FIT' });
    expect((error as Error).message).toMatch(/needs \d{10,} bytes .* it fits with \d+ workers/);
    expect(threads).toBe(0);
  });
});

describe('fit and epochs', () => {
  test.each(cases(FIT))('$name: $value', async ({ name, value, type }) => {
    const network = classifier();
    const { version } = network;
    await withTrainer(network, { workers: 1, batchSize: 8 }, async (trainer) => {
      const given = { [name]: value };
      const error = await failureOf(() => trainer.fit(classes(40), given));
      expect(error).toBeInstanceOf(type);
      expect((error as Error).message).toMatch(new RegExp(`^"${name}[\\w.]*" expected`));
      if (name !== 'onEpoch') expect(() => trainer.epochs(classes(40), given)).toThrow(type);
      expect(await trainer.fit(classes(40)), 'the trainer is free').toHaveLength(1);
    });
    expect(network.version, 'trained once').toBe(version + 1);
  });

  const badSets: { what: string; set: unknown; type: typeof TypeError | typeof RangeError; says: RegExp }[] = [
    { what: 'fewer patterns than a batch', set: classes(7), type: RangeError, says: /"batchSize" .*\[1, 7\], got 8/ },
    { what: 'no data set', set: undefined, type: TypeError, says: /"train" expected Dataset, got undefined/ },
    { what: 'arrays', set: [[1, 2]], type: TypeError, says: /"train" expected Dataset, got array of length 1/ },
    { what: 'other inputs', set: rowsOf(5, 0), type: RangeError, says: /"inputs" expected rows of 9 numbers.* got 5/ },
    { what: 'a class too many', set: rowsOf(9, 4), type: RangeError, says: /"targets\[0\]".*\[0, 3\], got 4/ },
  ];

  function rowsOf(size: number, target: number): Dataset {
    return Dataset.fromArrays({ inputs: new Float32Array(size * 8), inputSize: size, targets: Array(8).fill(target) });
  }

  test.each(badSets)('a set that does not fit: $what', async ({ set, type, says }) => {
    await withTrainer(classifier(), { workers: 1, batchSize: 8 }, async (trainer) => {
      const error = await failureOf(() => trainer.fit(set as Dataset));
      expect(error).toBeInstanceOf(type);
      expect((error as Error).message).toMatch(says);
      expect(await trainer.fit(classes(40)), 'the trainer is free').toHaveLength(1);
    });
  });

  test('a set smaller than the default batch size is one batch; a batch size that was given has to fit', async () => {
    await withTrainer(classifier(), { sharedMemory: 'off' }, async (trainer) => {
      expect(await trainer.fit(classes(7), { epochs: 2 })).toMatchObject([
        { batchSize: 7, updates: 1 },
        { batchSize: 7 },
      ]);
      expect(await trainer.fit(classes(80))).toMatchObject([{ batchSize: 64, updates: 2 }]);
    });
    await withTrainer(classifier(), { sharedMemory: 'off', batchSize: 64 }, async (trainer) => {
      await expect(trainer.fit(classes(7))).rejects.toThrow('"batchSize" expected integer in [1, 7], got 64');
    });
  });

  test('a schedule that looks at the validation loss wants it', async () => {
    const options: TrainerOptions = { workers: 1, batchSize: 8, schedule: { name: 'plateau' } };
    await withTrainer(classifier(), options, async (trainer) => {
      await expect(trainer.fit(classes(40))).rejects.toThrow(
        new RangeError('"validation" expected Dataset, which "schedule" plateau looks at, got undefined'),
      );
      expect(await trainer.fit(classes(40), { validation: classes(40) })).toHaveLength(1);
    });
  });

  test('a misspelt option', async () => {
    await withTrainer(classifier(), { workers: 1, batchSize: 8 }, async (trainer) => {
      const fit = () => trainer.fit(classes(40), { epoch: 3 } as FitOptions);
      await expect(fit()).rejects.toThrow(/"options" has no option "epoch"; it has epochs/);
      await expect(trainer.evaluate(5 as unknown as Dataset)).rejects.toThrow(/"dataset" expected Dataset, got 5/);
    });
  });
});

test('a schedule that is no object says which there are', async () => {
  const names = `'step', 'cosine', 'warm-up', 'one-cycle', 'plateau'`;
  const expected = `expected 'constant' or an object whose "name" is one of ${names}`;
  const created = (schedule: unknown) => Trainer.create(classifier(), { schedule } as TrainerOptions);
  await expect(created('cos')).rejects.toThrow(new RangeError(`"schedule" ${expected}, got "cos"`));
  await expect(created(7)).rejects.toThrow(new TypeError(`"schedule" ${expected}, got 7`));
  await expect(created({ name: 'warm-up', updates: 1, then: 'cos' })).rejects.toThrow(
    new RangeError(`"schedule.then" ${expected}, got "cos"`),
  );
});

test('the stall timeout is longer by as many times as there are more workers than cores', async () => {
  const cores = availableParallelism();
  for (const [workers, times] of [
    [1, 1],
    [cores, 1],
    [2 * cores, 2],
    [4 * cores - 1, 3],
  ] as const) {
    const { setup, resolved } = await prepare(classifier(), { workers, stallTimeout: 200, backend: 'wasm' });
    expect(setup.stallTimeout).toBe(200 * times);
    expect(resolved.stallTimeout).toBe(200);
    expect(setup.session.barrierLimit).toBeGreaterThan(setup.stallTimeout);
  }
});

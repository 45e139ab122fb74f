// A training that is stopped and resumed, in whatever way, ends with the bits of one that never stopped.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CheckpointOptions,
  Dataset,
  type EpochReport,
  type FitOptions,
  Network,
  type ResumeOptions,
  Trainer,
  type TrainerOptions,
} from 'gradpool';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Random } from '#src/core/random.js';
import { expectSameBits } from '../close.ts';
import { COUNTING, countedUpdates, countingData, countingNetwork } from './counting.ts';
import { BACKENDS, classes, classifier, train, withTrainer } from './problem.ts';

const root = mkdtempSync(join(tmpdir(), 'gradpool-checkpoint-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = () => join(root, String(folders++));
const filesIn = (folder: string) => readdirSync(folder).sort();

const warnings: string[] = [];
const listen = (warning: Error) => warnings.push(warning.message);
beforeEach(() => {
  warnings.length = 0;
  process.on('warning', listen);
});
afterEach(() => {
  process.off('warning', listen);
});

/** 43 updates of 7 rows an epoch, the last one of 6. */
const DATA = classes(300);
const VALIDATION = DATA.slice(0, 60);
/** On the calling thread, which is quick to start. */
const OPTIONS: TrainerOptions = { sharedMemory: 'off', batchSize: 7, seed: 3, backend: 'wasm' };
const THREADS: TrainerOptions = { sharedMemory: 'required', workers: 2 };
const EPOCHS = 3;

async function resumed(place: string, options: ResumeOptions = {}): Promise<Trainer> {
  const trainer = await Trainer.resume(place, options);
  return trainer ?? expect.fail(`there is no checkpoint in ${place}`);
}

/** Trains until `updates` are done, and saves. */
async function stopped(
  updates: number,
  options: TrainerOptions,
  fit: FitOptions,
  checkpoint: Partial<CheckpointOptions>,
) {
  const directory = newFolder();
  await train(classifier(), DATA, options, { ...fit, maxUpdates: updates, checkpoint: { directory, ...checkpoint } });
  return directory;
}

interface Case {
  what: string;
  options?: TrainerOptions;
  then?: ResumeOptions;
  updates?: number;
}

const GROWS = {
  adaptive: true,
  least: 8,
  most: 64,
  referenceBatchSize: 16,
  cost: { perUpdate: 1e-4, perRow: 0 },
} as const;
const CASES: Case[] = [
  ...BACKENDS.map((backend) => ({ what: `momentum, ${backend}`, options: { momentum: 0.9, backend } })),
  { what: 'adam on three workers, then on one', options: { optimizer: 'adam', workers: 3 }, then: { workers: 1 } },
  {
    what: 'adamw, cosine',
    options: { optimizer: 'adamw', schedule: { name: 'cosine', epochs: 3 } },
  },
  {
    what: 'adam, one-cycle, reference',
    options: { optimizer: 'adam', schedule: { name: 'one-cycle', epochs: 3 }, backend: 'reference' },
  },
  {
    what: 'plateau',
    options: { schedule: { name: 'plateau', patience: 0 }, learningRate: 1, momentum: 0.5 },
    updates: 90,
  },
  { what: 'no shuffle, at the end of an epoch', options: { shuffle: false, momentum: 0.5 }, updates: 86 },
  { what: 'adaptive batch size', options: { batchSize: GROWS, momentum: 0.5 }, updates: 30 },
  { what: 'data-parallel', options: { strategy: 'data-parallel', optimizer: 'rmsprop', clipNorm: 0.1 } },
  { what: 'coordinator', options: { ...THREADS, strategy: 'coordinator', momentum: 0.9 } },
  {
    what: 'local-sgd, at an averaging',
    options: { ...THREADS, strategy: 'local-sgd', averagingPeriod: 3, momentum: 0.9 },
    updates: 58,
  },
];

describe('stopped within an epoch and resumed, the bits are those of a training that never stopped', () => {
  test.each(CASES)('$what', async ({ options, then, updates = 60 }) => {
    const all = { ...OPTIONS, ...options };
    const fit = { epochs: EPOCHS, validation: VALIDATION };
    const whole = await train(classifier(), DATA, all, fit);
    const directory = await stopped(updates, all, fit, { everyUpdates: 25 });
    const trainer = await resumed(directory, { ...all, ...then });
    const history = await trainer.fit(DATA, fit);
    await trainer.close();
    expect(trainer.resumed).toMatchObject({ updates, skipped: [], differences: [] });
    expectSameBits('parameters', trainer.network.parameters, whole.parameters);
    expect(history.map(({ epoch, updates, samples }) => [epoch, updates, samples])).toEqual(
      whole.history.map(({ epoch, updates, samples }) => [epoch, updates, samples]),
    );
    history.forEach(({ loss, accuracy, learningRate, validation }, i) => {
      const one = whole.history[i]!;
      // Each worker adds up the losses of its rows.
      if (then) expect(loss).toBeCloseTo(one.loss, 12);
      else expect(loss).toBe(one.loss);
      expect({ accuracy, learningRate }).toEqual({ accuracy: one.accuracy, learningRate: one.learningRate });
      if (!then) expect(validation).toEqual(one.validation);
    });
    expect(warnings).toEqual([]);
  });

  test('what training does after the call that was saved is the same, too', async () => {
    const options = { ...OPTIONS, momentum: 0.9 };
    const network = classifier();
    await withTrainer(network, options, async (trainer) => {
      await trainer.fit(DATA, { epochs: 2 });
      await trainer.fit(VALIDATION, { epochs: 2 });
    });
    const trainer = await resumed(await stopped(70, options, { epochs: 2 }, {}));
    await trainer.fit(DATA, { epochs: 2 });
    await trainer.fit(VALIDATION, { epochs: 2 });
    await trainer.close();
    expectSameBits('parameters', trainer.network.parameters, network.parameters);
  });
});

describe('a signal', () => {
  test.each<TrainerOptions>([
    { strategy: 'owner-computes', workers: 2 },
    { strategy: 'data-parallel', workers: 2 },
    { strategy: 'owner-computes', sharedMemory: 'off' },
  ])('saves the last completed update: %o', async (more) => {
    const options = { ...COUNTING, ...more };
    const data = countingData();
    const [directory, network, controller] = [newFolder(), countingNetwork(), new AbortController()];
    await withTrainer(network, options, async (trainer) => {
      const fit = trainer.fit(data, {
        epochs: 1e6,
        signal: controller.signal,
        checkpoint: { directory, everyUpdates: 1e9 },
      });
      const ended = expect(fit).rejects.toMatchObject({ code: 'ERR_ABORTED' });
      while (countedUpdates(network) === 0) await delay(1);
      await delay(11);
      controller.abort();
      await ended;
    });
    expect(filesIn(directory)).toEqual(['checkpoint-000001.safetensors']);
    const trainer = await resumed(directory);
    const updates = countedUpdates(network);
    expect(trainer.resumed!.updates).toBe(updates);
    expectSameBits('saved', trainer.network.parameters, network.parameters);
    const history = await trainer.fit(data, { epochs: 1e6, maxUpdates: updates + 700 });
    await trainer.close();
    const other = countingNetwork();
    const whole = await train(other, data, options, { epochs: 1e6, maxUpdates: updates + 700 });
    expectSameBits('resumed', trainer.network.parameters, whole.parameters);
    // Rows of the update that was broken off are not counted twice: their loss would be in the mean.
    history.forEach(({ loss, samples }, i) => {
      expect(samples).toBe(whole.history[i]!.samples);
      expect(loss).toBe(whole.losses[i]);
    });
  });

  test('before the first update there is nothing to save, and what is not saved is no checkpoint', async () => {
    const directory = newFolder();
    await withTrainer(classifier(), OPTIONS, async (trainer) => {
      const fit = trainer.fit(DATA, { signal: AbortSignal.abort(), checkpoint: { directory } });
      await expect(fit).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    });
    expect(await Trainer.resume(directory)).toBeUndefined();
    expect(await Trainer.resume(join(root, 'nowhere'))).toBeUndefined();
  });

  test('close, too, saves what was trained', async () => {
    const [directory, network] = [newFolder(), countingNetwork()];
    const trainer = await Trainer.create(network, { ...COUNTING, sharedMemory: 'off' });
    const fit = trainer.fit(countingData(), { epochs: 1e6, checkpoint: { directory, everyMinutes: 9 } });
    const ended = expect(fit).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    while (countedUpdates(network) === 0) await delay(1);
    await trainer.close();
    expect(filesIn(directory)).toHaveLength(1);
    await ended;
    const other = await resumed(directory);
    await other.close();
    expectSameBits('saved', other.network.parameters, network.parameters);
  });
});

describe('when it is saved', () => {
  test('after each epoch; the last three are kept, and what a killed process left is cleared away', async () => {
    const directory = newFolder();
    await train(classifier(), DATA, OPTIONS, { epochs: 2, checkpoint: { directory } });
    expect(filesIn(directory)).toEqual(['checkpoint-000001.safetensors', 'checkpoint-000002.safetensors']);
    writeFileSync(join(directory, 'checkpoint-000003.safetensors.0123456789ab.tmp'), 'half');
    writeFileSync(join(directory, 'notes.txt'), 'mine');
    await train(classifier(), DATA, OPTIONS, { epochs: 2, checkpoint: { directory } });
    const names = [2, 3, 4].map((n) => `checkpoint-00000${n}.safetensors`);
    expect(filesIn(directory)).toEqual([...names, 'notes.txt']);
  });

  test('every so many updates of the call, and at its end', async () => {
    const updates: number[] = [];
    const directory = newFolder();
    const network = classifier();
    const extra = () => {
      updates.push(updates.length);
      return {};
    };
    await train(network, DATA, OPTIONS, { epochs: 2, checkpoint: { directory, everyUpdates: 20, keep: 9, extra } });
    const reached: number[] = [];
    for (const name of filesIn(directory)) {
      const trainer = await resumed(join(directory, name), { sharedMemory: 'off' });
      reached.push(trainer.resumed!.updates);
      await trainer.close();
    }
    // Where an epoch ends after the 43rd nothing is due; the 86th is the last.
    expect(reached).toEqual([20, 40, 60, 80, 86]);
    expect(updates).toHaveLength(5);
  });

  test('by time', async () => {
    const directory = newFolder();
    await train(classifier(), DATA, OPTIONS, { epochs: 2, checkpoint: { directory, everyMinutes: 0, keep: 99 } });
    expect(filesIn(directory).length).toBeGreaterThan(3);
    const other = newFolder();
    await train(classifier(), DATA, OPTIONS, { epochs: 2, checkpoint: { directory: other, everyMinutes: 60 } });
    expect(filesIn(other)).toHaveLength(1);
  });

  test('saving changes no bit', async () => {
    const options = { ...OPTIONS, ...THREADS, strategy: 'local-sgd', averagingPeriod: 4, momentum: 0.5 } as const;
    const plain = await train(classifier(), DATA, options, { epochs: 2 });
    const checkpoint = { directory: newFolder(), everyUpdates: 5 };
    const saved = await train(classifier(), DATA, options, { epochs: 2, checkpoint });
    expectSameBits('parameters', saved.parameters, plain.parameters);
  });

  test('what the program keeps for itself comes back', async () => {
    const parameters = classifier(9).parameters;
    const extra = () => ({ values: { best: 3, names: ['a'] }, parameters });
    const trainer = await resumed(await stopped(50, OPTIONS, {}, { extra }));
    await trainer.close();
    expect(trainer.resumed!.extra.values).toEqual({ best: 3, names: ['a'] });
    expect(trainer.resumed!.extra.parameters).toEqual(parameters);
  });

  test('a call that is over has nothing left to do, and gives the reports that it gave', async () => {
    const directory = newFolder();
    const first = await train(classifier(), DATA, OPTIONS, { epochs: 2, checkpoint: { directory } });
    const trainer = await resumed(directory);
    const again = await trainer.fit(DATA, { epochs: 2, checkpoint: { directory } });
    await trainer.close();
    expect(again).toEqual(first.history);
    expectSameBits('parameters', trainer.network.parameters, first.parameters);
    expect(filesIn(directory)).toHaveLength(2);
  });

  test('a training that has diverged leaves the checkpoints from before', async () => {
    const directory = await stopped(20, OPTIONS, {}, {});
    const trainer = await resumed(directory);
    trainer.network.setParameters(
      classifier(1).parameters.map(({ weights, bias }) => ({ weights: weights.fill(3e38), bias })),
    );
    await trainer.fit(DATA, { epochs: 2, checkpoint: { directory } });
    await trainer.close();
    expect(trainer.network.parameters[0]!.weights.some(Number.isNaN)).toBe(true);
    expect(filesIn(directory)).toEqual(['checkpoint-000001.safetensors']);
  });

  test('a folder that cannot be made is an error before training', async () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    const network = classifier();
    const { version } = network;
    const fit = train(network, DATA, OPTIONS, { checkpoint: { directory: file } });
    await expect(fit).rejects.toMatchObject({ code: 'EEXIST' });
    expect(network.version).toBe(version);
  });
});

describe('what does not go with the checkpoint is an error that names it', () => {
  const made = stopped(20, { ...OPTIONS, ...THREADS, momentum: 0.9, strategy: 'data-parallel' }, {}, {});

  test.each<[ResumeOptions, string]>([
    [{ momentum: 0.8 }, '"momentum" expected 0.9, as in the checkpoint'],
    [{ learningRate: 0.2 }, '"learningRate" expected its default, as in the checkpoint'],
    [{ seed: 4 }, '"seed" expected 3, as in the checkpoint'],
    [{ shuffle: false }, '"shuffle" expected its default'],
    [{ batchSize: 8 }, '"batchSize" expected 7'],
    [{ batchSize: 'auto' }, '"batchSize" expected 7'],
    [{ backend: 'reference' }, '"backend" expected "wasm"'],
    [{ strategy: 'owner-computes' }, '"strategy" expected "data-parallel"'],
    [{ workers: 3 }, '"workers" expected 2'],
    [{ schedule: { name: 'cosine', epochs: 3 } }, '"schedule" expected its default'],
    [
      { network: new Network({ inputs: 9, layers: [{ units: 4, activation: 'softmax' }] }) },
      '"network" expected the shape',
    ],
  ])('%o', async (options, message) => {
    const error: unknown = await Trainer.resume(await made, options).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).toContain(message);
  });

  test('what is not wrong is not refused', async () => {
    const options: ResumeOptions = {
      momentum: 0.9,
      optimizer: { name: 'sgd' },
      shuffle: true,
      stallTimeout: 5000,
      backend: 'auto',
      batchSize: 7,
    };
    const trainer = await resumed(await made, options);
    await trainer.close();
    expect(trainer.info).toMatchObject({ backend: 'wasm', strategy: 'data-parallel', workers: 2 });
  });

  test('other data', async () => {
    const trainer = await resumed(await made);
    const moved = Dataset.fromArrays({
      inputs: Array.from({ length: 300 }, (_, i) => DATA.pattern(i).inputs.map((x) => x + Number(i === 150) / 1024)),
      targets: Array.from({ length: 300 }, (_, i) => DATA.pattern(i).targets[0]!),
    });
    for (const [data, message] of [
      [DATA.slice(0, 299), '"train" expected 300 patterns, on which the checkpoint was trained, got 299 patterns'],
      [DATA.select(Array.from({ length: 300 }, (_, i) => 299 - i)), '"train" expected patterns with the digest'],
      [moved, '"train" expected patterns with the digest'],
    ] as const) {
      await expect(trainer.fit(data)).rejects.toThrow(message);
    }
    const [{ samples }] = (await trainer.fit(DATA)) as [EpochReport];
    expect(samples, 'then it goes on with the right ones').toBe(300);
    await trainer.close();
  });
});

describe('damage', () => {
  const cut = (folder: string, name: string) => {
    const path = join(folder, name);
    truncateSync(path, Math.floor(statSync(path).size / 2));
  };

  test('the newest that can be read is taken, and a warning tells of those that cannot', async () => {
    const directory = await stopped(60, OPTIONS, { epochs: 2 }, { everyUpdates: 25 });
    cut(directory, 'checkpoint-000003.safetensors');
    const flipped = join(directory, 'checkpoint-000002.safetensors');
    const bytes = readFileSync(flipped);
    bytes[bytes.length - 5]! ^= 1;
    writeFileSync(flipped, bytes);
    const trainer = await resumed(directory);
    await trainer.close();
    await delay(1);
    expect(trainer.resumed).toMatchObject({ updates: 25, path: join(directory, 'checkpoint-000001.safetensors') });
    expect(trainer.resumed!.skipped.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(
        /checkpoint-000003\.safetensors is not a gradpool checkpoint: its header .* does not fit into/,
      ),
      expect.stringContaining(
        'checkpoint-000002.safetensors is not a gradpool checkpoint: its digest is not that of its contents',
      ),
    ]);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/checkpoint-000003.*training goes on from .*checkpoint-000001/);
  });

  test('where none can be read it is an error', async () => {
    const directory = await stopped(20, OPTIONS, {}, {});
    cut(directory, 'checkpoint-000001.safetensors');
    const error: unknown = await Trainer.resume(directory).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'ERR_BAD_FILE' });
    expect((error as Error).message).toContain(`no checkpoint in ${directory} can be read: `);
  });
});

const NAME = /^checkpoint-\d+\.safetensors$/;

interface Killed {
  from: number;
}

/** Starts the fixture, and kills it so many ms after it has begun to train, or has saved something; where it began. */
function killed(directory: string, argument: object, after: number, saved: boolean): Promise<Killed> {
  const file = join(import.meta.dirname, '../fixtures/killed-training.mjs');
  const flags = process.execArgv.filter((flag) => flag.includes('relaxed-simd'));
  const newest = () =>
    existsSync(directory)
      ? filesIn(directory)
          .filter((name) => NAME.test(name))
          .at(-1)
      : undefined;
  return new Promise((done, failed) => {
    const before = newest();
    const child = spawn(process.execPath, [...flags, file, JSON.stringify({ directory, ...argument })]);
    let [stdout, stderr] = ['', ''];
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const timer = setInterval(() => {
      if (stdout === '' || (saved && newest() === before)) return;
      clearInterval(timer);
      setTimeout(() => child.kill('SIGKILL'), after);
    }, 1);
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.once('close', (code, signal) => {
      clearInterval(timer);
      if (signal === 'SIGKILL') done(JSON.parse(stdout) as Killed);
      else failed(new Error(`ended with ${code}: ${stderr}`));
    });
  });
}

test('killed at random times, it goes on each time, and ends with the same bits', async () => {
  const directory = newFolder();
  const options = { ...OPTIONS, ...THREADS, optimizer: 'adam' } as const;
  const fit = { epochs: 1e6, maxUpdates: 20_000, checkpoint: { everyUpdates: 11 } };
  const random = new Random(performance.now());
  const begun: number[] = [];
  for (let kill = 0; kill < 4; kill++) {
    const { from } = await killed(directory, { options, fit, rows: 300 }, random.below(40), kill % 2 === 0);
    begun.push(from);
    for (const name of filesIn(directory).filter((one) => NAME.test(one))) {
      const trainer = await resumed(join(directory, name), { sharedMemory: 'off' });
      await trainer.close();
    }
  }
  const trainer = await resumed(directory, { sharedMemory: 'off' });
  begun.push(trainer.resumed!.updates);
  const { epochs, maxUpdates } = fit;
  await trainer.fit(DATA, { epochs, maxUpdates });
  await trainer.close();
  expect(begun).toEqual(begun.toSorted((a, b) => a - b));
  expect(begun.at(-1), begun.join(' ')).toBeGreaterThanOrEqual(22);
  expect(warnings).toEqual([]);
  const whole = await train(classifier(), DATA, { ...options, sharedMemory: 'off' }, { epochs, maxUpdates });
  expectSameBits('parameters', trainer.network.parameters, whole.parameters);
}, 60_000);

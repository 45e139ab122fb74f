// What a call of `fit` remembers beside the weights (early stopping, callbacks) and what changes the gradient beside the patterns
// (dropout, weights, accumulation): a training that is stopped and resumed ends as one that never stopped.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Dataset,
  type EpochReport,
  type FitOptions,
  Network,
  type ResumeOptions,
  Trainer,
  type TrainerOptions,
  type TrainingCallback,
} from 'gradpool';
import { afterAll, describe, expect, it, test } from 'vitest';
import { expectSameBits } from '../close.ts';
import { classes, classifier, train, withTrainer } from './problem.ts';

const root = mkdtempSync(join(tmpdir(), 'gradpool-resume-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = () => join(root, String(folders++));

/** Patterns without a rule in them: what is learnt of the first does not help with the others. 8 updates an epoch. */
const data = classes(60);
const validation = classes(40, 60);
const OPTIONS: TrainerOptions = { batchSize: 8, learningRate: 0.5, momentum: 0.5, seed: 2, sharedMemory: 'off' };
const PER_EPOCH = 8;

async function resumed(directory: string, options: ResumeOptions = {}): Promise<Trainer> {
  return (await Trainer.resume(directory, { sharedMemory: 'off', ...options })) ?? expect.fail('no checkpoint');
}

/** Trains until `updates` are done, and saves. */
async function stopped(
  updates: number,
  fit: FitOptions,
  options: TrainerOptions = OPTIONS,
  network = classifier(),
  set = data,
): Promise<string> {
  const directory = newFolder();
  await train(network, set, options, { ...fit, maxUpdates: updates, checkpoint: { directory } });
  return directory;
}

/** What of reports does not depend on the clock. */
function exact(history: readonly EpochReport[]) {
  return history.map((report) => ({
    ...report,
    seconds: undefined,
    samplesPerSecond: undefined,
    phases: undefined,
    coordinator: undefined,
  }));
}

describe('early stopping', () => {
  const fit: FitOptions = { epochs: 60, validation, metrics: ['f1'], earlyStopping: { patience: 3 } };
  const whole = train(classifier(), data, OPTIONS, fit);
  const bestOf = async () => (await whole).history.at(-1)!.earlyStopping!.best.epoch;

  test.each<[string, (best: number) => number]>([
    ['within the first epoch', () => 3],
    ['within the best epoch', (best) => PER_EPOCH * best - 5],
    ['at the end of the best epoch', (best) => PER_EPOCH * best],
    ['within the last epoch', (best) => PER_EPOCH * (best + 2) + 1],
    ['at its end', (best) => PER_EPOCH * (best + 3)],
  ])('that is stopped %s and resumed ends as if it had not been', async (_, updates) => {
    const { history, parameters } = await whole;
    const trainer = await resumed(await stopped(updates(await bestOf()), fit));
    const again = await trainer.fit(data, fit);
    await trainer.close();
    expect(exact(again)).toEqual(exact(history));
    expect(again.at(-1)!.stopped).toEqual(history.at(-1)!.stopped);
    expectSameBits('parameters', trainer.network.parameters, parameters);
  });

  it('leaves the optimiser as it is where the best epoch was the last', async () => {
    const best = await bestOf();
    const some = { ...fit, epochs: best };
    const other = classifier();
    await withTrainer(other, OPTIONS, async (trainer) => {
      await trainer.fit(data, some);
      await trainer.fit(data, { epochs: 2 });
    });
    const trainer = await resumed(await stopped(PER_EPOCH * best, some));
    await trainer.fit(data, some);
    await trainer.fit(data, { epochs: 2 });
    await trainer.close();
    expectSameBits('parameters', trainer.network.parameters, other.parameters);
  });

  it('goes on with more patience', async () => {
    const { history } = await whole;
    const trainer = await resumed(await stopped(Infinity, fit));
    const patient = { ...fit, epochs: history.length + 1, earlyStopping: { patience: 50 } };
    const again = await trainer.fit(data, patient);
    await trainer.close();
    const patiently = await train(classifier(), data, OPTIONS, patient);
    expect(exact(again)).toEqual(exact(patiently.history));
    expectSameBits('parameters', trainer.network.parameters, patiently.parameters);
  });

  it('goes on after a callback that fails has seen an epoch', async () => {
    const directory = newFolder();
    const best = await bestOf();
    const fails: TrainingCallback = {
      onEpochEnd({ epoch }) {
        if (epoch === best) throw new Error('no');
      },
    };
    const broken = train(classifier(), data, OPTIONS, { ...fit, callbacks: [fails], checkpoint: { directory } });
    await expect(broken).rejects.toThrow('no');
    const trainer = await resumed(directory);
    const again = await trainer.fit(data, fit);
    await trainer.close();
    expect(exact(again)).toEqual(exact((await whole).history));
  });

  it('has to look at the same', async () => {
    const plain = { ...fit, earlyStopping: { patience: 3, restoreBest: false } };
    const directory = await stopped(20, plain);
    const trainer = await resumed(directory);
    await expect(trainer.fit(data, { ...fit, earlyStopping: { patience: 3, monitor: 'f1' } })).rejects.toThrow(
      '"earlyStopping.monitor" expected "validation loss", as in the checkpoint, got "f1"',
    );
    await expect(trainer.fit(data, fit)).rejects.toThrow(
      '"earlyStopping.restoreBest" expected false, as in the checkpoint, got true',
    );
    await expect(trainer.fit(data, { ...plain, validation: classes(40, 61) })).rejects.toThrow(
      '"validation" expected patterns with the digest',
    );
    await trainer.close();
  });
});

describe('callbacks', () => {
  const halve: TrainingCallback = {
    onEpochEnd: ({ learningRate }, training) => training.setLearningRate(learningRate / 2),
  };

  test.each([3 * PER_EPOCH - 4, 3 * PER_EPOCH])(
    'the learning rate that one has set stays, after %i updates',
    async (at) => {
      const fit: FitOptions = { epochs: 5, callbacks: [halve] };
      const { history, parameters } = await train(classifier(), data, OPTIONS, fit);
      expect(history.map(({ learningRate }) => learningRate)).toEqual([0.5, 0.25, 0.125, 0.0625, 0.03125]);
      const trainer = await resumed(await stopped(at, fit));
      const again = await trainer.fit(data, fit);
      await trainer.close();
      expect(exact(again)).toEqual(exact(history));
      expectSameBits('parameters', trainer.network.parameters, parameters);
    },
  );

  test('one that has ended a training is asked again, and told of how it went on', async () => {
    const ends: TrainingCallback = {
      onEpochEnd: ({ epoch }, training) => void (epoch === 2 && training.stop('2 are enough')),
    };
    const directory = newFolder();
    const first = await train(classifier(), data, OPTIONS, { epochs: 4, callbacks: [ends], checkpoint: { directory } });
    expect(first.history.at(-1)!.stopped).toEqual({ by: 'callback', why: '2 are enough' });
    const told: (number | string | undefined)[] = [];
    const tells: TrainingCallback = {
      onTrainBegin: () => void told.push('begin'),
      onEpochBegin: (epoch) => void told.push(epoch),
      onTrainEnd: ({ last }) => void told.push('end', last?.epoch),
    };
    const trainer = await resumed(directory);
    const again = await trainer.fit(data, { epochs: 4, callbacks: [ends, tells] });
    await trainer.close();
    expect(told).toEqual(['begin', 3, 4, 'end', 4]);
    const whole = await train(classifier(), data, OPTIONS, { epochs: 4 });
    expect(exact(again)).toEqual(exact(whole.history));
    expectSameBits('parameters', trainer.network.parameters, whole.parameters);
  });
});

const weighted = (factor = 1) => {
  const patterns = Array.from({ length: 60 }, (_, i) => data.pattern(i));
  return Dataset.fromArrays({
    inputs: patterns.map(({ inputs }) => inputs),
    targets: patterns.map((_, i) => i % 4),
    weights: patterns.map((_, i) => (i % 3) * factor),
  });
};
const dropping = () =>
  new Network({
    inputs: 9,
    inputDropout: 0.1,
    layers: [
      { units: 13, activation: 'tanh', dropout: 0.4 },
      { units: 4, activation: 'softmax' },
    ],
    seed: 5,
  });

interface Case {
  readonly what: string;
  readonly options?: TrainerOptions;
  readonly network?: () => Network;
  readonly set?: Dataset;
}

const THREADS: TrainerOptions = { sharedMemory: 'required', workers: 2 };
const CASES: Case[] = [
  { what: 'dropout', network: dropping },
  { what: 'dropout by tasks', network: dropping, options: { ...THREADS, strategy: 'coordinator' } },
  { what: 'class weights', options: { classWeights: [1, 0.5, 2, 0] } },
  { what: 'balanced class weights and dropout', options: { classWeights: 'balanced' }, network: dropping },
  { what: 'weights of patterns', set: weighted(), options: { classWeights: [1, 0.5, 2, 1] } },
  { what: 'accumulation', options: { ...THREADS, microBatchSize: 2, accumulation: 2, batchSize: undefined } },
];

describe('stopped within an epoch and resumed', () => {
  test.each(CASES)('$what', async ({ options, network = classifier, set = data }) => {
    const all = { ...OPTIONS, ...options };
    const fit = { epochs: 4, validation };
    const whole = await train(network(), set, all, fit);
    const directory = await stopped(2 * PER_EPOCH + 3, fit, all, network(), set);
    const trainer = await resumed(directory, { sharedMemory: all.sharedMemory, network: network() });
    const again = await trainer.fit(set, fit);
    await trainer.close();
    expect(exact(again)).toEqual(exact(whole.history));
    expectSameBits('parameters', trainer.network.parameters, whole.parameters);
  });

  test('other weights, and another dropout, are errors', async () => {
    const options = { ...OPTIONS, classWeights: [1, 2, 1, 1] };
    const directory = await stopped(11, {}, options, dropping(), weighted());
    await expect(resumed(directory, { classWeights: 'balanced' })).rejects.toThrow(
      '"classWeights" expected [1,2,1,1], as in the checkpoint',
    );
    await expect(resumed(directory, { network: classifier() })).rejects.toThrow('"network" expected the shape');
    const trainer = await resumed(directory, { classWeights: [1, 2, 1, 1] });
    await expect(trainer.fit(weighted(2))).rejects.toThrow('"train" expected patterns with the digest');
    await expect(trainer.fit(data)).rejects.toThrow('"train" expected patterns with the digest');
    await trainer.fit(weighted());
    await trainer.close();
  });
});

test('accumulation: the workers may change where as many rows pass together; else it is said what has to be the same', async () => {
  const options: TrainerOptions = { batchSize: 16, microBatchSize: 4, workers: 2, seed: 2, backend: 'reference' };
  const directory = newFolder();
  await train(classifier(), data, options, { epochs: 2, maxUpdates: 4, checkpoint: { directory } });
  const whole = await train(classifier(), data, options, { epochs: 2 });
  const refused = Trainer.resume(directory, { workers: 4 });
  await expect(refused).rejects.toThrow(/"(workers|microBatchSize)" expected/);
  const trainer = (await Trainer.resume(directory, { workers: 1, microBatchSize: 8 }))!;
  await trainer.fit(data, { epochs: 2 });
  await trainer.close();
  expectSameBits('parameters', trainer.network.parameters, whole.parameters);
});

// A training on rows that are read while it goes on is saved within its epochs, and goes on to the bits of one that never stopped.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FitOptions, StreamedDataset, Trainer, type TrainerOptions } from 'gradpool';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { expectSameBits } from '../close.ts';
import { classes, classifier, train, withTrainer } from './problem.ts';

const ROWS = 603;
/** Rows of 48 bytes: windows of 8 blocks of 10 rows, of which an epoch has eight. */
const MEMORY = 8 * 10 * (3 * 48 + 16);
const OPTIONS: TrainerOptions = { sharedMemory: 'off', batchSize: 7, seed: 3, backend: 'wasm', momentum: 0.9 };
const THREADS: TrainerOptions = { sharedMemory: 'required', workers: 2 };
const EPOCHS = 3;
const root = mkdtempSync(join(tmpdir(), 'streamed-checkpoint-'));
let set: StreamedDataset;
let folders = 0;
const newFolder = () => join(root, String(folders++));

beforeAll(async () => {
  set = await StreamedDataset.store([classes(ROWS)], { folder: root, memory: MEMORY });
});
afterAll(async () => {
  await set.close();
  rmSync(root, { recursive: true });
});

const run = (options: TrainerOptions, fit: FitOptions) => train(classifier(), set, options, { epochs: EPOCHS, ...fit });

async function resumed(directory: string, options: TrainerOptions, fit: FitOptions = {}) {
  const trainer = (await Trainer.resume(directory, options))!;
  const history = await trainer.fit(set, { epochs: EPOCHS, ...fit });
  await trainer.close();
  return { trainer, history };
}

describe('stopped within an epoch and resumed', () => {
  // An epoch has 87 updates: in the first window of the second epoch, in the middle, at its end, in the last short batch but one.
  it.each([
    { updates: 90, options: {} },
    { updates: 130, options: { shuffle: false } },
    { updates: 174, options: { optimizer: 'adam', momentum: undefined } },
    { updates: 172, options: { ...THREADS, strategy: 'owner-computes' } },
    { updates: 120, options: { ...THREADS, strategy: 'coordinator' } },
  ] as const)('after $updates updates, $options', async ({ updates, options }) => {
    const all = { ...OPTIONS, ...options };
    const whole = await run(all, {});
    const directory = newFolder();
    await run(all, { maxUpdates: updates, checkpoint: { directory, everyUpdates: 25 } });
    const { trainer, history } = await resumed(directory, all);
    expect(trainer.resumed).toMatchObject({ updates, differences: [], history: { length: updates === 174 ? 2 : 1 } });
    expectSameBits('parameters', trainer.network.parameters, whole.parameters);
    expect(history.map(({ updates: u, samples }) => [u, samples])).toEqual(Array(EPOCHS).fill([87, ROWS]));
    history.forEach(({ loss, waiting }, e) => {
      expect(loss).toBeCloseTo(whole.history[e]!.loss, 10);
      expect(waiting).toBeGreaterThan(0);
    });
  });

  test('an abort saves the last completed update, in the middle of a window or not', async () => {
    const all = { ...OPTIONS, ...THREADS };
    const whole = await run(all, {});
    const directory = newFolder();
    const controller = new AbortController();
    const { signal } = controller;
    const onProgress = ({ epoch, updates }: { epoch: number; updates: number }) => {
      if (epoch === 2 && updates > 30) controller.abort();
    };
    await withTrainer(classifier(), all, async (trainer) => {
      // With a checkpoint after each update an epoch is long enough to be told of.
      const stopped = trainer.fit(set, {
        epochs: EPOCHS,
        signal,
        onProgress,
        checkpoint: { directory, everyUpdates: 1 },
      });
      await expect(stopped).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    });
    const { trainer } = await resumed(directory, all);
    expect(trainer.resumed!.updates).toBeGreaterThan(87);
    expectSameBits('parameters', trainer.network.parameters, whole.parameters);
  });

  test('checkpoints within epochs do not change the bits, those of local averaging neither', async () => {
    for (const options of [{}, { ...THREADS, strategy: 'local-sgd', averagingPeriod: 3 }] as TrainerOptions[]) {
      const all = { ...OPTIONS, ...options };
      const plain = await run(all, {});
      const saved = await run(all, { checkpoint: { directory: newFolder(), everyUpdates: 4 } });
      expectSameBits(options.strategy ?? 'auto', saved.parameters, plain.parameters);
    }
  });
});

import { readFile } from 'node:fs/promises';
import { OutputFile } from '../core/output-file.ts';
import { outputPlace } from '../core/output-place.ts';
import type { TrainingCallback } from '../train/callbacks.ts';
import { historyLine, scalarsOf } from '../train/history.ts';
import { TensorBoardWriter } from '../train/tensorboard.ts';
import { prepareOutput } from './text.ts';

/** Where the figures of each epoch go, as it stands on the command line. */
export interface LogFlags {
  tensorboard?: string;
  history?: string;
}

/**
 * What keeps the figures of each epoch; to be closed. A training that is gone on with adds to what is there of the epochs before.
 * @param before - epochs that were trained before; undefined: it is not gone on with
 */
export async function openLogs(
  { tensorboard, history }: LogFlags,
  before: number | undefined,
): Promise<TrainingCallback & AsyncDisposable> {
  const lines = history === undefined ? undefined : await openHistory(history, before);
  const board =
    tensorboard === undefined ? undefined : await TensorBoardWriter.open(tensorboard, { afterEpochs: before });
  return {
    async onEpochEnd(report) {
      await lines?.write(historyLine(report));
      await board?.scalars(report.epoch, scalarsOf(report));
    },
    async [Symbol.asyncDispose]() {
      await lines?.commit();
      await board?.close();
    },
  };
}

/** What a training that broke off had written of later epochs than its checkpoint has is trained, and written, once more. */
async function openHistory(path: string, before: number | undefined): Promise<OutputFile> {
  prepareOutput('history', path);
  const place = outputPlace('history', path);
  if (before === undefined || place.kind !== 'file') return OutputFile.openLive('history', path, before !== undefined);
  const there = place.before ? await readFile(place.path, 'utf8') : '';
  const kept = there.split(/(?<=\n)/).filter((line) => (epochOf(line) ?? 0) <= before);
  if (kept.join('') !== there) {
    const file = await OutputFile.open('history', path);
    await file.write(kept.join(''));
    await file.commit();
  }
  return OutputFile.openLive('history', path, true);
}

/** Infinity of a line that was not finished. */
function epochOf(line: string): number | undefined {
  try {
    return (JSON.parse(line) as { epoch?: number }).epoch;
  } catch {
    return Infinity;
  }
}

import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TrainingCallback } from '../train/callbacks.ts';
import { historyLine, scalarsOf } from '../train/history.ts';
import { TensorBoardWriter } from '../train/tensorboard.ts';

/** Where the figures of each epoch go, as it stands on the command line. */
export interface LogFlags {
  tensorboard?: string;
  history?: string;
  resume?: string;
}

/** What keeps the figures of each epoch; to be closed. A training that is gone on with adds to the history that is there. */
export async function openLogs({
  tensorboard,
  history,
  resume,
}: LogFlags): Promise<TrainingCallback & AsyncDisposable> {
  if (history !== undefined) await mkdir(dirname(history), { recursive: true });
  const lines = history === undefined ? undefined : await open(history, resume === undefined ? 'w' : 'a');
  const board = tensorboard === undefined ? undefined : await TensorBoardWriter.open(tensorboard);
  return {
    async onEpochEnd(report) {
      await lines?.appendFile(historyLine(report));
      await board?.scalars(report.epoch, scalarsOf(report));
    },
    async [Symbol.asyncDispose]() {
      await lines?.close();
      await board?.close();
    },
  };
}

// A thread that predicts: takes requests from piscina, and the rows of each from shared memory.
import { threadId, workerData } from 'node:worker_threads';
import { openEngine } from '../src/infer/engine-source.ts';
import { NEXT_BLOCK, type PredictionSetup, type PredictionTask, STOP } from '../src/pool/prediction.ts';

const { source, seats } = workerData as PredictionSetup;
const engine = openEngine(source, Atomics.add(seats, 0, 1));

/** Predicts blocks of rows as long as there are any. @returns the number of this thread */
export default function predict({ X, Y, rows, share, words }: PredictionTask): number {
  const block = Math.min(share, engine.rows);
  while (Atomics.load(words, STOP) === 0) {
    const from = Atomics.add(words, NEXT_BLOCK, 1) * block;
    if (from >= rows) break;
    engine.run(X, Y, from, Math.min(block, rows - from));
  }
  return threadId;
}

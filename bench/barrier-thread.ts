// The other party of the barrier benchmark.
import { parentPort, workerData } from 'node:worker_threads';
import { Barrier, type BarrierOptions } from '../src/sync/barrier.ts';

const { words, options, passes } = workerData as {
  words: Int32Array;
  options: BarrierOptions;
  passes: number;
};
const barrier = new Barrier(words, options);
parentPort?.postMessage('ready');
for (let i = 0; i <= passes; i++) barrier.wait();

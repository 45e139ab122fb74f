// The other party of the barrier benchmark.
import { parentPort, workerData } from 'node:worker_threads';
import { Barrier, type BarrierOptions } from '../src/sync/barrier.ts';

const { words, options, passes, lines } = workerData as {
  words: Int32Array;
  options: BarrierOptions;
  passes: number;
  /** To be written before each passing: the other party reads them. */
  lines?: Float64Array;
};
const barrier = new Barrier(words, options);
parentPort?.postMessage('ready');
for (let i = 0; i <= passes; i++) {
  lines?.fill(i);
  barrier.wait();
  // While the other reads.
  if (lines !== undefined) barrier.wait();
}

import { Worker } from 'node:worker_threads';
import { controlBytes } from '../src/memory/control.ts';
import { Barrier } from '../src/sync/barrier.ts';
import { type Interval, medianInterval } from '../src/lab/statistics.ts';
import { duration, table } from './output.ts';
import type { Effort } from './timing.ts';

const ENTRY = new URL('./barrier-thread.js', import.meta.url);
const LIMIT = 10_000;

/** One passing of the barrier by two threads, spinning and sleeping, and of one thread alone. */
export async function benchBarrier({ rounds, time }: Effort) {
  const results: { parties: number; spins: number; passes: number; seconds: Interval }[] = [];
  for (const [parties, spins] of [
    [1, 4000],
    [2, 4000],
    [2, 0],
  ] as const) {
    const passes = Math.max(10, Math.round(time / (spins > 0 ? 0.001 : 0.02) / 1));
    const samples: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const seconds = await pass(parties, spins, passes);
      if (round > 0) samples.push(seconds);
    }
    results.push({ parties, spins, passes, seconds: medianInterval(samples, 1) });
  }
  const text = table(
    ['parties', 'spins', 'one passing'],
    results.map((r) => [
      r.parties,
      r.spins,
      `${duration(r.seconds.median)} (${duration(r.seconds.low)} to ${duration(r.seconds.high)})`,
    ]),
  );
  return { results, text };
}

async function pass(parties: number, spins: number, passes: number): Promise<number> {
  const words = new Int32Array(new SharedArrayBuffer(controlBytes(parties)));
  const options = { parties, spins, limit: LIMIT };
  const threads = Array.from(
    { length: parties - 1 },
    () => new Worker(ENTRY, { workerData: { words, options, passes } }),
  );
  await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once('message', resolve))));
  const barrier = new Barrier(words, options);
  barrier.wait();
  const start = performance.now();
  for (let i = 0; i < passes; i++) barrier.wait();
  const seconds = (performance.now() - start) / 1000 / passes;
  await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once('exit', resolve))));
  return seconds;
}

import { Worker } from 'node:worker_threads';
import { controlBytes } from '../src/memory/control.ts';
import { Barrier } from '../src/sync/barrier.ts';
import { type Interval, medianInterval } from '../src/lab/statistics.ts';
import { duration, table } from '../src/cli/text.ts';
import type { Effort } from './timing.ts';

const ENTRY = new URL('./barrier-thread.js', import.meta.url);
const LIMIT = 10_000;

const LINE = 64;
/** Of a handover: what a worker reads of the other's in an update of a small network. */
const HANDED_BYTES = 2 ** 18;
const HANDOVERS = 200;

/**
 * One passing of the barrier by two threads, spinning and sleeping, and of one thread alone; and what it costs to read
 * what the other core has just written, which no strategy can avoid.
 */
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
  const handover = await benchHandover(rounds);
  const line = (seconds: Interval) =>
    `${duration(seconds.median)} (${duration(seconds.low)} to ${duration(seconds.high)})`;
  const lines = table(
    ['a cache line', 'time'],
    [
      ['written by the other core', line(handover.written)],
      ['read once more', line(handover.again)],
    ],
  );
  return { results: { passing: results, handover }, text: `${text}\n${lines}` };
}

/** Seconds for each cache line of what the other thread has written, and of the same when it is read again. */
async function benchHandover(rounds: number): Promise<{ written: Interval; again: Interval }> {
  const samples = { written: [] as number[], again: [] as number[] };
  const lines = new Float64Array(new SharedArrayBuffer(HANDED_BYTES));
  const options = { parties: 2, spins: 1_000_000, limit: LIMIT };
  for (let round = 0; round <= rounds; round++) {
    const words = new Int32Array(new SharedArrayBuffer(controlBytes(2)));
    const thread = new Worker(ENTRY, { workerData: { words, options, passes: HANDOVERS, lines } });
    await new Promise((resolve) => thread.once('message', resolve));
    const barrier = new Barrier(words, options);
    const spent = { written: 0, again: 0 };
    for (let i = 0; i <= HANDOVERS; i++) {
      barrier.wait();
      const start = performance.now();
      const sum = touch(lines);
      const middle = performance.now();
      const same = touch(lines);
      const end = performance.now();
      if (sum !== same || sum !== i * (lines.length / 8)) throw new Error('the lines were not handed over');
      spent.written += middle - start;
      spent.again += end - middle;
      barrier.wait();
    }
    await new Promise((resolve) => thread.once('exit', resolve));
    const each = (ms: number) => ms / 1000 / ((HANDOVERS + 1) * (HANDED_BYTES / LINE));
    if (round === 0) continue;
    samples.written.push(each(spent.written));
    samples.again.push(each(spent.again));
  }
  return { written: medianInterval(samples.written, 1), again: medianInterval(samples.again, 1) };
}

/** Reads a number of each line. */
function touch(lines: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < lines.length; i += LINE / 8) sum += lines[i]!;
  return sum;
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

import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { ABORT, ARRIVED, controlBytes, GENERATION, SLEEPERS } from '#src/memory/control.js';
import { abort, Barrier, resetBarrier, Stopped, throwIfAborted } from '#src/sync/barrier.js';

const ENTRY = new URL('../fixtures/barrier-worker.mjs', import.meta.url);
const SPINS = 4000;

interface Report {
  state: string;
  code?: string;
  rounds?: number;
  at?: number;
}

/** The words of a barrier and the threads that use it. */
interface Ring {
  words: Int32Array;
  threads: Worker[];
}

const started: Worker[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((thread) => thread.terminate()));
});

function barrierWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(controlBytes(1)));
}

/** Starts `threads` parties of a barrier for `parties`. */
async function start(threads: number, parties: number, options: { spins: number; rounds?: number }): Promise<Ring> {
  const words = barrierWords();
  const cells = new Float64Array(new SharedArrayBuffer(8 * 4 * parties));
  const all = Array.from(
    { length: threads },
    (_, party) => new Worker(ENTRY, { workerData: { words, cells, party, parties, limit: 60_000, ...options } }),
  );
  started.push(...all);
  await Promise.all(all.map((thread) => once(thread, 'message')));
  return { words, threads: all };
}

async function ask(thread: Worker, task: 'stress' | 'stuck'): Promise<Report> {
  const answer = once(thread, 'message');
  thread.postMessage(task);
  return ((await answer) as [Report])[0];
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

describe('stress with threads', () => {
  test.each([
    { parties: 2, spins: SPINS, rounds: 20_000 },
    { parties: 3, spins: SPINS, rounds: 2000 },
    { parties: 2, spins: 0, rounds: 10_000 },
    { parties: 3, spins: 0, rounds: 10_000 },
  ])(
    '$parties parties, $spins spins: what was written before is read after, $rounds rounds',
    async ({ parties, spins, rounds }) => {
      const { words, threads } = await start(parties, parties, { spins, rounds });
      const began = performance.now();
      const reports = await Promise.all(threads.map((thread) => ask(thread, 'stress')));
      const seconds = (performance.now() - began) / 1000;
      expect(reports).toEqual(threads.map(() => ({ state: 'right', rounds })));
      expect(Atomics.load(words, GENERATION)).toBe(2 * rounds);
      expect([Atomics.load(words, ARRIVED), Atomics.load(words, SLEEPERS)]).toEqual([0, 0]);
      // A wake-up that is lost costs 50 ms: were they all, this would take 2 * rounds * 50 ms.
      expect(seconds).toBeLessThan(15);
    },
  );
});

describe('abort', () => {
  test('wakes those that sleep, rather than leaving them to their next look', async () => {
    const trials = 20;
    const { words, threads } = await start(1, 2, { spins: 0 });
    let delays = 0;
    for (let i = 0; i < trials; i++) {
      resetBarrier(words);
      const report = ask(threads[0]!, 'stuck');
      await until(() => Atomics.load(words, SLEEPERS) === 1);
      const at = performance.timeOrigin + performance.now();
      abort(words);
      const { state, at: freed } = await report;
      expect(state).toBe('Stopped');
      expect(Atomics.load(words, SLEEPERS)).toBe(0);
      delays += freed! - at;
    }
    // They look every 50 ms anyway, which would make 25 ms on average.
    expect(delays / trials, 'mean ms from abort to the way out').toBeLessThan(12);
  });

  test('frees those that spin', async () => {
    const { words, threads } = await start(1, 2, { spins: 2 ** 31 - 1 });
    const report = ask(threads[0]!, 'stuck');
    await until(() => Atomics.load(words, ARRIVED) === 1);
    const at = performance.timeOrigin + performance.now();
    abort(words);
    const { state, at: freed } = await report;
    expect(state).toBe('Stopped');
    expect(freed! - at).toBeLessThan(500);
    expect(Atomics.load(words, SLEEPERS), 'it never slept').toBe(0);
  });

  test('frees all of several', async () => {
    const { words, threads } = await start(2, 3, { spins: SPINS });
    const reports = threads.map((thread) => ask(thread, 'stuck'));
    await until(() => Atomics.load(words, SLEEPERS) === 2);
    abort(words);
    expect((await Promise.all(reports)).map(({ state }) => state)).toEqual(['Stopped', 'Stopped']);
  });

  test.each([0, 8])('after it, a wait of %i spins ends at once, until the barrier is reset', (spins) => {
    const words = barrierWords();
    const wait = () => new Barrier(words, { parties: 2, spins, limit: 60_000 }).wait();
    abort(words);
    expect(wait).toThrow(Stopped);
    expect(() => throwIfAborted(words)).toThrow(Stopped);
    // Whoever stopped had arrived, its work done; so the last one still opens the barrier.
    expect(wait).not.toThrow();
    expect(wait).toThrow(Stopped);
    resetBarrier(words);
    expect(() => throwIfAborted(words)).not.toThrow();
    expect([ABORT, ARRIVED, GENERATION, SLEEPERS].map((word) => Atomics.load(words, word))).toEqual([0, 0, 0, 0]);
  });
});

test.each([0, SPINS])('a wait of %i spins ends with an error when its time is over', (spins) => {
  const words = barrierWords();
  const barrier = new Barrier(words, { parties: 2, spins, limit: 120 });
  const began = performance.now();
  expect(() => barrier.wait()).toThrow(
    expect.objectContaining({ code: 'ERR_WORKER_FAILED', message: expect.stringContaining('120 ms') as string }),
  );
  const took = performance.now() - began;
  expect(took).toBeGreaterThanOrEqual(120);
  expect(took).toBeLessThan(2000);
  expect(Atomics.load(words, SLEEPERS)).toBe(0);
});

test('a single party never waits', () => {
  const words = barrierWords();
  const barrier = new Barrier(words, { parties: 1, spins: 0, limit: 0 });
  for (let i = 0; i < 1000; i++) barrier.wait();
  expect([GENERATION, ARRIVED, SLEEPERS].map((word) => Atomics.load(words, word))).toEqual([1000, 0, 0]);
});

// Faults on three workers in both strategies, and of the coordinator's own thread: the epoch ends in time with a typed
// error, the process ends, and the weights are those of whole updates. See faults.test.ts for two workers.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const FIXTURES = join(import.meta.dirname, '..', 'fixtures');
const KINDS = ['exit', 'throw', 'loop', 'block'] as const;
/** From the fault to the rejection, in ms. */
const LIMIT = 2000;
/** Of the whole process: one that hangs is ended then. */
const HANGS = 8000;

interface Outcome {
  readonly code: string;
  readonly message: string;
  readonly ended: number;
  readonly closed: number;
  readonly again: string;
  readonly updates?: number;
}

async function expectCleanEnd(fault: object, options: object): Promise<void> {
  const { stdout } = await run(
    process.execPath,
    ['--import', join(FIXTURES, 'fault.mjs'), join(FIXTURES, 'faulty-training.mjs'), JSON.stringify(options)],
    { timeout: HANGS, killSignal: 'SIGKILL', env: { ...process.env, GRADPOOL_FAULT: JSON.stringify(fault) } },
  );
  const lines = stdout.trim().split('\n');
  const struck = Number(lines.find((line) => line.startsWith('fault'))!.split(' ')[1]);
  const { code, message, ended, closed, again, updates } = JSON.parse(lines.at(-1)!) as Outcome;
  expect(code, `${JSON.stringify(options)}: ${message}`).toBe('ERR_WORKER_FAILED');
  expect(again, 'the code of the next call').toBe('ERR_WORKER_FAILED');
  expect(ended - struck).toBeLessThan(LIMIT);
  expect(closed - ended).toBeLessThan(LIMIT);
  expect(updates, 'updates of which the weights consist').toBeGreaterThanOrEqual(0);
}

// They mostly wait, so both strategies run side by side. In owner-computes workers meet and are watched as in data-parallel.
const STRATEGIES = ['data-parallel', 'coordinator'];

test.each(KINDS)('one of three workers: %s', async (kind) => {
  const fault = { thread: 4, where: kind === 'throw' ? 'clock' : 'forward', call: 37, kind };
  await Promise.all(STRATEGIES.map((strategy) => expectCleanEnd(fault, { workers: 3, strategy })));
});

test.each(KINDS)("the coordinator's own thread: %s", async (kind) => {
  const fault = (strategy: string) => ({ thread: 1, where: 'clock', call: strategy === 'coordinator' ? 40 : 6, kind });
  await Promise.all(STRATEGIES.map((strategy) => expectCleanEnd(fault(strategy), { workers: 2, strategy })));
});

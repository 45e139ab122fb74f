// A worker that exits, throws, loops or blocks, at different places of an update: the epoch ends in time with a typed
// error, nothing hangs, and the network holds the weights of a whole number of updates.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { findBlas } from '#src/kernels/blas/library.js';

const run = promisify(execFile);
const FIXTURES = join(import.meta.dirname, '..', 'fixtures');
/** From the fault to the rejection, in ms. */
const LIMIT = 2000;

interface Fault {
  /** The user's thread is 0, the coordinator's 1, the workers' 2, 3, ... */
  thread: number;
  where: 'clock' | 'forward' | 'addBiasActivate' | 'scaledCopy' | 'gradient' | 'gradientStep' | 'sgd' | 'momentum';
  call: number;
  kind: 'exit' | 'throw' | 'loop' | 'block';
}

interface Outcome {
  code: string;
  message: string;
  cause?: string;
  ended: number;
  closed: number;
  again: string;
  updates?: number;
}

async function suffer(fault: Fault, options: object): Promise<Outcome & { delay: number }> {
  const child = await run(
    process.execPath,
    ['--import', join(FIXTURES, 'fault.mjs'), join(FIXTURES, 'faulty-training.mjs'), JSON.stringify(options)],
    { timeout: 20_000, env: { ...process.env, GRADPOOL_FAULT: JSON.stringify(fault) } },
  );
  const lines = child.stdout.trim().split('\n');
  const struck = Number(lines.find((line) => line.startsWith('fault'))?.split(' ')[1]);
  const outcome = JSON.parse(lines.at(-1)!) as Outcome;
  return { ...outcome, delay: outcome.ended - struck };
}

function expectEnd(outcome: Outcome & { delay: number }): void {
  expect(outcome.code, outcome.message).toBe('ERR_WORKER_FAILED');
  expect(outcome.delay).toBeLessThan(LIMIT);
  expect(outcome.closed - outcome.ended).toBeLessThan(LIMIT);
  expect(outcome.again).toBe('ERR_WORKER_FAILED');
}

function expectCleanEnd(outcome: Outcome & { delay: number }): void {
  expectEnd(outcome);
  expect(outcome.updates, 'updates of which the weights consist').toBeGreaterThan(0);
}

// Each is a process of its own that mostly waits.
describe.concurrent.each(['exit', 'throw', 'loop', 'block'] as const)('a worker that %ss', (kind) => {
  test('in the forward pass, data-parallel on two workers', async () => {
    expectCleanEnd(await suffer({ thread: 3, where: 'forward', call: 21, kind }, { workers: 2 }));
  });

  test('while it updates its slice of the weights', async () => {
    expectCleanEnd(await suffer({ thread: 2, where: 'sgd', call: 10, kind }, { workers: 2 }));
  });

  test('in its share of the step, owner-computes on two workers', async () => {
    const options = { workers: 2, strategy: 'owner-computes' };
    expectCleanEnd(await suffer({ thread: 3, where: 'gradientStep', call: 21, kind }, options));
  });

  test('while copies are averaged, local-sgd', async () => {
    const options = { workers: 2, strategy: 'local-sgd', averagingPeriod: 1 };
    expectCleanEnd(await suffer({ thread: 3, where: 'scaledCopy', call: 4, kind }, options));
  });

  // Its weights are as they stand: of no whole number of updates.
  test('in an update, hogwild', async () => {
    expectEnd(await suffer({ thread: 3, where: 'sgd', call: 21, kind }, { workers: 2, strategy: 'hogwild' }));
  });

  test('in the gradient, strategy coordinator on two workers', async () => {
    expectCleanEnd(
      await suffer({ thread: 2, where: 'gradient', call: 21, kind }, { workers: 2, strategy: 'coordinator' }),
    );
  });
});

test.each([
  {
    name: 'three workers on fewer cores',
    fault: { thread: 4, where: 'gradient', call: 15, kind: 'exit' },
    options: { workers: 3 },
  },
  {
    name: 'one worker alone',
    fault: { thread: 2, where: 'gradientStep', call: 12, kind: 'loop' },
    options: { workers: 1 },
  },
  {
    name: 'with momentum',
    fault: { thread: 2, where: 'momentum', call: 9, kind: 'throw' },
    options: { workers: 2, momentum: 0.9 },
  },
  {
    name: 'between two kernels',
    fault: { thread: 2, where: 'clock', call: 90, kind: 'block' },
    options: { workers: 2 },
  },
  {
    name: 'the reference backend',
    fault: { thread: 3, where: 'clock', call: 90, kind: 'throw' },
    options: { workers: 2, backend: 'reference' },
  },
] as const)('$name', async ({ fault, options }) => {
  expectCleanEnd(await suffer(fault, options));
});

test.runIf('blas' in findBlas())('the blas backend', async () => {
  const options = { workers: 2, backend: 'blas', strategy: 'owner-computes' };
  expectCleanEnd(await suffer({ thread: 3, where: 'addBiasActivate', call: 21, kind: 'throw' }, options));
});

test('the message names the worker and the cause is there', async () => {
  const outcome = await suffer({ thread: 3, where: 'gradient', call: 9, kind: 'throw' }, { workers: 2 });
  expect(outcome.message).toMatch(/worker \d failed: an injected fault/);
  expect(outcome.cause).toContain('an injected fault');
});

test('the coordinator’s own thread dies', async () => {
  expectCleanEnd(
    await suffer({ thread: 1, where: 'clock', call: 40, kind: 'exit' }, { workers: 2, strategy: 'coordinator' }),
  );
});

// Nothing is allocated per update in the steady state, so that the collector never stops a worker while others wait.
import { describe, expect, test } from 'vitest';
import { child } from './problem.ts';

interface Report {
  state: string;
  /** Bytes. */
  perUpdate: number;
  /** Looks at the clock in an update. */
  laps: number;
  blocks: number;
  /** Bytes that an object of one field takes by the same measure. */
  control: number;
}

const FLAGS = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];

async function grow(given: object): Promise<Report> {
  const report = await child<Report>('heap.mjs', given, FLAGS);
  expect(report.state).toBe('done');
  expect(report.control, 'the measure sees objects').toBeGreaterThan(15);
  return report;
}

const PATHS = [
  { name: 'plain SGD, B = 1', batchSize: 1, momentum: 0, updates: 100_000, blocks: 1 },
  { name: 'plain SGD, B = 3', batchSize: 3, momentum: 0, updates: 100_000, blocks: 1 },
  { name: 'momentum, B = 1', batchSize: 1, momentum: 0.9, updates: 100_000, blocks: 1 },
  { name: 'several blocks, so gradients are stored', batchSize: 257, momentum: 0, updates: 3000, blocks: 2 },
  { name: 'data-parallel', strategy: 'data-parallel', batchSize: 3, momentum: 0, updates: 100_000, blocks: 1 },
];

describe.each(PATHS)('$name', ({ blocks, ...given }) => {
  test('an update allocates nothing', async () => {
    const report = await grow({ ...given, clock: 'still' });
    expect(report.blocks).toBe(blocks);
    expect(report.perUpdate).toBeLessThan(1);
  });
});

test('with the clock running, next to nothing: few of the updates are timed', async () => {
  const report = await grow({ batchSize: 1, momentum: 0, updates: 100_000, clock: 'real' });
  expect(report.laps).toBeGreaterThan(0);
  expect(report.laps).toBeLessThan(0.5);
  expect(report.perUpdate).toBeLessThan(2);
});

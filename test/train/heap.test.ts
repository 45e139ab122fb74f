// Nothing is allocated per update in the steady state, so that the collector never stops a worker while others wait.
import { describe, expect, test } from 'vitest';
import { child } from './problem.ts';

interface Report {
  state: string;
  missing: number;
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
  expect(report.missing, 'updates that were not made').toBe(0);
  expect(report.control, 'the measure sees objects').toBeGreaterThan(15);
  return report;
}

const cosine = { name: 'warm-up', updates: 1000, then: { name: 'cosine', epochs: 1 } };
const parallel = { strategy: 'data-parallel' };
interface Path {
  readonly name: string;
  readonly options: object;
  readonly batchSize?: number;
  readonly updates?: number;
  readonly blocks?: number;
  readonly data?: object;
}
const PATHS: readonly Path[] = [
  { name: 'plain SGD, B = 1', options: {} },
  { name: 'plain SGD, B = 3', options: {}, batchSize: 3 },
  { name: 'momentum, B = 1', options: { momentum: 0.9 } },
  { name: 'several blocks, so gradients are stored', options: {}, batchSize: 257, updates: 3000, blocks: 2 },
  { name: 'data-parallel', options: parallel, batchSize: 3 },
  { name: 'a schedule', options: { schedule: cosine } },
  { name: 'Adam, clipped', options: { optimizer: 'adam', l1: 1e-4, clipNorm: 1, schedule: cosine } },
  { name: 'Adam, clipped, data-parallel', options: { ...parallel, optimizer: 'adam', clipNorm: 1 }, batchSize: 3 },
  {
    name: 'dropout, patterns with weights',
    options: {},
    batchSize: 3,
    updates: 20_000,
    data: { dropout: 0.3, weights: true },
  },
];

describe.each(PATHS)('$name', ({ options, batchSize = 1, updates = 100_000, blocks = 1, data = {} }) => {
  test('an update allocates nothing', async () => {
    const report = await grow({ options, batchSize, updates, clock: 'still', ...data });
    expect(report.blocks).toBe(blocks);
    // What a run allocates once counts, too.
    expect(report.perUpdate).toBeLessThan(Math.max(1, 8000 / updates));
  });
});

test('with the clock running, next to nothing: few of the updates are timed', async () => {
  const report = await grow({ options: {}, batchSize: 1, updates: 100_000, clock: 'real' });
  expect(report.laps).toBeGreaterThan(0);
  expect(report.laps).toBeLessThan(0.5);
  expect(report.perUpdate).toBeLessThan(2);
});

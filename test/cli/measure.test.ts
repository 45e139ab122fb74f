// The commands that measure, as a person runs them; sizes are tiny, what the figures are is not looked at here.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { kindOf, load } from '#bench/report/kinds.js';
import { Random } from '#src/core/random.js';
import { callHere, eventsOf, runIn } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-measure-'));
const random = new Random(1);
const rows = Array.from({ length: 200 }, () => {
  const [x, y] = [random.normal(), random.normal()];
  return `${x},${y},${x * y}`;
});
const PRODUCTS = join(folder, 'products.csv');
writeFileSync(PRODUCTS, ['x,y,z', ...rows].join('\n'));
afterAll(() => rmSync(folder, { recursive: true }));

const FAST = ['--rounds', '2', '--sample-seconds', '0.002', '--backend', 'wasm'];

/** A report in a file, of which the page takes everything that it draws. */
function saved(name: string): unknown {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8')) as object;
  load(name, kindOf(name, report), report);
  return report;
}

test('curve tells machines of every step, and of the time to a loss', async () => {
  const network = ['--network', '6-8-3', '--patterns', '256', '--validation-share', '0.2'];
  const target = ['--target-loss', 'auto', '--starts', '1', '--most-epochs', '4', '--rules', 'sqrt'];
  const sizes = ['--batch-sizes', '16,64', '--workers', '1', '--output', 'reports/curve.json'];
  const { code, stdout, stderr } = await runIn(folder, ['curve', ...network, ...FAST, ...target, ...sizes, '--json']);
  expect(stderr).toContain(
    'made-up patterns: classification, rows: 256 to train, 64 to validate; network 6-8-3, 83 parameters',
  );
  expect(code).toBe(0);
  const events = eventsOf(stdout);
  expect(events[0]).toMatchObject({
    event: 'progress',
    done: 1,
    total: 24,
    stage: 'warm-up',
    workers: 1,
  });
  expect(events.filter(({ event }) => event === 'progress')).toHaveLength(24);
  expect(events.at(-1)).toMatchObject({ event: 'report', kind: 'batch-curve', patterns: 256, rounds: 2 });
  const report = saved('reports/curve.json') as { target: { batchSizes: { batchSize: number; rule: string }[] } };
  expect(report.target.batchSizes).toMatchObject([
    { batchSize: 16, rule: 'sqrt' },
    { batchSize: 64, rule: 'sqrt' },
  ]);
});

test('sweep tells a person which width has the least test error', async () => {
  const sizes = ['--widths', '1,8', '--depths', 'none', '--epochs', '3', '--repeats', '2', '--side-by-side', 'yes'];
  const args = ['sweep', 'products.csv', '--target', 'z', ...sizes, '--backend', 'wasm', '--output', 'sweep.json'];
  const { code, stdout, stderr } = await runIn(folder, args);
  expect(stderr).toContain('products.csv: regression, rows: 160 to train, 20 to validate, 20 to test\n');
  expect(stderr).toContain('measuring: 4 of 4\nsweep.json written');
  expect(code).toBe(0);
  expect(stdout).toContain('relu: error against width (1 hidden layer)');
  expect(stdout).toMatch(/The test error is least at a width of [18] /);
  expect(stdout).toContain('█ training');
  expect(stdout).not.toContain('\x1b');
  const { quantity, points } = saved('sweep.json') as { quantity: string; points: { width: number }[] };
  expect(quantity).toBe('loss');
  expect(points.map(({ width }) => width)).toEqual([1, 8]);
});

test('scaling that is interrupted reports the rounds that were complete, and exits with 130', async () => {
  const long = ['--rounds', '40', '--sample-seconds', '0.02', '--workers', '1,2', '--modes', 'strong'];
  const strategy = ['--strategies', 'owner-computes', '--backend', 'wasm', '--output', 'scaling.json'];
  const args = ['scaling', 'products.csv', '--target', 'z', '--hidden', '8', ...long, ...strategy];
  const { code, stdout, stderr } = await runIn(folder, args, 'measuring: ');
  expect(stderr.trim().split('\n').at(-1)).toBe('gradpool: interrupted');
  expect(code).toBe(130);
  expect(stdout).toMatch(/Ended early, after \d+ rounds\./);
  expect(stdout).toContain('strong scaling: speed-up against workers');
  expect(saved('scaling.json')).toMatchObject({
    state: 'partial',
    patterns: 200,
    points: [{ workers: 1 }, { workers: 2 }],
  });
});

test.each([
  [['curve'], 'expected a file, or --network'],
  [['curve', PRODUCTS, '--network', '3-1'], 'and not both'],
  [['scaling', '--network', '3-4-1', '--hidden', '8'], '--network expected no --hidden'],
  [['sweep', '--network', '3-4-1', '--group-column', 'a'], '--network expected no --group-column'],
  [['curve', '--network', '3-4-1', '--no-header'], '--network expected no --no-header'],
  [['curve', '--network', '3-4-1', '--dates', 'number'], '--network expected no --dates'],
  [['curve', PRODUCTS, '--target', 'z', '--noise', '0.5'], 'a file expected no --noise'],
  [
    ['sweep', '--network', '3-1', '--validation-share', '0'],
    '--validation-share and --test-share expected more than 0',
  ],
  [['curve', '--network', '3-8-2', '--batch-sizes', '8192'], '--batch-sizes expected integer in [1, 4096], got 8192'],
])('%j is a wrong call', async (args, message) => {
  const ran = await callHere(args);
  expect(ran.stderr).toContain(message);
  expect(ran).toMatchObject({ code: 2, stdout: '' });
});

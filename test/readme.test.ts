import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import * as networkSpec from '#src/core/spec.js';
import * as trainerOptions from '#src/train/options.js';
import { describe, expect, test } from 'vitest';
import { runFolder, runInFolder } from './run-guide.ts';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const REFERENCE = readFileSync(join(ROOT, 'docs/reference.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, code]) => code!);
}

interface Comparison {
  readonly tasks: Record<
    string,
    {
      readonly settings: {
        readonly hidden: number[];
        readonly optimizer: string;
        readonly rate: number;
        readonly decay: number;
        readonly batch: number;
        readonly epochs: number;
        readonly momentum: number | null;
      };
    }
  >;
}

describe('the README', () => {
  test('its example runs and learns what it says', { timeout: 60_000 }, async () => {
    const [code] = blocks('js');
    // Inside the repository, where the package's own name leads to it.
    const file = join(ROOT, 'out', 'readme-example.mjs');
    mkdirSync(join(ROOT, 'out'), { recursive: true });
    writeFileSync(file, code!);
    const { stdout } = await run(process.execPath, [file], { timeout: 50_000 });
    const arrays = [...stdout.matchAll(/Float32Array\(\d+\) \[([^\]]*)\]/g)].map(([, list]) =>
      list!.split(',').map(Number),
    );
    expect(arrays).toHaveLength(2);
    expect(Math.abs(arrays[0]![0]! - 1.2475)).toBeLessThan(0.15);
    expect(Math.abs(arrays[1]![1]! - 1)).toBeLessThan(0.5);
  });

  test('its example of the laboratory runs, after the first one', { timeout: 120_000 }, async () => {
    const file = join(ROOT, 'out', 'readme-laboratory.mjs');
    mkdirSync(join(ROOT, 'out'), { recursive: true });
    writeFileSync(file, blocks('js').join('\n'));
    const { stdout } = await run(process.execPath, [file], { timeout: 110_000 });
    expect(stdout).toMatch(/^(16|64|256) \[.*\]$/m);
    expect(stdout).toMatch(/^(U-shaped|L-shaped|rising|inconclusive) \S/m);
  });

  test('its commands exist', () => {
    const commands = blocks('sh').flatMap((block) => block.trim().split('\n'));
    expect(commands.filter((line) => !line.startsWith('npx gradpool '))).toEqual([
      'npm ci && npm start',
      'npm ci && npm test',
    ]);
    for (const script of ['start', 'test', 'bench', 'check', 'docs']) expect(scripts).toHaveProperty(script);
  });

  test('its trainings are those of the comparison, and reach what it says', { timeout: 120_000 }, async () => {
    const lines = blocks('sh').flatMap((block) =>
      block
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('npx gradpool ')),
    );
    const { tasks } = JSON.parse(readFileSync(join(ROOT, 'bench/sklearn/results.json'), 'utf8')) as Comparison;
    expect(lines).toHaveLength(Object.keys(tasks).length);
    const words = lines.map((line) => line.split(' ').slice(2));
    Object.values(tasks).forEach(({ settings: o }, i) => {
      const given: Record<string, unknown> = {
        ...{ hidden: o.hidden, initialisation: 'glorot', optimizer: o.optimizer, 'learning-rate': o.rate },
        ...{ 'weight-decay': o.decay, 'batch-size': o.batch, epochs: o.epochs, patience: 0, 'validation-share': 0 },
        ...(o.momentum !== null && { momentum: o.momentum }),
      };
      for (const [name, value] of Object.entries(given)) expect(lines[i]).toContain(`--${name} ${String(value)} `);
    });
    const folder = runFolder(ROOT, 'readme-trainings');
    // Of MNIST an epoch is enough here.
    const commands = words.map((line) =>
      line.includes('--labels') ? [...line, '--epochs', '1', '--json'] : [...line, '--json'],
    );
    const stdout = await runInFolder(ROOT, folder, commands, undefined);
    const figures = [...stdout.matchAll(/^\{"event":"done".*"metrics":\{.*?"(?:accuracy|r2)":([\d.]+)/gm)].map(
      ([, x]) => Number(x),
    );
    expect(figures).toHaveLength(4);
    [0.85, 0.88, 0.76, 0.9].forEach((least, i) => expect(figures[i], lines[i]).toBeGreaterThan(least));
  });

  test('the reference names every option, strategy, activation and error code of the interface', () => {
    const types = readFileSync(join(ROOT, 'dist/src/train/options.d.ts'), 'utf8');
    const options = [...types.matchAll(/^ {4}(\w+)\?:/gm)].map(([, name]) => name!);
    expect(options.length).toBeGreaterThan(10);
    const codes = [...readFileSync(join(ROOT, 'src/core/errors.ts'), 'utf8').matchAll(/'(ERR_\w+)'/g)].map(
      ([, code]) => code!,
    );
    expect([...options, ...codes].filter((name) => !REFERENCE.includes(name))).toEqual([]);
    const { STRATEGIES, ACTIVATIONS } = { ...trainerOptions, ...networkSpec };
    expect(
      [...STRATEGIES, ...ACTIVATIONS].filter(
        (name) => !REFERENCE.includes(`'${name}'`) && !REFERENCE.includes(`\`${name}\``),
      ),
    ).toEqual([]);
  });
});

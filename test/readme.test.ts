import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, code]) => code!);
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
    expect(commands).toEqual(['npm ci && npm start', 'npm ci && npm test']);
    for (const script of ['start', 'test', 'bench', 'check']) expect(scripts).toHaveProperty(script);
  });

  test('names every option, strategy, activation and error code of the interface', () => {
    const types = readFileSync(join(ROOT, 'dist/src/train/options.d.ts'), 'utf8');
    const options = [...types.matchAll(/^ {4}(\w+)\?:/gm)].map(([, name]) => name!);
    expect(options.length).toBeGreaterThan(10);
    const codes = [...readFileSync(join(ROOT, 'src/core/errors.ts'), 'utf8').matchAll(/'(ERR_\w+)'/g)].map(
      ([, code]) => code!,
    );
    expect([...options, ...codes].filter((name) => !README.includes(name))).toEqual([]);
  });
});

// Every command and every program in docs/guides runs, from start to end, and prints what it should.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runFolder, runInFolder } from './run-guide.ts';

const ROOT = resolve(import.meta.dirname, '..');
const GUIDES = join(ROOT, 'docs/guides');
const PAGES = ['README.md', ...['reference.md', 'mathematics.md'].map((page) => `docs/${page}`)].concat(
  readdirSync(GUIDES).map((page) => `docs/guides/${page}`),
);

/** What the programs print that does not depend on the machine. */
const EXPECTED: Record<string, readonly RegExp[]> = {
  'batch-size-and-workers.md': [/^time(ToTarget|PerEpoch) (16|64|256) \[/m, /^true$/m, /^\d+ true$/m],
  'checkpoints.md': [/^6 6$/m, /^same bits: true$/m],
  'command-line.md': [/model\.safetensors written/, /"hidden": \[\s*16\s*\]/, /accuracy/],
  'evaluate.md': [/^true \[ \{ k: 2, .*\} \] true true$/m, /^true \{ low: /m],
  'exchange.md': [/^true$/m],
  'hyper-parameters.md': [
    /that were tried, .* holds up/,
    /^true (solid|thin) \[/m,
    /^32 \d+\.\d+ \d+\.\d+$/m,
    /^width$/m,
  ],
  'large-data.md': [/is trained from disk/, /^1000 true$/m, /^400$/m],
  'predictions.md': [/^true$/m, /^400 true$/m],
  'reproducibility.md': [/^same bits: true$/m, /"event":"done"/],
  'scaling-experiment.md': [/^owner-computes 1 1\.00 1\.00$/m, /^data-parallel 2 \d/m],
  'tables.md': [/^classification \[ 'left', 'stayed' \] 15$/m, /^true true$/m, /^2 true true$/m],
  'train-in-code.md': [/^right: true$/m, /^ERR_ABORTED$/m],
  'troubleshooting.md': [/^"batchSize" expected integer in \[1, 2147483647\], got 0$/m, /^true ERR_BAD_FILE$/m],
};

function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, code]) => code!);
}

/** The words after `npx gradpool`; nothing else may stand in a block of commands. */
function wordsOf(line: string): string[] {
  const [npx, gradpool, ...words] = line.split(' ');
  expect([npx, gradpool], line).toEqual(['npx', 'gradpool']);
  return words;
}

async function runGuide(page: string): Promise<string> {
  const text = readFileSync(join(GUIDES, page), 'utf8');
  const commands = blocks(text, 'sh').flatMap((block) => block.trim().split('\n').map(wordsOf));
  const programs = blocks(text, 'js');
  const folder = runFolder(ROOT, page.replace('.md', ''));
  return runInFolder(ROOT, folder, commands, programs.length > 0 ? programs.join('\n') : undefined);
}

describe('the guides', () => {
  test('are listed in the README, and each is tested', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    for (const page of readdirSync(GUIDES)) expect(readme).toContain(`docs/guides/${page}`);
    expect(Object.keys(EXPECTED)).toEqual(readdirSync(GUIDES).sort());
  });

  test.each(Object.keys(EXPECTED))('%s', { timeout: 120_000 }, async (page) => {
    const printed = await runGuide(page);
    for (const pattern of EXPECTED[page]!) expect(printed).toMatch(pattern);
  });
});

describe('the pages', () => {
  test.each(PAGES)('%s leads to files, and to functions that are in them', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const links = [...text.matchAll(/\[([^\]]+)\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)];
    for (const [link, label, path] of links) {
      const file = join(ROOT, dirname(page), path!);
      expect(existsSync(file), link).toBe(true);
      const name = /^`(\w+)`$/.exec(label!)?.[1];
      if (name === undefined || !path!.endsWith('.ts')) continue;
      const declared = new RegExp(`\\b(function\\*?|class|interface|const) ${name}\\b`);
      expect(readFileSync(file, 'utf8'), link).toMatch(declared);
    }
    if (page === 'docs/mathematics.md') expect(links.length).toBeGreaterThan(40);
  });
});

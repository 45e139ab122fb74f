import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
/** A file imports only from its own folder or from one above it in this list. */
const ORDER = [
  'core',
  'memory',
  'kernels',
  'nn',
  'data',
  'formats',
  'infer',
  'sync',
  'pool',
  'comm',
  'train',
  'lab',
  'cli',
];
const LONGEST = 500;

interface Source {
  path: string;
  text: string;
  imports: string[];
}

const sources = [...sourcesUnder('src'), ...sourcesUnder('workers')];
const graph = new Map(sources.map(({ path, imports }) => [path, imports]));

function sourcesUnder(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && !name.includes('assembly'))
    .map((name) => {
      const path = join(folder, name);
      const text = readFileSync(join(ROOT, path), 'utf8');
      return { path, text, imports: importsOf(path, text) };
    });
}

/** The relative imports and re-exports of a file, types and those while it runs included. */
function importsOf(path: string, text: string): string[] {
  return [...text.matchAll(/(?:from\s+|import\s+|import\()'(\.[^']+)'/g)].map(([, to]) =>
    relative(ROOT, resolve(ROOT, dirname(path), to!)),
  );
}

function rank(path: string): number {
  return ORDER.indexOf(path.split('/')[1]!);
}

test('the parser of imports sees what is there', () => {
  expect(sources.length).toBeGreaterThan(40);
  expect(graph.get('src/train/runner.ts')).toContain('src/sync/barrier.ts');
  expect(graph.get('src/index.ts')).toContain('src/train/trainer.ts');
});

test('a file imports only from its own folder or from one above it', () => {
  const wrong = sources
    .filter(({ path }) => path.startsWith('src/') && path !== 'src/index.ts')
    .flatMap(({ path, imports }) => imports.map((to) => [path, to] as const))
    .filter(([path, to]) => rank(to) === -1 || rank(to) > rank(path));
  expect(wrong).toEqual([]);
});

test('src never imports workers or bench', () => {
  const wrong = sources.filter(
    ({ path, imports }) => path.startsWith('src/') && imports.some((to) => !to.startsWith('src/')),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test('there is no import cycle, types included', () => {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: string[]) => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    else if (!done.has(path)) {
      for (const to of graph.get(path) ?? []) visit(to, [...trail, path]);
      done.add(path);
    }
  };
  for (const { path } of sources) visit(path, []);
  expect(cycles).toEqual([]);
});

test('no file is longer than 500 lines, and none is called utils', () => {
  expect(sources.filter(({ text }) => text.split('\n').length > LONGEST).map(({ path }) => path)).toEqual([]);
  expect(sources.filter(({ path }) => /util/i.test(path)).map(({ path }) => path)).toEqual([]);
});

test('nothing depends on the package that does not exist', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
    string,
    object
  >;
  expect(Object.keys({ ...dependencies, ...devDependencies })).not.toContain('sharedarraybuffer-polyfill');
  expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toContain('sharedarraybuffer-polyfill');
});

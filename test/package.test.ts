import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '..');
let project: string;
let packed: string[];

const TRAIN = `
import { Dataset, Network, Trainer } from 'gradpool';
const data = Dataset.fromArrays({ inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [0, 1, 1, 0] });
const network = new Network({ inputs: 2, layers: [{ units: 8, activation: 'tanh' }, { units: 2, activation: 'softmax' }], seed: 1 });
const trainer = await Trainer.create(network, { workers: 2, batchSize: 4, learningRate: 0.5 });
const history = await trainer.fit(data, { epochs: 500 });
const { backend, workers, execution } = trainer.info;
await trainer.close();
console.log(JSON.stringify({ backend, workers, execution, accuracy: history.at(-1).accuracy }));
`;

const TYPED = `
import { Dataset, measureBatchCurve, Network, Normalization, Trainer, type EpochReport } from 'gradpool';
const data: Dataset = Dataset.fromArrays({ inputs: [[0], [1]], targets: [0, 1] });
const network = new Network({ inputs: 1, layers: [{ units: 1, activation: 'sigmoid' }], normalization: Normalization.fit(data, { inputs: 'z-score' }) });
export async function main(): Promise<EpochReport[]> {
  await using trainer = await Trainer.create(network, { workers: 1, batchSize: 2 });
  const curve = await measureBatchCurve(network, data, { batchSizes: [1, 2], rounds: 1 });
  const seconds: number = curve.points[0]!.timePerUpdate.median;
  return seconds > 0 ? trainer.fit(data, { epochs: 2 }) : [];
}
// @ts-expect-error a misspelt activation is a type error
new Network({ inputs: 1, layers: [{ units: 1, activation: 'sigmiod' }] });
`;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'gradpool-package-'));
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
    cwd: ROOT,
  });
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  packed = files.map(({ path }) => path);
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  await run('npm', ['install', '--no-audit', '--no-fund', join(project, filename)], { cwd: project });
}, 120_000);

afterAll(() => rm(project, { recursive: true, force: true }));

test('the tarball holds what runs and nothing that does not', () => {
  for (const path of [
    'dist/src/index.js',
    'dist/src/index.d.ts',
    'dist/workers/bundled/worker.js',
    'dist/workers/bundled/coordinator.js',
    'dist/workers/bundled/predict.js',
    'dist/src/kernels/simd.wasm',
    'dist/src/kernels/relaxed-simd.wasm',
    'dist/src/kernels/infer-simd.wasm',
    'dist/src/kernels/infer-relaxed-simd.wasm',
    'dist/browser/gradpool-predict.js',
    'schema/gradpool.config.schema.json',
    'README.md',
    'docs/reference.md',
    'docs/guides/command-line.md',
    'LICENSE',
  ]) {
    expect(packed).toContain(path);
  }
  expect(packed.filter((path) => /^(test|bench|dist\/bench|dist\/test|src)\//.test(path))).toEqual([]);
});

test('trains from node_modules, on two worker threads with the wasm kernels', { timeout: 60_000 }, async () => {
  await writeFile(join(project, 'train.mjs'), TRAIN);
  const { stdout } = await run(process.execPath, ['train.mjs'], { cwd: project, timeout: 50_000 });
  expect(JSON.parse(stdout)).toEqual({ backend: 'wasm', workers: 2, execution: 'threads', accuracy: 1 });
});

/** What tsc says of these files in the project of the user. */
async function compile(files: readonly string[], options: Record<string, unknown>): Promise<string> {
  const config = {
    compilerOptions: {
      target: 'ES2022',
      lib: ['ES2023', 'ESNext.Disposable'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
      skipLibCheck: false,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
      ...options,
    },
    files,
  };
  const path = join(project, 'tsconfig.json');
  await writeFile(path, JSON.stringify(config));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { stdout } = await run(process.execPath, [tsc, '-p', path]).catch((error: { stdout: string }) => error);
  return stdout;
}

test.each([
  ['nodenext', { module: 'NodeNext' }],
  ['bundler', { module: 'ESNext', moduleResolution: 'bundler' }],
])('its types hold in a project without DOM types, libraries checked: %s', { timeout: 120_000 }, async (_, options) => {
  await writeFile(join(project, 'user.ts'), TYPED);
  await copyFile(join(ROOT, 'test/fixtures/consumer.ts'), join(project, 'consumer.ts'));
  expect(await compile(['user.ts', 'consumer.ts'], options)).toBe('');
});

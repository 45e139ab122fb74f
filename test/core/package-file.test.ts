import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { afterAll, describe, expect, it } from 'vitest';
import { packageFile } from '#src/core/package-file.js';

const ROOT = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'gradpool-bundle-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a file of the package', () => {
  it.each([
    ['there', './package-file.test.ts', import.meta.url, pathToFileURL(import.meta.filename)],
    ['above', '../close.ts', import.meta.url, pathToFileURL(join(ROOT, 'test/close.ts'))],
  ])('is %s', (_, path, module, expected) => {
    expect(packageFile(path, module)).toEqual(expected);
  });

  it.each([
    ['not there', './simd.wasm', import.meta.url],
    ['in a bundle of CommonJS', './simd.wasm', undefined],
    ['on a server', './simd.wasm', 'https://example.org/app.js'],
    ['beside something that is no URL', './simd.wasm', 'app.js'],
  ])('is an error if it is %s', (_, path, module) => {
    expect(() => packageFile(path, module)).toThrow(
      expect.objectContaining({
        code: 'ERR_FILE_MISSING',
        message: expect.stringMatching(/^simd\.wasm of gradpool .* a bundler .* --external:gradpool/) as string,
      }) as Error,
    );
  });
});

/** Bundles a program that imports the package, and runs it where nothing else is. */
async function run(format: 'esm' | 'cjs', program: string): Promise<string> {
  const input = `\0program`;
  const bundle = await rolldown({
    input,
    platform: 'node',
    external: ['koffi'],
    plugins: [
      {
        name: 'program',
        resolveId: (id) => (id === input ? id : undefined),
        load: (id) =>
          id === input
            ? `import * as gradpool from ${JSON.stringify(join(ROOT, 'dist/src/index.js'))};${program}`
            : undefined,
      },
    ],
    onLog: () => undefined,
  });
  const file = join(folder, format === 'esm' ? 'app.mjs' : 'app.cjs');
  await bundle.write({ file, format, codeSplitting: false });
  await bundle.close();
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: folder });
  return stdout;
}

describe.each(['esm', 'cjs'] as const)('a bundle without the files of the package: %s', (format) => {
  it('says that gradpool is to be left external', { timeout: 60_000 }, async () => {
    const program = `
      const { Network, Predictor, PredictorPool, Trainer } = gradpool;
      const network = new Network({ inputs: 2, layers: [{ units: 1, activation: 'linear' }] });
      const tell = (error) => console.log(error.code, error.message);
      Trainer.create(network, { workers: 2, batchSize: 2 }).catch(tell)
        .then(() => Trainer.create(network, { workers: 2, batchSize: 2, backend: 'reference' })).catch(tell)
        .then(() => { try { new Predictor(network); } catch (error) { tell(error); } })
        .then(() => PredictorPool.create(network, { workers: 1, backend: 'reference' })).catch(tell)
        .then(() => console.log(new Predictor(network, { backend: 'reference' }).predict([[1, 2]]).length));`;
    const lines = (await run(format, program)).trim().split('\n');
    const files = lines
      .slice(0, -1)
      .map((line) => /^ERR_FILE_MISSING (\S+) of gradpool is not beside its code/.exec(line)?.[1]);
    expect(files).toEqual(
      ['relaxed-simd.wasm', 'coordinator.js', 'infer-relaxed-simd.wasm', 'predict.js'].map(
        (name) => expect.stringMatching(name.replace('relaxed-', '')) as string,
      ),
    );
    expect(lines.at(-1)).toBe('1');
  });
});

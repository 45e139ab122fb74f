// Threads get no flags that belong to the main program.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it, test } from 'vitest';
import { endThreads, startThreads } from '#src/pool/pool.js';
import { threadOptions } from '#src/pool/thread-options.js';

test('what a main program alone may have, and what runs first, is left out; the rest of the environment stays', () => {
  const flags = [
    '--input-type=module',
    '--import',
    './train.mjs',
    '--require=./x.cjs',
    '-r',
    './y.cjs',
    '--eval',
    'x',
    '--inspect',
  ];
  const NODE_OPTIONS = '--input-type=module --import "./a b.mjs" --experimental-loader ./hooks.mjs';
  expect(threadOptions(flags, { NODE_OPTIONS, HOME: '/home' })).toEqual({ execArgv: [], env: { HOME: '/home' } });
  expect(threadOptions([], {})).toEqual({ execArgv: [], env: {} });
});

test('by which modules are found stays, from the command line and from NODE_OPTIONS', () => {
  const flags = ['--preserve-symlinks', '-C', 'development', '--conditions=test', '--watch'];
  const NODE_OPTIONS = '--require "/my project/.pnp.cjs" --experimental-loader /p/.pnp.loader.mjs --require ./mine.cjs';
  expect(threadOptions(flags, { NODE_OPTIONS }).execArgv).toEqual([
    ...['--require', '/my project/.pnp.cjs', '--experimental-loader', '/p/.pnp.loader.mjs'],
    ...['--preserve-symlinks', '-C', 'development', '--conditions=test'],
  ]);
});

describe('a program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gradpool-flags-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const entry = new URL('../../dist/src/index.js', import.meta.url).href;
  const code = `import { Dataset, Network, PredictorPool, Trainer } from '${entry}';
    const network = new Network({ inputs: 1, layers: [{ units: 1, activation: 'linear' }] });
    const trainer = await Trainer.create(network, { workers: 2 });
    await trainer.fit(Dataset.fromArrays({ inputs: [[1], [2]], targets: [1, 2] }));
    const pool = await PredictorPool.create(network, { workers: 1, inlineRows: 0 });
    await pool.predict([[1]]);
    await Promise.all([trainer.close(), pool.close()]);
    console.log('trained');`;
  const file = join(folder, 'train.mjs');
  writeFileSync(file, code);
  const run = (args: string[], NODE_OPTIONS?: string) =>
    spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS } });

  it.each([
    ['that stands on the command line', ['--input-type=module', '-e', code], undefined],
    ['by NODE_OPTIONS', ['-e', code], '--input-type=module'],
    ['that is run before another one, once', ['--import', file, '-e', ''], undefined],
    ['that NODE_OPTIONS runs before another one', ['-e', ''], `--import ${file}`],
  ])('%s', (_, args, options) => {
    expect(run(args, options)).toMatchObject({ stdout: 'trained\n', status: 0 });
  });
});

it('threads of a pool import their code: requiring it can end the process where a thread is ended meanwhile', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'threads-'));
  const entry = join(folder, 'entry.mjs');
  writeFileSync(
    entry,
    'import { createRequire } from "node:module";\nexport default () => createRequire(import.meta.url)(import.meta.filename);',
  );
  const pool = startThreads(pathToFileURL(entry), 1);
  await expect(pool.run({})).rejects.toThrow(/^require\(\) of ES Module/);
  await endThreads(pool);
  rmSync(folder, { recursive: true });
});

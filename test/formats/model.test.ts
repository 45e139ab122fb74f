import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Activation, loadNetwork, Network, networkFromBytes, networkToBytes, saveNetwork } from 'gradpool';
import { afterAll, describe, expect, it } from 'vitest';
import { expectClose, expectSameBits } from '../close.ts';
import { samples } from './networks.ts';
import { VERSION } from '#src/core/version.js';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'gradpool-model-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('the version in the sources is that of the package', () => {
  const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  expect(VERSION).toBe(version);
});

describe.each(samples())('$name', ({ network, rows }) => {
  it('comes back from a file as it was, to the bit', async () => {
    const path = join(folder, 'a model.safetensors');
    const encoding = { columns: [{ name: 'ä "x"', kind: 'number' }, null, true, -1e-300] };
    const names = ['ja', 'nein', '\ud800', 'vielleicht'];
    const classes = Array.from({ length: network.spec.layers.at(-1)!.units }, (_, k) => names[k % 4]!);
    await saveNetwork(path, network, { encoding, classes });
    const loaded = await loadNetwork(pathToFileURL(path));
    expect(loaded.encoding).toEqual(encoding);
    expect(loaded.classes).toEqual(classes);
    expect(loaded.writtenBy).toBe(VERSION);
    expect(loaded.network.spec).toEqual(network.spec);
    expect(loaded.network.normalization).toEqual(network.normalization);
    expectSameBits('the network', loaded.network.parameters, network.parameters);
    expect(loaded.network.predict(rows)).toEqual(network.predict(rows));
    expect(readdirSync(folder)).toEqual(['a model.safetensors']);
  });

  it('comes back from bytes that begin anywhere', () => {
    const bytes = networkToBytes(network);
    const shifted = new Uint8Array(bytes.length + 1).subarray(1);
    shifted.set(bytes);
    const loaded = networkFromBytes(shifted);
    expect(loaded.network.predict(rows)).toEqual(network.predict(rows));
    expect(loaded).toMatchObject({ encoding: undefined, classes: undefined });
    expect(networkToBytes(loaded.network)).toEqual(bytes);
  });
});

it('dropout comes back, too', () => {
  const network = new Network({
    inputs: 2,
    inputDropout: 0.1,
    layers: [
      { units: 3, activation: 'relu', dropout: 0.25 },
      { units: 1, activation: 'linear' },
    ],
  });
  expect(networkFromBytes(networkToBytes(network)).network.spec).toEqual(network.spec);
});

describe('saving', () => {
  const network = new Network({ inputs: 2, layers: [{ units: 1, activation: 'linear' }] });

  it('replaces a file when the new one is whole, and leaves nothing behind when it fails', async () => {
    const path = join(folder, 'old.safetensors');
    writeFileSync(path, 'old');
    await expect(saveNetwork(path, network, { encoding: { at: [1, NaN] } })).rejects.toThrow(
      '"meta.encoding.at[1]" expected finite number, got NaN',
    );
    expect(readFileSync(path, 'utf8')).toBe('old');
    await saveNetwork(path, network);
    expect((await loadNetwork(path)).network.spec).toEqual(network.spec);
    const before = readdirSync(folder);
    await expect(saveNetwork(folder, network)).rejects.toThrow(/expected the path of a file, got a folder/);
    await expect(saveNetwork(join(folder, 'none/x'), network)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(readdirSync(folder)).toEqual(before);
    expect(readdirSync(join(folder, '..')).filter((name) => name.startsWith(`${folder.split('/').at(-1)}.`))).toEqual(
      [],
    );
  });

  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  it.each([
    ['a date', { encoding: { when: new Date(0) } }, TypeError, '"meta.encoding.when" expected plain JSON, got Date'],
    ['undefined', { encoding: [undefined] }, TypeError, '"meta.encoding[0]" expected plain JSON, got undefined'],
    ['a cycle', { encoding: cycle }, RangeError, 'expected at most 60 objects within each other'],
    ['__proto__', { encoding: JSON.parse('{"__proto__":1}') as unknown }, RangeError, 'expected no key __proto__'],
    ['a number as a class', { classes: ['a', 1] }, TypeError, '"meta.classes[1]" expected string, got 1'],
    ['one class', { classes: 'a' }, TypeError, '"meta.classes" expected list of strings, got "a"'],
    ['a misspelt key', { clases: [] }, TypeError, '"meta" has no option "clases"; it has encoding, classes'],
  ])('%s is no meta', (_, meta, type, message) => {
    expect(() => networkToBytes(network, meta as never)).toThrow(type);
    expect(() => networkToBytes(network, meta as never)).toThrow(message);
  });

  it('takes as many classes as there are outputs, and for one sigmoid output two as well', () => {
    const ending = (units: number, activation: Activation) =>
      new Network({ inputs: 2, layers: [{ units, activation }] });
    const saved = (made: Network, count: number) => () =>
      networkToBytes(made, { classes: Array.from({ length: count }, (_, k) => `class ${k}`) });
    for (const count of [1, 2]) expect(saved(ending(1, 'sigmoid'), count)).not.toThrow();
    for (const activation of ['sigmoid', 'softmax', 'linear'] as const) {
      expect(saved(ending(3, activation), 3)).not.toThrow();
      for (const count of [0, 2, 4])
        expect(saved(ending(3, activation), count)).toThrow(
          new RangeError(
            `"meta.classes" expected 3 names for the output layer (3 x ${activation}), got array of length ${count}`,
          ),
        );
    }
    expect(saved(ending(1, 'sigmoid'), 3)).toThrow(
      '"meta.classes" expected 1 or 2 names for the output layer (1 x sigmoid), got array of length 3',
    );
  });

  it('checks its other arguments', async () => {
    expect(() => networkToBytes({} as never)).toThrow('"network" expected Network, got object');
    expect(() => networkFromBytes('x' as never)).toThrow('"bytes" expected Uint8Array, got "x"');
    await expect(saveNetwork('', network)).rejects.toThrow('"path" expected path or file URL, got ""');
    await expect(loadNetwork(5 as never)).rejects.toThrow('"path" expected path or file URL, got 5');
    await expect(loadNetwork(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('PyTorch', async () => {
  const [python, version, obstacle] = await findTorch();
  if (python === undefined) {
    it(`is not tested: ${obstacle}`, () => expect(process.env.CI_HAS_TORCH, 'CI has PyTorch').toBeUndefined());
    return;
  }

  it(`${version} loads a file into nn.Sequential, strictly, and predicts the same`, { timeout: 60_000 }, async () => {
    for (const { name, network, rows } of samples()) {
      if (network.normalization.inputs || network.normalization.targets) continue;
      const path = join(folder, 'torch.safetensors');
      await saveNetwork(path, network);
      const script = resolve(import.meta.dirname, '../fixtures/make/predict.py');
      const { stdout } = await run(python, [script, path, JSON.stringify(rows)], { env: ENVIRONMENT });
      const { outputs } = JSON.parse(stdout) as { outputs: number[][] };
      expectClose(name, network.predict(rows), outputs.flat(), { relative: 1e-6, floor: 1e-3 });
    }
  });
});

const ENVIRONMENT = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };

/** The first Python that has PyTorch. */
async function findTorch(): Promise<[python: string | undefined, version: string, obstacle: string]> {
  let obstacle = '';
  for (const python of [process.env.PYTHON, 'python3', '/usr/bin/python3']) {
    if (!python) continue;
    try {
      const { stdout } = await run(python, ['-c', 'import torch; print(torch.__version__)']);
      return [python, stdout.trim(), ''];
    } catch (error) {
      obstacle = (error as Error).message.trim().split('\n').at(-1)!;
    }
  }
  return [undefined, '', obstacle];
}

// What version 0.1.0 wrote (test/fixtures/make/version-0.1.0.mjs) loads, predicts and resumes in this one.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dataset, loadNetwork, StreamedDataset, Trainer } from 'gradpool';
import { afterAll, describe, expect, it } from 'vitest';
import { callHere, runIn } from './cli/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-0.1.0-'));
cpSync(join(import.meta.dirname, 'fixtures/0.1.0'), folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const json = (name: string): unknown => JSON.parse(readFileSync(at(name), 'utf8'));

interface Layer {
  readonly weights: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
}

function expectClose(actual: readonly Layer[], expected: readonly Layer[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((layer, l) => {
    for (const key of ['weights', 'bias'] as const) {
      expect(actual[l]![key].length).toBe(layer[key].length);
      Array.from(layer[key]).forEach((value, i) =>
        expect(Math.abs(actual[l]![key][i]! - value), `layer ${l}, ${key} ${i}`).toBeLessThanOrEqual(tolerance),
      );
    }
  });
}

describe('models', () => {
  it.each([
    ['iris', 'iris.csv', true],
    ['regression', 'mixed.csv', false],
    ['classes', 'mixed.csv', true],
    ['labels', 'labels.csv', true],
    ['spellings', 'mixed.csv', false],
  ])('%s answers as it did', async (name, table, probabilities) => {
    const given = ['predict', at(`${name}.safetensors`), at(table), ...(probabilities ? ['--probabilities'] : [])];
    const { code, stdout } = await callHere(given);
    expect(code).toBe(0);
    const cells = (text: string) =>
      text
        .trim()
        .split(/\r?\n/)
        .map((line) => line.split(','));
    const [now, before] = [cells(stdout), cells(readFileSync(at(`${name}.answers.csv`), 'utf8'))];
    expect(now[0]).toEqual(before[0]);
    expect(now.length).toBe(before.length);
    before.forEach((row, r) =>
      row.forEach((cell, c) => {
        if (cell === '' || Number.isNaN(Number(cell))) expect(now[r]![c]).toBe(cell);
        else expect(Number(now[r]![c])).toBeCloseTo(Number(cell), 5);
      }),
    );
  });

  it('of the library answers as it did', async () => {
    const { inputs, outputs } = json('library.json') as { inputs: number[][]; outputs: number[] };
    const { network } = await loadNetwork(at('library.safetensors'));
    network.predict(inputs).forEach((value, i) => expect(value).toBeCloseTo(outputs[i]!, 5));
  });
});

describe('checkpoints', () => {
  const { inputs, targets } = json('checkpoints/data.json') as { inputs: number[]; targets: number[] };
  const dataset = Dataset.fromArrays({ inputs: Float64Array.from(inputs), inputSize: 3, targets });
  const expected = json('checkpoints/expected.json') as Record<string, Layer[]>;

  it.each(Object.keys(expected))('%s goes on to the weights of a training that never stopped', async (name) => {
    const trainer = (await Trainer.resume(at(`checkpoints/${name}`))) ?? expect.fail('no checkpoint');
    await trainer.fit(dataset, { epochs: 6 });
    await trainer.close();
    // The checkpoints of wasm are of kernels without relaxed SIMD, which round more often.
    expectClose(trainer.network.parameters, expected[name]!, name.endsWith('reference') ? 1e-6 : 1e-4);
  });

  it.each([
    ['program', ['iris.csv', '--target', 'species']],
    [
      'streamed',
      ['mixed.csv', '--target', 'kind', '--features', 'a,b,city,active', '--missing', 'mean', '--stream', 'always'],
    ],
  ])('%s goes on from the command line', async (name, given) => {
    const fixed = ['--patience', '0', '--workers', '1', '--backend', 'wasm', '--seed', '2', '--hidden', '8'];
    const ran = await runIn(folder, [
      ...[
        'train',
        ...given,
        ...fixed,
        '--epochs',
        '6',
        '--resume',
        `checkpoints/${name}`,
        '--model',
        `${name}-now.safetensors`,
      ],
    ]);
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('checkpoint-000003') as string });
    const [now, before] = await Promise.all(
      [`${name}-now`, `checkpoints/${name}`].map((model) => loadNetwork(at(`${model}.safetensors`))),
    );
    expectClose(now!.network.parameters, before!.network.parameters, 1e-4);
  });
});

describe('config files', () => {
  it.each(['iris', 'mixed', 'curve'])('%s means what it meant', async (name) => {
    const command = name === 'curve' ? 'curve' : 'train';
    const { code, stdout } = await callHere([command, '--config', at(`configs/${name}.json`), '--print-config']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject(json(`configs/${name}.json`) as object);
  });

  it('trains', async () => {
    const given = ['--config', 'configs/mixed.json', '--epochs', '2', '--quiet', '--workers', '1'];
    expect(await runIn(folder, ['train', ...given])).toMatchObject({ code: 0 });
  });
});

it('stored rows are read', async () => {
  const { inputs } = json('checkpoints/data.json') as { inputs: number[] };
  const stored = await StreamedDataset.open(at('patterns.rows'));
  expect([stored.length, stored.inputSize]).toEqual([inputs.length / 3, 3]);
  for await (const piece of stored.pieces()) expect(piece.length).toBeGreaterThan(0);
  await stored.close();
});

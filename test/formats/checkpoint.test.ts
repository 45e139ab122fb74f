// What a checkpoint holds comes back to the bit, and what nobody vouches for ends in a typed error.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LayerParameters, loadNetwork, Trainer } from 'gradpool';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { badFile } from '#src/formats/bad-file.js';
import { type CheckpointContent, checkpointToBytes, readCheckpoint } from '#src/formats/checkpoint.js';
import { findCheckpoint } from '#src/formats/checkpoint-folder.js';
import { exactJson, exactValue } from '#src/formats/exact-json.js';
import { parseSafetensors } from '#src/formats/safetensors.js';
import { classes, classifier, withTrainer } from '../train/problem.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-checkpoints-'));
afterAll(() => rmSync(folder, { recursive: true }));
const bad = badFile('it', 'a gradpool checkpoint');
const network = classifier();

test('numbers that JSON does not have come back', () => {
  const value = {
    a: [NaN, Infinity, -Infinity, -0, 0, 0.1],
    b: { $number: 'x' },
    c: { $number: 'NaN', d: 1 },
    e: null,
  };
  expect(exactValue(JSON.parse(exactJson(value)))).toStrictEqual(value);
});

test.each([Float32Array, Float64Array])('vectors of %o come back to the bit', async (Type) => {
  const numbers = [NaN, Infinity, -0, 1 / 3, 2 ** -140, -1.5];
  const layers = network.parameters.map(({ weights, bias }) => ({
    weights: new Type(weights.length).map((_, i) => numbers[i % 6]!),
    bias: new Type(bias.length).map((_, i) => numbers[(i + 1) % 6]!),
  }));
  const bytes = await checkpointToBytes(network, { x: 1 }, new Map([['weights', layers]]));
  const { state, vectors, spec } = await readCheckpoint(bad, parseSafetensors(bad, bytes));
  expect(spec).toEqual(network.spec);
  expect(state).toEqual({ x: 1 });
  expect(vectors.get('weights')).toStrictEqual(layers);
});

describe('hostile checkpoints are ERR_BAD_FILE', () => {
  let good: CheckpointContent;
  let bytes: Uint8Array;
  const path = join(folder, 'hostile.safetensors');

  beforeAll(async () => {
    const checkpoint = { directory: folder };
    const options = { sharedMemory: 'off', batchSize: 7, backend: 'wasm', momentum: 0.5 } as const;
    await withTrainer(network, options, (trainer) => trainer.fit(classes(40), { maxUpdates: 3, checkpoint }));
    const found = (await findCheckpoint(folder))!;
    good = found.content;
    bytes = new Uint8Array(readFileSync(found.path));
  });

  async function failure(of: Uint8Array): Promise<unknown> {
    writeFileSync(path, of);
    const error: unknown = await Trainer.resume(path).then(
      (trainer) => trainer?.close(),
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ name: 'GradpoolError', code: 'ERR_BAD_FILE' });
    return error;
  }

  /** The good one with a value of its state in place of another, and the right digest. */
  const changed = (at: string, value: unknown) => {
    const state = structuredClone(good.state) as Record<string, unknown>;
    const keys = at.split('.');
    const last = keys.pop()!;
    keys.reduce((place, key) => place[key] as Record<string, unknown>, state)[last] = value;
    return checkpointToBytes(network, state, good.vectors);
  };

  it.each<[string, unknown, string]>([
    ['count', 0, '"count" expected integer of at least 1, got 0'],
    ['count', 'many', '"count" expected integer'],
    ['stream', -1, '"stream" expected'],
    ['history', {}, '"history" expected list'],
    ['history', [{ epoch: 2 }], '"history[0].epoch" expected integer in [1, 1], got 2'],
    ['current', [], '"current" expected object'],
    ['current.samples', 41, '"current.samples" expected integer in [0, 40], got 41'],
    ['current.sums.phases', [{}], '"current.sums.phases.gather" expected number'],
    ['train.rows', '40', '"train.rows" expected integer'],
    ['settings', undefined, '"settings" expected object'],
    ['settings.options', { momentum: 2 }, '"momentum" expected number in [0, 1), got 2'],
    ['settings.options', { momemtum: 0.5 }, 'has no option "momemtum"'],
    ['settings.options', {}, 'the vector "state.0" has no place'],
    ['settings.options', { optimizer: 'adam' }, 'the vector "state.1" is missing'],
    ['settings.decided', { batchSize: 'auto' }, '"settings.decided.batchSize" expected integer'],
    ['settings.decided.backend', 'reference', 'the vector "weights" expected float64 as its backend has, got float32'],
    ['settings.adaptive', { least: 16 }, '"settings.adaptive.costs" expected list'],
    ['settings.machine', { simd: {} }, '"settings.machine.simd" expected string or number'],
    ['plateau', { rate: NaN }, '"plateau.rate" expected'],
    ['control', 1, '"control" expected object'],
    ['learningRate', -1, '"learningRate" expected finite number of at least 0, got -1'],
    ['stopping', { monitor: 'training loss', epoch: 99, value: 1 }, '"stopping.epoch" expected'],
    ['stopping', { epoch: 1, value: 1 }, '"stopping.monitor" expected'],
  ])('%s: %j', async (at, value, message) => {
    expect(((await failure(await changed(at, value))) as Error).message).toContain(message);
  });

  const withVectors = (change: (vectors: Map<string, LayerParameters[]>) => void) => {
    const vectors = new Map(structuredClone([...good.vectors])) as Map<string, LayerParameters[]>;
    change(vectors);
    return checkpointToBytes(network, good.state, vectors);
  };

  it('weights that are not finite, missing, or of another shape', async () => {
    const says = async (change: Parameters<typeof withVectors>[0]) =>
      ((await failure(await withVectors(change))) as Error).message;
    expect(await says((vectors) => (vectors.get('weights')![0]!.weights[3] = NaN))).toContain('weights are not finite');
    expect(
      await says((vectors) => {
        const best = structuredClone(vectors.get('weights')!);
        best[1]!.bias[0] = NaN;
        vectors.set('best', best);
      }),
    ).toContain('"parameters[1].bias[0]" expected a finite number, got NaN');
    expect(await says((vectors) => vectors.delete('weights'))).toContain('the vector "weights" is missing');
    expect(await says((vectors) => vectors.get('weights')!.pop())).toContain('"weights.2.weights" is missing');
  });

  it('any byte that is changed, and any end that is cut off', async () => {
    for (let i = 0; i < 40; i++) {
      const at = Math.floor((i * bytes.length) / 40);
      const flipped = bytes.slice();
      flipped[at]! ^= 0x10;
      await failure(flipped);
      await failure(bytes.subarray(0, at));
    }
  });

  it('another format, a model, and a checkpoint as a model', async () => {
    const text = new TextDecoder('latin1')
      .decode(bytes)
      .replace('"gradpool.checkpoint":"1"', '"gradpool.checkpoint":"2"');
    const message = ((await failure(Uint8Array.from(text, (c) => c.charCodeAt(0)))) as Error).message;
    expect(message).toMatch(/its format "2" of gradpool .* is not 1/);
    writeFileSync(path, bytes);
    await expect(loadNetwork(path)).rejects.toMatchObject({ code: 'ERR_BAD_FILE' });
  });
});

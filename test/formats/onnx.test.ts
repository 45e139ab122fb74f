import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Dataset,
  encodeTable,
  exportOnnx,
  exportTfjs,
  Network,
  Normalization,
  saveOnnx,
  saveTfjs,
  tableFromRows,
} from 'gradpool';
import { env, InferenceSession, Tensor } from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClose, largest } from '../close.ts';
import { samples } from './networks.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-onnx-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => {
  env.wasm.numThreads = 1;
});

async function predict(bytes: Uint8Array, rows: readonly number[][]): Promise<Float32Array> {
  const session = await InferenceSession.create(bytes, { executionProviders: ['wasm'] });
  expect(session.inputNames).toEqual(['input']);
  expect(session.outputNames).toEqual(['output']);
  const input = new Tensor('float32', Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
  const { output } = await session.run({ input });
  const data = output!.data as Float32Array;
  expect(output!.dims).toEqual([rows.length, data.length / rows.length]);
  await session.release();
  return data;
}

describe.each(samples())('$name', ({ network, rows }) => {
  it('onnxruntime predicts the same, for any number of rows', async () => {
    const bytes = await exportOnnx(network);
    for (const part of [rows, rows.slice(0, 1)]) {
      const expected = network.predict(part);
      expectClose('output', await predict(bytes, part), expected, { relative: 1e-5, floor: largest(expected) });
    }
  });
});

describe('saveOnnx', () => {
  const network = new Network({ inputs: 2, layers: [{ units: 1, activation: 'linear' }] });

  it('writes the bytes of exportOnnx', async () => {
    const path = join(folder, 'a.onnx');
    await saveOnnx(path, network);
    expect(new Uint8Array(readFileSync(path))).toEqual(await exportOnnx(network));
  });

  const layers = [{ units: 1, activation: 'linear' as const }];
  const made = (...columns: number[][]) => {
    const inputs = columns[0]!.map((_, r) => columns.map((column) => column[r]!));
    const dataset = Dataset.fromArrays({ inputs, targets: inputs.map((_, r) => r) });
    return new Network({
      inputs: columns.length,
      layers,
      normalization: Normalization.fit(dataset, { inputs: 'z-score' }),
      seed: 1,
    });
  };
  const rows = Array.from({ length: 200 }, (_, r) => r);
  const far = rows.map((r) => 1.7e12 + 1000 * r);

  it('refuses inputs that float32 cannot hold, and names the column', async () => {
    const network = made(rows, far);
    const table = tableFromRows(
      rows.map((r) => ({ row: r, time: far[r]!, y: r })),
      { columns: ['row', 'time', 'y'] },
    );
    const { encoding } = encodeTable(table, { target: 'y' });
    const what = 'has values around 1700000000000, where float32 has steps of 131072, and one unit of the';
    await expect(exportOnnx(network)).rejects.toThrow(RangeError);
    await expect(exportOnnx(network)).rejects.toThrow(`column 1 ${what}`);
    await expect(saveOnnx(join(folder, 'no.onnx'), network, { encoding })).rejects.toThrow(`column "time" ${what}`);
    expect(() => exportTfjs(network, { encoding })).toThrow(`column "time" ${what}`);
    await expect(saveTfjs(join(folder, 'no'), network, { encoding })).rejects.toThrow(
      'or export with checkRange: false',
    );
    expect(existsSync(join(folder, 'no.onnx')) || existsSync(join(folder, 'no'))).toBe(false);
    await saveOnnx(join(folder, 'yes.onnx'), network, { checkRange: false });
    exportTfjs(network, { checkRange: false });
  });

  it.each<[string, number[], boolean]>([
    ['years', rows.map((r) => 1900 + r / 2), true],
    ['bytes', rows.map((r) => r % 256), true],
    ['seconds of a year since 1970', rows.map((r) => 1.7e9 + 150_000 * r), true],
    ['whole numbers that are far apart from 0', rows.map((r) => 10_000_001 + (r % 10)), false],
    ['tiny numbers', rows.map((r) => r * 1e-36), true],
  ])('%s', async (_, column, holds) => {
    const error = await exportOnnx(made(column)).catch((reason: unknown) => reason);
    expect(error instanceof RangeError ? error.message : 'it was exported').toMatch(
      holds ? 'it was exported' : /column 0 has values around/,
    );
    if (!holds) return;
    const [network, some] = [made(column), column.filter((_, r) => r % 20 === 0).map((x) => [x])];
    const expected = network.predict(some);
    expectClose('output', await predict(await exportOnnx(network), some), expected, { relative: 2e-3, floor: 1 });
  });

  it('refuses outputs that float32 cannot hold', async () => {
    const targets = { scale: Float64Array.of(1e-3), shift: Float64Array.of(-1e6) };
    const later = new Network({ inputs: 1, layers, normalization: { inputs: undefined, targets } });
    await expect(exportOnnx(later)).rejects.toThrow('expected targets that float32 holds');
    await expect(exportOnnx(later)).rejects.toThrow(
      'column 0 has values around 1000000000, where float32 has steps of 64',
    );
    expect((await exportOnnx(later, { checkRange: false })).length).toBeGreaterThan(0);
  });

  it('refuses inputs that are more than float32 has', async () => {
    const inputs = { scale: Float64Array.of(1e-39), shift: Float64Array.of(0) };
    const vast = new Network({ inputs: 1, layers, normalization: { inputs, targets: undefined } });
    await expect(exportOnnx(vast)).rejects.toThrow('one unit is 1e+39: more than float32 has');
  });

  it('checks its arguments', async () => {
    const { encoding } = encodeTable(tableFromRows([{ a: 1, y: 2 }], { columns: ['a', 'y'] }), { target: 'y' });
    await expect(exportOnnx(network, { encoding })).rejects.toThrow(
      `"encoding" expected that of the network's 2 inputs`,
    );
    await expect(exportOnnx(network, { check: 1 } as never)).rejects.toThrow('"options" has no option "check"');
    await expect(exportOnnx({} as never)).rejects.toThrow('"network" expected Network, got object');
    await expect(saveOnnx(1 as never, network)).rejects.toThrow('"path" expected path or file URL, got 1');
    const inputs = { scale: Float64Array.of(1, 1e39), shift: Float64Array.of(0, 0) };
    const steep = new Network({ inputs: 2, layers, normalization: { inputs, targets: undefined } });
    await expect(exportOnnx(steep)).rejects.toThrow(
      '"normalization.inputs" expected factors in float32, got 1e+39 in column 1',
    );
  });
});

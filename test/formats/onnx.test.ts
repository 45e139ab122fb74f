import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportOnnx, Network, saveOnnx } from 'gradpool';
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

  it('checks its arguments', async () => {
    await expect(exportOnnx({} as never)).rejects.toThrow('"network" expected Network, got object');
    await expect(saveOnnx(1 as never, network)).rejects.toThrow('"path" expected path or file URL, got 1');
    const layers = [{ units: 1, activation: 'linear' as const }];
    const inputs = { scale: Float64Array.of(1, 1e39), shift: Float64Array.of(0, 0) };
    const steep = new Network({ inputs: 2, layers, normalization: { inputs, targets: undefined } });
    await expect(exportOnnx(steep)).rejects.toThrow(
      '"normalization.inputs" expected factors in float32, got 1e+39 in column 1',
    );
  });
});

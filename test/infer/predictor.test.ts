import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { Network, type NetworkOptions, Predictor, type PredictorInfo } from 'gradpool';
import { describe, expect, it } from 'vitest';
import { expectClose, largest } from '../close.ts';
import { samples } from '../formats/networks.ts';
import { Random } from '#src/core/random.js';
import { planInference } from '#src/infer/plan.js';
import { probeSimd } from '#src/kernels/load.js';

const run = promisify(execFile);

/** Runs a script of test/fixtures in a process of its own. */
async function child<T>(script: string, given: object = {}, flags: string[] = []): Promise<T> {
  const path = resolve(import.meta.dirname, '../fixtures', script);
  const { stdout } = await run(process.execPath, [...process.execArgv, ...flags, path, JSON.stringify(given)]);
  return JSON.parse(stdout) as T;
}

/** As many rows of normal numbers as are asked for. */
function randomRows(count: number, n: number): number[][] {
  const random = new Random(count);
  return Array.from({ length: count }, () => Array.from({ length: n }, () => random.normal()));
}

const wide: NetworkOptions = {
  inputs: 784,
  layers: [
    { units: 128, activation: 'relu' },
    { units: 10, activation: 'softmax' },
  ],
};
const networks = [...samples(), { name: '784-128-10', network: new Network(wide), rows: randomRows(7, 784) }];

describe.each(['wasm', 'reference'] as const)('%s', (backend) => {
  describe.each(networks)('$name', ({ network, rows }) => {
    const predictor = new Predictor(network, { backend });
    const expected = network.predict(rows);
    const tolerance = { relative: backend === 'wasm' ? 1e-5 : 1e-6, floor: largest(expected) };

    it('predicts what the network does, one by one and together, from any list', () => {
      expect(predictor.info.backend).toBe(backend);
      const K = expected.length / rows.length;
      const out = new Float32Array(K);
      rows.forEach((row, r) => {
        const one = expected.subarray(r * K, (r + 1) * K);
        for (const list of [row, Float32Array.from(row), Float64Array.from(row)]) {
          expect(predictor.predictOne(list, out)).toBe(out);
          expectClose(`row ${r}`, out, one, tolerance);
        }
        expect(predictor.predictOne(row)).toEqual(out);
      });
      for (const list of [rows, rows.flat(), Float32Array.from(rows.flat())]) {
        expectClose('all rows', predictor.predict(list), expected, tolerance);
      }
      expectClose('row 0', predictor.predict(rows[0]!), expected.subarray(0, K), tolerance);
    });

    it('for any number of rows, also around that of a block', () => {
      for (const count of [1, 2, 3, 4, 5, 63, 64, 65, 130]) {
        const many = randomRows(count, network.spec.inputs);
        const y = network.predict(many);
        expectClose(`${count} rows`, predictor.predict(many), y, { ...tolerance, floor: largest(y) });
      }
    });
  });
});

describe('Predictor', () => {
  const network = new Network({ inputs: 2, layers: [{ units: 3, activation: 'softmax' }], seed: 2 });
  const predictor = new Predictor(network);

  it('takes the fastest kernels that run here, and says so', () => {
    const { backend, path, reason } = predictor.info;
    expect({ backend, path, reason }).toEqual({
      backend: 'wasm',
      path: probeSimd(),
      reason: 'the fastest that can run here',
    });
    expect(new Predictor(network, { backend: 'reference' }).info.reason).toBe('it was asked for');
  });

  it('has the weights of the moment when it was made', () => {
    const before = predictor.predictOne([1, 2]);
    network.setParameters([{ weights: [9, 9, 9, 0, 0, 0], bias: [5, 0, 0] }]);
    expect(predictor.predictOne([1, 2])).toEqual(before);
    expect(new Predictor(network).predictOne([1, 2])).not.toEqual(before);
  });

  it('large numbers neither overflow softmax nor come out as NaN', () => {
    const steep = new Network({ inputs: 1, layers: [{ units: 2, activation: 'softmax' }] });
    steep.setParameters([{ weights: [1e4, -1e4], bias: [0, 0] }]);
    expect(Array.from(new Predictor(steep).predictOne([1]))).toEqual([1, 0]);
  });

  it.each<[string, () => unknown, new () => Error, string]>([
    ['a network', () => new Predictor({} as never), TypeError, '"network" expected Network, got object'],
    [
      'a backend',
      () => new Predictor(network, { backend: 'blas' as never }),
      RangeError,
      "'wasm', 'reference', got \"blas\"",
    ],
    ['a row', () => predictor.predictOne(5 as never), TypeError, '"row" expected list of 2 numbers, got 5'],
    ['its length', () => predictor.predictOne([1]), RangeError, '"row" expected 2 numbers, got 1'],
    ['its numbers', () => predictor.predictOne([1, '2' as never]), TypeError, '"row[1]" expected number, got "2"'],
    ['NaN', () => predictor.predictOne([NaN, 1]), RangeError, '"row[0]" expected a finite number, got NaN'],
    ['infinity', () => predictor.predictOne([1, -Infinity]), RangeError, '"row[1]" expected a finite number'],
    ['out', () => predictor.predictOne([1, 2], [] as never), TypeError, '"out" expected Float32Array, got array'],
    [
      'its size',
      () => predictor.predictOne([1, 2], new Float32Array(2)),
      RangeError,
      '"out" expected 3 numbers, got 2',
    ],
    ['rows', () => predictor.predict([[1]]), RangeError, '"inputs" expected rows of 2 numbers'],
    ['NaN in rows', () => predictor.predict([[1, NaN]]), RangeError, '"inputs[0][1]" expected a finite number'],
  ])('checks %s', (_, call, type, message) => {
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });

  it('a plan has no part that lies over another, and few rows where they are wide', () => {
    const plan = planInference({ inputs: 2 ** 20, layers: [{ units: 9, activation: 'linear' }], loss: 'mse' }, 2);
    expect(plan.threads.map(({ many }) => many[0]!.rows)).toEqual([4, 4]);
    const ofThreads = plan.threads.flatMap(({ one, many }) => [...one, ...many]);
    const parts = [...plan.weights, ...plan.biases, ...ofThreads].sort((a, b) => a.offset - b.offset);
    parts.forEach(({ offset, bytes }, i) => expect(offset + bytes).toBe(parts[i + 1]?.offset ?? plan.bytes));
  });

  it('without WebAssembly the reference predicts, and info says why', async () => {
    const report = await child<{ info: PredictorInfo; same: number[][]; error: unknown }>('no-wasm.mjs');
    expect(report.info).toEqual({
      backend: 'reference',
      path: 'float64',
      reason: 'wasm cannot run: this engine has no WebAssembly SIMD',
    });
    expect(report.same[0]).toEqual(report.same[2]);
    expect(report.same[1]).toEqual(report.same[2]);
    expect(report.error).toEqual({
      name: 'GradpoolError',
      code: 'ERR_BACKEND_UNAVAILABLE',
      message: "backend 'wasm' cannot run: this engine has no WebAssembly SIMD",
    });
  });
});

describe('predictOne allocates nothing', () => {
  const flags = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];
  const hidden = { units: 32, activation: 'relu' };
  it.each([
    { name: 'softmax', layers: [hidden, { units: 4, activation: 'softmax' }], normalized: false, row: 'list' },
    { name: 'sigmoid, normalised', layers: [{ units: 3, activation: 'sigmoid' }], normalized: true, row: 'float32' },
    { name: 'linear', layers: [hidden, hidden, { units: 1, activation: 'linear' }], normalized: true, row: 'list' },
  ])('$name', async ({ layers, normalized, row }) => {
    const given = { layers, normalized, row, calls: 100_000 };
    const report = await child<{ info: PredictorInfo; perCall: number; control: number }>(
      'predict-heap.mjs',
      given,
      flags,
    );
    expect(report.info.backend).toBe('wasm');
    expect(report.control, 'the measure sees objects').toBeGreaterThan(15);
    expect(report.perCall).toBeLessThan(1);
  });
});

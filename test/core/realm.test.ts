// Values that another realm has made, as test runners and sandboxes do: their classes are not those here.
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { afterAll, describe, expect, it, test } from 'vitest';
import {
  Dataset,
  encodeRows,
  encodeTable,
  measureMetrics,
  Network,
  networkFromBytes,
  networkToBytes,
  Predictor,
  PredictorPool,
  readTable,
  saveNetwork,
  loadNetwork,
  tableFromRows,
  Trainer,
  type ArraysInput,
} from 'gradpool';

const context = createContext({});
/** What an expression gives in the other realm. */
const there = <T>(code: string): T => runInContext(code, context) as T;

const folder = mkdtempSync(join(tmpdir(), 'gradpool-realm-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const network = () =>
  new Network({
    inputs: 2,
    layers: [
      { units: 3, activation: 'tanh' },
      { units: 1, activation: 'linear' },
    ],
    seed: 1,
  });
const TYPES = ['Int8Array', 'Uint16Array', 'Int16Array', 'Uint32Array', 'Int32Array', 'Float32Array', 'Float64Array'];
const arrays = (inputs: string, targets = 'new Float32Array([1, 2])') =>
  there<ArraysInput>(`({ inputs: ${inputs}, targets: ${targets}, inputSize: 2 })`);

test('the other realm has other classes', () => {
  expect(there<unknown>('new Float32Array(1)') instanceof Float32Array).toBe(false);
});

describe('numbers', () => {
  it.each([...TYPES, 'Uint8Array', 'Uint8ClampedArray'])('in a %s train as those of this realm', async (type) => {
    const code = `new ${type}([1, 2, 3, 4])`;
    const data = Dataset.fromArrays(arrays(code));
    expect(data.storage.inputs.values.constructor.name).toBe(type.replace('Clamped', ''));
    expect(data.storage.inputs.values instanceof Object).toBe(true);
    const here = Dataset.fromArrays({
      ...(eval(`({ inputs: ${code} })`) as ArraysInput),
      targets: new Float32Array([1, 2]),
      inputSize: 2,
    });
    const trained = await Promise.all(
      [data, here].map(async (set) => {
        const trainer = await Trainer.create(network(), { workers: 1, sharedMemory: 'off' });
        const [report] = await trainer.fit(set);
        await trainer.close();
        return report!.loss;
      }),
    );
    expect(trained[0]).toBe(trained[1]);
    expect(Number.isFinite(trained[0])).toBe(true);
  });

  it.each(['Float32Array', 'Float64Array'])(
    'in a %s are checked: NaN and infinite ones, in inputs, targets and weights',
    (type) => {
      const bad = (values: string) => `new ${type}([${values}])`;
      expect(() => Dataset.fromArrays(arrays(bad('1, NaN, 3, 4')))).toThrow(
        '"inputs[0][1]" expected a finite number, got NaN',
      );
      expect(() => Dataset.fromArrays(arrays(bad('1, 2, 3, 1/0')))).toThrow('"inputs[1][1]" expected a finite number');
      expect(() => Dataset.fromArrays(arrays(bad('1, 2, 3, 4'), bad('1, NaN')))).toThrow(
        '"targets[1]" expected a finite',
      );
      const data = Dataset.fromArrays(arrays(bad('1, 2, 3, 4')));
      expect(() => data.withWeights(there(bad('1, NaN')))).toThrow('"weights[1]" expected a finite number');
      expect(() => network().predict(there(bad('1, NaN')))).toThrow('finite');
      expect(() => new Predictor(network()).predict(there(bad('1, NaN')))).toThrow('finite');
    },
  );

  it.each(['BigInt64Array', 'BigUint64Array', 'DataView'])('are not in a %s', (type) => {
    const code = type === 'DataView' ? 'new DataView(new ArrayBuffer(32))' : `new ${type}(4)`;
    expect(() => Dataset.fromArrays(arrays(code))).toThrow(
      `"inputs" expected rows of numbers or a typed array, got ${type}`,
    );
  });

  it('in shared memory of the other realm are not copied', () => {
    const inputs = there<Float64Array>('new Float64Array(new SharedArrayBuffer(32)).fill(1)');
    const { storage } = Dataset.fromArrays({ inputs, targets: [1, 2], inputSize: 2 });
    expect(storage.inputs.values.buffer).toBe(inputs.buffer);
    expect(storage.inputs.values).toBeInstanceOf(Float64Array);
  });

  it('of a Buffer are bytes, and make no Buffer', async () => {
    const data = Dataset.fromArrays({ inputs: Buffer.from([1, 2, 3, 4]), targets: Buffer.from([0, 1]), inputSize: 2 });
    expect(data.storage.inputs.values.constructor).toBe(Uint8Array);
    expect(data.storage.targets.columns.values.constructor).toBe(Uint8Array);
    const pool = await PredictorPool.create(network(), { workers: 1, inlineRows: 0 });
    try {
      expect(await pool.predict(Buffer.from([1, 2]))).toEqual(new Predictor(network()).predict([1, 2]));
      expect(await pool.predict(there('new Uint8Array([1, 2])'))).toEqual(new Predictor(network()).predict([1, 2]));
    } finally {
      await pool.close();
    }
  });

  it('may go into an array of the other realm', () => {
    const out = new Predictor(network()).predictOne([1, 2], there<Float32Array>('new Float32Array(1)'));
    expect([...out]).toEqual([...new Predictor(network()).predictOne([1, 2])]);
  });
});

test('files by bytes and URLs of the other realm', async () => {
  const path = join(folder, 'data.csv');
  writeFileSync(path, 'a,b\n1,2\n3,4\n');
  Object.assign(context, { href: pathToFileURL(path).href, URL });
  const text = there<Uint8Array>('new Uint8Array([97,44,98,10,49,44,50,10])');
  expect((await readTable(text, { format: 'csv' })).row(0)).toEqual({ a: 1, b: 2 });
  const npy = Buffer.alloc(80, 32);
  npy.write("\x93NUMPY\x01\0F\0{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", 'latin1');
  const foreign = (bytes: Uint8Array) =>
    there<(list: number[]) => Uint8Array>('(list) => new Uint8Array(list)')([...bytes]);
  await expect(Dataset.fromNpy({ inputs: foreign(npy), targets: foreign(npy) })).rejects.toThrow('at least one row');
  const bytes = foreign(networkToBytes(network()));
  expect(networkFromBytes(bytes).network.spec).toEqual(network().spec);
  // A class of URLs that is not the one here, as jsdom has.
  class OtherUrl {
    readonly href = pathToFileURL(join(folder, 'model.safetensors')).href;
    readonly protocol = 'file:';
    get [Symbol.toStringTag]() {
      return 'URL';
    }
  }
  const url = new OtherUrl() as unknown as URL;
  await saveNetwork(url, network());
  expect((await loadNetwork(url)).network.spec).toEqual(network().spec);
});

test('rows with dates and objects, rows of a table, meta and callbacks of the other realm', async () => {
  const rows = there<{ day: Date; y: number }[]>('[1, 2, 3, 4].map((y) => ({ day: new Date(y * 1000), y }))');
  const table = tableFromRows(rows);
  expect(table.row(1)).toEqual({ day: 2000, y: 2 });
  expect(table.select(there('new Uint32Array([2])')).row(0)).toEqual({ day: 3000, y: 3 });
  const { encoding } = encodeTable(table, there("({ target: 'y', task: 'regression' })"));
  expect(encodeRows(encoding, there('[{ day: new Date(5000) }]')).inputs[0]).toBe(5000);
  const meta = there<{ encoding: { names: string[] } }>("({ encoding: { names: ['a'] } })");
  expect(networkFromBytes(networkToBytes(network(), meta)).encoding).toEqual({ names: ['a'] });
  const wrong = there<object>('({ onEpochEnds() {} })');
  const trainer = await Trainer.create(network(), { workers: 1, sharedMemory: 'off' });
  await expect(
    trainer.fit(Dataset.fromArrays(arrays('[1, 2, 3, 4]', '[1, 2]')), { callbacks: [wrong] }),
  ).rejects.toThrow('"callbacks[0]" has no option "onEpochEnds"');
  await trainer.close();
});

test('a signal of another class is listened to', async () => {
  const target = new EventTarget();
  const signal = Object.assign(there<object>('({})'), {
    aborted: false,
    reason: undefined,
    addEventListener: target.addEventListener.bind(target),
    removeEventListener: target.removeEventListener.bind(target),
  });
  const given = { signal: signal as unknown as AbortSignal };
  const trainer = await Trainer.create(network(), { workers: 1, sharedMemory: 'off' });
  const data = Dataset.fromArrays(arrays('[1, 2, 3, 4]', '[1, 2]'));
  const abort = () => {
    Object.assign(signal, { aborted: true, reason: 'enough' });
    target.dispatchEvent(new Event('abort'));
  };
  const fit = trainer.fit(data, { ...given, epochs: 1e6, onProgress: abort });
  await expect(fit).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' });
  await expect(measureMetrics(network(), data, given)).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  await expect(trainer.fit(data, { signal: there('({ aborted: 1 })') })).rejects.toThrow(
    '"signal" expected AbortSignal',
  );
  await trainer.close();
});

test('a network of another copy of the package is named as such', () => {
  class Network {}
  const message = '"network" expected Network, got Network of another copy of gradpool: the package was loaded twice';
  expect(() => new Predictor(new Network() as never)).toThrow(message);
});

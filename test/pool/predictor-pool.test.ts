import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { Network, Normalization, Dataset, Predictor, PredictorPool } from 'gradpool';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '#src/core/random.js';
import { chooseInlineRows } from '#src/pool/inline-rows.js';
import { Staging } from '#src/pool/staging.js';

const INPUTS = 37;

/** As many rows of normal numbers as are asked for, flat. */
function randomRows(count: number): Float64Array {
  const random = new Random(count);
  return Float64Array.from({ length: count * INPUTS }, () => random.normal());
}

/** 37-50-11, normalised. */
function makeNetwork(): Network {
  const data = Dataset.fromArrays({
    inputs: randomRows(20),
    inputSize: INPUTS,
    targets: Array(20).fill(3) as number[],
  });
  return new Network({
    inputs: INPUTS,
    layers: [
      { units: 50, activation: 'tanh' },
      { units: 11, activation: 'softmax' },
    ],
    normalization: Normalization.fit(data, { inputs: 'z-score' }),
    seed: 3,
  });
}

const network = makeNetwork();
const predictor = new Predictor(network);

/** What a promise rejects with. */
function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => expect.fail('it resolved'),
    (error: Error) => error,
  );
}

describe('on two threads', () => {
  let pool: PredictorPool;
  beforeAll(async () => (pool = await PredictorPool.create(network, { workers: 2, inlineRows: 0 })));
  afterAll(() => pool.close());

  it('says what it does', () => {
    expect(pool.info).toEqual({
      ...predictor.info,
      workers: 2,
      inlineRows: 0,
      inlineReason: 'it was asked for',
      timings: [],
    });
  });

  it('has the bits of Predictor for any number of rows', async () => {
    for (const count of [1, 2, 3, 4, 5, 8, 63, 64, 65, 130, 131, 1001]) {
      const rows = randomRows(count);
      expect(await pool.predict(rows), `${count} rows`).toEqual(predictor.predict(rows));
    }
  });

  it('takes any list; shared memory too', async () => {
    const flat = randomRows(70);
    const nested = Array.from({ length: 70 }, (_, r) => Array.from(flat.subarray(r * INPUTS, (r + 1) * INPUTS)));
    const shared = new Float64Array(new SharedArrayBuffer(flat.byteLength));
    shared.set(flat);
    const expected = predictor.predict(flat);
    for (const list of [nested, Array.from(flat), shared]) expect(await pool.predict(list)).toEqual(expected);
    const rounded = Float32Array.from(flat);
    expect(await pool.predict(rounded)).toEqual(predictor.predict(rounded));
    const bytes = Uint8Array.from({ length: 9 * INPUTS }, (_, i) => i);
    expect(await pool.predict(bytes)).toEqual(predictor.predict(bytes));
    expect((await pool.predict(flat)).buffer).toBeInstanceOf(ArrayBuffer);
  });

  it('many requests at once do not mix, and their inputs may change after the call', async () => {
    const counts = Array.from({ length: 40 }, (_, i) => 1 + ((i * 37) % 150));
    const waiting = counts.map((count) => {
      const rows = randomRows(count);
      const result = pool.predict(rows);
      rows.fill(7);
      return result;
    });
    for (const [i, y] of (await Promise.all(waiting)).entries()) {
      expect(y, `request ${i}`).toEqual(predictor.predict(randomRows(counts[i]!)));
    }
  });

  it('predicts one row on the calling thread', () => {
    const row = randomRows(1);
    const out = new Float32Array(11);
    expect(pool.predictOne(row, out)).toBe(out);
    expect(out).toEqual(predictor.predictOne(row));
  });

  it('aborts one request and goes on with the others', async () => {
    const rows = randomRows(20_000);
    const controller = new AbortController();
    const [first, second] = [
      pool.predict(rows, { signal: controller.signal }),
      pool.predict(rows.slice(0, 40 * INPUTS)),
    ];
    controller.abort('why');
    expect(await errorOf(first)).toMatchObject({ name: 'GradpoolError', code: 'ERR_ABORTED', cause: 'why' });
    expect(await second).toEqual(predictor.predict(rows.slice(0, 40 * INPUTS)));
    expect(await errorOf(pool.predict(rows, { signal: controller.signal }))).toMatchObject({ code: 'ERR_ABORTED' });
    expect(await pool.predict(rows.slice(0, INPUTS))).toEqual(predictor.predict(rows.slice(0, INPUTS)));
  });

  it.each<[string, () => Promise<unknown>, new () => Error, string]>([
    ['rows', () => pool.predict([[1]]), RangeError, '"inputs" expected rows of 37 numbers'],
    ['no rows', () => pool.predict([]), RangeError, '"inputs" expected at least one row, got none'],
    ['a flat list', () => pool.predict(new Float32Array(38)), RangeError, 'rows of 37 numbers (inputs), got 38'],
    ['numbers', () => pool.predict(randomRows(2).fill(NaN, 40)), RangeError, '"inputs[1][3]" expected a finite number'],
    ['a string', () => pool.predict('1' as never), TypeError, '"inputs" expected rows of numbers or a typed array'],
    ['a signal', () => pool.predict([1], { signal: 5 as never }), TypeError, '"signal" expected AbortSignal, got 5'],
    ['an option', () => pool.predict([1], { timeout: 5 } as never), TypeError, 'has no option "timeout"'],
  ])('checks %s', async (_, call, type, message) => {
    const error = await errorOf(call());
    expect(error).toBeInstanceOf(type);
    expect(error.message).toContain(message);
  });
});

describe('PredictorPool', () => {
  it('the reference has the bits of its Predictor too', async () => {
    await using pool = await PredictorPool.create(network, { workers: 2, inlineRows: 1, backend: 'reference' });
    expect(pool.info.backend).toBe('reference');
    const rows = randomRows(31);
    expect(await pool.predict(rows)).toEqual(new Predictor(network, { backend: 'reference' }).predict(rows));
  });

  it('measures which batches stay on the calling thread, and keeps to it', async () => {
    await using pool = await PredictorPool.create(network, { workers: 1 });
    const { inlineRows, inlineReason, timings } = pool.info;
    expect(timings.length).toBeGreaterThan(3);
    timings.forEach(({ rows, inline, threads }, i) => {
      expect(rows).toBe(2 ** i);
      expect(Math.min(inline, threads)).toBeGreaterThan(0);
    });
    expect({ inlineRows, inlineReason, timings }).toEqual(chooseInlineRows(timings));
  });

  it('a request that waits when it is closed rejects; so do later ones', async () => {
    const pool = await PredictorPool.create(network, { workers: 1, inlineRows: 0 });
    const waiting = [errorOf(pool.predict(randomRows(20_000))), errorOf(pool.predict(randomRows(5)))];
    const closed = pool.close();
    for (const error of await Promise.all(waiting)) {
      expect(error).toMatchObject({ code: 'ERR_CLOSED', message: 'the pool is closed' });
    }
    await closed;
    await pool.close();
    expect(await errorOf(pool.predict(randomRows(1)))).toMatchObject({ code: 'ERR_CLOSED' });
    expect(() => pool.predictOne(randomRows(1))).toThrow('the pool is closed');
  });

  it.each<[string, object, new () => Error, string]>([
    ['workers', { workers: 0 }, RangeError, '"workers" expected integer in [1, 1024], got 0'],
    ['inlineRows', { inlineRows: -1 }, RangeError, '"inlineRows" expected integer of at least 0, got -1'],
    ['a misspelt option', { threads: 2 }, TypeError, 'has no option "threads"; it has backend, workers, inlineRows'],
    ['backend', { backend: 'blas' }, RangeError, "'wasm', 'reference', got \"blas\""],
  ])('checks %s', async (_, options, type, message) => {
    const error = await errorOf(PredictorPool.create(network, options));
    expect(error).toBeInstanceOf(type);
    expect(error.message).toContain(message);
  });

  it('checks the network', async () => {
    expect((await errorOf(PredictorPool.create({} as never))).message).toBe('"network" expected Network, got object');
  });
});

describe('a thread that ends', () => {
  it.each(['exit', 'throw', 'idle'])(
    '%s: the requests end with ERR_WORKER_FAILED and the process ends',
    async (kind) => {
      const fixture = resolve(import.meta.dirname, '../fixtures/dying-predictor.mjs');
      const flags = [...process.execArgv, '--import', fixture];
      const { stdout } = await promisify(execFile)(process.execPath, [...flags, fixture, kind], { timeout: 20_000 });
      const report = JSON.parse(stdout) as { codes: string[]; message: string; delay: number; threads: number };
      expect(report.codes).toEqual(Array(kind === 'idle' ? 1 : 3).fill('ERR_WORKER_FAILED'));
      expect(report.message).toMatch(/^a thread that predicts failed: /);
      expect(report.delay).toBeLessThan(2000);
      expect(report.threads).toBe(0);
    },
  );
});

describe('which batches stay on the calling thread', () => {
  const timings = (...factors: number[]) => factors.map((threads, i) => ({ rows: 2 ** i, inline: 1, threads }));

  it('the largest that was faster there, and all below it', () => {
    expect(chooseInlineRows(timings(5, 0.9, 2, 0.8, 0.5))).toMatchObject({
      inlineRows: 4,
      inlineReason: 'from 8 rows on the threads were measured to be faster',
    });
  });

  it('none, or all that were measured', () => {
    expect(chooseInlineRows(timings(0.9, 0.5)).inlineRows).toBe(0);
    expect(chooseInlineRows(timings(2, 1.5))).toMatchObject({
      inlineRows: 2,
      inlineReason: 'up to 2 rows the calling thread was measured to be faster; more would hold up its event loop',
    });
  });
});

describe('staging memory', () => {
  it('is used again, by requests of about its size, and not kept without limit', () => {
    const staging = new Staging();
    const first = staging.take(5000);
    expect(first.byteLength).toBe(8192);
    expect(staging.take(5000)).not.toBe(first);
    staging.give(first);
    expect(staging.take(1)).not.toBe(first);
    expect(staging.take(8192)).toBe(first);
    const large = staging.take(2 ** 26);
    staging.give(large);
    staging.give(first);
    expect(staging.take(2 ** 26)).toBe(large);
    expect(staging.take(8192)).not.toBe(first);
  });
});

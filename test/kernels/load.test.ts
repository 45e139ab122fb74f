// Rows of the data set into H_0 and D, on every backend: types, scales, orders, padding.
import { describe, expect, it } from 'vitest';
import { expectClose } from '../close.ts';
import { describeFloat32, normals, PAIRS, Rig } from './rig.ts';
import { Random } from '#src/core/random.js';
import type { NetworkSpec } from '#src/core/spec.js';
import type { Affine, Columns, NumericArray, Table, Targets } from '#src/core/table.js';
import type { KernelPath } from '#src/kernels/kernels.js';
import { loadBackend, probeSimd } from '#src/kernels/load.js';

/** How many rows the table has; those that are loaded come from all over it. */
const TABLE = 40;
const TYPES = [Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Float32Array, Float64Array];

function spec(inputs: number, units: number, loss: 'mse' | 'cross-entropy' = 'mse'): NetworkSpec {
  return { inputs, layers: [{ units, activation: loss === 'mse' ? 'linear' : 'softmax' }], loss };
}

function affine(random: Random, size: number): Affine {
  return {
    scale: Float64Array.from({ length: size }, () => random.normal() / 50),
    shift: Float64Array.from({ length: size }, () => random.normal()),
  };
}

function whole(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.below(128));
}

function columns(values: NumericArray, size: number, stride = size): Columns {
  return { values, size, stride };
}

function order(random: Random, rows: number): Uint32Array {
  return Uint32Array.from({ length: rows + 2 }, () => random.below(TABLE));
}

/** scale * x + shift of the rows order[2], order[3], ... */
function expected({ values, size, stride }: Columns, by: Affine | undefined, rows: Uint32Array): number[] {
  return Array.from(rows.subarray(2)).flatMap((row) =>
    Array.from({ length: size }, (_, i) => {
      const x = values[row * stride + i]!;
      return by ? by.scale[i]! * x + by.shift[i]! : x;
    }),
  );
}

function loadRig(path: KernelPath, table: Table, rows: Uint32Array, network: NetworkSpec): Rig {
  const rig = new Rig({ path, spec: network, rows: rows.length - 2, table });
  rig.poison();
  const { plan } = rig.arena;
  rig.write(plan.scale, table.affine.scale);
  rig.write(plan.shift, table.affine.shift);
  rig.kernels.load(rows, 2, rows.length - 2);
  return rig;
}

/** D as it lies for values: row by row. */
function readDesired(rig: Rig, rows: number): { values: number[]; padding: number[] } {
  const { offset, stride, columns: K, paddedColumns } = rig.block.desired;
  const wide = rig.arena.plan.format === 'rows-f64';
  const view = new DataView(rig.arena.handle.buffer, offset);
  const at = (r: number, c: number) =>
    wide ? view.getFloat64(r * stride + c * 8, true) : view.getFloat32(r * stride + c * 4, true);
  const read = (from: number, to: number) =>
    Array.from({ length: rows }, (_, r) => Array.from({ length: to - from }, (__, c) => at(r, from + c))).flat();
  return { values: read(0, K), padding: read(K, paddedColumns) };
}

function cases(path: KernelPath, most: number): void {
  const CLOSE = path === 'float64' ? { relative: 1e-15, floor: 1 } : { relative: 1e-6, floor: 1 };
  const pairs = PAIRS.filter(([rows]) => rows <= most);

  // Rows of bytes may be padded to whole words (which is how data sets hold them) or not.
  it.each([
    { name: 'bytes in rows of whole words', stride: (n: number) => Math.ceil(n / 4) * 4 },
    { name: 'bytes without padding', stride: (n: number) => n },
  ])('$name', ({ stride }) => {
    const random = new Random(1);
    for (const [rows, n] of pairs) {
      const inputs = columns(
        Uint8Array.from(whole(random, TABLE * stride(n)), (x) => 2 * x),
        n,
        stride(n),
      );
      const targets: Targets = { kind: 'values', columns: columns(new Float32Array(TABLE), 1), affine: undefined };
      const chosen = order(random, rows);
      const table = { inputs, affine: affine(random, n), targets };
      const rig = loadRig(path, table, chosen, spec(n, 1));
      const what = `${rows} rows, ${n} inputs`;
      expectClose(what, rig.read(rig.block.outputs[0]!, rows), expected(inputs, table.affine, chosen), CLOSE);
      rig.expectZeroPadding(what, rig.block.outputs[0]!, rows);
    }
  });

  it.each(TYPES.map((Type) => ({ Type, name: Type.name })))('inputs and values as $name', ({ Type }) => {
    const random = new Random(2);
    for (const [rows, n] of pairs.filter(([rows]) => rows < 10)) {
      const inputs = columns(new Type(whole(random, TABLE * n)), n);
      const by = affine(random, n);
      const values = columns(new Type(whole(random, TABLE * n)), n);
      const targets: Targets = { kind: 'values', columns: values, affine: rows % 2 === 0 ? undefined : by };
      const chosen = order(random, rows);
      const rig = loadRig(path, { inputs, affine: by, targets }, chosen, spec(n, n));
      const what = `${rows} rows, ${n} columns`;
      expectClose(what, rig.read(rig.block.outputs[0]!, rows), expected(inputs, by, chosen), CLOSE);
      const desired = readDesired(rig, rows);
      expectClose(`${what}: D`, desired.values, expected(values, targets.affine, chosen), CLOSE);
      expect(desired.padding.every((value) => value === 0)).toBe(true);
    }
  });

  // What float32 cannot tell apart, or hold, is scaled in float64.
  it.each(TYPES.filter((Type) => Type.BYTES_PER_ELEMENT >= 4).map((Type) => ({ Type, name: Type.name })))(
    'numbers far from zero as $name',
    ({ Type }) => {
      const random = new Random(5);
      for (const [rows, n] of pairs.filter(([rows]) => rows < 10)) {
        const stride = n + 3;
        const inputs = columns(new Type(whole(random, TABLE * stride).map((x) => 10_000_001 + x)), n, stride);
        const by = { scale: new Float64Array(n).fill(1 / 40), shift: new Float64Array(n).fill(-10_000_064 / 40) };
        const targets: Targets = { kind: 'values', columns: columns(new Float32Array(TABLE), 1), affine: undefined };
        const chosen = order(random, rows);
        const rig = loadRig(path, { inputs, affine: by, targets }, chosen, spec(n, 1));
        const what = `${rows} rows, ${n} columns`;
        const close = { relative: path === 'float64' ? 1e-15 : 1e-7, floor: 1 };
        expectClose(what, rig.read(rig.block.outputs[0]!, rows), expected(inputs, by, chosen), close);
        rig.expectZeroPadding(what, rig.block.outputs[0]!, rows);
      }
    },
  );

  it.each([
    ['bytes around 250', Uint8Array.from({ length: TABLE * 8 }, (_, i) => 246 + (i % 10)), 0.3, -75],
    ['milliseconds since 1970', Float64Array.from({ length: TABLE * 8 }, (_, i) => 1.7e12 + 997 * i), 1e-5, -1.7e7],
    ['1e-84', Float64Array.from({ length: TABLE * 8 }, (_, i) => i * 1e-84), 1e83, 0],
    ['denormal float32', Float32Array.from({ length: TABLE * 8 }, (_, i) => i * 1e-42), 1e41, -1],
  ])('%s', (_, values, scale, shift) => {
    const inputs = columns(values, 8);
    const by = { scale: new Float64Array(8).fill(scale), shift: new Float64Array(8).fill(shift) };
    const targets: Targets = { kind: 'values', columns: columns(new Float32Array(TABLE), 1), affine: undefined };
    const chosen = order(new Random(6), 7);
    const rig = loadRig(path, { inputs, affine: by, targets }, chosen, spec(8, 1));
    expectClose('H_0', rig.read(rig.block.outputs[0]!, 7), expected(inputs, by, chosen), { relative: 1e-7, floor: 1 });
  });

  // Long rows of float32 are copied otherwise than short ones, and with nothing to scale are left as they are.
  it.each([3, 31, 128, 200, 301])('rows of %i float32 with a stride, scaled and as they are', (n) => {
    const random = new Random(4);
    for (const stride of [n, n + 5]) {
      const inputs = columns(Float32Array.from(normals(random, TABLE * stride)), n, stride);
      const identity = { scale: new Float64Array(n).fill(1), shift: new Float64Array(n) };
      const targets: Targets = { kind: 'values', columns: columns(new Float32Array(TABLE), 1), affine: undefined };
      for (const by of [identity, affine(random, n)]) {
        const chosen = order(random, 7);
        const rig = loadRig(path, { inputs, affine: by, targets }, chosen, spec(n, 1));
        expectClose(`stride ${stride}`, rig.read(rig.block.outputs[0]!, 7), expected(inputs, by, chosen), CLOSE);
      }
    }
  });

  it('classes', () => {
    const random = new Random(3);
    for (const K of [2, 3, 10, 33]) {
      const classes = columns(
        Uint8Array.from({ length: TABLE }, () => random.below(K)),
        1,
      );
      const table = {
        inputs: columns(Float32Array.from(normals(random, TABLE)), 1),
        affine: affine(random, 1),
        targets: { kind: 'classes', columns: classes } as const,
      };
      const chosen = order(random, Math.min(31, most));
      const rig = loadRig(path, table, chosen, spec(1, K, 'cross-entropy'));
      const rows = chosen.length - 2;
      const labels = expected(classes, undefined, chosen);
      if (path === 'float64') {
        const oneHot = labels.flatMap((label) => Array.from({ length: K }, (_, k) => +(k === label)));
        expect(readDesired(rig, rows).values).toEqual(oneHot);
      } else {
        expect(Array.from(new Int32Array(rig.arena.handle.buffer, rig.block.desired.offset, rows))).toEqual(labels);
      }
    }
  });
}

/** Data over shared memory may be changed after they were checked. */
function changes(path: KernelPath): void {
  const bad = (what: RegExp): unknown =>
    expect.objectContaining({ code: 'ERR_BAD_DATA', message: expect.stringMatching(what) as string });
  const inputs = columns(new Float32Array(TABLE), 1);
  const by = { scale: Float64Array.of(1), shift: Float64Array.of(0) };
  const rows = new Uint32Array(4);

  it.each([-1, 3, 255, 0.5, NaN, 2 ** 31])('the class %f of 3', (label) => {
    const targets = { kind: 'classes', columns: columns(Float64Array.of(label), 1) } as const;
    const load = () => loadRig(path, { inputs, affine: by, targets }, rows, spec(1, 3, 'cross-entropy'));
    expect(load).toThrow(bad(/^"targets" expected a class number in \[0, 2\], got .*: the data were changed/));
  });

  it.each([
    ['a probability', [0.5, 1.5], true, /^"targets" expected a value in \[0, 1\], got 1.5/],
    ['a value', [0.5, NaN], false, /^"targets" expected a finite number, got NaN/],
  ])('%s', (_, values, shares, what) => {
    const targets: Targets = {
      kind: 'values',
      columns: columns(Float64Array.from(values), 2),
      affine: undefined,
      shares,
    };
    expect(() => loadRig(path, { inputs, affine: by, targets }, rows, spec(1, 2))).toThrow(bad(what));
  });
}

describe('float64', () => {
  cases('float64', 9);
  describe('changed', () => changes('float64'));
});
describeFloat32((twin) => {
  cases(twin, 127);
  describe('changed', () => changes(twin));
});

describe('loadBackend', () => {
  it('tells what it chose and why', () => {
    const probed = probeSimd();
    expect(probed).not.toBe('none');
    expect(loadBackend('auto', true).report).toMatchObject({ backend: 'wasm', path: probed });
    expect(loadBackend('auto', true).report.reason).toMatch(/^the fastest that can run here/);
    expect(loadBackend('reference', true)).toMatchObject({
      source: { backend: 'reference', module: undefined },
      report: { backend: 'reference', path: 'float64', reason: 'it was asked for' },
    });
    expect(loadBackend('wasm', true, 'simd').report.path).toBe('simd');
  });

  it('without shared memory it takes the reference, visibly; wasm by name is an error', () => {
    const { report } = loadBackend('auto', false);
    expect(report).toEqual({
      backend: 'reference',
      path: 'float64',
      reason: 'wasm cannot run: there is no shared memory',
    });
    expect(() => loadBackend('wasm', false)).toThrow(expect.objectContaining({ code: 'ERR_BACKEND_UNAVAILABLE' }));
    expect(() => loadBackend('blas', false)).toThrow(expect.objectContaining({ code: 'ERR_BACKEND_UNAVAILABLE' }));
  });
});

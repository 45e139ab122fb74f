// The output layer on every backend: Y = f_L(U_L), D_L = Y - D, the loss and the right answers, against the losses
// pattern by pattern.
import { describe, expect, it } from 'vitest';
import { expectClose, relativeError } from '../close.ts';
import { describeFloat32, normals, PAIRS, Rig } from './rig.ts';
import { Random } from '#src/core/random.js';
import { type Loss, type NetworkSpec, PAIRS as OUTPUTS } from '#src/core/spec.js';
import type { Table } from '#src/core/table.js';
import type { KernelPath } from '#src/kernels/kernels.js';
import { activateAll } from '#src/kernels/reference/dense.js';
import { softmax } from '#src/kernels/reference/activations.js';
import { patternLoss, patternRight } from '#src/kernels/reference/losses.js';
import { LOSS, RIGHT } from '#src/memory/control.js';

const KINDS = ['mse', 'binary-cross-entropy', 'cross-entropy classes', 'cross-entropy probabilities'] as const;
type Kind = (typeof KINDS)[number];

function networkOf(kind: Kind, K: number): NetworkSpec {
  const loss = kind.split(' ')[0] as Loss;
  return { inputs: 1, layers: [{ units: K, activation: OUTPUTS[loss] }], loss };
}

/** D as rows of K values. */
function desired(kind: Kind, random: Random, rows: number, K: number): Float64Array {
  if (kind === 'mse') return normals(random, rows * K);
  const D = new Float64Array(rows * K);
  for (let r = 0; r < rows; r++) {
    const row = D.subarray(r * K, r * K + K);
    if (kind === 'cross-entropy classes') row[random.below(K)] = 1;
    else if (kind === 'binary-cross-entropy') row.forEach((_, k) => (row[k] = random.below(5) / 4));
    else {
      // Multiples of 1/256 that add up to 1: exact in float32.
      for (let left = 256; left > 0; left--) row[random.below(K)]! += 1 / 256;
    }
  }
  return D;
}

function tableOf(kind: Kind, D: Float64Array, rows: number, K: number): Table {
  const inputs = { values: new Float32Array(rows), size: 1, stride: 1 };
  const affine = { scale: Float64Array.of(1), shift: Float64Array.of(0) };
  if (kind !== 'cross-entropy classes') {
    const columns = { values: Float32Array.from(D), size: K, stride: K };
    return { inputs, affine, targets: { kind: 'values', columns, affine: undefined } };
  }
  const values = Uint8Array.from({ length: rows }, (_, r) => D.subarray(r * K, r * K + K).indexOf(1));
  return { inputs, affine, targets: { kind: 'classes', columns: { values, size: 1, stride: 1 } } };
}

function run(path: KernelPath, kind: Kind, U: Float64Array, D: Float64Array, rows: number, K: number) {
  const rig = new Rig({ path, spec: networkOf(kind, K), rows, table: tableOf(kind, D, rows, K) });
  const order = Uint32Array.from({ length: rows }, (_, i) => i);
  rig.poison();
  rig.kernels.load(order, 0, rows);
  rig.write(rig.block.outputs[1]!, U);
  const statistics = rig.arena.statistics(0);
  statistics.fill(0);
  rig.kernels.outputs(rows);
  return { rig, Y: rig.block.outputs[1]!, delta: rig.block.deltas[1]!, statistics };
}

function expectedOf(kind: Kind, U: Float64Array, D: Float64Array, rows: number, K: number) {
  const { loss, layers } = networkOf(kind, K);
  const Y = U.slice();
  if (loss === 'cross-entropy') for (let r = 0; r < rows; r++) softmax(Y, r * K, K);
  else activateAll(Y, layers[0]!.activation, Y.length);
  let [sum, right] = [0, 0];
  for (let r = 0; r < rows; r++) {
    sum += patternLoss(loss, U, r * K, D, r * K, K);
    right += patternRight(loss, U, r * K, D, r * K, K);
  }
  return { Y, delta: Y.map((y, i) => y - D[i]!), sum, right };
}

function cases(path: KernelPath, most: number): void {
  const exact = path === 'float64';
  const CLOSE = { relative: exact ? 1e-14 : 2e-6, floor: 1 };

  it.each(KINDS)('%s', (kind) => {
    const random = new Random(5);
    for (const [rows, K] of PAIRS.filter(([rows]) => rows <= most)) {
      const U = normals(random, rows * K, 3);
      const D = desired(kind, random, rows, K);
      const expected = expectedOf(kind, U, D, rows, K);
      const { rig, Y, delta, statistics } = run(path, kind, U, D, rows, K);
      const what = `${rows} rows, ${K} outputs`;
      expectClose(`${what}: Y`, rig.read(Y, rows), expected.Y, CLOSE);
      expectClose(`${what}: delta`, rig.read(delta, rows), expected.delta, CLOSE);
      expectClose(`${what}: loss`, [statistics[LOSS]!], [expected.sum], CLOSE);
      expectClose(`${what}: right`, [statistics[RIGHT]!], [expected.right], { relative: 1e-9, floor: 1 });
      rig.expectZeroPadding(`${what}: Y`, Y, rows);
      rig.expectZeroPadding(`${what}: delta`, delta, rows);
    }
  });

  it('adds to the statistics that are there', () => {
    const [U, D] = [Float64Array.of(1, 2), Float64Array.of(0, 1)];
    const { rig, Y, statistics } = run(path, 'cross-entropy classes', U, D, 1, 2);
    const [loss, right] = statistics;
    rig.write(Y, U);
    rig.kernels.outputs(1);
    expect([statistics[LOSS], statistics[RIGHT]]).toEqual([2 * loss!, 2 * right!]);
    expect(right).toBe(1);
  });

  it('the first of equal outputs is the answer', () => {
    const U = Float64Array.of(1, 3, 3, 1, 3, 3);
    const D = Float64Array.of(0, 1, 0, 0, 0, 1);
    for (const kind of ['cross-entropy classes', 'cross-entropy probabilities'] as const) {
      expect(run(path, kind, U, D, 2, 3).statistics[RIGHT]).toBe(1);
    }
  });

  // ln(softmax) and ln(1 - sigmoid) of rounded outputs would be -Infinity here.
  it('large synaptic inputs give a finite and right loss', () => {
    const U = Float64Array.of(0, 200, -200, 5000);
    for (const kind of KINDS.slice(1)) {
      const D = kind === 'binary-cross-entropy' ? Float64Array.of(1, 0, 1, 1) : Float64Array.of(1, 0, 0, 0);
      const { statistics } = run(path, kind, U, D, 1, 4);
      const { sum } = expectedOf(kind, U, D, 1, 4);
      expect(relativeError(statistics[LOSS]!, sum)).toBeLessThan(1e-6);
    }
  });

  it.each(KINDS)('%s: NaN in one output is NaN in the loss', (kind) => {
    for (const K of [1, 3, 9]) {
      for (const at of [0, K - 1]) {
        const U = new Float64Array(2 * K).fill(0.5);
        U[K + at] = NaN;
        const D = desired(kind, new Random(6), 2, K);
        const { rig, Y, delta, statistics } = run(path, kind, U, D, 2, K);
        expect(statistics[LOSS], `${K} outputs, NaN at ${at}`).toBeNaN();
        expect(rig.read(Y, 2)[K + at]).toBeNaN();
        expect(rig.read(delta, 2)[K + at]).toBeNaN();
        expect(rig.read(Y, 1).every(Number.isFinite)).toBe(true);
      }
    }
  });
}

describe('float64', () => cases('float64', 9));
describeFloat32((twin) => cases(twin, 127));

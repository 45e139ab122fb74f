// Dropout on every backend, against the masks element by element, on sizes that fit no tile.
import { describe, expect, it } from 'vitest';
import { expectClose, largest } from '../close.ts';
import { describeFloat32, normals, Rig } from './rig.ts';
import { HIDDEN_ACTIVATIONS } from '#src/core/activations.js';
import { Random } from '#src/core/random.js';
import type { NetworkSpec } from '#src/core/spec.js';
import { isDropped, type Mask, Masks } from '#src/kernels/masks.js';
import type { KernelPath } from '#src/kernels/kernels.js';
import { derivative } from '#src/kernels/reference/activations.js';
import { activateAll, hiddenDelta } from '#src/kernels/reference/dense.js';

const HIDDEN = HIDDEN_ACTIVATIONS;
/** Rows and units. */
const SIZES = [
  [1, 1],
  [3, 9],
  [4, 8],
  [9, 127],
  [11, 33],
] as const;
const P = 0.3;
/** Where the rows are in their epoch, and in the block. */
const [ROW, AT] = [1000, 4];

function network(units: number, activation: (typeof HIDDEN)[number]): NetworkSpec {
  const layers = [
    { units, activation, dropout: P },
    { units: 3, activation: 'linear' as const },
  ];
  return { inputs: units, inputDropout: P, layers, loss: 'mse' };
}

function masksOf(spec: NetworkSpec): Masks {
  const masks = Masks.of(spec, 11)!;
  masks.begin(2);
  return masks;
}

/** M, rows x units, of rows from the first of the block on: those before `AT` are not multiplied. */
function factors(mask: Mask, rows: number, units: number): Float64Array {
  return Float64Array.from({ length: (AT + rows) * units }, (_, i) => {
    const p = Math.floor(i / units) - AT;
    return p < 0 ? 1 : isDropped(mask, ROW + p, i % units) ? 0 : mask.factor;
  });
}

function cases(path: KernelPath): void {
  const exact = path === 'float64';

  it.each([0, 1])('H_%i = H * M, nothing else', (layer) => {
    const random = new Random(1);
    for (const [rows, units] of SIZES) {
      const rig = new Rig({ path, spec: network(units, 'tanh'), rows: AT + rows });
      const mask = masksOf(network(units, 'tanh')).of(layer)!;
      const H = normals(random, (AT + rows) * units);
      const M = factors(mask, rows, units);
      // What is left out is 0, whatever it was.
      H.forEach((_, i) => M[i] === 0 && i % 3 === 0 && (H[i] = NaN));
      rig.poison();
      rig.write(rig.block.outputs[layer]!, H);
      rig.kernels.drop(layer, mask, ROW, rows, AT);
      const expected = H.map((h, i) => (M[i] === 0 ? 0 : h * M[i]!));
      const what = `${rows} rows, ${units} units`;
      const actual = rig.read(rig.block.outputs[layer]!, AT + rows);
      expectClose(what, actual, expected, { relative: exact ? 0 : 1.2e-7 });
      rig.expectZeroPadding(what, rig.block.outputs[layer]!, AT + rows);
    }
  });

  it.each(HIDDEN)('D_l = (D_{l+1} W^T) * f_l(U_l) * M, %s', (activation) => {
    const random = new Random(2);
    for (const [rows, units] of SIZES) {
      const spec = network(units, activation);
      const rig = new Rig({ path, spec, rows: AT + rows });
      const mask = masksOf(spec).of(1)!;
      const all = AT + rows;
      const [H, W, D] = [normals(random, all * units), normals(random, units * 3), normals(random, all * 3)];
      activateAll(H, activation, H.length);
      const h = Float64Array.from(H, Math.fround);
      rig.poison();
      rig.write(rig.block.outputs[1]!, h);
      rig.write(rig.block.deltas[2]!, D);
      rig.write(rig.arena.plan.layers[1]!.weights, W, rig.arena.slot(0));
      rig.kernels.drop(1, mask, ROW, rows, AT);
      rig.kernels.backward(1, 0, rows, AT);
      rig.kernels.dropDelta(1, mask, ROW, rows, AT);
      const expected = new Float64Array(all * units);
      hiddenDelta(expected, h, D, W, 'linear', all, units, 3);
      const M = factors(mask, rows, units);
      expected.forEach((sum, i) => (expected[i] = sum * M[i]! * derivative(h[i]!, activation)));
      const own = expected.subarray(AT * units);
      const delta = rig.read(rig.block.deltas[1]!, all).subarray(AT * units);
      const what = `${rows} rows, ${units} units`;
      expectClose(what, delta, own, { relative: exact ? 1e-13 : 3e-6, floor: Math.max(1, largest(own)) });
      expect(
        delta.every((d, i) => d === 0 || own[i] !== 0),
        `${what}: zeros`,
      ).toBe(true);
    }
  });
}

describe('float64', () => cases('float64'));
describeFloat32(cases);

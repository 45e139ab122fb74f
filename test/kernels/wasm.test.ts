// Both wasm twins, kernel by kernel, against the formulas in float64 on sizes that fit no tile.
import { describe, it } from 'vitest';
import { expectClose, largest } from '../close.ts';
import { describeFloat32, normals, PAIRS, Rig, TRIPLES } from './rig.ts';
import { HIDDEN_ACTIVATIONS } from '#src/core/activations.js';
import { Random } from '#src/core/random.js';
import type { NetworkSpec } from '#src/core/spec.js';
import { type KernelPath, stepOf } from '#src/kernels/kernels.js';
import type { LayerPlan, MatrixPlan } from '#src/memory/layout.js';
import {
  activateAll,
  addBiasGradient,
  addWeightGradient,
  hiddenDelta,
  synaptic,
} from '#src/kernels/reference/dense.js';

const HIDDEN = HIDDEN_ACTIVATIONS;
type Hidden = (typeof HIDDEN)[number];
/** float32 sums of at most 127 terms, and activations good to 5e-7. */
const CLOSE = 3e-6;

function network(inputs: number, units: number, outputs: number, activation: Hidden): NetworkSpec {
  const layers = [
    { units, activation },
    { units: outputs, activation: 'linear' as const },
  ];
  return { inputs, layers, loss: 'mse' };
}

/** Terms of a sum may cancel: its error is that of terms of the size of 1, of which sqrt(count) remain. */
function expectNear(what: string, actual: Float64Array, expected: Float64Array, count = 1): void {
  expectClose(what, actual, expected, { relative: CLOSE, floor: Math.max(largest(expected), Math.sqrt(count)) });
}

describeFloat32((path) => {
  describe.each(HIDDEN)('%s', (activation) => {
    it('forward: H = f(X W + 1 b^T)', () => {
      const random = new Random(1);
      for (const [rows, n, m] of TRIPLES) {
        const rig = new Rig({ path, spec: network(n, m, 1, activation), rows });
        const { weights, bias } = rig.arena.plan.layers[0]!;
        const [H0, H1] = rig.block.outputs as [MatrixPlan, MatrixPlan];
        const [X, W, b] = [normals(random, rows * n), normals(random, n * m, 1 / Math.sqrt(n)), normals(random, m)];
        rig.poison();
        rig.write(H0, X);
        rig.write(weights, W, rig.arena.slot(1));
        rig.write(bias, b, rig.arena.slot(1));
        rig.kernels.forward(1, 1, rows);
        const expected = new Float64Array(rows * m);
        synaptic(expected, X, W, b, rows, n, m);
        activateAll(expected, activation, expected.length);
        expectNear(`${rows} rows, ${n} inputs, ${m} units`, rig.read(H1, rows), expected);
        // A BLAS reads no padding of H and D.
        if (path !== 'sgemm') rig.expectZeroPadding(`${rows} rows, ${n} inputs, ${m} units`, H1, rows);
      }
    });

    it('backward: D_l = (D_{l+1} W^T) * f_l(U_l)', () => {
      const random = new Random(2);
      for (const [rows, m, k] of TRIPLES) {
        const rig = new Rig({ path, spec: network(1, m, k, activation), rows });
        const { weights } = rig.arena.plan.layers[1]!;
        const [H, W, D] = [normals(random, rows * m), normals(random, m * k), normals(random, rows * k)];
        activateAll(H, activation, H.length);
        const h = Float64Array.from(H, Math.fround);
        rig.poison();
        rig.write(rig.block.outputs[1]!, h);
        rig.write(rig.block.deltas[2]!, D);
        rig.write(weights, W, rig.arena.slot(0));
        rig.kernels.backward(1, 0, rows);
        const expected = new Float64Array(rows * m);
        hiddenDelta(expected, h, D, W, activation, rows, m, k);
        const what = `${rows} rows, ${m} units below ${k}`;
        expectNear(what, rig.read(rig.block.deltas[1]!, rows), expected);
        if (path !== 'sgemm') rig.expectZeroPadding(what, rig.block.deltas[1]!, rows);
      }
    });
  });

  describe('gradients', () => {
    it('gradient: G = H^T D and g = D^T 1, then G += H^T D', () => {
      const random = new Random(3);
      for (const [rows, n, m] of TRIPLES) {
        const { rig, H, D, G, g } = gradientRig(path, random, rows, n, m);
        const { weights, bias } = rig.arena.plan.layers[0]!;
        const what = `${rows} rows, ${n} inputs, ${m} units`;
        rig.kernels.gradient(1, 1, rows, false);
        expectNear(`${what}: G`, rig.read(weights, n, rig.arena.slot(1)), G, rows);
        expectNear(`${what}: g`, rig.read(bias, 1, rig.arena.slot(1)), g, rows);
        rig.kernels.gradient(1, 1, rows, true);
        addWeightGradient(G, H, D, rows, n, m);
        addBiasGradient(g, D, rows, m);
        expectNear(`${what}: G twice`, rig.read(weights, n, rig.arena.slot(1)), G, rows);
        expectNear(`${what}: g twice`, rig.read(bias, 1, rig.arena.slot(1)), g, rows);
        rig.expectZeroPadding(what, weights, n, rig.arena.slot(1));
        rig.expectZeroPadding(what, bias, 1, rig.arena.slot(1));
      }
    });

    it.each([0, 0.01])('gradientStep: W - (alpha / B) (H^T D) - alpha decay W, decay %d', (decay) => {
      const random = new Random(4);
      for (const [rows, n, m] of TRIPLES) {
        const { rig, G, g } = gradientRig(path, random, rows, n, m);
        const { weights, bias } = rig.arena.plan.layers[0]!;
        const [W, b] = [normals(random, n * m), normals(random, m)];
        rig.write(weights, W, rig.arena.slot(0));
        rig.write(bias, b, rig.arena.slot(0));
        const step = stepOf({ decay }, 0.5, 1 / rows);
        rig.kernels.gradientStep(1, 0, 1, rows, step);
        const stepped = (w: Float64Array, sum: Float64Array) =>
          w.map((value, i) => value - 0.5 * (sum[i]! / rows + decay * value));
        const what = `${rows} rows, ${n} inputs, ${m} units`;
        expectNear(`${what}: W`, rig.read(weights, n, rig.arena.slot(1)), stepped(W, G));
        expectNear(`${what}: b`, rig.read(bias, 1, rig.arena.slot(1)), stepped(b, g));
        expectNear(`${what}: the old W`, rig.read(weights, n, rig.arena.slot(0)), W);
        rig.expectZeroPadding(what, weights, n, rig.arena.slot(1));
        rig.expectZeroPadding(what, bias, 1, rig.arena.slot(1));
      }
    });

    // The kernels work on whole panels of 8 inputs; a layer of 4 once lost its upper neighbour's gradient.
    it('a layer leaves those above it alone', () => {
      for (const [n, m] of PAIRS) {
        const rig = new Rig({ path, spec: network(n, m, 3, 'linear'), rows: 2 });
        const [below, above] = rig.arena.plan.layers as [LayerPlan, LayerPlan];
        rig.poison();
        rig.write(rig.block.outputs[0]!, new Float64Array(2 * n).fill(1));
        rig.write(rig.block.deltas[1]!, new Float64Array(2 * m).fill(1));
        const [W, b] = [new Float64Array(m * 3).fill(7), new Float64Array(3).fill(7)];
        for (const run of [
          () => rig.kernels.gradient(1, 1, 2, false),
          () => rig.kernels.gradientStep(1, 0, 1, 2, stepOf({}, 1, 0.5)),
        ]) {
          rig.write(above.weights, W, rig.arena.slot(1));
          rig.write(above.bias, b, rig.arena.slot(1));
          run();
          const what = `${n} inputs, ${m} units below 3`;
          expectNear(`${what}: W_2`, rig.read(above.weights, m, rig.arena.slot(1)), W);
          expectNear(`${what}: b_2`, rig.read(above.bias, 1, rig.arena.slot(1)), b);
          rig.expectZeroPadding(what, below.bias, 1, rig.arena.slot(1));
        }
      }
    });
  });
});

/** H_0, D_1 and their products, with NaN everywhere else. */
function gradientRig(path: KernelPath, random: Random, rows: number, n: number, m: number) {
  const rig = new Rig({ path, spec: { inputs: n, layers: [{ units: m, activation: 'linear' }], loss: 'mse' }, rows });
  const [H, D] = [normals(random, rows * n), normals(random, rows * m)];
  rig.poison();
  rig.write(rig.block.outputs[0]!, H);
  rig.write(rig.block.deltas[1]!, D);
  const [G, g] = [new Float64Array(n * m), new Float64Array(m)];
  addWeightGradient(G, H, D, rows, n, m);
  addBiasGradient(g, D, rows, m);
  return { rig, H, D, G, g };
}

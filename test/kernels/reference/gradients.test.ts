// The gradients against finite differences of the loss, for each hidden activation and each pair of output and loss.
import { describe, expect, it } from 'vitest';
import { expectClose, largest } from '../../close.ts';
import { HIDDEN_ACTIVATIONS } from '#src/core/activations.js';
import { type Loss, type NetworkSpec, PAIRS, widths } from '#src/core/spec.js';
import { Random } from '#src/core/random.js';
import { activate } from '#src/kernels/reference/activations.js';
import { backwardBatch, batchLoss, forwardBatch } from '#src/kernels/reference/batch.js';
import { addBiasGradient, addWeightGradient, hiddenDelta } from '#src/kernels/reference/dense.js';
import { backwardPattern, forwardPattern, type Layer64 } from '#src/kernels/reference/pattern.js';

const HIDDEN = HIDDEN_ACTIVATIONS;
const LOSSES = Object.keys(PAIRS) as Loss[];
const CASES = HIDDEN.flatMap((hidden) => LOSSES.map((loss) => ({ hidden, loss })));
const B = 6;
/** Central differences of a float64 loss with this step are good to some 1e-9. */
const STEP = 1e-5;
const CLOSE = { relative: 1e-6, floor: 1e-2 };

interface Problem {
  readonly spec: NetworkSpec;
  readonly layers: Layer64[];
  readonly X: Float64Array;
  readonly D: Float64Array;
}

function problem(hidden: (typeof HIDDEN)[number], loss: Loss): Problem {
  const random = new Random(11);
  const K = 3;
  const spec: NetworkSpec = {
    inputs: 4,
    layers: [
      { units: 5, activation: hidden },
      { units: 4, activation: hidden },
      { units: K, activation: PAIRS[loss] },
    ],
    loss,
  };
  const n = widths(spec);
  const list = (length: number) => Float64Array.from({ length }, () => random.normal());
  const layers = spec.layers.map(({ units }, l) => ({ W: list(n[l]! * units), b: list(units) }));
  return { spec, layers, X: list(B * spec.inputs), D: targets(loss, K, random) };
}

function targets(loss: Loss, K: number, random: Random): Float64Array {
  if (loss === 'mse') return Float64Array.from({ length: B * K }, () => random.normal());
  const D = Float64Array.from({ length: B * K }, () => random.uniform());
  if (loss === 'binary-cross-entropy') return D;
  // Probabilities: each row adds up to 1.
  return D.map((d, i) => {
    const row = Math.floor(i / K) * K;
    return d / D.subarray(row, row + K).reduce((sum, value) => sum + value);
  });
}

/** (J(w + h) - J(w - h)) / 2h for every weight and bias: the sum over the patterns. */
function numericalGradients({ spec, layers, X, D }: Problem): Layer64[] {
  const rows = X.length / spec.inputs;
  const loss = () => batchLoss(spec, forwardBatch(spec, layers, X, rows), D, rows).loss;
  return layers.map(({ W, b }) => ({ W: slopes(W, loss), b: slopes(b, loss) }));
}

function slopes(w: Float64Array, loss: () => number): Float64Array {
  return w.map((value, i) => {
    w[i] = value + STEP;
    const above = loss();
    w[i] = value - STEP;
    const below = loss();
    w[i] = value;
    return (above - below) / (2 * STEP);
  });
}

function flat(layers: readonly Layer64[]): number[] {
  return layers.flatMap(({ W, b }) => [...W, ...b]);
}

describe.each(CASES)('hidden $hidden, $loss', ({ hidden, loss }) => {
  const p = problem(hidden, loss);
  const { spec, layers, X, D } = p;
  const rows = Array.from({ length: B }, (_, row) => ({
    x: X.subarray(row * 4, row * 4 + 4),
    d: D.subarray(row * 3, row * 3 + 3),
  }));

  it('batch gradients are the slopes of the loss', () => {
    const gradients = backwardBatch(spec, layers, forwardBatch(spec, layers, X, B).H, D, B);
    expectClose('gradients', flat(gradients), flat(numericalGradients(p)), CLOSE);
  });

  it('the batch is the sum of its patterns', () => {
    const sum = flat(layers).fill(0);
    const outputs: number[] = [];
    for (const { x, d } of rows) {
      const h = forwardPattern(spec, layers, x);
      outputs.push(...h.at(-1)!);
      flat(backwardPattern(spec, layers, h, d)).forEach((g, i) => (sum[i]! += g));
    }
    const forward = forwardBatch(spec, layers, X, B);
    expectClose('outputs', forward.H.at(-1)!, outputs, { relative: 1e-12, floor: 1 });
    expectClose('gradients', flat(backwardBatch(spec, layers, forward.H, D, B)), sum, { relative: 1e-12, floor: 1 });
  });

  it('pattern gradients are the slopes of the loss', () => {
    const { x, d } = rows[0]!;
    const gradients = backwardPattern(spec, layers, forwardPattern(spec, layers, x), d);
    expectClose('gradients', flat(gradients), flat(numericalGradients({ spec, layers, X: x, D: d })), CLOSE);
  });

  it('with f in place of its derivative in the hidden delta, as the notes print it, the check fails by far', () => {
    const right = numericalGradients(p);
    const wrong = printedGradients(p);
    expectClose(
      'the output layer, which the misprint leaves alone',
      flat(wrong.slice(-1)),
      flat(right.slice(-1)),
      CLOSE,
    );
    for (const l of [0, 1]) expect(distance(flat([wrong[l]!]), flat([right[l]!]))).toBeGreaterThan(0.2);
  });
});

/** |a - b| / |b|, in the norm of the largest element. */
function distance(a: number[], b: number[]): number {
  return largest(a.map((value, i) => value - b[i]!)) / largest(b);
}

/** D_l = (D_{l+1} W_{l+1}^T) * f_l(U_l): the formula of the course notes. */
function printedGradients({ spec, layers, X, D }: Problem): Layer64[] {
  const n = widths(spec);
  const { H } = forwardBatch(spec, layers, X, B);
  let delta = H.at(-1)!.map((y, i) => y - D[i]!);
  const gradients: Layer64[] = [];
  for (let l = spec.layers.length; l >= 1; l--) {
    const gradient = { W: new Float64Array(n[l - 1]! * n[l]!), b: new Float64Array(n[l]!) };
    addWeightGradient(gradient.W, H[l - 1]!, delta, B, n[l - 1]!, n[l]!);
    addBiasGradient(gradient.b, delta, B, n[l]!);
    gradients.unshift(gradient);
    if (l === 1) break;
    const back = new Float64Array(B * n[l - 1]!);
    hiddenDelta(back, H[l - 1]!, delta, layers[l - 1]!.W, 'linear', B, n[l - 1]!, n[l]!);
    const { U } = forwardBatch({ ...spec, layers: spec.layers.slice(0, l - 1) }, layers.slice(0, l - 1), X, B);
    const { activation } = spec.layers[l - 2]!;
    delta = back.map((slope, i) => slope * activate(U[i]!, activation));
  }
  return gradients;
}

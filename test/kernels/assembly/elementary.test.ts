// The error bounds that src/kernels/assembly/elementary.ts states, measured through the kernels that use it.
import { describe, expect, it } from 'vitest';
import { describeTwins, Rig } from '../rig.ts';
import { HIDDEN_ACTIVATIONS } from '#src/core/activations.js';
import type { Activation, NetworkSpec } from '#src/core/spec.js';
import type { KernelPath } from '#src/kernels/kernels.js';

/** Relative error of exp and tanh as stated; sigmoid adds two roundings to that of exp. */
const EXP = 3e-7;
const TANH = 5e-7;
const ELU = 7e-7;
const SIGMOID = EXP + 3 * 2 ** -24;
const SMALLEST_NORMAL = 2 ** -126;

/** float32 numbers across [low, high], evenly, and on a scale of powers of 2 towards 0. */
function range(low: number, high: number): number[] {
  const even = Array.from({ length: 20_001 }, (_, i) => low + ((high - low) * i) / 20_000);
  const powers = Array.from({ length: 150 }, (_, i) => 2 ** (7 - i)).flatMap((p) => [p, -p, 1.37 * p, -1.37 * p]);
  return [...even, ...powers.filter((x) => x >= low && x <= high)].map(Math.fround);
}

/**
 * f(u) by the forward kernel: the inputs are 0 and the biases are u. Four rows go through the tile of 4 x 8; one row
 * through those of 1 x 16 and 1 x 8.
 */
function apply(path: KernelPath, activation: Activation, u: readonly number[], rows: 1 | 4): Float64Array {
  const layers = [
    { units: u.length, activation },
    { units: 1, activation: 'linear' as const },
  ];
  const rig = new Rig({ path, spec: { inputs: 1, layers, loss: 'mse' }, rows });
  rig.write(rig.arena.plan.layers[0]!.bias, u, rig.arena.slot(0));
  rig.kernels.forward(1, 0, rows);
  const H = rig.read(rig.block.outputs[1]!, rows);
  for (let r = 1; r < rows; r++) {
    expect(H.subarray(r * u.length, (r + 1) * u.length), `row ${r}`).toEqual(H.subarray(0, u.length));
  }
  return H.subarray(0, u.length);
}

function expectBound(
  what: string,
  actual: Float64Array,
  u: readonly number[],
  f: (u: number) => number,
  bound: number,
) {
  const errors = u.map((x, i) => Math.abs(actual[i]! - f(x)) / Math.abs(f(x)));
  const worst = errors.reduce((at, error, i) => (error > errors[at]! || Number.isNaN(error) ? i : at), 0);
  const message = `${what} at ${u[worst]} is ${actual[worst]}, expected ${f(u[worst]!)}: relative ${errors[worst]}`;
  expect(errors[worst], message).toBeLessThan(bound);
}

function sigmoid(u: number): number {
  return 1 / (1 + Math.exp(-u));
}

/** Softmax of pairs (0, u), one in each row: e^u / (1 + e^u) and 1 / (1 + e^u). */
function softmaxPairs(path: KernelPath, u: readonly number[]): Float64Array {
  const outputs = new Float64Array(2 * u.length);
  const spec: NetworkSpec = { inputs: 1, layers: [{ units: 2, activation: 'softmax' }], loss: 'cross-entropy' };
  for (let from = 0; from < u.length; from += 128) {
    const part = u.slice(from, from + 128);
    const rig = new Rig({ path, spec, rows: part.length });
    const pairs = part.flatMap((x) => [0, x]);
    rig.write(rig.block.outputs[1]!, pairs);
    rig.kernels.outputs(part.length);
    outputs.set(rig.read(rig.block.outputs[1]!, part.length), 2 * from);
  }
  return outputs;
}

describeTwins((path) => {
  describe.each([1, 4] as const)('%d rows', (rows) => {
    it('tanh is right to its bound everywhere', () => {
      const u = range(-100, 100).filter((x) => x !== 0 && Math.abs(x) >= SMALLEST_NORMAL);
      expectBound('tanh', apply(path, 'tanh', u, rows), u, Math.tanh, TANH);
    });

    it('sigmoid is right to its bound down to u = -87', () => {
      const u = range(-87, 100);
      expectBound('sigmoid', apply(path, 'sigmoid', u, rows), u, sigmoid, SIGMOID);
    });

    it('ELU is right to its bound everywhere', () => {
      const u = range(-100, 100).filter((x) => x !== 0 && Math.abs(x) >= SMALLEST_NORMAL);
      expectBound('elu', apply(path, 'elu', u, rows), u, (x) => (x > 0 ? x : Math.expm1(x)), ELU);
    });

    it('ReLU and leaky ReLU are exact', () => {
      const u = [...range(-100, 100), 3e38, -3e38, 1e-40, -1e-40].map(Math.fround);
      expectBound(
        'relu',
        apply(path, 'relu', u, rows).map((h) => h + 1),
        u,
        (x) => Math.max(x, 0) + 1,
        1e-12,
      );
      const leaky = (x: number) => Math.fround(x < 0 ? Math.fround(0.01) * x : x);
      const normal = u.filter((x) => Math.abs(x) > 100 * SMALLEST_NORMAL);
      expectBound('leaky-relu', apply(path, 'leaky-relu', normal, rows), normal, leaky, 1e-12);
    });

    it('saturates where float32 ends', () => {
      const u = [-Infinity, -3e38, -1000, -104, -89, 0, -0, 1e-45, 89, 104, 1000, 3e38, Infinity].map(Math.fround);
      const s = apply(path, 'sigmoid', u, rows);
      u.forEach((x, i) =>
        expect(Math.abs(s[i]! - sigmoid(x)), `sigmoid(${x})`).toBeLessThan(1e-38 + 1e-7 * sigmoid(x)),
      );
      const t = apply(path, 'tanh', u, rows);
      u.forEach((x, i) => expect(t[i], `tanh(${x})`).toBeCloseTo(Math.tanh(x), 6));
      expect([t[0], t.at(-1)]).toEqual([-1, 1]);
      expect(apply(path, 'elu', [-Infinity, -89, Infinity], rows)).toEqual(Float64Array.of(-1, -1, Infinity));
      expect(apply(path, 'relu', [-Infinity, Infinity], rows)).toEqual(Float64Array.of(0, Infinity));
      expect(apply(path, 'leaky-relu', [-Infinity, Infinity], rows)).toEqual(Float64Array.of(-Infinity, Infinity));
    });

    it.each(HIDDEN_ACTIVATIONS)('%s lets NaN pass', (activation) => {
      const H = apply(path, activation, [1, NaN, 2, 0, NaN, -1, -2, 3, NaN, 0.5], rows);
      expect(Array.from(H, Number.isNaN)).toEqual(
        [1, 4, 8].reduce((all, i) => all.with(i, true), new Array<boolean>(10).fill(false)),
      );
    });
  });

  it('exp is right to its bound on [-87.3, 0], through softmax', () => {
    const u = range(-87.3, 0);
    const Y = softmaxPairs(path, u);
    const ratio = Float64Array.from(u, (_, i) => Y[2 * i + 1]! / Y[2 * i]!);
    // Y is e^u / sum: a product of its own rounding, in numerator and denominator.
    expectBound('exp', ratio, u, Math.exp, EXP + 2 * 2 ** -24);
  });

  it('exp is right to its bound on [0, 87], through sigmoid', () => {
    const u = range(17, 87);
    const reciprocal = apply(
      path,
      'sigmoid',
      u.map((x) => -x),
      4,
    ).map((y) => 1 / y - 1);
    expectBound('exp', reciprocal, u, Math.exp, EXP + 3 * 2 ** -24);
  });

  it('softmax adds up to 1 and is right for any difference', () => {
    const u = [...range(-80, 80), 200, -200, 3e38, -3e38].map(Math.fround);
    const Y = softmaxPairs(path, u);
    u.forEach((x, i) => {
      expect(Math.abs(Y[2 * i]! + Y[2 * i + 1]! - 1), `sum at ${x}`).toBeLessThan(3e-7);
      expect(Math.abs(Y[2 * i + 1]! - sigmoid(x)), `softmax at ${x}`).toBeLessThan(3e-7);
    });
  });
});

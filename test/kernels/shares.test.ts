// What `owner-computes` asks of the kernels: parameters in shares, and rows from any row of the block on. Each share and
// each part of the rows gives the very bits that the whole gives.
import { describe, expect, it } from 'vitest';
import { describeFloat32, normals, Rig } from './rig.ts';
import { Random } from '#src/core/random.js';
import type { NetworkSpec } from '#src/core/spec.js';
import { type Kernels, type KernelPath, type Share, stepOf, type StepPlan } from '#src/kernels/kernels.js';
import { stateOffset } from '#src/memory/layout.js';

const ROWS = 9;
/** Inputs and units, around the tiles: of 1, 3, 5, ... panels, whole or not. */
const WIDTHS = [
  [1, 1],
  [1, 9],
  [9, 1],
  [3, 8],
  [8, 3],
  [5, 33],
  [33, 5],
  [31, 9],
  [9, 31],
  [33, 33],
  [127, 2],
  [2, 127],
] as const;
const ADAM = {
  rule: 'adam',
  hyperparameters: { beta1: 0.9, beta2: 0.99, epsilon: 1e-3, weightDecay: 0.03 },
} as const;
/** More shares than there are tiles, too. */
const COUNTS = [2, 3, 5, 8];

function network(inputs: number, units: number): NetworkSpec {
  const layers = [
    { units, activation: 'tanh' as const },
    { units: 3, activation: 'linear' as const },
  ];
  return { inputs, layers, loss: 'mse' };
}

/** A rig whose every input of a kernel is set, the same each time. */
function rigOf(path: KernelPath, inputs: number, units: number, stateVectors: number): Rig {
  const rig = new Rig({ path, spec: network(inputs, units), rows: ROWS, stateVectors, norm: true });
  const random = new Random(31);
  rig.poison();
  for (const plan of [...rig.block.outputs, ...rig.block.deltas.slice(1)])
    rig.write(plan, normals(random, ROWS * plan.columns));
  for (const { weights, bias } of rig.arena.plan.layers) {
    for (const base of bases(rig)) {
      rig.write(weights, normals(random, weights.rows * weights.columns), base);
      rig.write(bias, normals(random, bias.columns), base);
    }
  }
  return rig;
}

/** Where the two weight slots and the two copies of each state begin. */
function bases(rig: Rig): number[] {
  return [
    rig.arena.slot(0),
    rig.arena.slot(1),
    ...Array.from({ length: rig.arena.plan.state.vectors }, (_, v) =>
      [0, 1].map((copy) => stateOffset(rig.arena.plan, v, copy)),
    ).flat(),
  ];
}

/** All parameters, gradients and states. */
function parameters(rig: Rig): Float64Array[] {
  return rig.arena.plan.layers.flatMap(({ weights, bias }) =>
    bases(rig).flatMap((base) => [rig.read(weights, weights.rows, base), rig.read(bias, 1, base)]),
  );
}

function cases(path: KernelPath): void {
  const momentum = { rule: 'momentum', hyperparameters: { momentum: 0.9, nesterov: 1 } } as const;
  const step = stepOf({ decay: 0.01 }, 0.3, 1 / ROWS);
  const update = (k: Kernels, { elements }: Share, plan: Partial<StepPlan>) => {
    const own = stepOf({ decay: 0.01, ...plan }, 0.3, 1 / ROWS, 5);
    for (const { begin, end } of elements) k.update(0, 1, 1, begin, end, 0, own);
  };
  const jobs: {
    name: string;
    stateVectors: number;
    run: (kernels: Kernels, share?: ReturnType<Kernels['share']>) => void;
  }[] = [
    {
      name: 'gradient',
      stateVectors: 0,
      run: (k, share) => [2, 1].forEach((l) => k.gradient(l, 1, ROWS, false, share)),
    },
    {
      name: 'gradient, added',
      stateVectors: 0,
      run: (k, share) => [2, 1].forEach((l) => k.gradient(l, 1, ROWS, true, share)),
    },
    {
      name: 'gradientStep',
      stateVectors: 0,
      run: (k, share) => [2, 1].forEach((l) => k.gradientStep(l, 0, 1, ROWS, step, false, share)),
    },
    {
      name: 'gradientStep, added',
      stateVectors: 0,
      run: (k, share) => [2, 1].forEach((l) => k.gradientStep(l, 0, 1, ROWS, step, true, share)),
    },
    {
      name: 'update with momentum',
      stateVectors: 1,
      run: (k, share = k.share(0, 1)) => update(k, share, momentum),
    },
    {
      name: 'update of Adam, clipped',
      stateVectors: 2,
      run: (k, share = k.share(0, 1)) => update(k, share, { ...ADAM, l1: 0.01, clip: 0.05 }),
    },
  ];

  it.each(jobs)('$name: the shares together are the whole', ({ stateVectors, run }) => {
    for (const [n, m] of WIDTHS) {
      const whole = rigOf(path, n, m, stateVectors);
      const before = parameters(whole);
      run(whole.kernels);
      expect(parameters(whole)).not.toEqual(before);
      for (const count of COUNTS) {
        const rig = rigOf(path, n, m, stateVectors);
        for (let index = count - 1; index >= 0; index--) run(rig.kernels, rig.kernels.share(index, count));
        expect(parameters(rig), `${n} inputs, ${m} units in ${count} shares`).toEqual(parameters(whole));
      }
    }
  });

  it('forward, outputs and backward in parts of the rows are those of all rows', () => {
    for (const [n, m] of WIDTHS) {
      const [whole, parts] = [rigOf(path, n, m, 0), rigOf(path, n, m, 0)];
      const order = Uint32Array.from({ length: ROWS }, () => 0);
      const pass = ({ kernels }: Rig, rows: number, at: number) => {
        kernels.load(order, at, rows, at);
        kernels.forward(1, 0, rows, at);
        kernels.forward(2, 0, rows, at);
        kernels.outputs(rows, at);
        kernels.backward(1, 0, rows, at);
      };
      for (const rig of [whole, parts]) {
        rig.write(rig.arena.plan.scale, new Float64Array(n).fill(1));
        rig.write(
          rig.arena.plan.shift,
          Float64Array.from({ length: n }, (_, i) => i / 8),
        );
      }
      pass(whole, ROWS, 0);
      // As they are dealt out, in fours, and not in their order.
      for (const [at, rows] of [
        [8, 1],
        [0, 4],
        [4, 4],
      ] as const)
        pass(parts, rows, at);
      for (const l of [1, 2]) {
        for (const kind of ['outputs', 'deltas'] as const) {
          const read = (rig: Rig) => rig.read(rig.block[kind][l]!, ROWS);
          expect(read(parts), `${n} inputs, ${m} units: ${kind} ${l}`).toEqual(read(whole));
          expect(read(whole).every(Number.isFinite)).toBe(true);
        }
      }
    }
  });
}

describe('float64', () => cases('float64'));
describeFloat32(cases);

// The reduction of the partial gradients and the step of each optimiser, on every backend, against the formulas of torch.optim in float64.
import { describe, expect, it } from 'vitest';
import { expectClose } from '../close.ts';
import { describeFloat32, normals, Rig } from './rig.ts';
import { Random } from '#src/core/random.js';
import { RULES } from '#src/core/optimizers.js';
import { type KernelPath, stepOf, type StepPlan } from '#src/kernels/kernels.js';
import { scalarBytes, stateOffset } from '#src/memory/layout.js';

const SPEC = { inputs: 17, layers: [{ units: 23, activation: 'linear' as const }], loss: 'mse' as const };

const MOMENTUM = { rule: 'momentum', hyperparameters: { momentum: 0.9, nesterov: 0 } } as const;
const NESTEROV = { rule: 'momentum', hyperparameters: { momentum: 0.9, nesterov: 1 } } as const;
const ADAM = { beta1: 0.9, beta2: 0.99, epsilon: 1e-3 };

const OPTIMISERS: { name: string; step: Partial<StepPlan> }[] = [
  { name: 'plain', step: {} },
  { name: 'with decay', step: { decay: 0.05 } },
  { name: 'with momentum', step: MOMENTUM },
  { name: 'with momentum and decay', step: { ...MOMENTUM, decay: 0.05 } },
  { name: "with Nesterov's momentum and decay", step: { ...NESTEROV, decay: 0.05 } },
  { name: 'plain, l1 and clipped', step: { l1: 0.03, clip: 0.1, decay: 0.05 } },
  { name: 'with momentum, l1 and clipped', step: { ...MOMENTUM, l1: 0.03, clip: 0.1 } },
  { name: 'RMSprop', step: { rule: 'rmsprop', hyperparameters: { alpha: 0.9, epsilon: 1e-3 }, decay: 0.05 } },
  { name: 'Adam', step: { rule: 'adam', hyperparameters: ADAM, decay: 0.05, l1: 0.03, clip: 0.1 } },
  { name: 'AdamW', step: { rule: 'adam', hyperparameters: { ...ADAM, weightDecay: 0.2 } } },
  { name: 'Lion', step: { rule: 'lion', hyperparameters: { beta1: 0.9, beta2: 0.95, weightDecay: 0.2 }, clip: 0.1 } },
];
const [RATE, SCALE, COUNT] = [0.3, 1 / 7, 5];

/** The new weight, in float64, as torch.optim has it; `next` gets the new state. */
function stepped(w: number, sum: number, state: readonly number[], plan: Partial<StepPlan>, next: number[]): number {
  const { rule = 'sgd', hyperparameters: h = {}, decay = 0, l1 = 0, clip = Infinity } = plan;
  const g = Math.max(-clip, Math.min(clip, SCALE * sum)) + l1 * Math.sign(w) + decay * w;
  const [first = 0, second = 0] = state;
  switch (rule) {
    case 'sgd':
      return w - RATE * g;
    case 'momentum':
      next[0] = h.momentum! * first + g;
      return w - RATE * (h.nesterov ? g + h.momentum! * next[0] : next[0]);
    case 'rmsprop':
      next[0] = h.alpha! * first + (1 - h.alpha!) * g * g;
      return w - (RATE * g) / (Math.sqrt(next[0]) + h.epsilon!);
    case 'lion':
      next[0] = h.beta2! * first + (1 - h.beta2!) * g;
      return w - RATE * (Math.sign(h.beta1! * first + (1 - h.beta1!) * g) + h.weightDecay! * w);
    case 'adam': {
      next[0] = h.beta1! * first + (1 - h.beta1!) * g;
      next[1] = h.beta2! * second + (1 - h.beta2!) * g * g;
      const [m, v] = [next[0] / (1 - h.beta1! ** COUNT), next[1] / (1 - h.beta2! ** COUNT)];
      return w - RATE * (h.weightDecay ?? 0) * w - (RATE * m) / (Math.sqrt(v) + h.epsilon!);
    }
  }
}

function cases(path: KernelPath): void {
  describe.each([1, 2, 3])('%d workers', (workers) => {
    it.each(OPTIMISERS)('$name', ({ step: plan }) => {
      const { vectors } = RULES[plan.rule ?? 'sgd'];
      const random = new Random(7);
      const rig = new Rig({ path, spec: SPEC, rows: 1, workers, stateVectors: vectors });
      const { slots, format } = rig.arena.plan;
      const count = slots.bytes / scalarBytes(format);
      const slot = (i: number) => rig.words(rig.arena.slot(i), count);
      const states = [0, 1].map((copy) =>
        Array.from({ length: vectors }, (_, v) => rig.words(stateOffset(rig.arena.plan, v, copy), count)),
      );
      for (let i = 0; i < slots.count; i++) slot(i).set(normals(random, count));
      for (const state of states.flat()) state.set(normals(random, count).map(Math.abs));
      const step = stepOf(plan, RATE, SCALE, COUNT);
      const line = 64 / scalarBytes(format);
      // Each combination of busy workers, direction and part of the slot.
      for (const [busy, from, begin, end] of [
        [1, 0, 0, count],
        [workers, 0, 0, count],
        [workers, 1, line, count],
        [workers, 0, 2 * line, 3 * line],
        [workers, 1, line, line],
      ] as const) {
        const to = 1 - from;
        const gradients = Array.from({ length: busy }, (_, w) => Float64Array.from(slot(w === 0 ? to : w + 1)));
        const w = Float64Array.from(slot(from));
        const [old, next] = [states[from]!, states[to]!].map((state) => state.map((v) => Float64Array.from(v)));
        const nextW = Float64Array.from(slot(to));
        for (let i = begin; i < end; i++) {
          const sum = gradients.reduce((total, gradient) => total + gradient[i]!, 0);
          const now = next!.map((v) => v[i]!);
          const then = old!.map((v) => v[i]!);
          nextW[i] = stepped(w[i]!, sum, then, plan, now);
          now.forEach((value, v) => (next![v]![i] = value));
        }
        rig.kernels.update(from, to, busy, begin, end, from, step);
        const close = { relative: path === 'float64' ? 1e-14 : 2e-6, floor: 1 };
        const what = `${busy} busy, [${begin}, ${end})`;
        expectClose(`${what}: new weights`, slot(to), nextW, close);
        expectClose(`${what}: old weights`, slot(from), w, { relative: 0 });
        for (let v = 0; v < vectors; v++) {
          expectClose(`${what}: new state ${v}`, states[to]![v]!, next![v]!, close);
          expectClose(`${what}: old state ${v}`, states[from]![v]!, old![v]!, { relative: 0 });
        }
      }
    });
  });

  it('gradients are added up in the first place, and their squares in pieces, anywhere in the slot', () => {
    const random = new Random(8);
    const rig = new Rig({ path, spec: SPEC, rows: 1, workers: 3, norm: true });
    const { slots, format } = rig.arena.plan;
    const count = slots.bytes / scalarBytes(format);
    const slot = (i: number) => rig.words(rig.arena.slot(i), count);
    for (let i = 0; i < slots.count; i++) slot(i).set(normals(random, count));
    const line = 64 / scalarBytes(format);
    const round = path === 'float64' ? (x: number) => x : Math.fround;
    const sum = Float64Array.from(slot(1), (g, i) => (i < line ? g : round(round(g + slot(2)[i]!) + slot(3)[i]!)));
    rig.kernels.reduce(1, 3, line, count);
    expectClose('sums', slot(1), sum, { relative: 0 });
    const { squares } = rig.arena;
    const per = count / squares.length;
    const expected = Float64Array.from(squares, (_, i) => {
      if (i * per < line) return 0;
      return Array.from(slot(1).slice(i * per, (i + 1) * per)).reduce((total, g) => total + g * g, 0);
    });
    rig.kernels.square(1, line, 2 * line);
    rig.kernels.square(1, 2 * line, count);
    expectClose('squares', squares, expected, { relative: path === 'float64' ? 0 : 1e-6 });
  });

  it('clipping lets NaN through, and the sign of 0 is 0', () => {
    const rig = new Rig({ path, spec: SPEC, rows: 1 });
    const { slots, format } = rig.arena.plan;
    const count = slots.bytes / scalarBytes(format);
    const [w, g] = [rig.words(rig.arena.slot(0), count), rig.words(rig.arena.slot(1), count)];
    w.set([0, 0, 1, -1]);
    g.set([NaN, 5, 0, -5]);
    rig.kernels.update(0, 1, 1, 0, 8, 0, stepOf({ l1: 0.25, clip: 2 }, 1));
    expect(Array.from(g.slice(0, 5))).toEqual([NaN, -2, 0.75, 1.25, 0]);
  });
}

describe('float64', () => cases('float64'));
describeFloat32(cases);

// The reduction of the partial gradients and the SGD step, on every backend, against torch.optim.SGD in float64.
import { describe, it } from 'vitest';
import { expectClose } from '../close.ts';
import { describeFloat32, normals, Rig } from './rig.ts';
import { Random } from '#src/core/random.js';
import type { KernelPath, Step } from '#src/kernels/kernels.js';
import { scalarBytes } from '#src/memory/layout.js';

const OPTIMISERS = [
  { name: 'plain', momentum: 0, nesterov: false, decay: 0 },
  { name: 'with decay', momentum: 0, nesterov: false, decay: 0.05 },
  { name: 'with momentum', momentum: 0.9, nesterov: false, decay: 0 },
  { name: 'with momentum and decay', momentum: 0.9, nesterov: false, decay: 0.05 },
  { name: "with Nesterov's momentum and decay", momentum: 0.9, nesterov: true, decay: 0.05 },
];

function cases(path: KernelPath): void {
  describe.each([1, 2, 3])('%d workers', (workers) => {
    it.each(OPTIMISERS)('$name', ({ momentum, nesterov, decay }) => {
      const random = new Random(7);
      const layers = [{ units: 23, activation: 'linear' as const }];
      const rig = new Rig({
        path,
        spec: { inputs: 17, layers, loss: 'mse' },
        rows: 1,
        workers,
        momentum: momentum > 0,
      });
      const { slots, velocity, format } = rig.arena.plan;
      const count = slots.bytes / scalarBytes(format);
      const slot = (i: number) => rig.words(rig.arena.slot(i), count);
      const velocities = [0, 1].map((i) =>
        velocity.count === 0 ? new Float64Array(count) : rig.words(velocity.offset + i * slots.bytes, count),
      );
      for (let i = 0; i < slots.count; i++) slot(i).set(normals(random, count));
      for (const v of velocities) v.set(normals(random, count));
      const step: Step = { rate: 0.3, scale: 1 / 7, decay, momentum, nesterov };
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
        const [w, v] = [Float64Array.from(slot(from)), Float64Array.from(velocities[from]!)];
        const [next, nextV] = [Float64Array.from(slot(to)), Float64Array.from(velocities[1 - from]!)];
        for (let i = begin; i < end; i++) {
          const g = gradients.reduce((sum, gradient) => sum + gradient[i]!, 0) * step.scale + decay * w[i]!;
          if (momentum > 0) nextV[i] = momentum * v[i]! + g;
          const direction = momentum === 0 ? g : nesterov ? g + momentum * nextV[i]! : nextV[i]!;
          next[i] = w[i]! - step.rate * direction;
        }
        rig.kernels.update(from, to, busy, begin, end, from, step);
        const close = { relative: path === 'float64' ? 1e-15 : 1e-6, floor: 1 };
        const what = `${busy} busy, [${begin}, ${end})`;
        expectClose(`${what}: new weights`, slot(to), next, close);
        expectClose(`${what}: old weights`, slot(from), w, { relative: 0 });
        if (momentum > 0) {
          expectClose(`${what}: new velocity`, velocities[1 - from]!, nextV, close);
          expectClose(`${what}: old velocity`, velocities[from]!, v, { relative: 0 });
        }
      }
    });
  });
}

describe('float64', () => cases('float64'));
describeFloat32(cases);

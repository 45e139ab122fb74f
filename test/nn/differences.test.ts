import { numericalJacobian } from 'gradpool';
import { expect, it } from 'vitest';
import { expectClose } from '../close.ts';

it("the course notes' example: f(x) = (5 - 2 x1 + 3 x3, x1 + 5 x2^2 + x3^3 - 1)", () => {
  const f = ([a, b, c]: number[]) => [5 - 2 * a! + 3 * c!, a! + 5 * b! ** 2 + c! ** 3 - 1];
  for (const [x1, x2, x3] of [
    [1, 2, 3],
    [0, 0, 0],
    [-4, 0.5, 10],
  ] as const) {
    const J = numericalJacobian(f, [x1, x2, x3]);
    expectClose(`at ${x1}, ${x2}, ${x3}`, J, [-2, 0, 3, 1, 10 * x2, 3 * x3 ** 2], { relative: 1e-6, floor: 1 });
  }
});

it('takes its step as a share of x, and leaves x alone', () => {
  const x = Float64Array.of(1e6);
  const steps: number[] = [];
  numericalJacobian(([a]) => (steps.push(a!), [a!]), x, 1e-3);
  expect(steps).toEqual([1e6, 1e6 + 1e3, 1e6 - 1e3]);
  expect(x[0]).toBe(1e6);
});

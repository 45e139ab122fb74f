import { expect, test } from 'vitest';
import { type CapacitySeries, judgeCapacity } from '#src/lab/capacity-verdict.js';

/** Errors of seven repeats about a value; what a repeat has in common is in all sizes. */
const repeats = (error: number) =>
  [0.9, 1.1, 1, 1.05, 0.95, 1.02, 0.98].map((f, r) => error * f * (1 + ((r * error) % 0.01)));
const series = (training: number[], test: number[], sizes = [1, 2, 4, 8, 16]): CapacitySeries => ({
  axis: 'width',
  sizes,
  training: training.map(repeats),
  validation: test.map(repeats),
  test: test.map(repeats),
});

test('a minimum between under- and overfitting', () => {
  const verdict = judgeCapacity(series([3, 2, 0.8, 0.3, 0.1], [3, 2, 1, 1.5, 2]), 0, 0)!;
  expect(verdict).toMatchObject({ axis: 'width', least: 4, asGood: [4], byValidation: 4, risesAgain: true });
  expect(verdict.largest).toMatchObject({ size: 16, worse: true });
  expect(verdict.largest.test.median).toBeCloseTo(2, 0);
  expect(verdict.smallest.training.median).toBeCloseTo(3.75, 0);
  expect(verdict.text).toMatch(
    /least at a width of 4 .*At 1 it is 3\.\d+ .*underfitting.*rises again: at 16 .*: overfitting\./,
  );
});

test('no rise where the largest is best, or as good', () => {
  const falling = judgeCapacity(series([3, 2, 1, 0.5, 0.2], [3, 2, 1.5, 1.2, 1.1]), 0, 0)!;
  expect(falling).toMatchObject({ least: 16, risesAgain: false });
  expect(falling.text).toContain('That is the largest: the test error was not seen to rise again.');
  const noisy = series([1, 1, 1], [2, 1, 1], [1, 2, 4]);
  const flat = judgeCapacity({ ...noisy, test: [repeats(2), repeats(1), [...repeats(1)].reverse()] }, 0, 0)!;
  expect(flat.risesAgain).toBe(false);
  expect(flat.asGood).toEqual([2, 4]);
});

test('a second descent after the peak is told', () => {
  const verdict = judgeCapacity(series([3, 1, 0.1, 0.01, 0.01], [3, 1, 4, 3, 2]), 0, 0)!;
  expect(verdict).toMatchObject({ least: 2, risesAgain: true, peak: { size: 4, worse: true } });
  expect(verdict.afterPeak.median).toBeCloseTo(0.5, 1);
  expect(verdict.text).toMatch(/times the least at 4; beyond that it falls a second time\.$/);
});

test('networks that are not trained have not overfitted', () => {
  const verdict = judgeCapacity(series([1, 0.5, 0.6, 3, 3], [1.5, 1, 1.1, 3, 3]), 0, 0)!;
  expect(verdict.risesAgain).toBe(true);
  expect(verdict.text).toContain('training does not get there, which is not overfitting');
});

test('the best is chosen by the other repeats: one lucky size does not make the largest look worse', () => {
  // Every size is lucky once: by all repeats one of them is chosen, but it is no better than the others where it was not.
  const sizes = [1, 2, 3, 4, 5, 6, 7, 8];
  const lucky = sizes.map((_, i) =>
    sizes.slice(0, 7).map((_, r) => (r === i ? 0.2 : 1 + 0.001 * ((i * 5 + r * 3) % 7))),
  );
  const verdict = judgeCapacity({ axis: 'depth', sizes, training: lucky, validation: lucky, test: lucky }, 0, 0)!;
  expect(verdict.risesAgain).toBe(false);
});

test('too few repeats prove nothing; sizes that all diverge have no verdict', () => {
  const { training, test: errors, ...rest } = series([3, 1, 0.1], [3, 1, 2], [1, 2, 4]);
  const few = {
    ...rest,
    training: training.map((e) => e.slice(0, 4)),
    validation: errors,
    test: errors.map((e) => e.slice(0, 4)),
  };
  expect(judgeCapacity(few, 0, 0)).toMatchObject({ least: 2, asGood: [1, 2, 4], risesAgain: false });
  expect(judgeCapacity(few, 0, 0)!.text).toContain('too few repeats to tell it from the others: it takes 5');
  const never = errors.map((e) => e.map(() => Infinity));
  expect(judgeCapacity({ ...rest, training: never, validation: never, test: never }, 0, 0)).toBeUndefined();
});

import { expect, test } from 'vitest';
import { duration } from '#src/cli/text.js';

test.each([
  [4.2e-8, '42.0 ns'],
  [3.14e-4, '314 µs'],
  [0.02, '20.0 ms'],
  [99, '99.0 s'],
  [119.7, '2 min 0 s'],
  [3599, '59 min 59 s'],
  [7265, '2 h 1 min'],
])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

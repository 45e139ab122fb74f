// Nothing of a call stays in memory once it is over: counted, not timed.
import { expect, test } from 'vitest';
import { child } from './problem.ts';

test('a call of fit, an epoch with validation, an evaluation and a prediction leave no promise behind', async () => {
  const { left } = await child<{ left: Record<string, number> }>('promises.mjs', { calls: 50 }, ['--no-warnings']);
  expect(Object.keys(left)).toHaveLength(6);
  // What the runtime keeps for a moment, but not one for each call.
  for (const [name, count] of Object.entries(left)) expect(count, name).toBeLessThan(10);
});

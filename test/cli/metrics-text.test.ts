import { expect, test } from 'vitest';
import { measureMetrics } from 'gradpool';
import { metricsText } from '#src/cli/metrics-text.js';

test('where targets are all equal there is no R2', async () => {
  const rows = [
    [1, 2],
    [1, 3],
  ];
  const answers = [
    [1.5, 2],
    [1, 3],
  ];
  const two = await measureMetrics(answers, rows, { task: 'values' });
  const text = metricsText('test', two, ['same', 'other']);
  expect(text).toMatch(/error [\d.]+\n/);
  expect(text).toMatch(/same .*│ +│\n/);
  expect(text).toMatch(/other .*│ 1\.000 │\n/);
  const one = await measureMetrics([[2], [3]], [[2], [3.5]], { task: 'values' });
  expect(metricsText('test', one, ['y'])).toMatch(/, R2 0\.\d+$/);
});

test('one row is a row', async () => {
  const one = await measureMetrics([[2]], [[2.5]], { task: 'values' });
  expect(metricsText('given', one, ['y'])).toMatch(/^On the 1 row of the given set:\n/);
});

// What a trainer leaves behind in its process, and what it leaves of the process meanwhile.
import { describe, expect, test } from 'vitest';
import { child, classes, classifier, STRATEGIES, train } from './problem.ts';
import { expectSameBits } from '../close.ts';

interface Lifetime {
  during: number;
  between: number[];
  after: number;
  resources: string[];
  started: number;
  ended: number;
}

describe.each(STRATEGIES)('after close nothing is left: %s', (strategy) => {
  test.each([1, 3])('%i workers: no thread, no port, and the process ends by itself', async (workers) => {
    const report = await child<Lifetime>('lifetime.mjs', { close: true, workers, strategy, trainers: 1 });
    expect(report.during, 'the measure sees threads').toBeGreaterThan(0);
    expect(report.resources.filter((name) => /MessagePort|Worker/.test(name))).toEqual([]);
    expect([report.started, report.ended]).toEqual([1, 1]);
  });
});

test('ten trainers one after another leave as much as one: nothing', async () => {
  const report = await child<Lifetime>('lifetime.mjs', { close: true, workers: 2, trainers: 10 });
  expect(report.between).toEqual(Array<number>(10).fill(0));
  expect([report.started, report.ended]).toEqual([10, 10]);
});

test('a close that is forgotten does not keep the process alive', async () => {
  const report = await child<Lifetime>('lifetime.mjs', { close: false, workers: 2, trainers: 2 });
  expect([report.started, report.ended]).toEqual([2, 0]);
  // It printed its report while the threads were there, and came to its end: `child` waits for that.
  expect(report.ms).toBeLessThan(10_000);
});

test('two trainers side by side do not disturb each other', async () => {
  const options = { workers: 2, batchSize: 8, momentum: 0.5 };
  const [a, b] = await Promise.all([
    train(classifier(1), classes(80), { ...options, seed: 1 }, { epochs: 6 }),
    train(classifier(2), classes(64, 300), { ...options, seed: 2, strategy: 'coordinator' }, { epochs: 4 }),
  ]);
  const aloneA = await train(classifier(1), classes(80), { ...options, seed: 1 }, { epochs: 6 });
  const aloneB = await train(
    classifier(2),
    classes(64, 300),
    { ...options, seed: 2, strategy: 'coordinator' },
    { epochs: 4 },
  );
  expectSameBits('the first', a.parameters, aloneA.parameters);
  expectSameBits('the second', b.parameters, aloneB.parameters);
  expect([a.losses, b.losses]).toEqual([aloneA.losses, aloneB.losses]);
});

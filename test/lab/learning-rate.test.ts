// The range test of the learning rate: what each update does, where it stops, and what it suggests.
import { describe, expect, it, test } from 'vitest';
import type { Dataset } from 'gradpool';
import { findLearningRate, Network, Trainer } from 'gradpool';
import { suggestRate } from '#src/lab/learning-rate-suggestion.js';
import { expectClose, sameBits } from '../close.ts';
import { aboutOne, blobs } from './problem.ts';

function classifier(): Network {
  return new Network({
    inputs: 2,
    layers: [
      { units: 8, activation: 'tanh' },
      { units: 3, activation: 'softmax' },
    ],
    seed: 3,
  });
}

/** y = w x + b with both 0; of `aboutOne(0)` the gradient is (w + b - 1) for each. */
function line(): Network {
  const network = new Network({ inputs: 1, layers: [{ units: 1, activation: 'linear' }] });
  network.setParameters([{ weights: [0], bias: [0] }]);
  return network;
}

const FAST = { workers: 1, backend: 'wasm' } as const;

test('each update has its own rate: on a parabola the losses are those of the formula', async () => {
  const report = await findLearningRate(line(), aboutOne(0), {
    least: 0.001,
    most: 0.1,
    updates: 40,
    smoothing: 0.5,
    trainer: { ...FAST, batchSize: 100 },
  });
  expect(report.state).toBe('complete');
  let [error, mean] = [1, 0];
  report.points.forEach(({ learningRate, loss, smoothed }, u) => {
    expectClose(`rate ${u}`, [learningRate], [0.001 * 100 ** (u / 39)], { relative: 1e-12 });
    mean = mean / 2 + error ** 2 / 4;
    expectClose(`loss ${u}`, [loss, smoothed], [error ** 2 / 2, mean / (1 - 0.5 ** (u + 1))], { relative: 1e-4 });
    // w and b each move by rate * error.
    error *= 1 - 2 * learningRate;
  });
});

test('momentum goes on from update to update', async () => {
  const rates = { least: 0.0099999, most: 0.01, updates: 10, smoothing: 0 };
  const report = await findLearningRate(line(), aboutOne(0), { ...rates, trainer: { ...FAST, momentum: 0.9 } });
  let [error, velocity] = [1, 0];
  for (const { loss, learningRate } of report.points) {
    expectClose('loss', [loss], [error ** 2 / 2], { relative: 1e-4 });
    velocity = 0.9 * velocity + error;
    error -= 2 * learningRate * velocity;
  }
});

describe('of a network', async () => {
  const network = classifier();
  const before = network.parameters;
  const seen: number[] = [];
  const data = blobs(200);
  const options = {
    most: 1000,
    trainer: { ...FAST, batchSize: 30 },
    onProgress: ({ updates }: { updates: number }) => seen.push(updates),
  };
  const report = await findLearningRate(network, data, options);

  it('stops where the loss diverges, and leaves the weights as they were', () => {
    expect(report).toMatchObject({ kind: 'learning-rate', version: 1, state: 'diverged', batchSize: 30 });
    expect(report.points.length).toBeLessThan(200);
    expect(seen).toEqual(report.points.map((_, i) => i + 1));
    const lowest = Math.min(...report.points.map(({ smoothed }) => smoothed));
    for (const { smoothed } of report.points) expect(smoothed).toBeLessThanOrEqual(4 * report.points[0]!.smoothed);
    expect(report.points.at(-1)!.smoothed).toBeGreaterThan(lowest);
    expect(sameBits(network.parameters, before)).toBe(true);
  });

  it('suggests a rate that trains well', async () => {
    const { suggestion } = report;
    if (suggestion.state === 'none') expect.fail(suggestion.why);
    expect(suggestion.learningRate).toBe(Math.min(suggestion.steepest, suggestion.tenthOfMinimum));
    expect(suggestion.why).toMatch(/steepest at .* least at .* is the smaller/);
    const { learningRate } = suggestion;
    await using trainer = await Trainer.create(network, { ...FAST, batchSize: 30, learningRate });
    const history = await trainer.fit(data, { epochs: 40 });
    expect(history.at(-1)!.accuracy).toBeGreaterThan(0.9);
  });

  it('is the same again, with several workers too', async () => {
    const again = await findLearningRate(classifier(), data, {
      ...options,
      trainer: { ...options.trainer, workers: 2 },
    });
    expectClose(
      'losses',
      again.points.map(({ loss }) => loss),
      report.points.map(({ loss }) => loss),
      { relative: 1e-9 },
    );
  });
});

describe('the suggestion', () => {
  const points = (loss: (exponent: number) => number) =>
    Array.from({ length: 101 }, (_, i) => {
      const exponent = -5 + i / 20;
      return { learningRate: 10 ** exponent, loss: loss(exponent), smoothed: loss(exponent) };
    });

  it('is where the loss falls steepest', () => {
    // Falls around 10^-3, least from some 10^-1 on.
    const found = suggestRate(points((e) => 1 - 1 / (1 + Math.exp(-6 * (e + 3))) + 0.01 * (e + 1) ** 2));
    if (found.state === 'none') expect.fail(found.why);
    expect(Math.log10(found.learningRate)).toBeCloseTo(-3, 1);
    expect(found.learningRate).toBe(found.steepest);
  });

  it('is a tenth of the best where that is less', () => {
    // A steep fall, at once followed by a rise.
    const found = suggestRate(points((e) => (e < -2 ? 1 - (e + 5) / 3 : 3 * (e + 2))));
    if (found.state === 'none') expect.fail(found.why);
    expect(Math.log10(found.tenthOfMinimum)).toBeCloseTo(-3, 9);
    expect(found.learningRate).toBeLessThanOrEqual(found.tenthOfMinimum);
  });

  it('is none where the loss never falls, or diverges at once', () => {
    expect(suggestRate(points((e) => 1 + Math.exp(e)))).toEqual({
      state: 'none',
      why: 'the loss did not fall at any rate from 0.000010 to 1.0',
    });
    expect(suggestRate(points(() => 1).slice(0, 3))).toMatchObject({ state: 'none' });
  });
});

test('a signal stops it', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(findLearningRate(line(), aboutOne(0), { signal })).rejects.toMatchObject({ code: 'ERR_ABORTED' });
});

test.each<[string, () => Promise<unknown>]>([
  ['"network" expected Network', () => findLearningRate({} as never, blobs(9))],
  ['"inputs" expected rows of 1', () => findLearningRate(line(), blobs(9))],
  ['"least" expected finite number', () => findLearningRate(line(), aboutOne(0), { least: 0 })],
  ['"most" expected finite number of at least 1', () => findLearningRate(line(), aboutOne(0), { least: 1, most: 0.1 })],
  ['"most" expected number above 1', () => findLearningRate(line(), aboutOne(0), { least: 1, most: 1 })],
  ['"updates" expected integer in [10', () => findLearningRate(line(), aboutOne(0), { updates: 9 })],
  ['"trainer" expected no learningRate', () => findLearningRate(line(), aboutOne(0), { trainer: { learningRate: 1 } as object })], // prettier-ignore
  ['got hogwild', () => findLearningRate(line(), aboutOne(0), { trainer: { strategy: 'hogwild' } as object })],
  [
    '"trainer.batchSize" expected integer',
    () => findLearningRate(line(), aboutOne(0), { trainer: { batchSize: 1e4 } }),
  ],
  ['"dataset" expected Dataset', () => findLearningRate(line(), undefined as unknown as Dataset)],
])('an argument that is wrong: %s', async (message, call) => {
  await expect(call()).rejects.toThrow(message);
});

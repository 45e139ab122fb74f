// A batch size that changes while training goes on: how it is decided, and that nothing else changes with it.
import { type AdaptiveBatchSize, type AdaptiveChoice, type Dataset, Trainer, type TrainerOptions } from 'gradpool';
import { describe, expect, it, test } from 'vitest';
import { Random } from '#src/core/random.js';
import { BatchControl, timePerUpdate } from '#src/train/batch-control.js';
import { type AdaptiveRule, scaledRate } from '#src/train/rate-rule.js';
import { expectSameBits } from '../close.ts';
import { BACKENDS, classes, classifier, STRATEGIES, train } from './problem.ts';

/** Updates cost all the same, so that larger batches are always better; or rows do, so that smaller ones are. */
const GROWS = { perUpdate: 1e-4, perRow: 0 };
const SHRINKS = { perUpdate: 0, perRow: 1e-6 };

const choice = (over: Partial<AdaptiveChoice> = {}): AdaptiveChoice => ({
  least: 16,
  most: 1024,
  referenceBatchSize: 64,
  rule: 'noise-scale',
  costs: [
    { batchSize: 16, seconds: 116 },
    { batchSize: 1024, seconds: 1124 },
  ],
  measured: false,
  ...over,
});

/** Moments that give exactly this |G|^2 and S. */
function moments(gradient: number, noise: number) {
  const [rows, batches] = [32, 8];
  const squares = batches * (gradient + noise / rows);
  return { rows, batches, squares, squareOfSum: squares + batches * (batches - 1) * gradient };
}

describe('the decision', () => {
  it('steps towards sqrt(t0 B_n / c), a factor of two at a time, and stays there', () => {
    // t0 = 100 and c = 1: B* = sqrt(100 B_n).
    for (const [noiseScale, expected] of [
      [2500, 512],
      [160, 128],
      [10, 32],
      [0.01, 16],
    ] as const) {
      const control = new BatchControl(choice(), 0.1);
      const sizes = Array.from({ length: 8 }, () => control.measured(moments(2, 2 * noiseScale), 1e6)!.batchSize);
      expect(sizes.at(-1)).toBe(expected);
      [64, ...sizes]
        .slice(1)
        .forEach((B, i) => expect(Math.abs(Math.log2(B / [64, ...sizes][i]!))).toBeLessThanOrEqual(1));
      expect(control.noiseScale).toBeCloseTo(noiseScale, 6);
      expect(control.measured(moments(2, 2 * noiseScale), 1e6)).toMatchObject({ batchSize: expected, gain: 1 });
    }
  });

  it('takes the fastest batch where the gradient is lost in its noise, and no more rows than there are', () => {
    const control = new BatchControl(choice(), 0.1);
    for (let i = 0; i < 3; i++) control.measured(moments(-1, 50), 300);
    expect(control).toMatchObject({ noiseScale: Infinity, batchSize: 256 });
    expect(control.learningRate).toBeCloseTo(0.4, 12);
  });

  it('changes nothing for a small gain, or where the weights are not finite', () => {
    const control = new BatchControl(choice(), 0.1);
    // 2% better at 128.
    expect(control.measured(moments(1, 90), 1e6)).toMatchObject({ batchSize: 64, gain: 1 });
    expect(control.measured({ ...moments(1, 1), squares: NaN }, 1e6)).toBeUndefined();
    expect(control.batchSize).toBe(64);
  });

  it('is asked for after 8192 rows, then more seldom, at least every 131072', () => {
    const control = new BatchControl(choice(), 0.1);
    expect(control.rowsLeft).toBeLessThanOrEqual(0);
    const gaps = [];
    for (let i = 0; i < 30; i++) {
      control.measured(moments(1, 100), 1e6);
      gaps.push(control.rowsLeft);
      control.trained(control.rowsLeft);
    }
    expect(gaps[0]).toBe(8192);
    expect(gaps.at(-1)).toBe(131_072);
    expect([...gaps].sort((a, b) => a - b)).toEqual(gaps);
  });

  it('takes the time of an update from a line between those that are known', () => {
    const costs = [
      { batchSize: 10, seconds: 1 },
      { batchSize: 20, seconds: 3 },
      { batchSize: 40, seconds: 4 },
    ];
    expect([10, 15, 20, 30, 40, 60].map((B) => timePerUpdate(choice({ costs }), B))).toEqual([1, 2, 3, 3.5, 4, 5]);
  });
});

test.each<[AdaptiveRule, number | undefined, number]>([
  ['none', undefined, 0.1],
  ['linear', undefined, 0.8],
  ['sqrt', undefined, 0.1 * Math.sqrt(8)],
  ['noise-scale', Infinity, 0.8],
  ['noise-scale', 0, 0.1],
  ['noise-scale', 128, (0.1 * 3) / 1.25],
])('the learning rate by the rule %s at a noise scale of %s', (rule, noiseScale, expected) => {
  expect(scaledRate(0.1, rule, 512, 64, noiseScale)).toBeCloseTo(expected, 12);
});

const adaptive = (over: Partial<AdaptiveBatchSize> = {}): TrainerOptions => ({
  batchSize: { adaptive: true, least: 8, most: 512, referenceBatchSize: 32, cost: GROWS, ...over },
  learningRate: 0.05,
  workers: 2,
  seed: 3,
});

/** What the first measurement has to find: the same draws with gradients in float64. */
function firstNoiseScale(data: Dataset, rows: readonly number[][], labels: readonly number[], seed: number): number {
  const network = classifier();
  const random = new Random(seed, -2);
  const gradients = Array.from({ length: 8 }, () => {
    const drawn = Array.from({ length: 32 }, () => random.below(data.length));
    const batch = { inputs: drawn.map((r) => rows[r]!), targets: drawn.map((r) => labels[r]!) };
    return network.gradients(batch).gradients.flatMap(({ weights, bias }) => [...weights, ...bias]);
  });
  const square = (g: readonly number[]) => g.reduce((sum, x) => sum + x * x, 0);
  const squares = gradients.reduce((sum, g) => sum + square(g), 0);
  const total = square(gradients[0]!.map((_, k) => gradients.reduce((sum, g) => sum + g[k]!, 0)));
  const signal = (total - squares) / 56;
  return (32 * (squares / 8 - signal)) / signal;
}

describe('the measurement', () => {
  const rows = Array.from({ length: 90 }, (_, r) =>
    Array.from({ length: 9 }, (_, c) => Math.sin((r * 9 + c) * 12.9898 + 0.5)),
  );
  const labels = rows.map((_, r) => r % 4);
  const data = classes(90);
  const expected = firstNoiseScale(data, rows, labels, 3);

  it.each([
    ...BACKENDS.flatMap((backend) => STRATEGIES.map((strategy): TrainerOptions => ({ backend, strategy }))),
    { sharedMemory: 'off' as const },
    { momentum: 0.9, blockRows: 10 },
  ])('is what gradients in float64 give: %o', async (options) => {
    const { history } = await train(classifier(), data, { ...adaptive({ most: 64 }), ...options });
    const [first] = history[0]!.adaptation!;
    expect(first!.updates).toBe(0);
    expect(first!.noiseScale / expected).toBeCloseTo(1, 3);
  });
});

describe('training', () => {
  it.each(STRATEGIES)('takes each row once an epoch, whatever the batch sizes: %s', async (strategy) => {
    const data = classes(17_001);
    const { history } = await train(classifier(), data, { ...adaptive(), strategy, learningRate: 0 }, { epochs: 2 });
    const { loss, accuracy } = classifier().evaluate(data);
    for (const report of history) {
      expect(report).toMatchObject({ samples: 17_001, learningRate: 0 });
      expect(report.loss).toBeCloseTo(loss, 5);
      expect(report.accuracy).toBeCloseTo(accuracy!, 12);
      const times = report.phases.map((phases) => Object.values(phases).reduce((sum, s) => sum + s, 0));
      for (const time of times) expect(time).toBeGreaterThan(0);
    }
    const steps = history.flatMap(({ adaptation }) => adaptation!);
    expect(steps.map(({ batchSize }) => batchSize).slice(0, 3)).toEqual([64, 128, 256]);
    // 8192 rows of 64, and so on, with the last batch of each epoch a short one.
    expect(history[0]!.updates).toBe(128 + 64 + Math.ceil((17_001 - 16_384) / 256));
  });

  it('is a training of that size where the size cannot change', async () => {
    const fixed = await train(classifier(), classes(9000), { ...adaptive(), batchSize: 32 }, { epochs: 2 });
    const held = { least: 32, most: 32 };
    const other = await train(classifier(), classes(9000), adaptive(held), { epochs: 2 });
    expectSameBits('parameters', other.parameters, fixed.parameters);
    expect(other.history.map(({ updates }) => updates)).toEqual(fixed.history.map(({ updates }) => updates));
    expect(other.history[0]!.adaptation!.length).toBeGreaterThan(1);
  });

  it('gives the same bits for any number of workers, and again, where the cost is given', async () => {
    const data = classes(12_000);
    const one = await train(classifier(), data, { ...adaptive(), workers: 1, backend: 'wasm' }, { epochs: 2 });
    expect(one.info.reproducible).not.toContain('measured');
    for (const workers of [2, 3, undefined]) {
      const other = await train(classifier(), data, { ...adaptive(), workers, backend: 'wasm' }, { epochs: 2 });
      expectSameBits(`on ${workers}`, other.parameters, one.parameters);
      expect(other.history.map(({ adaptation }) => adaptation)).toEqual(
        one.history.map(({ adaptation }) => adaptation),
      );
    }
  });

  it('goes on where the last call left off, and ends after maxUpdates', async () => {
    await using trainer = await Trainer.create(classifier(), adaptive());
    const data = classes(20_000);
    const [first] = await trainer.fit(data, { maxUpdates: 134 });
    expect(first).toMatchObject({ updates: 134, samples: 128 * 64 + 6 * 128, batchSize: 128 });
    const history = await trainer.fit(data, { epochs: 3, maxUpdates: 50 });
    expect(history.reduce((sum, { updates }) => sum + updates, 0)).toBe(50);
    expect(history.at(-1)!.batchSize).toBeGreaterThanOrEqual(128);
  });

  it('takes smaller batches where rows are all that costs, and all rows of a small set', async () => {
    const { history } = await train(classifier(), classes(40_000), adaptive({ cost: SHRINKS, rule: 'sqrt' }));
    expect(history[0]).toMatchObject({ batchSize: 8, learningRate: 0.05 / 2 });
    const small = await train(classifier(), classes(20), adaptive(), { epochs: 3 });
    for (const report of small.history) expect(report).toMatchObject({ updates: 1, samples: 20, batchSize: 20 });
  });

  it('tells its progress through the epoch, and can be aborted', async () => {
    await using trainer = await Trainer.create(classifier(), {
      ...adaptive({ least: 1, most: 2, referenceBatchSize: 1 }),
      workers: 1,
    });
    const seen: number[] = [];
    const controller = new AbortController();
    const onProgress = ({
      updates,
      samples,
      totalUpdates,
    }: {
      updates: number;
      samples: number;
      totalUpdates: number;
    }) => {
      expect(updates).toBeLessThanOrEqual(totalUpdates);
      expect(samples).toBeGreaterThanOrEqual(updates);
      seen.push(samples);
      if (seen.length === 3) controller.abort();
    };
    const endless = trainer.fit(classes(200_000), { epochs: 1000, onProgress, signal: controller.signal });
    await expect(endless).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(await trainer.fit(classes(40))).toHaveLength(1);
  });

  it('measures what updates cost where nobody says it', async () => {
    const batchSize: AdaptiveBatchSize = { adaptive: true, least: 16, most: 256 };
    await using trainer = await Trainer.create(classifier(), { batchSize, workers: 1, backend: 'wasm' });
    const { adaptive: found, reproducible } = trainer.info;
    expect(found).toMatchObject({ least: 16, most: 256, referenceBatchSize: 64, rule: 'noise-scale', measured: true });
    expect(found!.costs.map(({ batchSize: B }) => B)).toEqual([16, 40, 102, 256]);
    const times = found!.costs.map(({ seconds }) => seconds);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
    expect(times[0]).toBeGreaterThan(0);
    expect(reproducible).toContain('measured');
    expect((await trainer.fit(classes(400)))[0]!.adaptation!.length).toBeGreaterThan(0);
  });
});

test.each([
  [{ adaptive: false }, TypeError, '"batchSize.adaptive" expected true, got false'],
  [{}, TypeError, '"batchSize.adaptive" expected true, got undefined'],
  [{ adaptive: true, least: 0 }, RangeError, '"batchSize.least"'],
  [{ adaptive: true, least: 64, most: 32 }, RangeError, '"batchSize.most" expected integer in [64, 1048576], got 32'],
  [
    { adaptive: true, referenceBatchSize: 8 },
    RangeError,
    '"batchSize.referenceBatchSize" expected integer in [16, 4096], got 8',
  ],
  [{ adaptive: true, rule: 'cubic' }, RangeError, '"batchSize.rule"'],
  [{ adaptive: true, cost: { perUpdate: -1, perRow: 0 } }, RangeError, '"batchSize.cost.perUpdate"'],
  [{ adaptive: true, cost: { perUpdate: 1 } }, TypeError, '"batchSize.cost.perRow"'],
  [{ adaptive: true, speed: 1 }, TypeError, 'has no option "speed"'],
])('batchSize: %o is refused', async (batchSize, Type, message) => {
  const refused = Trainer.create(classifier(), { batchSize: batchSize as AdaptiveBatchSize });
  await expect(refused).rejects.toThrow(Type);
  await expect(refused).rejects.toThrow(message);
});

test.each(['local-sgd', 'hogwild'] as const)('with %s is refused', async (strategy) => {
  await expect(Trainer.create(classifier(), { ...adaptive(), strategy })).rejects.toThrow(
    'expected a synchronous "strategy"',
  );
});

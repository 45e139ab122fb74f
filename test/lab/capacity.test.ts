// Errors against width and depth: what is in the report, what it is computed from, and how a measurement ends.
import { describe, expect, it, test } from 'vitest';
import { type CapacityOptions, Dataset, measureCapacity, Network, Normalization, Trainer } from 'gradpool';
import { Random } from '#src/core/random.js';
import { blobs } from './problem.ts';

/** Two values that follow from two inputs, on different scales, with noise. */
function curved(count: number): Dataset {
  const random = new Random(7);
  const inputs = Array.from({ length: count }, () => [2 * random.uniform() - 1, 2 * random.uniform() - 1]);
  const targets = inputs.map(([a, b]) => [10 * a! * b! + random.normal(), 3 + 0.1 * b!]);
  return Dataset.fromArrays({ inputs, targets });
}

function parts(dataset: Dataset) {
  const third = Math.floor(dataset.length / 3);
  return {
    train: dataset.slice(0, third),
    validation: dataset.slice(third, 2 * third),
    test: dataset.slice(2 * third),
  };
}

const classes = parts(blobs(180));
const values = parts(curved(90));
const softmax = { units: 3, activation: 'softmax' } as const;
const SMALL = {
  output: softmax,
  widths: [1, 4],
  depths: [0, 1],
  width: 4,
  epochs: 5,
  repeats: 3,
  seed: 10,
  sideBySide: true,
  trainer: { batchSize: 16, backend: 'wasm' },
} as const;

describe('the report', async () => {
  const steps: string[] = [];
  const report = await measureCapacity(classes, {
    ...SMALL,
    onProgress: ({ done, total }) => steps.push(`${done}/${total}`),
  });

  it('has both series with their runs; the network that both have is trained once', () => {
    expect(report).toMatchObject({
      kind: 'capacity',
      version: 1,
      state: 'complete',
      quantity: 'error rate',
      repeats: 3,
    });
    expect(report.patterns).toEqual({ training: 60, validation: 60, test: 60 });
    expect(report.points.map(({ axis, width, depth, parameters }) => [axis, width, depth, parameters])).toEqual([
      ['width', 1, 1, 9],
      ['width', 4, 1, 27],
      ['depth', 4, 0, 9],
      ['depth', 4, 1, 27],
    ]);
    expect(report.points[3]!.runs).toEqual(report.points[1]!.runs);
    expect(steps).toHaveLength(9);
    expect(steps.at(-1)).toBe('9/9');
  });

  it('has the medians of the runs, whose seeds are the same for all sizes', () => {
    for (const { runs, diverged, ...point } of report.points) {
      expect(runs.map(({ seed }) => seed)).toEqual([10, 11, 12]);
      expect(diverged).toBe(0);
      for (const part of ['training', 'validation', 'test', 'seconds', 'epochs'] as const) {
        const sorted = runs.map((run) => run[part]).sort((a, b) => a - b);
        expect(point[part].median).toBe(sorted[1]);
      }
    }
  });

  it('has the errors that one such training makes', async () => {
    const network = new Network({ inputs: 2, layers: [{ units: 4, activation: 'relu' }, softmax], seed: 11 });
    await using trainer = await Trainer.create(network, { ...SMALL.trainer, workers: 2, seed: 11 });
    await trainer.fit(classes.train, { epochs: 5 });
    const run = report.points[1]!.runs[1]!;
    const wrong = (part: Dataset) => 1 - network.evaluate(part).accuracy!;
    expect(run.training).toBeCloseTo(wrong(classes.train), 12);
    expect(run.validation).toBeCloseTo(wrong(classes.validation), 12);
    expect(run.test).toBeCloseTo(wrong(classes.test), 12);
  });

  it('has a verdict on each series, in words too, and is plain data', () => {
    expect(report.best.map(({ axis }) => axis)).toEqual(['width', 'depth']);
    for (const { least, asGood, risesAgain, text } of report.best) {
      expect(asGood).toContain(least);
      // Three repeats prove nothing.
      expect(risesAgain).toBe(false);
      expect(text).toContain(`of ${least} `);
    }
    expect(report.sideBySide).toMatchObject({ workersEach: 1, why: 'it was asked for' });
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({ best: [{ least: report.best[0]!.least }, {}] });
  });
});

test('trainings side by side and one after another come to the same errors', async () => {
  const both = [];
  for (const sideBySide of [true, false])
    both.push(await measureCapacity(classes, { ...SMALL, sideBySide, quantity: 'loss', repeats: 2 }));
  expect(both.map(({ sideBySide }) => sideBySide.together > 1)).toEqual([true, false]);
  const [apart, alone] = both.map(({ points }) => points.flatMap(({ runs }) => runs));
  expect(apart).toHaveLength(8);
  apart!.forEach((run, i) => {
    // A loss is summed by each worker: of the same weights, its last digits depend on their number.
    for (const part of ['training', 'validation', 'test'] as const)
      expect(Math.abs(run[part] / alone![i]![part] - 1)).toBeLessThan(1e-12);
  });
});

test('which way is faster is measured on the smallest and on the largest network', async () => {
  const { sideBySide } = await measureCapacity(classes, { ...SMALL, sideBySide: 'auto', depths: [], repeats: 1 });
  expect(sideBySide.together * sideBySide.workersEach).toBeGreaterThan(0);
  expect(sideBySide.why).toMatch(/^there is one core|measured: 2-1-3 .* patterns\/s .*; 2-4-3 /);
});

test('the error of normalised targets is in the units of the data, each output in its own', async () => {
  const normalization = { inputs: 'z-score', targets: 'z-score' } as const;
  const options = {
    ...SMALL,
    output: { units: 2, activation: 'linear' },
    depths: [],
    widths: [4],
    normalization,
  } as const;
  const report = await measureCapacity(values, { ...options, repeats: 1 });
  expect(report.quantity).toBe('loss');
  const layers = [{ units: 4, activation: 'relu' }, options.output] as const;
  const network = new Network({
    inputs: 2,
    layers,
    seed: 10,
    normalization: Normalization.fit(values.train, normalization),
  });
  {
    await using trainer = await Trainer.create(network, { ...SMALL.trainer, workers: 1, seed: 10 });
    await trainer.fit(values.train, { epochs: 5 });
  }
  let sum = 0;
  for (let p = 0; p < values.test.length; p++) {
    const { inputs, targets } = values.test.pattern(p);
    network.predict([inputs]).forEach((y, k) => (sum += (y - targets[k]!) ** 2 / 2));
  }
  expect(report.points[0]!.runs[0]!.test).toBeCloseTo(sum / values.test.length, 4);
});

test('early stopping takes the weights of the epoch that had the least validation error', async () => {
  const seed = 10;
  const options = { output: { units: 2, activation: 'linear' }, widths: [8], depths: [], repeats: 1, seed } as const;
  const trainer = { batchSize: 4, learningRate: 0.02, backend: 'wasm' } as const;
  const report = await measureCapacity(values, {
    ...options,
    trainer,
    epochs: 200,
    earlyStopping: { patience: 3 },
    sideBySide: true,
  });
  const [run] = report.points[0]!.runs;
  const network = new Network({ inputs: 2, layers: [{ units: 8, activation: 'relu' }, options.output], seed });
  await using own = await Trainer.create(network, { ...trainer, workers: 1, seed });
  const errors: number[] = [];
  const tested: number[] = [];
  while (errors.length < run!.epochs + 3) {
    await own.fit(values.train);
    errors.push(network.evaluate(values.validation).loss);
    tested.push(network.evaluate(values.test).loss);
  }
  expect(Math.min(...errors)).toBe(errors[run!.epochs - 1]);
  expect(run!.epochs).toBeLessThan(200);
  expect(run!.validation).toBeCloseTo(errors[run!.epochs - 1]!, 6);
  expect(run!.test).toBeCloseTo(tested[run!.epochs - 1]!, 6);
});

test('what diverges is counted, and is the worst', async () => {
  const report = await measureCapacity(values, {
    ...SMALL,
    output: { units: 2, activation: 'linear' },
    activation: 'linear',
    widths: [],
    depths: [0, 4],
    repeats: 2,
    trainer: { batchSize: 4, learningRate: 0.3, backend: 'wasm' },
  });
  const [shallow, deep] = report.points;
  expect(shallow).toMatchObject({ diverged: 0 });
  expect(deep).toMatchObject({ diverged: 2, test: { median: Infinity }, training: { high: Infinity } });
  expect(report.best[0]).toMatchObject({ least: 0, asGood: [0] });
});

describe('an abort', () => {
  const stopped = (after: number) => {
    const controller = new AbortController();
    const onProgress: CapacityOptions['onProgress'] = ({ done }) => {
      if (done === after) controller.abort(new Error('enough'));
    };
    return measureCapacity(classes, { ...SMALL, sideBySide: false, signal: controller.signal, onProgress });
  };

  it('after a repeat gives a report of what is complete', async () => {
    const report = await stopped(4);
    expect(report).toMatchObject({ state: 'partial', repeats: 1 });
    for (const { runs } of report.points) expect(runs).toHaveLength(1);
  });

  it('before there is one is an error', async () => {
    await expect(stopped(1)).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });
});

test.each([
  [{ output: undefined }, TypeError, '"layers[1]" expected object'],
  [{ output: { units: 3, activation: 'relu' } }, RangeError, `the output activation 'relu' goes with no loss`],
  [
    { output: { units: 2, activation: 'softmax' } },
    RangeError,
    '"targets[2]" expected a class number in [0, 1], got 2',
  ],
  [{ widths: 8 }, TypeError, '"widths" expected list of numbers, got 8'],
  [{ widths: [0] }, RangeError, '"widths[0]" expected integer of at least 1, got 0'],
  [{ widths: [4, 4] }, RangeError, '"widths[1]" expected another than widths[0], got 4'],
  [{ depths: [1, 2, 1] }, RangeError, '"depths[2]" expected another than depths[0], got 1'],
  [{ depths: [-1] }, RangeError, '"depths[0]"'],
  [{ widths: [], depths: [] }, RangeError, '"widths" expected a size, or "depths", got none'],
  [{ activation: 'step' }, RangeError, 'activation'],
  [{ quantity: 'speed' }, RangeError, `"quantity" expected one of 'loss', 'error rate'`],
  [{ earlyStopping: { patience: 0 } }, RangeError, '"earlyStopping.patience"'],
  [{ trainer: { workers: 2 } }, RangeError, '"trainer" expected no workers'],
  [
    { trainer: { strategy: 'hogwild' } },
    RangeError,
    '"trainer" expected "strategy" auto or owner-computes, got hogwild',
  ],
  [{ trainer: { batchSize: 61 } }, RangeError, '"trainer.batchSize" expected integer in [1, 60], got 61'],
  [{ trainer: { batchSize: 'auto' } }, TypeError, '"batchSize"'],
  [{ sideBySide: 2 }, TypeError, '"sideBySide" expected boolean, got 2'],
  [{ repeats: 0 }, RangeError, '"repeats"'],
  [{ signal: 1 }, TypeError, '"signal" expected AbortSignal, got 1'],
  [{ deep: true }, TypeError, '"options" has no option "deep"'],
])('%o is refused', async (options, Type, message) => {
  const refused = measureCapacity(classes, { ...SMALL, ...options } as CapacityOptions);
  await expect(refused).rejects.toThrow(Type);
  await expect(refused).rejects.toThrow(message);
});

test('data that are no Dataset, and answers that are not right or wrong, are refused', async () => {
  const part = { ...classes, test: [] as unknown as Dataset };
  await expect(measureCapacity(part, SMALL)).rejects.toThrow('"data.test" expected Dataset, got array of length 0');
  const linear = { ...SMALL, output: { units: 2, activation: 'linear' }, quantity: 'error rate' } as const;
  await expect(measureCapacity(values, linear)).rejects.toThrow('"quantity" expected loss with linear outputs');
});

// Cross-validation: which patterns are in which fold, what is trained and measured, and how it ends.
import { describe, expect, it, test } from 'vitest';
import {
  crossValidate,
  type CrossValidationOptions,
  Dataset,
  type FoldStart,
  measureMetrics,
  Network,
  Normalization,
  Trainer,
} from 'gradpool';
import { summarise } from '#src/lab/cross-validation-report.js';
import { dealFolds, otherFolds } from '#src/lab/folds.js';
import { studentQuantile } from '#src/lab/student.js';
import { expectClose } from '../close.ts';
import { blobs } from './problem.ts';

const SMALL: CrossValidationOptions = {
  folds: 3,
  epochs: 2,
  seed: 20,
  sideBySide: true,
  trainer: { batchSize: 16, backend: 'wasm' },
};

function make({ train, seed }: FoldStart): Network {
  return new Network({
    inputs: 2,
    layers: [
      { units: 4, activation: 'tanh' },
      { units: 3, activation: 'softmax' },
    ],
    normalization: Normalization.fit(train, { inputs: 'z-score' }),
    seed,
  });
}

function linear({ seed }: Pick<FoldStart, 'seed'>): Network {
  return new Network({ inputs: 1, layers: [{ units: 1, activation: 'linear' }], seed });
}

const line = Dataset.fromArrays({
  inputs: Array.from({ length: 40 }, (_, i) => [i / 40]),
  targets: Array.from({ length: 40 }, (_, i) => [i / 20]),
});

describe('folds', () => {
  it.each([undefined, [5, 17, 1]])('hold each pattern once, as evenly as can be, %j of each class', (sizes) => {
    const classes = sizes?.flatMap((size, k) => new Array<number>(size).fill(k));
    const folds = dealFolds(23, 4, 1, 0, classes);
    expect(folds.map(({ length }) => length)).toEqual([6, 6, 6, 5]);
    expect(folds.flatMap((fold) => Array.from(fold)).sort((a, b) => a - b)).toEqual([...Array(23).keys()]);
    for (const [k, size] of sizes?.entries() ?? []) {
      const counts = folds.map((fold) => fold.filter((i) => classes![i] === k).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBe(size % 4 === 0 ? 0 : 1);
    }
    expect(otherFolds(folds, 2)).toEqual(Uint32Array.from([...folds[0]!, ...folds[1]!, ...folds[3]!]).sort());
  });

  it('follow from seed and stream', () => {
    expect(dealFolds(50, 5, 3, 1, undefined)).toEqual(dealFolds(50, 5, 3, 1, undefined));
    expect(dealFolds(50, 5, 3, 1, undefined)).not.toEqual(dealFolds(50, 5, 3, 0, undefined));
    expect(dealFolds(50, 5, 3, 1, undefined)).not.toEqual(dealFolds(50, 5, 4, 1, undefined));
  });
});

test('Student’s quantiles are those of the tables', () => {
  const wanted = { 1: 12.706204736174698, 2: 4.302652729749462, 4: 2.7764451051977934, 9: 2.262157162798205, 49: 2.0095752371292397 }; // prettier-ignore
  for (const [freedom, t] of Object.entries(wanted))
    expectClose(freedom, [studentQuantile(0.95, Number(freedom))], [t], { relative: 1e-9 });
});

test('a summary is the mean, with the variance that Nadeau and Bengio correct', () => {
  const [summary] = summarise([{ mae: 1 }, { mae: 2 }, { mae: 6 }], 0.5);
  expect(summary).toMatchObject({ metric: 'mae', mean: 3, runs: 3 });
  const reach = 4.302652729749462 * Math.sqrt(7 * (1 / 3 + 0.5));
  const { deviation, interval } = summary!;
  const found = [deviation!, interval!.low, interval!.high];
  expectClose('interval', found, [Math.sqrt(7), 3 - reach, 3 + reach], { relative: 1e-9 });
  expect(summarise([{ mae: 1 }, {}], 1)).toEqual([{ metric: 'mae', runs: 1, mean: 1 }]);
});

describe('the report', async () => {
  const steps: string[] = [];
  const data = blobs(90);
  const options: CrossValidationOptions = {
    ...SMALL,
    repeats: 2,
    onProgress: ({ done, total }) => steps.push(`${done}/${total}`),
  };
  const report = await crossValidate(make, data, options);

  it('has a run for each fold and repeat, each fold with its share of each class', () => {
    expect(report).toMatchObject({
      kind: 'cross-validation',
      version: 1,
      state: 'complete',
      task: 'classes',
      patterns: 90,
      folds: 3,
      repeats: 2,
      stratified: true,
      diverged: 0,
      sideBySide: { workersEach: 1, why: 'it was asked for' },
    });
    expect(report.runs.map(({ repeat, fold, seed }) => [repeat, fold, seed])).toEqual(
      [0, 1, 2, 3, 4, 5].map((i) => [Math.floor(i / 3), i % 3, 20 + i]),
    );
    for (const run of report.runs) {
      if (run.state === 'diverged' || run.metrics.task !== 'classes') expect.fail('a run of classes was expected');
      expect([run.training, run.validation]).toEqual([60, 30]);
      expect(run.metrics.perClass.map(({ support }) => support)).toEqual([10, 10, 10]);
    }
    expect(steps).toEqual(['1/6', '2/6', '3/6', '4/6', '5/6', '6/6']);
  });

  it('is what training without the fold and looking at it gives', async () => {
    const fold = dealFolds(
      90,
      3,
      20,
      1,
      Uint8Array.from({ length: 90 }, (_, i) => i % 3),
    )[1]!;
    const [train, validation] = [data.select(without(fold)), data.select(fold)];
    const network = make({ train, seed: 24 });
    await using trainer = await Trainer.create(network, { ...SMALL.trainer, workers: 2, seed: 24 });
    await trainer.fit(train, { epochs: 2 });
    const run = report.runs[4]!;
    expect(run).toMatchObject({ state: 'trained', metrics: await measureMetrics(network, validation) });
  });

  it('has the mean of each figure', () => {
    expect(report.summary.map(({ metric }) => metric)).toEqual(['accuracy', 'precision', 'recall', 'f1', 'logLoss', 'rocAuc']); // prettier-ignore
    const found = report.runs.map((run) => (run.state === 'trained' && 'accuracy' in run.metrics ? run.metrics.accuracy : NaN)); // prettier-ignore
    expect(report.summary[0]!.mean).toBeCloseTo(found.reduce((sum, value) => sum + value) / 6, 12);
  });

  it('is the same again, and one after another, but for times', async () => {
    const again = await crossValidate(make, data, { ...options, sideBySide: false });
    expect(again.runs.map((run) => run.state === 'trained' && run.metrics)).toEqual(
      report.runs.map((run) => run.state === 'trained' && run.metrics),
    );
  });
});

function without(fold: Uint32Array): number[] {
  return [...Array(90).keys()].filter((i) => !fold.includes(i));
}

test('values are not stratified; as many folds as patterns leave one out', async () => {
  const few = line.slice(0, 6);
  const report = await crossValidate(linear, few, { ...SMALL, folds: 6, trainer: { batchSize: 5, backend: 'wasm' } });
  expect(report).toMatchObject({ task: 'values', stratified: false });
  expect(report.runs.map(({ validation }) => validation)).toEqual([1, 1, 1, 1, 1, 1]);
  // Of one pattern there is no r2: no mean of it, either.
  expect(report.summary.map(({ metric, runs }) => [metric, runs])).toEqual([['mae', 6], ['rmse', 6]]); // prettier-ignore
  expect(report.undefined).toEqual([{ metric: 'r2', runs: 6 }]);
});

test('figures that a fold does not have are in no mean, and it is said of how many', async () => {
  // Nine of ten targets are equal: of five folds of two, four have nothing that r2 could explain.
  const inputs = Array.from({ length: 10 }, (_, i) => [i / 10]);
  const data = Dataset.fromArrays({ inputs, targets: inputs.map((_, i) => (i === 3 ? 1 : 0)) });
  const trainer = { batchSize: 8, backend: 'wasm' } as const;
  const report = await crossValidate(linear, data, { ...SMALL, folds: 5, trainer });
  const r2 = report.runs.flatMap((run) =>
    run.state === 'trained' && run.metrics.task === 'values' ? run.metrics : [],
  );
  const [own] = r2.filter(({ undefined: missing }) => missing.length === 0);
  expect(report.summary.find(({ metric }) => metric === 'r2')).toEqual({ metric: 'r2', runs: 1, mean: own!.r2 });
  expect(report.undefined).toEqual([{ metric: 'r2', runs: 4 }]);
});

test('a training that diverges is counted, and is in no summary', async () => {
  const trainer = { batchSize: 8, backend: 'wasm', learningRate: 1e30 } as const;
  const report = await crossValidate(linear, line, { ...SMALL, epochs: 10, trainer });
  expect(report.runs.map(({ state }) => state)).toEqual(['diverged', 'diverged', 'diverged']);
  expect(report).toMatchObject({ diverged: 3, summary: [] });
});

test('an abort leaves the repeats that are complete, or rejects', async () => {
  const controller = new AbortController();
  const options = { ...SMALL, repeats: 5, sideBySide: false, signal: controller.signal };
  const stopAt = (done: number) => ({ onProgress: (p: { done: number }) => p.done === done && controller.abort() });
  const report = await crossValidate(linear, line, { ...options, ...stopAt(4) });
  expect(report).toMatchObject({ state: 'partial', repeats: 1 });
  expect(report.runs).toHaveLength(3);
  await expect(crossValidate(linear, line, options)).rejects.toMatchObject({ code: 'ERR_ABORTED' });
});

test.each<[string, () => Promise<unknown>]>([
  ['"make" expected function', () => crossValidate(1 as never, line)],
  ['"make()" expected Network, got 1', () => crossValidate(() => 1 as never, line)],
  ['"dataset" expected Dataset', () => crossValidate(linear, [] as never)],
  ['"folds" expected integer in [2, 40], got 41', () => crossValidate(linear, line, { folds: 41 })],
  ['"stratified" expected false: the outputs mean values', () => crossValidate(linear, line, { stratified: true })],
  ['"trainer" expected no seed', () => crossValidate(linear, line, { trainer: { seed: 1 } as object })],
  ['"trainer.batchSize" expected integer in [1, 32]', () => crossValidate(linear, line, { trainer: { batchSize: 33 } })], // prettier-ignore
  ['"options" has no option "fold"', () => crossValidate(linear, line, { fold: 3 } as object)],
  ['"make" expected to return a new network each time', () => crossValidate(always(linear({ seed: 1 })), line, SMALL)],
  ['"make" expected networks whose weights are drawn anew', () => crossValidate(copies, line, SMALL)],
  ['"pretrained" expected boolean', () => crossValidate(linear, line, { pretrained: 1 as never })],
  ['the same layers each time', () => crossValidate(growing(), line, SMALL)],
])('an argument that is wrong: %s', async (message, call) => {
  await expect(call()).rejects.toThrow(message);
});

const always = (network: Network) => () => network;

/** A new network each time, with weights that are set: nobody knows where they come from. */
function copies(start: FoldStart): Network {
  const network = linear(start);
  network.setParameters([{ weights: [2], bias: [0] }]);
  return network;
}

test('weights that are set may be the same where it is said, or may differ; those that are drawn may be the same', async () => {
  const quick = { ...SMALL, folds: 2, epochs: 1, sideBySide: false };
  expect(await crossValidate(copies, line, { ...quick, pretrained: true })).toMatchObject({ state: 'complete' });
  const own = ({ seed }: FoldStart) => {
    const network = linear({ seed });
    network.setParameters([{ weights: [seed], bias: [0] }]);
    return network;
  };
  expect(await crossValidate(own, line, quick)).toMatchObject({ state: 'complete' });
  expect(await crossValidate(() => linear({ seed: 1 }), line, quick)).toMatchObject({ state: 'complete' });
});

/** Makes a larger network each time. */
function growing(): () => Network {
  let units = 0;
  return () => new Network({ inputs: 1, layers: [{ units: ++units, activation: 'tanh' }, { units: 1, activation: 'linear' }] }); // prettier-ignore
}

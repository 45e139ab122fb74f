// Metrics against those that scikit-learn computed (test/fixtures/make/metrics.py), and what a network makes of them.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import {
  type ClassMetrics,
  classScores,
  confusionMatrix,
  Dataset,
  logLoss,
  measureMetrics,
  Network,
  Normalization,
  rocAuc,
  type MetricsTask,
  topKAccuracy,
  valueScores,
} from 'gradpool';
import { expectClose } from '../close.ts';
import { classes, classifier } from '../train/problem.ts';

interface Fixture {
  readonly task: MetricsTask;
  readonly targets: number[] | number[][];
  readonly outputs: number[] | number[][];
  readonly expected: Record<string, unknown> & { areas?: (number | null)[] };
}

const FOLDER = new URL('../fixtures/metrics/', import.meta.url);
const FIXTURES = readdirSync(FOLDER)
  .sort()
  .map((file) => {
    const fixture = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Fixture;
    return { name: file.replace('.json', ''), ...fixture };
  });

/** All numbers of `expected`, each with the one that is at the same place in `actual`. */
function pairs(actual: unknown, expected: unknown, path = ''): [path: string, actual: number, expected: number][] {
  if (typeof expected === 'number') return [[path, actual as number, expected]];
  return Object.entries(expected as object).flatMap(([key, value]) =>
    pairs((actual as Record<string, unknown> | undefined)?.[key], value, `${path}.${key}`),
  );
}

describe.each(FIXTURES)('$name', async ({ task, targets, outputs, expected }) => {
  const ks = (expected.topK as { k: number }[] | undefined)?.map(({ k }) => k);
  const metrics = await measureMetrics(outputs, targets, { task, ...(ks && { topK: ks }) });
  const { areas, rocAuc: whole, ...rest } = expected;

  it('is what scikit-learn computes', () => {
    const all = pairs(metrics, rest);
    expect(all.length).toBeGreaterThan(3);
    for (const [path, actual, wanted] of all) expectClose(path, [actual], [wanted], { relative: 1e-12, floor: 1 });
    expect(metrics).toMatchObject({ task, rows: targets.length });
  });

  it.runIf(areas)('has the area under each curve, and says where there is none', () => {
    const { perClass, rocAuc: area, undefined: missing } = metrics as ClassMetrics;
    expectClose(
      'areas',
      perClass.map((score) => score.rocAuc ?? -1),
      areas!.map((value) => value ?? -1),
      { relative: 1e-12 },
    );
    expect(missing.flatMap((m) => (m.metric === 'rocAuc' ? m.class : []))).toEqual(
      areas!.flatMap((value, k) => (value === null ? k : [])),
    );
    if (whole !== null) expectClose('rocAuc', [area!], [whole as number], { relative: 1e-12 });
  });

  it('survives JSON', () => {
    expect(JSON.parse(JSON.stringify(metrics))).toEqual(metrics);
  });
});

describe('what is not defined', () => {
  const fixture = (name: string) => FIXTURES.find((one) => one.name === name)!;

  test('of a class without patterns, or without answers, has its name', async () => {
    const { targets, outputs } = fixture('classes-absent');
    const metrics = await measureMetrics(outputs, targets, { task: 'classes' });
    expect(metrics.undefined).toEqual([
      { metric: 'recall', class: 2 },
      { metric: 'precision', class: 3 },
      { metric: 'rocAuc', class: 2 },
    ]);
    expect(metrics.perClass[2]).toMatchObject({ support: 0, recall: 0, f1: 0 });
    expect(metrics.perClass[2]).not.toHaveProperty('rocAuc');
  });

  test('of targets that never change is r2', async () => {
    const { targets, outputs } = fixture('values-constant');
    const metrics = await measureMetrics(outputs, targets, { task: 'values' });
    expect(metrics.undefined).toEqual([0, 1].map((output) => ({ metric: 'r2', output })));
    expect(metrics.perOutput.map(({ r2 }) => r2).slice(0, 2)).toEqual([0, 1]);
  });
});

describe('of a network', () => {
  test('accuracy and loss of classes are those of evaluate', async () => {
    const [network, data] = [classifier(), classes(300)];
    const metrics = (await measureMetrics(network, data)) as ClassMetrics;
    const { loss, accuracy } = network.evaluate(data);
    expect(metrics).toMatchObject({ task: 'classes', rows: 300, accuracy, topK: [{ k: 3 }] });
    expectClose('loss', [metrics.logLoss], [loss], { relative: 1e-9 });
    expect(metrics.confusion.flat().reduce((sum, count) => sum + count)).toBe(300);
  });

  test('one sigmoid output means two classes, several mean labels', async () => {
    const inputs = Array.from({ length: 90 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
    for (const K of [1, 3]) {
      const network = new Network({ inputs: 2, layers: [{ units: K, activation: 'sigmoid' }], seed: 2 });
      const targets = inputs.map(([a], i) => Array.from({ length: K }, (_, k) => Number(a! * (i + k) > 0)));
      const data = Dataset.fromArrays({ inputs, targets });
      const metrics = await measureMetrics(network, data);
      const { loss, accuracy } = network.evaluate(data);
      if (metrics.task === 'values') expect.fail('a sigmoid is not for values');
      expect(metrics.task).toBe(K === 1 ? 'classes' : 'labels');
      expectClose(`${K}`, [metrics.accuracy, metrics.logLoss * K], [accuracy!, loss], { relative: 1e-9 });
      expect(metrics.perClass).toHaveLength(K === 1 ? 2 : 3);
    }
  });

  test('errors are in the units of the data, whatever the network is normalised with', async () => {
    const inputs = Array.from({ length: 70 }, (_, i) => [i / 7, Math.sin(i)]);
    const data = Dataset.fromArrays({ inputs, targets: inputs.map(([a, b]) => [1000 * a! + b!, 5 - b!]) });
    const normalization = Normalization.fit(data, { inputs: 'z-score', targets: 'min-max' });
    const network = new Network({ inputs: 2, layers: [{ units: 2, activation: 'linear' }], normalization });
    const metrics = await measureMetrics(network, data);
    const outputs = network.predict(inputs);
    const wanted = valueScores(
      inputs.flatMap((_, p) => data.pattern(p).targets),
      outputs,
      2,
    );
    if (metrics.task !== 'values') expect.fail('linear outputs are values');
    for (const of of ['mae', 'rmse', 'r2'] as const) expectClose(of, [metrics[of]!], [wanted[of]!], { relative: 1e-6 });
    expect(metrics.mae).toBeGreaterThan(100);
  });

  test('the event loop turns meanwhile, and a signal stops it', async () => {
    const network = new Network({
      inputs: 9,
      layers: [
        { units: 64, activation: 'tanh' },
        { units: 4, activation: 'softmax' },
      ],
    });
    const controller = new AbortController();
    let turns = 0;
    const timer = setInterval(() => ++turns === 3 && controller.abort(new Error('enough')), 1);
    await expect(measureMetrics(network, classes(200_000), { signal: controller.signal })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: { message: 'enough' },
    });
    clearInterval(timer);
  });

  test.each([0, 15, 60, 600])(
    'outputs that are all but 0 or 1 are ranked by their logits, here from %d on',
    async (from) => {
      const data = [from + 1, from + 2, from + 3, from + 4].map((x) => [x]);
      // A logarithm of 1 + e^-u is left out where e^-u is far below what is compared.
      const loss = (from + 1 + (from + 2) + Math.exp(-from - 3) + Math.exp(-from - 4)) / 4;
      const rest = [1, 2].reduce((sum, u) => sum + Math.log1p(Math.exp(-from - u)) / 4, 0);
      const tiny = [3, 4].reduce((sum, u) => sum + Math.log1p(Math.exp(-from - u)) - Math.exp(-from - u), 0) / 4;
      for (const [sign, targets] of [
        [1, [0, 0, 1, 1]],
        [-1, [1, 1, 0, 0]],
      ] as const) {
        const network = new Network({ inputs: 1, layers: [{ units: 1, activation: 'sigmoid' }] });
        network.setParameters([{ weights: [sign], bias: [0] }]);
        const metrics = await measureMetrics(network, Dataset.fromArrays({ inputs: data, targets: [...targets] }));
        if (metrics.task !== 'classes') expect.fail('one sigmoid output means classes');
        expect(metrics.perClass.map(({ rocAuc: area }) => area)).toEqual([1, 1]);
        expectClose('loss', [metrics.logLoss], [loss + rest + tiny], { relative: 1e-12 });
      }
    },
  );

  test('of many classes, too: each is ranked against the rest', async () => {
    const network = new Network({ inputs: 3, layers: [{ units: 3, activation: 'softmax' }] });
    network.setParameters([{ weights: [1, 0, 0, 0, 1, 0, 0, 0, 1], bias: [0, 0, 0] }]);
    // In float64 the probability of class 0 is 1 in all rows.
    const inputs = [[90, 0, 1], [80, 0, 1], [70, 1, 0], [60, 1, 0]]; // prettier-ignore
    const metrics = await measureMetrics(network, Dataset.fromArrays({ inputs, targets: [0, 0, 1, 2] }));
    if (metrics.task !== 'classes') expect.fail('softmax outputs are classes');
    expect(metrics.perClass[0]!.rocAuc).toBe(1);
    expectClose('loss', [metrics.logLoss], [(69 + 60) / 4], { relative: 1e-12 });
  });

  test('outputs that are not finite any more are an error that says so', async () => {
    const layers = Array.from({ length: 10 }, () => ({ units: 1, activation: 'linear' as const }));
    const network = new Network({ inputs: 1, layers });
    network.setParameters(layers.map(() => ({ weights: [3e38], bias: [0] })));
    const data = Dataset.fromArrays({ inputs: [[1], [-1]], targets: [0, 0] });
    await expect(measureMetrics(network, data)).rejects.toThrow('"outputs[0]" expected finite number');
  });
});

describe('each metric alone', () => {
  test('the area of Fawcett’s kind of example, of chance and of the wrong way round', () => {
    expect(rocAuc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])).toBe(0.75);
    expect(rocAuc([true, false], [1, 1])).toBe(0.5);
    expect(rocAuc([1, 0], [-1, 1])).toBe(0);
    expect(rocAuc([1, 1], [0, 1])).toBeUndefined();
  });

  test('of equal scores the lower class comes first', () => {
    const scores = [0.4, 0.4, 0.2];
    expect([1, 2, 3].map((k) => topKAccuracy([0], scores, k))).toEqual([1, 1, 1]);
    expect([1, 2, 3].map((k) => topKAccuracy([1], scores, k))).toEqual([0, 1, 1]);
  });

  test('a wrong answer that was certain costs 36 nats, not infinitely many', () => {
    expect(logLoss([1], [1, 0])).toBeCloseTo(52 * Math.LN2, 9);
  });

  test('probabilities of single precision are kept away from 0 and 1 as that allows, as in scikit-learn', async () => {
    expect(logLoss([1], Float32Array.of(1, 0))).toBeCloseTo(23 * Math.LN2, 6);
    const rows = [Float32Array.of(1, 0), Float32Array.of(1, 0)];
    const metrics = await measureMetrics(rows, [1, 0], { task: 'classes' });
    expect(metrics.logLoss).toBeCloseTo((23 * Math.LN2) / 2, 6);
    const flat = await measureMetrics(Float32Array.of(1, 1), [[0], [1]], { task: 'classes' });
    expect(flat.logLoss).toBeCloseTo((23 * Math.LN2) / 2, 6);
  });

  test('one pattern has no r2', () => {
    expect(valueScores([4], [4.000001])).toEqual({
      mae: expect.closeTo(1e-6, 9) as number,
      rmse: expect.closeTo(1e-6, 9) as number,
      perOutput: [{ output: 0, mae: expect.closeTo(1e-6, 9) as number, rmse: expect.closeTo(1e-6, 9) as number }],
      undefined: [{ metric: 'r2', output: 0 }],
    });
  });

  test('counts and scores', () => {
    expect(confusionMatrix([0, 1, 1], [0, 1, 0], 2)).toEqual([
      [1, 0],
      [1, 1],
    ]);
    expect(
      classScores([
        [1, 0],
        [1, 1],
      ]).perClass[0],
    ).toEqual({
      class: 0,
      support: 1,
      predicted: 2,
      precision: 0.5,
      recall: 1,
      f1: 2 / 3,
    });
  });

  test.each<[string, () => unknown]>([
    ['"predicted" expected one for each of 2 patterns, got 4', () => confusionMatrix([0, 1], [0, 1, 0, 1], 2)],
    ['"actual[1]" expected integer in [0, 1], got 2', () => confusionMatrix([0, 2], [0, 1], 2)],
    ['"confusion[1]" expected 2 counts, got 1', () => classScores([[1, 2], [3]])],
    ['"actual[0]" expected integer in [0, 1], got 3', () => rocAuc([3, 1], [0, 1])],
    ['"scores[1]" expected finite number, got NaN', () => rocAuc([0, 1], [0, NaN])],
    ['"k" expected integer in [1, 2], got 3', () => topKAccuracy([0], [1, 0], 3)],
    ['"probabilities" expected as many for each of 2 patterns, got 3', () => logLoss([0, 1], [1, 0, 1])],
    ['"actual" expected at least one pattern, got none', () => valueScores([], [])],
    ['"actual" expected rows of 2 numbers (size), got 3 numbers', () => valueScores([1, 2, 3], [1, 2, 3], 2)],
  ])('%s', (message, call) => {
    expect(call).toThrow(new RangeError(message));
  });
});

test.each<[string, () => Promise<unknown>]>([
  ['"task" expected one of', () => measureMetrics([[1]], [[1]], {} as { task: MetricsTask })],
  ['"dataset" expected Dataset, got undefined', () => measureMetrics(classifier(), undefined as never)],
  ['"options" has no option "task"', () => measureMetrics(classifier(), classes(4), { task: 'classes' } as never)],
  ['"topK[0]" expected integer in [1, 4], got 5', () => measureMetrics(classifier(), classes(4), { topK: [5] })],
  ['"topK" expected no list beside values', () => measureMetrics([[1]], [[1]], { task: 'values', topK: [1] })],
  ['"targets[1]" expected a class number', () => measureMetrics([[1, 0], [0, 1]], [0, 2], { task: 'classes' })], // prettier-ignore
  ['"outputs[1]" expected number in', () => measureMetrics([[1, 2]], [0], { task: 'classes' })],
  ['expected one for each of 2 inputs', () => measureMetrics([[1], [2]], [[1]], { task: 'values' })],
  ['"signal" expected AbortSignal', () => measureMetrics(classifier(), classes(4), { signal: 1 as never })],
])('an argument that is wrong: %s', async (message, call) => {
  await expect(call()).rejects.toThrow(message);
});

// Scaling on a small network: what is in the report, what it is computed from, and how a measurement ends early.
import { availableParallelism } from 'node:os';
import { describe, expect, it, test } from 'vitest';
import { type Interval, measureScaling, Network, type ScalingOptions, type ScalingPoint } from 'gradpool';
import { caveatsOf, usableCores } from '#src/lab/scaling-caveats.js';
import { describeEnvironment } from '#src/lab/environment.js';
import { median } from '#src/lab/statistics.js';
import { blobs } from './problem.ts';

const SMALL = {
  workers: [1, 2],
  batchSize: 64,
  rounds: 3,
  sampleSeconds: 0.002,
  trainer: { backend: 'wasm' },
} as const;
const CORES = availableParallelism();
const network = () =>
  new Network({
    inputs: 2,
    layers: [
      { units: 8, activation: 'tanh' },
      { units: 3, activation: 'softmax' },
    ],
    seed: 1,
  });

describe('the report', async () => {
  const given = network();
  const before = given.parameters;
  const steps: string[] = [];
  const report = await measureScaling(given, blobs(300), {
    ...SMALL,
    workers: [2, 1, CORES + 1],
    rowsPerWorker: 32,
    strategies: ['owner-computes', 'coordinator', 'local-sgd'],
    trainer: { averagingPeriod: 2, backend: 'wasm' },
    predict: [4 * CORES],
    onProgress: ({ stage, done, total }) => steps.push(`${stage} ${done}/${total}`),
  });
  const workers = [...new Set([1, 2, CORES + 1])];
  const of = (point: ScalingPoint) =>
    report.points.filter((p) => p.mode === point.mode && p.strategy === point.strategy);

  it('has every strategy on every number of workers in both modes, with batches as the mode says', () => {
    expect(report).toMatchObject({ kind: 'scaling', version: 1, state: 'complete', patterns: 300, rounds: 3 });
    expect(report.points.map((p) => [p.mode, p.strategy, p.workers, p.batchSize])).toEqual(
      (['strong', 'weak'] as const).flatMap((mode) =>
        ['owner-computes', 'coordinator', 'local-sgd'].flatMap((strategy) =>
          workers.map((N) => [mode, strategy, N, mode === 'strong' ? 64 : 32 * N]),
        ),
      ),
    );
    for (const { strategy, trainer } of report.points) expect(trainer).toMatchObject({ strategy, backend: 'wasm' });
  });

  it('measures once what both modes have', () => {
    const [strong, weak] = report.points.filter((p) => p.strategy === 'owner-computes' && p.workers === 2);
    expect(strong!.batchSize).toBe(weak!.batchSize);
    expect(strong!.samples).toEqual(weak!.samples);
  });

  it('figures follow from the samples, round by round', () => {
    for (const point of report.points) {
      const { mode, workers: N, batchSize, samples } = point;
      expect(samples).toHaveLength(3);
      const [base] = of(point);
      const growth = mode === 'weak' ? N : 1;
      const ratios = samples.map((t, round) => (growth * base!.samples[round]!) / t);
      expect(point.timePerUpdate.median).toBe(median(samples));
      expect(point.samplesPerSecond.median).toBeCloseTo(batchSize / median(samples), 3);
      expect(point.speedup.median).toBeCloseTo(median(ratios), 12);
      expect(point.efficiency.median).toBeCloseTo(median(ratios) / N, 12);
      const serial = ratios.map((S) => (1 / S - 1 / N) / (1 - 1 / N));
      if (mode === 'strong' && N > 1) expect(point.karpFlatt!.median).toBeCloseTo(median(serial), 9);
      else expect(point.karpFlatt).toBeUndefined();
      for (const interval of [point.speedup, point.efficiency, point.timePerUpdate]) ordered(interval);
      expect(point.oversubscribed).toBe(N > CORES);
    }
  });

  it('compares with the strategy that is fastest on one worker', () => {
    for (const mode of ['strong', 'weak']) {
      const ones = report.points.filter((p) => p.mode === mode && p.workers === 1);
      const best = ones.reduce((a, b) => (median(b.samples) < median(a.samples) ? b : a));
      expect(best.speedupOverBest).toEqual({ median: 1, low: 1, high: 1 });
      for (const point of ones) {
        const ratios = point.samples.map((t, round) => best.samples[round]! / t);
        expect(point.speedupOverBest.median).toBeCloseTo(median(ratios), 12);
      }
    }
  });

  it('fits what has a CPU for each worker, and says what it did not fit and why', () => {
    expect(report.series.map(({ mode, strategy }) => `${mode} ${strategy}`)).toHaveLength(6);
    for (const { mode, strategy, fitted, amdahl, usl, gustafson, predictions, caveats } of report.series) {
      expect(fitted).toEqual(workers.filter((N) => N <= CORES));
      expect(amdahl !== undefined).toBe(mode === 'strong' && CORES > 1);
      expect(gustafson !== undefined).toBe(mode === 'weak' && CORES > 1);
      expect(usl).toBeUndefined();
      expect(caveats.join(' ')).toContain(`On ${CORES + 1} workers there are more threads than the`);
      expect(caveats.join(' ')).toContain('fewer than 5 intervals are too narrow');
      if (CORES > 1) expect(caveats.join(' ')).toContain('nothing tests it');
      expect(caveats.some((line) => line.includes('not of learning'))).toBe(strategy === 'local-sgd');
      for (const prediction of predictions)
        expect(prediction).toMatchObject({ workers: 4 * CORES, law: 'amdahl', beyond: true });
      if (mode === 'weak') expect(predictions).toEqual([]);
    }
  });

  it('has the phases of each worker, and of the coordinator where it has a part', () => {
    for (const { workers: N, strategy, phases, coordinator } of report.points) {
      expect(phases).toHaveLength(N);
      expect(phases[0]!.forward).toBeGreaterThan(0);
      expect(coordinator !== undefined).toBe(strategy === 'coordinator');
    }
  });

  it('is plain data, and the network is as it was', () => {
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({
      kind: 'scaling',
      points: report.points.map(() => ({})),
    });
    given.parameters.forEach(({ weights }, l) => expect(weights).toEqual(before[l]!.weights));
  });

  it('progress was told step by step', () => {
    const cells = new Set(report.points.map((p) => `${p.strategy} ${p.workers} ${p.batchSize}`)).size;
    expect(steps).toHaveLength(cells * 16);
    expect(steps[0]).toBe(`warm-up 1/${cells * 16}`);
    expect(steps.at(-1)).toBe(`rounds ${cells * 16}/${cells * 16}`);
  });
});

test('the phases of one worker add up to the time of an update, loosely', { retry: 2 }, async () => {
  // Long enough that starting an epoch, which is in no phase, does not count.
  const { points } = await measureScaling(network(), blobs(32_768), {
    workers: [1],
    modes: ['strong'],
    batchSize: 2048,
    rounds: 3,
    sampleSeconds: 0.1,
    trainer: { backend: 'reference' },
  });
  const [{ phases, timePerUpdate }] = points as [ScalingPoint];
  const sum = Object.values(phases[0]!).reduce((total, seconds) => total + seconds, 0);
  expect(sum / timePerUpdate.median).toBeGreaterThan(0.3);
  expect(sum / timePerUpdate.median).toBeLessThan(3);
});

test('a series that does not begin with one worker is measured against its least, and not fitted', async () => {
  const { points, series } = await measureScaling(network(), blobs(300), { ...SMALL, workers: [2, 4], rounds: 5 });
  const ratios = (p: ScalingPoint) => p.samples.map((t, r) => points[0]!.samples[r]! / t);
  expect(points[1]!.speedup.median).toBeCloseTo(median(ratios(points[1]!)), 12);
  expect(points[1]!.efficiency.median).toBeCloseTo(points[1]!.speedup.median / 2, 12);
  expect(points[1]!.karpFlatt).toBeUndefined();
  for (const one of series) {
    expect(one).toMatchObject({ fitted: [], amdahl: undefined, usl: undefined, predictions: [] });
    expect(one.caveats[0]).toBe('No fit: the laws need the speed of 1 worker, and the series begins with 2.');
  }
});

test('the default weak scaling has the batch of strong scaling on the most workers', async () => {
  const { points } = await measureScaling(network(), blobs(70), {
    ...SMALL,
    batchSize: 65,
    rounds: 1,
    workers: [1, 2, 4],
  });
  expect(points.filter((p) => p.mode === 'weak').map((p) => p.batchSize)).toEqual([16, 32, 64]);
});

describe('an abort', () => {
  const stopped = async (after: number) => {
    const controller = new AbortController();
    const onProgress: ScalingOptions['onProgress'] = ({ done }) => {
      if (done === after) controller.abort(new Error('enough'));
    };
    return measureScaling(network(), blobs(60), {
      ...SMALL,
      batchSize: 32,
      modes: ['strong'],
      signal: controller.signal,
      onProgress,
    });
  };

  it('after a round gives a report of what is complete', async () => {
    const report = await stopped(2 + 5 * 2 + 1);
    expect(report).toMatchObject({ state: 'partial', rounds: 1 });
    for (const { samples } of report.points) expect(samples).toHaveLength(1);
  });

  it('before there is a round is an error', async () => {
    await expect(stopped(3)).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });
});

test.each([
  [{ workers: [] }, TypeError, '"workers" expected list of numbers'],
  [{ workers: [0] }, RangeError, '"workers[0]" expected integer in [1, 1024], got 0'],
  [{ workers: [2, 1, 2] }, RangeError, '"workers[2]" expected another than workers[0], got 2'],
  [{ strategies: ['auto', 'auto'] }, RangeError, '"strategies[1]" expected another than strategies[0], got "auto"'],
  [{ workers: [64] }, RangeError, '"workers" expected at most the 60 patterns, for weak scaling, got 64'],
  [{ batchSize: 61 }, RangeError, '"batchSize" expected integer in [1, 60], got 61'],
  [{ workers: [1, 2], rowsPerWorker: 31 }, RangeError, '"rowsPerWorker" expected integer in [1, 30], got 31'],
  [{ strategies: ['owner'] }, RangeError, `"strategies[0]" expected one of 'auto', 'coordinator'`],
  [{ modes: 'strong' }, TypeError, '"modes" expected list, got "strong"'],
  [{ modes: ['strange'] }, RangeError, `"modes[0]" expected one of 'strong', 'weak'`],
  [{ predict: [CORES] }, RangeError, `"predict[0]" expected integer in [${CORES + 1}, `],
  [{ rounds: 0 }, RangeError, '"rounds" expected integer in [1, 1000], got 0'],
  [{ trainer: { strategy: 'hogwild' } }, RangeError, '"trainer" expected no strategy: the measurement makes many'],
  [{ trainer: { sharedMemory: 'off' } }, RangeError, '"trainer" expected no sharedMemory'],
  [{ trainer: { averagingPeriod: 4 } }, RangeError, '"strategies" expected local-sgd among them'],
  [{ trainer: 7 }, TypeError, '"trainer" expected object'],
  [{ signal: 1 }, TypeError, '"signal" expected AbortSignal, got 1'],
  [{ onProgress: 1 }, TypeError, '"onProgress" expected function, got 1'],
  [{ batchsize: 4 }, TypeError, '"options" has no option "batchsize"'],
])('%o is refused', async (options, Type, message) => {
  const refused = measureScaling(network(), blobs(60), options as ScalingOptions);
  await expect(refused).rejects.toThrow(Type);
  await expect(refused).rejects.toThrow(message);
});

describe('caveats', () => {
  const environment = { ...describeEnvironment(), availableCores: 8, quota: undefined, caches: [], load: [0, 0, 0] };
  const exactly = (value: number): Interval => ({ median: value, low: value, high: value });
  const trainer: ScalingPoint['trainer'] = {
    backend: 'wasm',
    path: 'simd',
    strategy: 'owner-computes',
    strategyReason: '',
    blockRows: 64,
    shards: 1,
  };
  const points = (speedups: readonly number[], more: Partial<ScalingPoint> = {}) =>
    speedups.map((S, i) => ({
      mode: 'strong',
      workers: 2 ** i,
      batchSize: 64,
      samples: [1, 1, 1, 1, 1],
      speedup: exactly(S),
      efficiency: exactly(S / 2 ** i),
      trainer,
      ...more,
    })) as ScalingPoint[];
  const series = (fitted: number[], beta = 0) => ({
    mode: 'strong' as const,
    strategy: 'auto' as const,
    fitted,
    amdahl: undefined,
    usl: { alpha: exactly(0), beta: exactly(beta), peak: exactly(8) },
    predictions: [],
  });

  it('has nothing to say of a series that is in order', () => {
    expect(caveatsOf(series([1, 2, 4, 8]), points([1, 1.9, 3.5, 6]), environment)).toEqual([]);
  });

  it.each([
    ['coherency', series([1, 2, 4, 8], 0.1), points([1, 1.9, 3, 3]), {}, /beta is above 0 .* promises too much/],
    ['two numbers', series([1, 2, 4]), points([1, 1.9, 3]), {}, /both numbers of workers above 1: nothing tests it/],
    ['superlinear', series([1, 2, 4, 8]), points([1, 2.2, 4.4, 7]), {}, /More than N times as fast on 2 and 4 workers/],
    ['slower', series([1, 2, 4, 8]), points([1, 0.9, 0.8, 0.7]), {}, /Slower on 2, 4 and 8 workers than on 1/],
    [
      'few rows',
      series([1, 2, 4, 8]),
      points([1, 1, 1, 1], { batchSize: 4 }),
      {},
      /On 8 workers a batch has fewer rows/,
    ],
    [
      'quota',
      series([1, 2]),
      points([1, 1.9, 2], { oversubscribed: true }),
      { quota: 2.5 },
      /more threads than the 2.5 CPUs that its control group allows/,
    ],
    ['load', series([1, 2, 4, 8]), points([1, 2, 3, 4]), { load: [7.25, 1, 0] }, /The load was 7.3 on 8 CPUs when/],
    [
      'SMT',
      series([1, 2, 4, 8]),
      points([1, 2, 3, 4]),
      { caches: [{ level: 1, type: 'Data', bytes: 32768, sharedBy: 2 }] },
      /2 CPUs share the first-level cache.* more than 4 workers/,
    ],
    [
      'two programs',
      series([1, 2, 4, 8]),
      [
        ...points([1, 2, 4]),
        ...points([1, 2, 4, 7], { trainer: { ...trainer, backend: 'blas', path: 'sgemm' } }).slice(3),
      ],
      {},
      /Not one program .* owner-computes on blas \(sgemm\) on 8/,
    ],
    [
      'parts',
      series([1, 2, 4, 8]),
      points([1, 2, 2, 2], { trainer: { ...trainer, strategy: 'data-parallel', shards: 2 } }),
      {},
      /divided into 2, whatever the number of workers/,
    ],
  ])('%s', (_, one, measured, machine, expected) => {
    const said = caveatsOf(one, measured, { ...environment, ...machine });
    expect(said.filter((line) => expected.test(line))).toHaveLength(1);
  });

  it('the CPUs to use are those of the affinity, or the quota', () => {
    expect(usableCores(environment)).toBe(8);
    expect(usableCores({ ...environment, quota: 1.5 })).toBe(1.5);
    expect(usableCores({ ...environment, quota: 16 })).toBe(8);
  });
});

function ordered({ low, median: middle, high }: Interval): void {
  expect(low).toBeLessThanOrEqual(middle);
  expect(high).toBeGreaterThanOrEqual(middle);
}

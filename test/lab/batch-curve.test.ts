// The curve on small networks: what is in the report, what it is computed from, and how a measurement ends early.
import { describe, expect, it, test } from 'vitest';
import { type BatchCurveOptions, measureBatchCurve, measureNoiseScale, Network } from 'gradpool';
import { blobs, aboutOne } from './problem.ts';

const SMALL = { batchSizes: [8, 32, 128], workers: [1, 2], rounds: 3, sampleSeconds: 0.002 } as const;
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
  const report = await measureBatchCurve(given, blobs(300), {
    ...SMALL,
    target: { loss: 0.3, seeds: 3, referenceBatchSize: 32, multipliers: [1, 4], validation: blobs(100) },
    onProgress: ({ stage, done, total }) => steps.push(`${stage} ${done}/${total}`),
  });

  it('has every point with its samples, and the times that follow from them', () => {
    expect(report).toMatchObject({ kind: 'batch-curve', version: 2, state: 'complete', patterns: 300, rounds: 3 });
    expect(report.points.map((p) => [p.workers, p.batchSize])).toEqual(
      [1, 2].flatMap((workers) => [8, 32, 128].map((B) => [workers, B])),
    );
    for (const { batchSize, samples, updatesPerEpoch, ...point } of report.points) {
      expect(samples).toHaveLength(3);
      expect(updatesPerEpoch).toBe(Math.ceil(300 / batchSize));
      const middle = [...samples].sort((a, b) => a - b)[1]!;
      expect(point.timePerUpdate.median).toBe(middle);
      expect(point.timePerRow.median).toBeCloseTo((middle * updatesPerEpoch) / 300, 12);
      expect(point.timePerEpoch.median).toBeCloseTo(middle * updatesPerEpoch, 12);
      expect(point.samplesPerSecond.median).toBeCloseTo(300 / (middle * updatesPerEpoch), 3);
      expect(point.timePerEpoch.low).toBeLessThanOrEqual(point.timePerEpoch.median);
      expect(point.timePerEpoch.high).toBeGreaterThanOrEqual(point.timePerEpoch.median);
      expect(point.workingSet).toBeGreaterThan(4 * given.parameterCount);
    }
  });

  it('counts updates to the target once for all numbers of workers, over the seeds, at the best learning rate', () => {
    const { target } = report;
    expect(target!.loss).toBe(0.3);
    for (const { batchSize, tried, updates, arrived } of target!.batchSizes) {
      // Linear and sqrt are the same at the reference.
      expect(tried).toHaveLength(batchSize === 32 ? 2 : 4);
      expect(updates).toHaveLength(3);
      expect(arrived).toBe(3);
      const points = report.points.filter((p) => p.batchSize === batchSize);
      for (const { updatesToTarget, timeToTarget, samples } of points) {
        const counts = updates.map((u) => u!).sort((a, b) => a - b);
        expect(updatesToTarget!.median).toBe(counts[1]);
        const times = updates.map((u, seed) => u! * samples[seed]!).sort((a, b) => a - b);
        expect(timeToTarget!.median).toBeCloseTo(times[1]!, 12);
      }
    }
    expect(target!.noiseScale!.noise).toBeGreaterThan(0);
  });

  it('has all that was measured: five times a round', () => {
    for (const { samples, measurements } of report.points) {
      expect([samples.length, measurements.length]).toEqual([3, 15]);
      samples.forEach((t, r) => expect(measurements.slice(5 * r, 5 * r + 5).sort((a, b) => a - b)[1]).toBe(t));
    }
  });

  it('says which batch sizes are best, and what shape the curve has', () => {
    const { best, shape } = report;
    expect(best.quantity).toBe('timeToTarget');
    expect(best.batchSizes).toContain(best.fastest);
    expect(best.recommended).toBe(Math.min(...best.batchSizes));
    expect(best.timePerEpoch.map(({ workers }) => workers)).toEqual([1, 2]);
    expect(best.timeToTarget).toHaveLength(2);
    expect(shape).toMatchObject({ quantity: 'timeToTarget', workers: best.workers });
    expect(shape.timePerEpoch).toHaveLength(2);
  });

  it('is plain data, and the network is as it was', () => {
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({ best: { recommended: report.best.recommended } });
    given.parameters.forEach(({ weights }, l) => expect(weights).toEqual(before[l]!.weights));
  });

  it('progress was told step by step', () => {
    expect(steps).toHaveLength(6 * 16 + 3);
    expect(steps[0]).toBe('warm-up 1/99');
    expect(steps.at(-1)).toBe('target 99/99');
  });
});

test('a target that is out of reach: nobody arrives, and the time per epoch decides', async () => {
  const { best, target, points } = await measureBatchCurve(network(), blobs(60), {
    ...SMALL,
    batchSizes: [8, 16, 32],
    target: { loss: -1, seeds: 2, rules: ['none'], mostEpochs: 1 },
  });
  expect(best).toMatchObject({ quantity: 'timePerEpoch', timeToTarget: [] });
  for (const { updates, arrived } of target!.batchSizes) expect([updates, arrived]).toEqual([[null, null], 0]);
  expect(points[0]!.timeToTarget!.median).toBe(Infinity);
  expect(target!.noiseScale).toBeUndefined();
});

describe('an abort', () => {
  const stopped = async (after: number) => {
    const controller = new AbortController();
    const onProgress: BatchCurveOptions['onProgress'] = ({ done }) => {
      if (done === after) controller.abort(new Error('enough'));
    };
    return measureBatchCurve(network(), blobs(60), {
      ...SMALL,
      batchSizes: [8, 16, 32],
      signal: controller.signal,
      onProgress,
    });
  };

  it('after a round gives a report of what is complete', async () => {
    const report = await stopped(6 + 5 * 6 + 2);
    expect(report).toMatchObject({ state: 'partial', rounds: 1 });
    for (const { samples } of report.points) expect(samples).toHaveLength(1);
  });

  it('before there is a round is an error', async () => {
    await expect(stopped(3)).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });
});

test.each([
  [{ batchSizes: [] }, TypeError, '"batchSizes" expected list of numbers'],
  [{ batchSizes: [0] }, RangeError, '"batchSizes[0]" expected integer in [1, 60], got 0'],
  [{ batchSizes: [8, 16, 8] }, RangeError, '"batchSizes[2]" expected another than batchSizes[0], got 8'],
  [{ workers: [1.5] }, RangeError, '"workers[0]"'],
  [{ workers: [1, 1] }, RangeError, '"workers[1]" expected another than workers[0], got 1'],
  [{ level: 1 }, RangeError, '"level" expected number in [0, 1), got 1'],
  [{ tolerance: -1 }, RangeError, '"tolerance"'],
  [{ target: { seeds: 0 } }, RangeError, '"target.seeds"'],
  [{ target: { rules: ['cubic'] } }, RangeError, `"target.rules[0]" expected one of 'linear', 'sqrt', 'none'`],
  [{ target: { loss: '1' } }, TypeError, '"target.loss" expected finite number, got "1"'],
  [{ target: { validation: [] } }, TypeError, '"target.validation" expected Dataset'],
  [{ trainer: { workers: 2 } }, RangeError, '"trainer" expected no workers'],
  [{ trainer: { shuffle: false }, target: true }, RangeError, '"target" expected "shuffle"'],
  [{ trainer: { strategy: 'hogwild' }, target: true }, RangeError, '"target" expected a synchronous "strategy"'],
  [{ trainer: 7 }, TypeError, '"trainer" expected object'],
  [{ signal: 1 }, TypeError, '"signal" expected AbortSignal, got 1'],
])('%o is refused', async (options, Type, message) => {
  const refused = measureBatchCurve(network(), blobs(60), options as BatchCurveOptions);
  await expect(refused).rejects.toThrow(Type);
  await expect(refused).rejects.toThrow(message);
});

test('the noise scale of patterns that are all alike is 0, and with noise it is what the formula says', async () => {
  // y = w x with x = 1: the gradient of a pattern is w - d; over patterns d = mean +- 1 its mean is w - mean, its variance 1.
  const line = new Network({ inputs: 1, layers: [{ units: 1, activation: 'linear' }], seed: 3 });
  line.setParameters([{ weights: [3], bias: [0] }]);
  const options = { workers: 1, backend: 'wasm' } as const;
  const draws = { rows: 8, draws: 64 };
  const alike = await measureNoiseScale(line, aboutOne(0), draws, options);
  expect(Math.abs(alike.noiseScale)).toBeLessThan(1e-5);
  const noisy = await measureNoiseScale(line, aboutOne(1), draws, options);
  // Weight and bias have the same gradient: |G|^2 = 2 (3 - 1)^2, S = 2.
  expect(noisy.gradient).toBeCloseTo(8, 0);
  expect(noisy.noise).toBeGreaterThan(2 * 0.6);
  expect(noisy.noise).toBeLessThan(2 * 1.5);
});

test('the noise scale has defaults, and names what is wrong', async () => {
  const line = new Network({ inputs: 1, layers: [{ units: 1, activation: 'linear' }], seed: 3 });
  expect(await measureNoiseScale(line, aboutOne(1))).toMatchObject({ rows: 64, draws: 32 });
  expect(await measureNoiseScale(line, aboutOne(1), { draws: 2 })).toMatchObject({ rows: 64, draws: 2 });
  const few = aboutOne(1).slice(0, 5);
  expect(await measureNoiseScale(line, few, undefined, { workers: 1 })).toMatchObject({ rows: 2, draws: 32 });
  await expect(measureNoiseScale(line, few, { rows: 5 })).rejects.toThrow('"rows" expected integer in [1, 4], got 5');
  await expect(measureNoiseScale(line, few, { row: 5 } as never)).rejects.toThrow('"batches" has no option "row"');
  await expect(measureNoiseScale(line, few.slice(0, 1))).rejects.toThrow(
    '"dataset.length" expected integer of at least 2',
  );
});

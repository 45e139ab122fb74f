// The learning rate: what each update of the range test does and where it stops, what is tried then, and what is suggested.
import { describe, expect, it, test } from 'vitest';
import {
  applyEncoding,
  Dataset,
  encodeTable,
  findLearningRate,
  measureMetrics,
  Network,
  Normalization,
  readTable,
  Trainer,
} from 'gradpool';
import {
  besideBest,
  candidateRates,
  planTrials,
  suggestRate,
  triedRates,
  worthTrying,
} from '#src/lab/learning-rate-suggestion.js';
import type { RateTrial } from '#src/lab/learning-rate-trials.js';
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

const FAST = { sharedMemory: 'off', backend: 'wasm' } as const;
/** As few trials as can be, where the range test is looked at. */
const FEW = { trialUpdates: 100 };

test('each update has its own rate: on a parabola the losses are those of the formula', async () => {
  const report = await findLearningRate(line(), aboutOne(0), {
    least: 0.001,
    most: 0.1,
    updates: 40,
    smoothing: 0.5,
    ...FEW,
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
  const rates = { least: 0.0099999, most: 0.01, updates: 10, smoothing: 0, ...FEW };
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
  const seen: { stage: string; updates: number; totalUpdates: number }[] = [];
  const data = blobs(200);
  const options = {
    most: 1000,
    epochs: 20,
    trialUpdates: 4000,
    trainer: { ...FAST, batchSize: 30 },
    onProgress: (progress: (typeof seen)[0]) => seen.push(progress),
  };
  const report = await findLearningRate(network, data, options);

  it('stops the range test where the loss diverges, and leaves the weights as they were', () => {
    expect(report).toMatchObject({ kind: 'learning-rate', version: 1, state: 'diverged', batchSize: 30 });
    expect(report.points.length).toBeLessThan(200);
    const range = seen.filter(({ stage }) => stage === 'range');
    expect(range.map(({ updates }) => updates)).toEqual(report.points.map((_, i) => i + 1));
    const lowest = Math.min(...report.points.map(({ smoothed }) => smoothed));
    for (const { smoothed } of report.points) expect(smoothed).toBeLessThanOrEqual(4 * report.points[0]!.smoothed);
    expect(report.points.at(-1)!.smoothed).toBeGreaterThan(lowest);
    expect(sameBits(network.parameters, before)).toBe(true);
  });

  it('tries rates out, within the updates that are allowed', () => {
    const trials = seen.filter(({ stage }) => stage === 'trials');
    const { updates, totalUpdates } = trials.at(-1)!;
    expect(updates).toBeLessThanOrEqual(totalUpdates);
    expect(updates).toBeLessThan(1.25 * options.trialUpdates);
    for (const { trials: count } of report.tried) expect(count).toBe(report.repeats);
    const rates = report.tried.map(({ learningRate }) => learningRate);
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
  });

  it('suggests a rate that trains well', async () => {
    const { suggestion } = report;
    if (suggestion.state === 'none') expect.fail(suggestion.why);
    const { learningRate, asGood } = suggestion;
    expect(report.tried.map((tried) => tried.learningRate)).toContain(learningRate);
    expect(learningRate).toBeGreaterThanOrEqual(asGood.low);
    expect(learningRate).toBeLessThanOrEqual(asGood.high);
    expect(suggestion.why).toMatch(/of the rates from .* that were tried, .* holds up: 0\.\d+ on patterns held out/);
    await using trainer = await Trainer.create(network, { ...FAST, batchSize: 30, learningRate });
    const history = await trainer.fit(data, { epochs: 20 });
    expect(history.at(-1)!.accuracy).toBeGreaterThan(0.9);
  });

  it('is the same again, with several workers too', async () => {
    const trainer = { ...options.trainer, sharedMemory: 'auto', workers: 2 } as const;
    const again = await findLearningRate(classifier(), data, { ...options, trainer });
    const losses = ({ points, tried }: typeof report) => [
      ...points.map(({ loss }) => loss),
      ...tried.flatMap(({ loss = -1 }) => loss),
    ];
    expectClose('losses', losses(again), losses(report), { relative: 1e-9 });
    expect(again.suggestion).toEqual(report.suggestion);
  });
});

test(
  'with momentum the suggestion holds up beside a grid, on rows that nobody has seen',
  { timeout: 60_000 },
  async () => {
    const table = await readTable('examples/data/friedman.csv');
    const [first, second] = table.split(0.75, { seed: 1 }) as [typeof table, typeof table];
    const { dataset, encoding } = encodeTable(first, { target: 'y' });
    const test = applyEncoding(encoding, second);
    const normalization = Normalization.fit(dataset, { inputs: 'z-score', targets: 'z-score' });
    const layers = [{ units: 8, activation: 'relu' }, { units: 1, activation: 'linear' }] as const; // prettier-ignore
    const make = () => new Network({ inputs: 10, layers, normalization, seed: 2 });
    const trainer = { ...FAST, batchSize: 32, momentum: 0.9 };
    const { suggestion } = await findLearningRate(make(), dataset, { epochs: 20, trainer, trialUpdates: 30_000 });
    if (suggestion.state === 'none') expect.fail(suggestion.why);
    /** The mean of three orders of the patterns: where one training ends is luck. */
    const score = async (learningRate: number) => {
      let sum = 0;
      for (const seed of [0, 1, 2]) {
        const network = make();
        await using trained = await Trainer.create(network, { ...trainer, learningRate, seed });
        await trained.fit(dataset, { epochs: 20 });
        const metrics = await measureMetrics(network, test).catch(() => undefined);
        sum += metrics?.task === 'values' ? metrics.r2! : -1;
      }
      return sum / 3;
    };
    const grid: number[] = [];
    for (const rate of [1e-4, 1e-3, 0.01, 0.03, 0.1]) grid.push(await score(rate));
    expect(await score(suggestion.learningRate)).toBeGreaterThan(Math.max(...grid) - 0.02);
  },
);

test('labels drawn at random speak for no rate', async () => {
  const data = blobs(60);
  const noise = Array.from({ length: 60 }, (_, i) => (i * i * 7919) % 3);
  const inputs = noise.map((_, i) => data.pattern(i).inputs);
  const set = Dataset.fromArrays({ inputs, targets: noise });
  const { suggestion } = await findLearningRate(classifier(), set, { trainer: FAST, epochs: 20, trialUpdates: 2000 });
  if (suggestion.state === 'found') expect(suggestion.evidence).toBe('thin');
});

describe('what is tried', () => {
  const points = (loss: (exponent: number) => number, count = 101) =>
    Array.from({ length: count }, (_, i) => {
      const exponent = -5 + i / 20;
      return { learningRate: 10 ** exponent, loss: loss(exponent), smoothed: loss(exponent) };
    });
  const trial = (learningRate: number, loss: number): RateTrial => ({ learningRate, repeat: 0, updates: 9, loss, score: 0, swing: 0 }); // prettier-ignore

  it('are rates from above that of the least loss down, four powers of ten at most, none below the least', () => {
    const rates = candidateRates(
      points((e) => (e + 2) ** 2),
      1e-5,
    );
    expect(rates.map((rate) => Math.log10(rate).toFixed(1))).toEqual(['-5.0', '-4.5', '-4.0', '-3.5', '-3.0', '-2.5', '-2.0', '-1.5', '-1.0']); // prettier-ignore
    // Not above the last that the range test has come to.
    expect(
      candidateRates(
        points((e) => -e, 61),
        1e-5,
      ).at(-1),
    ).toBeCloseTo(1e-2, 9);
    expect(candidateRates([], 1e-3)).toEqual([1e-3]);
  });

  it('at length are the best of the short trials and those around it that did not diverge', () => {
    const short = [9, 8, 7, 5, 6, Infinity].map((loss, i) => trial(i + 1, loss));
    expect(worthTrying(short)).toEqual([2, 3, 4, 5]);
    expect(worthTrying([9, 8, 7, Infinity].map((loss, i) => trial(i + 1, loss)))).toEqual([1, 2, 3]);
    expect(worthTrying([trial(1, Infinity)])).toEqual([]);
  });

  it('beside the best of those is half a step to either side, within the range', () => {
    const tried = triedRates([trial(0.1, 1)]);
    expect(besideBest(tried, 1e-5, 1).map((rate) => rate.toPrecision(3))).toEqual(['0.0562', '0.178']);
    expect(besideBest(tried, 1e-5, 0.1)).toHaveLength(1);
  });

  it('is as long as the training is to be, often where that is cheap, and shorter where it is not', () => {
    expect(planTrials(4, 9, 50, 100_000)).toMatchObject({ repeats: 10, updates: 250, long: { epochs: 63 } });
    expect(planTrials(100, 9, 50, 60_000)).toMatchObject({
      repeats: 1,
      updates: 6250,
      long: { epochs: 63 },
      short: { epochs: 16 },
    });
    expect(planTrials(1000, 9, 50, 40_000)).toMatchObject({
      repeats: 1,
      updates: 4848,
      long: { epochs: 5 },
      short: { epochs: 1 },
    });
    const { long, short } = planTrials(1e6, 9, 50, 40_000);
    expect([long, short]).toEqual([
      { epochs: 1, updates: 4848 },
      { epochs: 1, updates: 1212 },
    ]);
  });
});

describe('the suggestion', () => {
  const known = {
    candidates: [0.001, 0.01, 0.1],
    untrained: { loss: 2, score: 0.4 },
    cliff: Infinity,
    patterns: 1000,
    wanted: 50,
    plan: planTrials(25, 9, 50, 100_000),
  };
  const two = (learningRate: number, score: number, more: Partial<RateTrial> = {}): RateTrial[] =>
    [0, 1].map((repeat) => ({ learningRate, repeat, updates: 9, loss: 1, score, swing: 0, ...more }));
  const found = (trials: RateTrial[], others: Partial<typeof known> = {}) => {
    const suggestion = suggestRate(trials, { ...known, ...others });
    if (suggestion.state === 'none') expect.fail(suggestion.why);
    return suggestion;
  };

  it('is in the middle of those that did as well', () => {
    const trials = [two(0.001, 0.8), two(0.003, 0.898), two(0.01, 0.9), two(0.03, 0.897), two(0.1, 0.7)].flat();
    expect(found(trials)).toMatchObject({
      learningRate: 0.01,
      asGood: { low: 0.003, high: 0.03 },
      evidence: 'solid',
      doubts: [],
    });
  });

  it('is none that diverged even once, nor one that goes up and down', () => {
    const once = [...two(0.1, 0.99).slice(1), ...two(0.1, -Infinity, { loss: Infinity }).slice(1)];
    const trials = [two(0.001, 0.8), two(0.01, 0.9), two(0.03, 0.92, { swing: 0.05 }), once].flat();
    expect(found(trials).learningRate).toBe(0.01);
  });

  it('is not beside a rate that diverges, unless it is much better', () => {
    const last = two(0.0178, -Infinity, { loss: Infinity });
    expect(found([two(0.001, 0.8), two(0.0056, 0.893), two(0.01, 0.9), last].flat()).learningRate).toBe(0.0056);
    expect(found([two(0.001, 0.8), two(0.0056, 0.88), two(0.01, 0.9), last].flat()).learningRate).toBe(0.01);
    const fine = [two(0.001, 0.8), two(0.0056, 0.893), two(0.01, 0.9), two(0.1, 0.7)].flat();
    expect(found(fine).learningRate).toBe(0.01);
    expect(found(fine, { cliff: 0.012 }).learningRate).toBe(0.0056);
  });

  it('says what makes the evidence thin', () => {
    const fine = [two(0.001, 0.8), two(0.01, 0.9), two(0.1, 0.7)].flat();
    expect(found(fine, { patterns: 60 }).doubts).toEqual(['only 60 patterns were held out in all']);
    const apart = [...fine, ...two(0.01, 0.7).slice(1)];
    expect(found([...two(0.01, 0.99).slice(1), ...apart]).doubts[0]).toMatch(
      /^the trials with it differ: 0\.99, 0\.90, 0\.90, 0\.70$/,
    );
    const cliff = [two(0.001, 0.8), two(0.01, 0.9), two(0.018, -Infinity, { loss: Infinity })].flat();
    expect(found(cliff).doubts).toEqual([
      'at 0.018 training diverges, so that it may with other weights or orders at this rate',
    ]);
    expect(found(two(0.01, 0.9).concat(two(0.1, 0.95))).doubts).toEqual(['it is the greatest that was tried']);
    const { doubts, why } = found(fine, { plan: planTrials(1000, 9, 50, 40_000) });
    expect(doubts).toEqual(['trials were shorter than the 50 epochs that are to come: allow more "trialUpdates"']);
    expect(why).toMatch(/\. The evidence is thin: trials were shorter/);
  });

  it('is none where the loss on patterns held out does not fall, or diverges at all rates', () => {
    expect(suggestRate(two(0.01, 0.3, { loss: 2 }), known)).toEqual({
      state: 'none',
      why: 'the loss on patterns held out did not fall at any rate from 0.0010 to 0.10',
    });
    expect(suggestRate(two(0.01, -Infinity, { loss: Infinity }), known)).toEqual({
      state: 'none',
      why: 'the loss diverged at all rates from 0.0010 to 0.10: begin with a smaller one',
    });
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
  ['"epochs" expected integer of at least 1', () => findLearningRate(line(), aboutOne(0), { epochs: 0 })],
  ['"trialUpdates" expected integer of at least 100', () => findLearningRate(line(), aboutOne(0), { trialUpdates: 9 })],
  ['"dataset.length" expected integer of at least 2', () => findLearningRate(line(), aboutOne(0).slice(0, 1))],
  ['got hogwild', () => findLearningRate(line(), aboutOne(0), { trainer: { strategy: 'hogwild' } as object })],
  [
    '"trainer.batchSize" expected integer',
    () => findLearningRate(line(), aboutOne(0), { trainer: { batchSize: 1e4 } }),
  ],
  ['"dataset" expected Dataset', () => findLearningRate(line(), undefined as unknown as Dataset)],
])('an argument that is wrong: %s', async (message, call) => {
  await expect(call()).rejects.toThrow(message);
});

// Trainings with other optimisers, schedules and limits than plain SGD, as PyTorch computed them in float64
// (test/fixtures/make/optimisers.py) and, of Lion, Optax (lion.py), repeated on every synchronous strategy, backend and number of workers.
import { readFileSync } from 'node:fs';
import { Dataset, Network, type TrainerOptions } from 'gradpool';
import { describe, expect, it, test } from 'vitest';
import { expectClose, expectSameBits, flatten } from '../close.ts';
import { OPTIMIZER_NAMES } from '#src/core/optimizers.js';
import { flatLayers, type NestedLayer } from '../golden.ts';
import { RUNNING, withTwin } from '../twins.ts';
import { BACKENDS, classes, classifier, STRATEGIES, train, withTrainer } from './problem.ts';

interface Training {
  readonly options: TrainerOptions;
  readonly losses: number[];
  readonly rates: number[];
  readonly end: NestedLayer[];
}

interface Fixture {
  readonly batchSize: number;
  readonly steps: number;
  readonly x: number[][];
  readonly d: number[];
  readonly start: NestedLayer[];
  readonly trainings: Record<string, Training>;
}

const FIXTURE = JSON.parse(readFileSync(new URL('../fixtures/optimisers.json', import.meta.url), 'utf8')) as Fixture;
const { batchSize, steps, x, d } = FIXTURE;
const PER_EPOCH = Math.ceil(x.length / batchSize);
const LION = JSON.parse(
  readFileSync(new URL('../fixtures/lion.json', import.meta.url), 'utf8'),
) as Fixture['trainings'];
const TRAININGS = Object.entries({ ...FIXTURE.trainings, ...LION }).map(([name, training]) => ({ name, ...training }));
/** With everything at once. */
const MOST = ['adam-all', 'sgd-clip-both'];
const CASES = [
  ...STRATEGIES.map((strategy) => ({ strategy, workers: 2 })),
  { strategy: 'owner-computes', workers: 1 },
  { strategy: 'data-parallel', workers: 3 },
] as const;

function start(): Network {
  const layers = [
    { units: 7, activation: 'tanh' as const },
    { units: 3, activation: 'softmax' as const },
  ];
  const network = new Network({ inputs: 5, layers });
  network.setParameters(FIXTURE.start);
  return network;
}

/** The training of a fixture, in `fits` calls. */
async function run(training: Training, options: TrainerOptions, fits = 1) {
  const network = start();
  const data = Dataset.fromArrays({ inputs: x, targets: d });
  const given = { batchSize, shuffle: false, ...training.options, ...options };
  return withTrainer(network, given, async (trainer) => {
    const reports = [];
    // Whole epochs but the last, so that the next call begins where the last one ended.
    for (let fit = 0; fit < fits; fit++) {
      const updates = fit < fits - 1 ? PER_EPOCH : steps - fit * PER_EPOCH;
      reports.push(...(await trainer.fit(data, { epochs: steps, maxUpdates: updates })));
    }
    const losses = reports.map(({ loss }) => loss);
    const rates = reports.map(({ learningRate }) => learningRate);
    return { info: trainer.info, losses, rates, parameters: network.parameters };
  });
}

/** Means over the rows of each epoch, and the learning rate at its end. */
function byEpoch({ losses, rates }: Training): { losses: number[]; rates: number[] } {
  const ends = Array.from({ length: Math.ceil(steps / PER_EPOCH) }, (_, e) => Math.min(steps, (e + 1) * PER_EPOCH));
  const rows = (u: number) => Math.min(batchSize, x.length - (u % PER_EPOCH) * batchSize);
  return {
    rates: ends.map((end) => rates[end - 1]!),
    losses: ends.map((end, e) => {
      const updates = Array.from({ length: end - e * PER_EPOCH }, (_, i) => e * PER_EPOCH + i);
      const sum = updates.reduce((total, u) => total + losses[u]! * rows(u), 0);
      return sum / updates.reduce((total, u) => total + rows(u), 0);
    }),
  };
}

describe.each(CASES)('$strategy, $workers workers', ({ strategy, workers }) => {
  // All of them on the usual way; of the others the ones that use most.
  const all = workers === 2 && strategy === 'owner-computes';
  const some = TRAININGS.filter(({ name }) => all || MOST.includes(name));
  describe.each(some)('$name', (training) => {
    const expected = flatten(flatLayers(training.end));

    test.each(BACKENDS)('%s', async (backend) => {
      const { info, losses, rates, parameters } = await run(training, { strategy, workers, backend });
      expect(info).toMatchObject({ backend, execution: 'threads', strategy, workers });
      const exact = backend === 'reference';
      const wanted = byEpoch(training);
      expectClose('losses', losses, wanted.losses, { relative: exact ? 1e-9 : 1e-4 });
      expectClose('rates', rates, wanted.rates, { relative: 1e-12 });
      const close = exact ? { relative: 1e-6, floor: 1e-3 } : { relative: 1e-4, floor: 0.01 };
      expectClose('parameters', flatten(parameters), expected, close);
    });
  });
});

describe.each(TRAININGS.filter(({ name }) => /all|both|rmsprop|cycle/.test(name)))('$name', (training) => {
  test.each(RUNNING)('%s', async (twin) => {
    const outcome = await withTwin(twin, () => run(training, { workers: 2, backend: 'wasm' }));
    expect(outcome.info.path).toBe(twin);
    const expected = flatten(flatLayers(training.end));
    expectClose('parameters', flatten(outcome.parameters), expected, { relative: 1e-4, floor: 0.01 });
  });

  test('the same bits in one call of fit and in several, on threads and without', async () => {
    const once = await run(training, { workers: 2 });
    const often = await run(training, { workers: 2 }, 4);
    expectSameBits('parameters', often.parameters, once.parameters);
    expect(often.rates).toEqual(once.rates);
    const inline = await run(training, { sharedMemory: 'off', backend: 'reference' });
    expect(inline.info.execution).toBe('inline');
    const expected = flatten(flatLayers(training.end));
    expectClose('parameters', flatten(inline.parameters), expected, { relative: 1e-6, floor: 1e-3 });
  });
});

const LARGER: TrainerOptions = { batchSize: 20, learningRate: 0.01, clipNorm: 0.2, l1: 1e-3, blockRows: 8 };

describe.each(BACKENDS)('%s', (backend) => {
  it.each(OPTIMIZER_NAMES)('%s, clipped: any number of workers gives the same bits', async (optimizer) => {
    const options = { ...LARGER, optimizer, backend, strategy: 'owner-computes' } as const;
    const [first, ...others] = await Promise.all(
      [1, 3].map((workers) => train(classifier(), classes(70), { ...options, workers }, { epochs: 3 })),
    );
    for (const other of others) expectSameBits('parameters', other.parameters, first!.parameters);
    const loose = await train(classifier(), classes(70), { ...options, workers: 1, clipNorm: 1e6 }, { epochs: 3 });
    expect(flatten(loose.parameters), 'the limit makes a difference').not.toEqual(flatten(first!.parameters));
  });
});

it("shards that depend on the batch alone give the same bits, too: 'auto' with a large batch", async () => {
  const options = { ...LARGER, batchSize: 256, blockRows: 256, optimizer: 'adam' } as const;
  const [one, two] = await Promise.all(
    [1, 2].map((workers) => train(classifier(), classes(700), { ...options, workers }, { epochs: 2 })),
  );
  expect(two!.info).toMatchObject({ strategy: 'data-parallel', shards: 2 });
  expectSameBits('parameters', two!.parameters, one!.parameters);
});

it('parameters that are set start the optimiser, its count and the schedule afresh', async () => {
  const schedule = { name: 'warm-up', updates: 30 } as const;
  const options = { workers: 2, batchSize: 8, shuffle: false, optimizer: 'adam', schedule } as const;
  const network = classifier();
  const begin = network.parameters;
  await withTrainer(network, options, async (trainer) => {
    const [first] = await trainer.fit(classes(40));
    const after = network.parameters;
    const [second] = await trainer.fit(classes(40));
    expect(second!.learningRate).toBeCloseTo(2 * first!.learningRate, 12);
    network.setParameters(begin);
    const [again] = await trainer.fit(classes(40));
    expectSameBits('parameters', network.parameters, after);
    expect(again!.learningRate).toBe(first!.learningRate);
  });
});

/** More updates than there is time for before the first progress is told. */
const LONG = classes(8 * 60_000);

describe.each(STRATEGIES)('%s', (strategy) => {
  it('an abort leaves whole updates of the weights and of what the optimiser knows', async () => {
    const warm = 100_000;
    const schedule = { name: 'warm-up', updates: warm } as const;
    const steps = { optimizer: 'adam', learningRate: 0.01, schedule, clipNorm: 0.5 } as const;
    const options = { workers: 2, batchSize: 8, shuffle: false, strategy, ...steps };
    const network = classifier();
    const completed = await withTrainer(network, options, async (trainer) => {
      const controller = new AbortController();
      const { signal } = controller;
      const stopped = trainer.fit(LONG, { signal, onProgress: ({ updates }) => updates > 0 && controller.abort() });
      await expect(stopped).rejects.toMatchObject({ code: 'ERR_ABORTED' });
      // While it warms up the learning rate tells which update it was.
      const [after] = await trainer.fit(LONG, { maxUpdates: 5 });
      return Math.round((after!.learningRate / 0.01) * warm) - 5;
    });
    expect(completed).toBeGreaterThan(0);
    const undisturbed = classifier();
    await withTrainer(undisturbed, options, async (trainer) => {
      await trainer.fit(LONG, { maxUpdates: completed });
      await trainer.fit(LONG, { maxUpdates: 5 });
    });
    expectSameBits(`${completed} updates, then 5`, network.parameters, undisturbed.parameters);
  });

  it('a plateau lowers the learning rate between epochs', async () => {
    const schedule = { name: 'plateau', patience: 0, factor: 0.5, least: 0.02 } as const;
    const options = { workers: 2, batchSize: 8, strategy, schedule, learningRate: 0.1 };
    // With so much l1 the loss soon falls no more.
    const { history } = await train(
      classifier(),
      classes(40),
      { ...options, l1: 5 },
      { epochs: 6, validation: classes(40) },
    );
    const rates = history.map(({ learningRate }) => learningRate);
    for (const [e, { validation }] of history.slice(0, -1).entries()) {
      if (e === 0) continue;
      const best = Math.min(...history.slice(0, e).map((report) => report.validation!.loss));
      const bad = validation!.loss >= best * (1 - 1e-4);
      expect(rates[e + 1]).toBeCloseTo(bad ? Math.max(0.02, rates[e]! / 2) : rates[e]!, 12);
    }
    expect(Math.min(...rates)).toBeLessThan(0.1);
  });
});

import { Random } from '../src/core/random.ts';
import {
  type AdaptiveRule,
  type AdaptiveStep,
  type Dataset,
  Network,
  type NetworkOptions,
  Normalization,
  type RateRule,
  Trainer,
} from '../src/index.ts';
import { median, medianInterval } from '../src/lab/statistics.ts';
import { friedman } from './data/friedman.ts';
import { loadMnist } from './mnist-data.ts';
import { duration, table } from '../src/cli/text.ts';
import { type Effort, FULL } from './timing.ts';

interface Problem {
  readonly name: string;
  readonly network: Omit<NetworkOptions, 'seed'>;
  readonly learningRate: number;
  readonly train: Dataset;
  readonly validation: Dataset;
}

/** B_0, at which the learning rate is that of the problem. */
const REFERENCE = 64;
/** The target is what the reference batch size reaches in so many epochs. */
const REFERENCE_EPOCHS = 6;
const MOST_EPOCHS = 30;
const SIZES = [16, 64, 256, 1024, 4096];
const RULES: readonly RateRule[] = ['linear', 'sqrt'];
/** Between two looks at the validation loss there are so many rows, as a share of those done. */
const STEP = 0.1;
const FEWEST_ROWS = 256;

/** A way of training: a fixed batch size with its learning rate, or the adaptive one. */
interface Contender {
  readonly name: string;
  readonly batchSize: number | 'adaptive';
  /** How the learning rate follows the adaptive one. */
  readonly rule?: AdaptiveRule;
  readonly learningRate: number;
  readonly runs: Run[];
}

interface Run {
  readonly seed: number;
  /** Seconds of training until the target; null: it was not reached. */
  readonly seconds: number | null;
  readonly updates: number;
  readonly adaptation: readonly AdaptiveStep[];
}

/** Time to the same validation loss, with an adaptive batch size and with fixed ones, in one run. */
export async function benchAdaptive(effort: Effort): Promise<{ results: unknown; text: string }> {
  const results = [];
  for (const problem of await problems(effort)) results.push(await compare(problem, effort));
  return { results, text: results.map(inWords).join('\n\n') };
}

async function problems(effort: Effort): Promise<Problem[]> {
  const rows = effort === FULL ? 16_384 : 256;
  const mnist = await loadMnist();
  const data = friedman(rows + 2000, { seed: 1 });
  const train = data.slice(0, rows);
  const hidden = { units: 64, activation: 'tanh' } as const;
  return [
    {
      name: 'MNIST, 784-128-10',
      network: {
        inputs: 784,
        layers: [
          { units: 128, activation: 'relu' },
          { units: 10, activation: 'softmax' },
        ],
      },
      learningRate: 0.1,
      train: mnist.train.slice(0, rows),
      validation: mnist.test.slice(0, 2000),
    },
    {
      name: 'Friedman #1, 10-64-64-1',
      network: {
        inputs: 10,
        layers: [hidden, hidden, { units: 1, activation: 'linear' }],
        normalization: Normalization.fit(train, { inputs: 'z-score', targets: 'z-score' }),
      },
      learningRate: 0.05,
      train,
      validation: data.slice(rows),
    },
  ];
}

async function compare(problem: Problem, effort: Effort) {
  const target = await lossOfReference(problem);
  const sizes = SIZES.filter((B) => B <= problem.train.length);
  const contenders: Contender[] = [
    ...(['noise-scale', 'linear'] as const).map((rule): Contender => ({
      name: `adaptive, ${rule}`,
      batchSize: 'adaptive',
      rule,
      learningRate: problem.learningRate,
      runs: [],
    })),
    ...sizes.flatMap((B) =>
      (B === REFERENCE ? RULES.slice(0, 1) : RULES).map((rule): Contender => {
        const growth = B / REFERENCE;
        const learningRate = problem.learningRate * (rule === 'linear' ? growth : Math.sqrt(growth));
        return { name: `B = ${B}`, batchSize: B, learningRate, runs: [] };
      }),
    ),
  ];
  const random = new Random(1);
  let preparation = 0;
  for (let seed = 0; seed < (effort === FULL ? 5 : 1); seed++) {
    const order = Uint32Array.from(contenders.keys());
    random.shuffle(order);
    for (const i of order) {
      const { run, created } = await trainToTarget(problem, contenders[i]!, target, seed);
      contenders[i]!.runs.push(run);
      if (contenders[i]!.batchSize === 'adaptive') preparation = created;
    }
  }
  return { problem: problem.name, patterns: problem.train.length, target, preparation, contenders: summed(contenders) };
}

async function lossOfReference({ network, learningRate, train, validation }: Problem): Promise<number> {
  await using trainer = await Trainer.create(new Network({ ...network, seed: 100 }), {
    batchSize: REFERENCE,
    learningRate,
  });
  await trainer.fit(train, { epochs: REFERENCE_EPOCHS });
  return (await trainer.evaluate(validation)).loss;
}

async function trainToTarget(
  { network, train, validation }: Problem,
  { batchSize, rule, learningRate }: Contender,
  target: number,
  seed: number,
): Promise<{ run: Run; created: number }> {
  const begun = performance.now();
  const adaptive = batchSize === 'adaptive';
  await using trainer = await Trainer.create(new Network({ ...network, seed: 101 + seed }), {
    batchSize: adaptive ? { adaptive: true, referenceBatchSize: REFERENCE, rule } : batchSize,
    learningRate,
    seed,
  });
  const created = (performance.now() - begun) / 1000;
  let before = (await trainer.evaluate(validation)).loss;
  let [seconds, updates, rows, size] = [0, 0, 0, trainer.info.batchSize];
  const adaptation: AdaptiveStep[] = [];
  while (rows < MOST_EPOCHS * train.length) {
    const wanted = Math.max(FEWEST_ROWS, STEP * rows);
    const history = await trainer.fit(train, { epochs: MOST_EPOCHS, maxUpdates: Math.ceil(wanted / size) });
    const spent = history.reduce((sum, epoch) => sum + epoch.seconds, 0);
    for (const epoch of history) {
      const steps = epoch.adaptation ?? [];
      adaptation.push(...steps.map((step) => ({ ...step, updates: updates + step.updates })));
      updates += epoch.updates;
      rows += epoch.samples;
      size = epoch.batchSize;
    }
    const { loss } = await trainer.evaluate(validation);
    if (!Number.isFinite(loss)) break;
    if (loss <= target) {
      // Between two looks the loss is taken to be on a line.
      seconds += (spent * (before - target)) / (before - loss);
      return { run: { seed, seconds, updates, adaptation }, created };
    }
    seconds += spent;
    before = loss;
  }
  return { run: { seed, seconds: null, updates, adaptation }, created };
}

/** Of each batch size the learning rate with which it is fastest. */
function summed(contenders: readonly Contender[]) {
  const times = ({ runs }: Contender) => runs.map(({ seconds }) => seconds ?? Infinity);
  const least = (list: readonly Contender[]) => list.reduce((a, b) => (median(times(b)) < median(times(a)) ? b : a));
  return [...new Set(contenders.map(({ name }) => name))].map((name) => {
    const best = least(contenders.filter((one) => one.name === name));
    const { batchSize, learningRate, runs } = best;
    return { name, batchSize, learningRate, time: medianInterval(times(best), 1), runs };
  });
}

type Compared = Awaited<ReturnType<typeof compare>>;
type Contended = Compared['contenders'][number];

function inWords({ problem, patterns, target, preparation, contenders }: Compared): string {
  const fixed = contenders.filter(({ batchSize }) => batchSize !== 'adaptive');
  const fastest = fixed.reduce((a, b) => (b.time.median < a.time.median ? b : a));
  const slowest = fixed.reduce((a, b) => (b.time.median > a.time.median ? b : a));
  const time = (seconds: number) => (Number.isFinite(seconds) ? duration(seconds) : 'never');
  const rows = contenders.map(({ name, learningRate, time: t, runs }) => [
    name,
    learningRate.toPrecision(3),
    `${runs.filter(({ seconds }) => seconds !== null).length} of ${runs.length}`,
    Math.round(median(runs.map(({ updates }) => updates))),
    time(t.median),
    `${time(t.low)} to ${time(t.high)}`,
    (t.median / fastest.time.median).toFixed(2),
  ]);
  const head = [
    'batch size',
    'learning rate',
    'arrived',
    'updates',
    'time to target',
    '95% interval',
    'to the best fixed',
  ];
  const adaptive = contenders.filter(({ batchSize }) => batchSize === 'adaptive');
  const ratio = (own: Contended, other: Contended) => (own.time.median / other.time.median).toFixed(2);
  const path = ({ runs }: Contended) =>
    runs[0]!.adaptation.map(({ batchSize }) => batchSize).filter((B, i, all) => B !== all[i - 1]);
  return [
    `${problem}: time to a validation loss of ${target.toPrecision(3)}, ${patterns} patterns`,
    table(head, rows),
    ...adaptive.map(
      (own) =>
        `${own.name}: ${ratio(own, fastest)} of the time of the best fixed (${fastest.name}) and ${ratio(own, slowest)} of that of the ` +
        `worst (${slowest.name}); batch sizes of the first run: ${path(own).join(', ')}.`,
    ),
    `Once, when an adaptive trainer is made, it takes ${duration(preparation)} to measure what updates cost.`,
  ].join('\n');
}

import { availableParallelism } from 'node:os';
import {
  type BatchCurvePoint,
  type BatchNoise,
  type Dataset,
  type GradientNoise,
  type Interval,
  measureBatchCurve,
  measureGradientNoise,
  Network,
  Normalization,
  Trainer,
  type TrainerOptions,
  type UpdatesToTarget,
} from '../src/index.ts';
import { medianInterval } from '../src/lab/statistics.ts';
import { referenceLoss, type TargetPlan, updatesToTarget } from '../src/lab/target.ts';
import { exactly } from '../src/train/order.ts';
import { friedman } from './data/friedman.ts';
import { loadMnist } from './mnist-data.ts';
import { makeNetwork, NETWORKS } from './networks.ts';

interface Problem {
  readonly name: string;
  readonly network: Network;
  readonly train: Dataset;
  readonly validation: Dataset;
  /** Of B = 64. */
  readonly learningRate: number;
  /** After which the loss of B = 64 is the target. */
  readonly referenceEpochs: number;
}

/** One form of gradient descent on one problem. */
export interface Form {
  name: 'stochastic' | 'mini-batch' | 'batch';
  batchSize: number;
  updatesPerEpoch: number;
  /** The number that is fastest. */
  workers: number;
  timePerUpdate: Interval;
  timePerEpoch: Interval;
  samplesPerSecond: Interval;
  /** Of all cores over one worker, round by round; 1 where there is one core. */
  speedup: Interval;
  /** At the best learning rate for this form. */
  target: UpdatesToTarget;
  timeToTarget: Interval;
  noise: { start: BatchNoise; trained: BatchNoise };
  /** Of the trainer; `wholeBatch` where the rows of a batch are not worked on in blocks. */
  memory: { rows: number; bytes: number; wholeBatch: number };
}

export interface Forms {
  problem: string;
  network: string;
  patterns: number;
  cores: number;
  targetLoss: number;
  seeds: number;
  /** At the starting weights, and half way to the target. */
  noise: { start: GradientNoise; trained: GradientNoise };
  forms: Form[];
}

interface Amount {
  readonly patterns: number;
  readonly batchSizes: readonly number[];
  readonly curve: { readonly rounds: number; readonly sampleSeconds: number };
  readonly plan: Pick<TargetPlan, 'seeds' | 'multipliers'>;
  /** A training is given up after so many epochs, or updates if that is later. */
  readonly most: { readonly epochs: number; readonly updates: number };
  readonly draws: number;
}

const FULL: Amount = {
  patterns: 4096,
  batchSizes: [1, 16, 64, 256],
  curve: { rounds: 5, sampleSeconds: 0.1 },
  plan: { seeds: 5, multipliers: [0.5, 1, 2, 4, 8] },
  most: { epochs: 6, updates: 100 },
  draws: 40,
};
const QUICK: Amount = {
  patterns: 256,
  batchSizes: [1, 64],
  curve: { rounds: 1, sampleSeconds: 0.002 },
  plan: { seeds: 1, multipliers: [1] },
  most: { epochs: 2, updates: 8 },
  draws: 2,
};

/** B = 1, mini-batches and B = P side by side: a classification and a regression. */
export async function benchDescent(quick: boolean): Promise<Forms[]> {
  const amount = quick ? QUICK : FULL;
  const results: Forms[] = [];
  for (const problem of await problems(amount.patterns)) results.push(await measureForms(problem, amount));
  return results;
}

async function problems(patterns: number): Promise<Problem[]> {
  const mnist = await loadMnist();
  const values = friedman(patterns + 2000);
  const train = values.slice(0, patterns);
  const normalization = Normalization.fit(train, { inputs: 'z-score', targets: 'z-score' });
  const layers = [
    { units: 32, activation: 'tanh' },
    { units: 1, activation: 'linear' },
  ] as const;
  return [
    {
      name: 'MNIST',
      network: makeNetwork(NETWORKS.A),
      train: mnist.train.slice(0, patterns),
      validation: mnist.test.slice(0, 2000),
      learningRate: 0.1,
      referenceEpochs: 2,
    },
    {
      name: 'Friedman #1',
      network: new Network({ inputs: 10, layers, seed: 1, normalization }),
      train,
      validation: values.slice(patterns),
      learningRate: 0.1,
      referenceEpochs: 5,
    },
  ];
}

async function measureForms(
  problem: Problem,
  { patterns, batchSizes, curve, most, draws, ...amount }: Amount,
): Promise<Forms> {
  const { network, train, validation, learningRate, referenceEpochs } = problem;
  const cores = availableParallelism();
  const sizes = [...batchSizes, patterns];
  const { points } = await measureBatchCurve(network, train, { ...curve, batchSizes: sizes, workers: [1, cores] });
  const plan = { ...amount.plan, loss: undefined, referenceEpochs, referenceBatchSize: 64, learningRate, validation };
  const rules = ['sqrt'] as const;
  const loss = await referenceLoss(network, train, { ...plan, rules, mostEpochs: 1 }, {}, undefined);
  const targets: UpdatesToTarget[] = [];
  for (const batchSize of sizes) {
    const mostEpochs = Math.max(most.epochs, Math.ceil(most.updates / Math.ceil(patterns / batchSize)));
    targets.push(await updatesToTarget(network, train, batchSize, loss, { ...plan, rules, mostEpochs }, {}, undefined));
  }
  const noise = await measureNoise(problem, targets, { batchSizes: sizes, draws });
  const forms: Form[] = [];
  for (const [i, batchSize] of sizes.entries()) {
    const [one, all] = [1, cores].map((n) => points.find((p) => p.batchSize === batchSize && p.workers === n)!);
    forms.push({
      name: batchSize === 1 ? 'stochastic' : batchSize === patterns ? 'batch' : 'mini-batch',
      ...describeTimes(one!, all!, targets[i]!),
      noise: { start: noise.start.batches[i]!, trained: noise.trained.batches[i]! },
      memory: await describeMemory(network, batchSize),
    });
  }
  const layers = [network.spec.inputs, ...network.spec.layers.map(({ units }) => units)].join('-');
  const { seeds } = amount.plan;
  return { problem: problem.name, network: layers, patterns, cores, targetLoss: loss, seeds, noise, forms };
}

function describeTimes(one: BatchCurvePoint, all: BatchCurvePoint, target: UpdatesToTarget) {
  const { batchSize, updatesPerEpoch, workers, timePerUpdate, timePerEpoch, samplesPerSecond, samples } =
    all.timePerUpdate.median < one.timePerUpdate.median ? all : one;
  const times = target.updates.map((count, seed) => (count ?? Infinity) * samples[seed % samples.length]!);
  const speedups = one.samples.map((time, round) => time / all.samples[round]!);
  return {
    batchSize,
    updatesPerEpoch,
    workers,
    timePerUpdate,
    timePerEpoch,
    samplesPerSecond,
    speedup: medianInterval(speedups, 0),
    target,
    timeToTarget: medianInterval(times, 0),
  };
}

/** At the starting weights, and with those that B = 64 has half way to the target. */
async function measureNoise(
  { network, train, learningRate }: Problem,
  targets: readonly UpdatesToTarget[],
  wanted: { batchSizes: readonly number[]; draws: number },
): Promise<Forms['noise']> {
  const start = await measureGradientNoise(network, train, wanted);
  const middle = targets.find(({ batchSize }) => batchSize === 64)!;
  const updates = Math.max(1, Math.round((middle.updates[0] ?? middle.most) / 2));
  const trained = new Network({ ...network.spec, normalization: network.normalization, seed: 1 });
  await using trainer = await Trainer.create(trained, { batchSize: 64, learningRate });
  await trainer.fit(train, exactly(updates, train.length, 64));
  return { start, trained: await measureGradientNoise(trained, train, wanted) };
}

async function describeMemory(network: Network, batchSize: number): Promise<Form['memory']> {
  const bytesOf = async (options: TrainerOptions = {}) => {
    await using trainer = await Trainer.create(network, { batchSize, workers: 1, backend: 'wasm', ...options });
    return { rows: Math.min(batchSize, trainer.info.blockRows), bytes: trainer.info.bytes };
  };
  // The strategy that keeps all rows of a batch in one place.
  const { bytes: wholeBatch } = await bytesOf({ blockRows: batchSize, strategy: 'owner-computes' });
  return { ...(await bytesOf()), wholeBatch };
}

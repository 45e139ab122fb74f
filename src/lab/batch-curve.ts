import { Bench } from 'tinybench';
import { callback, finite, integer, options, wrongType } from '../core/checks.ts';
import { GradpoolError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import type { DataSource } from '../core/table.ts';
import { Network } from '../nn/network.ts';
import type { TrainerOptions } from '../train/options.ts';
import type { TrainerInfo } from '../train/report.ts';
import { Trainer } from '../train/trainer.ts';
import { describeEnvironment, type Environment } from './environment.ts';
import { type Interval, medianInterval } from './statistics.ts';

export interface BatchCurveOptions {
  /** Default 16, 32, ..., 4096, as far as the data set goes. */
  batchSizes?: readonly number[] | undefined;
  /** Numbers of workers; default 1 and all cores. */
  workers?: readonly number[] | undefined;
  /** How often each point is measured; default 5. */
  rounds?: number | undefined;
  /** The least time of one measurement in seconds; default 0.2. */
  sampleSeconds?: number | undefined;
  /** Of the order of the points in each round, and of the bootstrap; default 0. */
  seed?: number | undefined;
  /** What every trainer gets beside its batch size and workers. */
  trainer?: Omit<TrainerOptions, 'batchSize' | 'workers'> | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number; batchSize: number; workers: number }) => void) | undefined;
}

/** One batch size on one number of workers; all times in seconds, with 95% bootstrap intervals over the rounds. */
export interface BatchCurvePoint {
  batchSize: number;
  workers: number;
  updatesPerEpoch: number;
  timePerUpdate: Interval;
  timePerEpoch: Interval;
  samplesPerSecond: Interval;
  /** What was chosen for this batch size and number of workers. */
  trainer: Pick<TrainerInfo, 'backend' | 'path' | 'strategy' | 'reason'>;
  /** Time per update of each round. */
  samples: number[];
}

/** The best batch sizes of one number of workers, by time per epoch. */
export interface BestBatchSizes {
  workers: number;
  /** That of the smallest median. */
  fastest: number;
  /** All whose interval overlaps that of the fastest: they cannot be told from it. */
  batchSizes: number[];
  /** The smallest of those. */
  recommended: number;
}

/** What `measureBatchCurve` finds: plain data. */
export interface BatchCurveReport {
  kind: 'batch-curve';
  version: 1;
  network: { inputs: number; layers: readonly { units: number; activation: string }[]; parameters: number };
  /** Patterns in the data set. */
  patterns: number;
  rounds: number;
  sampleSeconds: number;
  points: BatchCurvePoint[];
  best: BestBatchSizes[];
  environment: Environment;
}

const KEYS = ['batchSizes', 'workers', 'rounds', 'sampleSeconds', 'seed', 'trainer', 'signal', 'onProgress'] as const;

interface Point {
  readonly batchSize: number;
  readonly workers: number;
  readonly trainer: Trainer;
  readonly samples: number[];
  /** In a measurement. */
  updates: number;
}

/**
 * Measures how the time of an update and of an epoch depends on the batch size and the number of workers.
 *
 * All points are measured once in every round, in a random order of its own, so that a drift of the machine falls on all
 * alike; before the first round each point warms up. The unit of the statistics is the round.
 * The network is not changed.
 *
 * @throws TypeError, RangeError naming the argument; GradpoolError as `Trainer.fit`
 * @example
 * const report = await measureBatchCurve(network, train, { batchSizes: [32, 128, 512], workers: [2] });
 * console.log(report.best[0].recommended);
 */
export async function measureBatchCurve(
  network: Network,
  dataset: DataSource,
  given: BatchCurveOptions = {},
): Promise<BatchCurveReport> {
  const o = resolve(network, dataset, given);
  const points: Point[] = [];
  try {
    for (const workers of o.workers) {
      for (const batchSize of o.batchSizes) {
        const trainer = await Trainer.create(copyOf(network), { ...o.trainer, batchSize, workers });
        points.push({ batchSize, workers, trainer, samples: [], updates: 1 });
      }
    }
    const total = points.length * (o.rounds + 1);
    const random = new Random(o.seed);
    for (let round = 0, done = 0; round <= o.rounds; round++) {
      const order = Uint32Array.from(points.keys());
      random.shuffle(order);
      for (const i of order) {
        const point = points[i]!;
        if (round === 0) await warmUp(point, dataset, o.sampleSeconds, o.signal);
        else point.samples.push(await measure(point, dataset, o.signal));
        o.onProgress?.({ done: ++done, total, batchSize: point.batchSize, workers: point.workers });
      }
    }
    return report(network, dataset, points, o);
  } finally {
    await Promise.all(points.map(({ trainer }) => trainer.close()));
  }
}

type Resolved = ReturnType<typeof resolve>;

function resolve(network: Network, dataset: DataSource, given: BatchCurveOptions) {
  if (!(network instanceof Network)) throw wrongType('network', 'Network', network);
  if (typeof dataset?.bind !== 'function') throw wrongType('dataset', 'Dataset', dataset);
  const o = options<BatchCurveOptions>('options', given, KEYS);
  const powers = Array.from({ length: 9 }, (_, i) => 2 ** (i + 4)).filter((B) => B <= dataset.length);
  const list = (name: string, values: readonly number[], most: number) => {
    if (!Array.isArray(values) || values.length === 0) throw wrongType(name, 'list of numbers', values);
    return [...new Set(values.map((value, i) => integer(`${name}[${i}]`, value, 1, most)))].sort((a, b) => a - b);
  };
  if (o.onProgress !== undefined) callback('onProgress', o.onProgress);
  return {
    batchSizes: list('batchSizes', o.batchSizes ?? (powers.length > 0 ? powers : [dataset.length]), dataset.length),
    workers: list('workers', o.workers ?? [1, describeEnvironment().availableCores], 1024),
    rounds: integer('rounds', o.rounds ?? 5, 1, 1000),
    sampleSeconds: finite('sampleSeconds', o.sampleSeconds ?? 0.2, 0),
    seed: integer('seed', o.seed ?? 0, 0),
    trainer: o.trainer,
    signal: o.signal,
    onProgress: o.onProgress,
  };
}

function copyOf(network: Network): Network {
  const copy = new Network({ ...network.spec, normalization: network.normalization });
  copy.setParameters(network.parameters);
  return copy;
}

/** Runs until the code is compiled and the caches are warm, and finds how many updates fill a measurement. */
async function warmUp(
  point: Point,
  dataset: DataSource,
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let spent = 0; spent < seconds;) {
    const perUpdate = await measure(point, dataset, signal);
    spent += perUpdate * point.updates;
    point.updates = Math.max(1, Math.min(4 * point.updates, Math.ceil(seconds / perUpdate)));
  }
}

/** Seconds per update, of the training alone: starting the tasks and copying the weights back do not count. */
async function measure(
  { trainer, updates }: Point,
  dataset: DataSource,
  signal: AbortSignal | undefined,
): Promise<number> {
  const bench = new Bench({ iterations: 1, time: 0, warmup: false, throws: true });
  bench.add('updates', async () => {
    const perEpoch = Math.ceil(dataset.length / trainer.info.batchSize);
    const history = await trainer.fit(dataset, {
      epochs: Math.ceil(updates / perEpoch),
      maxUpdates: updates,
      signal,
    });
    return { overriddenDuration: history.reduce((sum, epoch) => sum + epoch.seconds, 0) * 1000 };
  });
  const [task] = await bench.run();
  if (task?.result.state !== 'completed')
    throw new GradpoolError('ERR_WORKER_FAILED', `a measurement ended as ${task?.result.state}`);
  return task.result.latency.mean / 1000 / updates;
}

function report(network: Network, dataset: DataSource, points: readonly Point[], o: Resolved): BatchCurveReport {
  const measured = points.map(({ batchSize, workers, samples, trainer }): BatchCurvePoint => {
    const { backend, path, strategy, reason } = trainer.info;
    const updatesPerEpoch = Math.ceil(dataset.length / batchSize);
    const interval = (values: number[]) => medianInterval(values, o.seed);
    return {
      batchSize,
      workers,
      updatesPerEpoch,
      trainer: { backend, path, strategy, reason },
      samples,
      timePerUpdate: interval(samples),
      timePerEpoch: interval(samples.map((t) => t * updatesPerEpoch)),
      samplesPerSecond: interval(samples.map((t) => dataset.length / (t * updatesPerEpoch))),
    };
  });
  return {
    kind: 'batch-curve',
    version: 1,
    network: { inputs: network.spec.inputs, layers: network.spec.layers, parameters: network.parameterCount },
    patterns: dataset.length,
    rounds: o.rounds,
    sampleSeconds: o.sampleSeconds,
    points: measured,
    best: o.workers.map((workers) =>
      best(
        workers,
        measured.filter((point) => point.workers === workers),
      ),
    ),
    environment: describeEnvironment(),
  };
}

function best(workers: number, points: readonly BatchCurvePoint[]): BestBatchSizes {
  const fastest = points.reduce((a, b) => (b.timePerEpoch.median < a.timePerEpoch.median ? b : a));
  const batchSizes = points
    .filter((point) => point.timePerEpoch.low <= fastest.timePerEpoch.high)
    .map((point) => point.batchSize);
  return { workers, fastest: fastest.batchSize, batchSizes, recommended: batchSizes[0]! };
}

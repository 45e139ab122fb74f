import type { NetworkSpec } from '../core/spec.ts';
import { parameterCount, widths } from '../core/spec.ts';
import type { TrainerInfo } from '../train/report.ts';
import { type BestBatchSizes, bestBatchSizes } from './best.ts';
import type { ResolvedCurve } from './curve-options.ts';
import { describeEnvironment, type Environment } from './environment.ts';
import { fitUpdateTimes } from './fit.ts';
import type { NoiseScale } from './noise-scale.ts';
import { judgeShape, type Shape } from './shape.ts';
import { type Interval, median, medianInterval } from './statistics.ts';
import type { UpdatesToTarget } from './target.ts';
import type { Point } from './update-time.ts';

/** One batch size on one number of workers; all times in seconds, with 95% bootstrap intervals over the rounds. */
export interface BatchCurvePoint {
  batchSize: number;
  workers: number;
  updatesPerEpoch: number;
  timePerUpdate: Interval;
  timePerRow: Interval;
  timePerEpoch: Interval;
  samplesPerSecond: Interval;
  /** Where a target was asked for: over the seeds. Infinite where half of them or more never arrive. */
  updatesToTarget?: Interval;
  /** Updates to the target times the median time of an update. */
  timeToTarget?: Interval;
  /** Bytes that one worker goes through in an update: weights, and the rows that are in work together. */
  workingSet: number;
  /** What was chosen for this batch size and number of workers. */
  trainer: Pick<TrainerInfo, 'backend' | 'path' | 'strategy' | 'reason' | 'blockRows'>;
  /** Time per update of each round. */
  samples: number[];
}

export type CurveQuantity = 'timePerEpoch' | 'timeToTarget';

/** The answer: by time to target where it was measured, else by time per epoch; on the number of workers that is fastest. */
export interface BestOfCurve extends BestBatchSizes {
  quantity: CurveQuantity;
  /** For each number of workers. */
  timePerEpoch: BestBatchSizes[];
  timeToTarget?: BestBatchSizes[];
}

/** The shape by the same quantity and number of workers as in `best`. */
export interface ShapeOfCurve extends Shape {
  quantity: CurveQuantity;
  workers: number;
  timePerEpoch: (Shape & { workers: number })[];
  timeToTarget?: (Shape & { workers: number })[];
}

/** What theory says of the optimum: B* = sqrt(t0 B_n / c'), where an update takes t0 + c' B and the noise scale is B_n. */
export interface Prediction {
  workers: number;
  t0: number;
  c: number;
  batchSize: number;
}

/** What `measureBatchCurve` finds: plain data. */
export interface BatchCurveReport {
  kind: 'batch-curve';
  version: 2;
  /** 'partial' after an abort: of the rounds that were complete. */
  state: 'complete' | 'partial';
  network: { inputs: number; layers: readonly { units: number; activation: string }[]; parameters: number };
  /** Patterns in the data set. */
  patterns: number;
  rounds: number;
  sampleSeconds: number;
  points: BatchCurvePoint[];
  best: BestOfCurve;
  shape: ShapeOfCurve;
  target?: { loss: number; batchSizes: UpdatesToTarget[]; noiseScale: NoiseScale | undefined; predicted: Prediction[] };
  environment: Environment;
}

/** What was found out about a target. */
export interface TargetFindings {
  readonly loss: number;
  readonly batchSizes: readonly UpdatesToTarget[];
  readonly noiseScale: NoiseScale | undefined;
}

/** Puts the report together. Pure but for the environment. */
export function curveReport(
  spec: NetworkSpec,
  patterns: number,
  points: readonly Point[],
  o: ResolvedCurve,
  state: BatchCurveReport['state'],
  found: TargetFindings | undefined,
): BatchCurveReport {
  const rounds = Math.min(...points.map(({ samples }) => samples.length));
  const measured = points.map((point) => describePoint(spec, patterns, point, rounds, o, found));
  const of = (quantity: CurveQuantity) =>
    o.workers.map((workers) => {
      const own = measured.filter((point) => point.workers === workers);
      return { workers, ...seriesOf(own, quantity, patterns, found) };
    });
  const series = { timePerEpoch: of('timePerEpoch'), timeToTarget: found && of('timeToTarget') };
  const best = headline(series.timePerEpoch, series.timeToTarget, o);
  const shapes = (list: ReturnType<typeof of>) =>
    list.map(({ workers, batchSizes, samples }) => ({ workers, ...judgeFinite(batchSizes, samples, o) }));
  const [perEpoch, toTarget] = [shapes(series.timePerEpoch), series.timeToTarget && shapes(series.timeToTarget)];
  const shown = (best.quantity === 'timeToTarget' ? toTarget! : perEpoch).find((s) => s.workers === best.workers)!;
  return {
    kind: 'batch-curve',
    version: 2,
    state,
    network: { inputs: spec.inputs, layers: spec.layers, parameters: parameterCount(spec) },
    patterns,
    rounds,
    sampleSeconds: o.sampleSeconds,
    points: measured,
    best,
    shape: {
      ...shown,
      quantity: best.quantity,
      timePerEpoch: perEpoch,
      ...(toTarget && { timeToTarget: toTarget }),
    },
    ...(found && { target: { ...found, batchSizes: [...found.batchSizes], predicted: predict(measured, o, found) } }),
    environment: describeEnvironment(),
  };
}

function describePoint(
  spec: NetworkSpec,
  patterns: number,
  { batchSize, workers, trainer, samples: all }: Point,
  rounds: number,
  o: ResolvedCurve,
  found: TargetFindings | undefined,
): BatchCurvePoint {
  const { backend, path, strategy, reason, blockRows } = trainer.info;
  const samples = all.slice(0, rounds);
  const updatesPerEpoch = Math.ceil(patterns / batchSize);
  const interval = (values: number[]) => medianInterval(values, o.seed);
  const updates = found?.batchSizes.find((one) => one.batchSize === batchSize)?.updates.map((u) => u ?? Infinity);
  const rowBytes = 4 * (2 * widths(spec).reduce((sum, n) => sum + n, 0) - spec.inputs);
  return {
    batchSize,
    workers,
    updatesPerEpoch,
    timePerUpdate: interval(samples),
    timePerRow: interval(samples.map((t) => t / batchSize)),
    timePerEpoch: interval(samples.map((t) => t * updatesPerEpoch)),
    samplesPerSecond: interval(samples.map((t) => patterns / (t * updatesPerEpoch))),
    ...(updates && {
      updatesToTarget: interval(updates),
      timeToTarget: interval(updates.map((u) => u * median(samples))),
    }),
    workingSet: 4 * parameterCount(spec) + Math.min(blockRows, Math.ceil(batchSize / workers)) * rowBytes,
    trainer: { backend, path, strategy, reason, blockRows },
    samples,
  };
}

/** The samples of one quantity by batch size: of the rounds, or of the seeds. */
function seriesOf(
  points: readonly BatchCurvePoint[],
  quantity: CurveQuantity,
  patterns: number,
  found: TargetFindings | undefined,
): { batchSizes: number[]; samples: number[][] } {
  const batchSizes = points.map(({ batchSize }) => batchSize);
  const samples = points.map(({ batchSize, samples: rounds, timePerUpdate }) =>
    quantity === 'timePerEpoch'
      ? rounds.map((t) => t * Math.ceil(patterns / batchSize))
      : found!.batchSizes
          .find((one) => one.batchSize === batchSize)!
          .updates.map((u) => (u ?? Infinity) * timePerUpdate.median),
  );
  return { batchSizes, samples };
}

type Series = { workers: number } & ReturnType<typeof seriesOf>;

function headline(
  perEpoch: readonly Series[],
  toTarget: readonly Series[] | undefined,
  { tolerance, seed }: ResolvedCurve,
): BestOfCurve {
  const best = (list: readonly Series[]) =>
    list.flatMap(({ workers, batchSizes, samples }) => {
      const found = bestBatchSizes(workers, batchSizes, samples, tolerance, seed);
      const least = Math.min(...samples.map((values) => median(values)));
      return found ? [{ found, least }] : [];
    });
  const [epochs, targets] = [best(perEpoch), toTarget && best(toTarget)];
  const quantity = targets && targets.length > 0 ? 'timeToTarget' : 'timePerEpoch';
  const from = quantity === 'timeToTarget' ? targets! : epochs;
  const top = from.reduce((a, b) => (b.least < a.least ? b : a)).found;
  return {
    quantity,
    ...top,
    timePerEpoch: epochs.map(({ found }) => found),
    ...(targets && { timeToTarget: targets.map(({ found }) => found) }),
  };
}

/** The shape over the batch sizes all of whose runs arrived. */
function judgeFinite(
  batchSizes: readonly number[],
  samples: readonly number[][],
  { level, seed }: ResolvedCurve,
): Shape {
  const arrived = batchSizes.map((_, i) => samples[i]!.every((t) => Number.isFinite(t) && t > 0));
  return judgeShape(
    batchSizes.filter((_, i) => arrived[i]),
    samples.filter((_, i) => arrived[i]),
    { level, seed },
  );
}

function predict(points: readonly BatchCurvePoint[], o: ResolvedCurve, { noiseScale }: TargetFindings): Prediction[] {
  if (noiseScale === undefined || !(noiseScale.noiseScale > 0)) return [];
  return o.workers.map((workers) => {
    const own = points.filter((point) => point.workers === workers);
    const { t0, c } = fitUpdateTimes(
      own.map(({ batchSize }) => batchSize),
      own.map(({ timePerUpdate }) => timePerUpdate.median),
    );
    return { workers, t0, c, batchSize: Math.sqrt((t0 * noiseScale.noiseScale) / c) };
  });
}

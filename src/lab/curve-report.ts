import { type NetworkSpec, parameterCount, rowBytes } from '../core/spec.ts';
import type { TrainerInfo } from '../train/report.ts';
import { type BestBatchSizes, bestBatchSizes } from './best.ts';
import type { ResolvedCurve } from './curve-options.ts';
import { describeEnvironment, type Environment } from './environment.ts';
import { fitUpdateTimes } from './fit.ts';
import type { NoiseScale } from './noise-scale.ts';
import { judgeShape, type Shape } from './shape.ts';
import { SHARE, VISITS } from './rounds.ts';
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
  /** Updates to the target of each seed, times the time of an update in a round. */
  timeToTarget?: Interval;
  /** Bytes that one worker goes through in an update: weights, and the rows that are in work together. */
  workingSet: number;
  /** What was chosen for this batch size and number of workers. */
  trainer: Pick<TrainerInfo, 'backend' | 'path' | 'strategy' | 'reason' | 'blockRows'>;
  /** Time per update of each round: the mean over the updates of an epoch, the last of which may be short. */
  samples: number[];
  /** The same of each single measurement; of five in a row `samples` has the second smallest, their lower quartile. */
  measurements: number[];
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

/** A point while the curve is measured. */
export interface CurvePoint extends Point {
  /** Seconds per row, `VISITS` in each round. */
  readonly visits: number[];
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
  points: readonly CurvePoint[],
  o: ResolvedCurve,
  state: BatchCurveReport['state'],
  found: TargetFindings | undefined,
): BatchCurveReport {
  const rounds = Math.min(...points.map(({ samples }) => samples.length));
  const measured = points.map((point) => describePoint(spec, patterns, point, rounds, o, found));
  const of = (quantity: CurveQuantity) =>
    o.workers.map((workers) => {
      const own = measured.filter((point) => point.workers === workers);
      return { workers, ...seriesOf(own, quantity, found) };
    });
  const series = { timePerEpoch: of('timePerEpoch'), timeToTarget: found && of('timeToTarget') };
  const best = headline(series.timePerEpoch, series.timeToTarget, o);
  const shapes = (list: ReturnType<typeof of>) =>
    list.map(({ workers, batchSizes, atLeast }) => ({ workers, ...judgePositive(batchSizes, atLeast, o) }));
  // Where nobody arrived there is nothing to judge.
  const arrived = found?.batchSizes.some((one) => one.arrived > 0) === true;
  const [perEpoch, toTarget] = [
    shapes(series.timePerEpoch),
    series.timeToTarget && arrived && shapes(series.timeToTarget),
  ];
  const shown = (best.quantity === 'timeToTarget' && toTarget ? toTarget : perEpoch).find(
    (s) => s.workers === best.workers,
  )!;
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
  { batchSize, workers, trainer, samples: all, visits }: CurvePoint,
  rounds: number,
  o: ResolvedCurve,
  found: TargetFindings | undefined,
): BatchCurvePoint {
  const { backend, path, strategy, reason, blockRows } = trainer.info;
  const perRow = all.slice(0, rounds);
  const updatesPerEpoch = Math.ceil(patterns / batchSize);
  // Over the updates of an epoch, the last of which may be short.
  const perUpdate = (t: number) => (t * patterns) / updatesPerEpoch;
  const samples = perRow.map(perUpdate);
  const interval = (values: number[]) => medianInterval(values, o.seed);
  const updates = found?.batchSizes.find((one) => one.batchSize === batchSize)?.updates.map((u) => u ?? Infinity);
  return {
    batchSize,
    workers,
    updatesPerEpoch,
    timePerUpdate: interval(samples),
    timePerRow: interval(perRow),
    timePerEpoch: interval(samples.map((t) => t * updatesPerEpoch)),
    samplesPerSecond: interval(perRow.map((t) => 1 / t)),
    ...(updates && {
      updatesToTarget: interval(updates),
      timeToTarget: interval(timesToTarget(updates, samples)),
    }),
    workingSet: 4 * parameterCount(spec) + Math.min(blockRows, Math.ceil(batchSize / workers)) * rowBytes(spec),
    trainer: { backend, path, strategy, reason, blockRows },
    samples,
    measurements: visits.slice(0, VISITS * rounds).map(perUpdate),
  };
}

/**
 * The samples of one quantity by batch size: of the rounds, or of the seeds. A run that never arrived takes forever in
 * `samples`, and as long as it was allowed to in `atLeast`. Batch sizes are compared by what was measured one after the other
 * within seconds, `compared`, by the quantile `share` of it: a drift of the machine is in all of it alike.
 */
function seriesOf(
  points: readonly BatchCurvePoint[],
  quantity: CurveQuantity,
  found: TargetFindings | undefined,
): { batchSizes: number[]; samples: number[][]; atLeast: number[][]; compared: number[][]; share: number } {
  const batchSizes = points.map(({ batchSize }) => batchSize);
  const timesOf = (point: BatchCurvePoint, missing: (most: number) => number) => {
    const { batchSize, updatesPerEpoch, samples: rounds } = point;
    if (quantity === 'timePerEpoch') return rounds.map((t) => t * updatesPerEpoch);
    const { updates, most } = found!.batchSizes.find((one) => one.batchSize === batchSize)!;
    const counts = updates.map((u) => u ?? missing(most));
    return timesToTarget(counts, rounds);
  };
  const samples = points.map((point) => timesOf(point, () => Infinity));
  const epochs = ({ updatesPerEpoch, measurements }: BatchCurvePoint) => measurements.map((t) => t * updatesPerEpoch);
  return {
    batchSizes,
    samples,
    ...(quantity === 'timePerEpoch'
      ? { compared: points.map(epochs), share: SHARE }
      : { compared: samples, share: 0.5 }),
    atLeast: points.map((point) => timesOf(point, (most) => most)),
  };
}

/** Each seed's updates at the speed of a round of its own, so that the error of both is in the times. */
function timesToTarget(updates: readonly number[], rounds: readonly number[]): number[] {
  return updates.map((count, seed) => count * rounds[seed % rounds.length]!);
}

type Series = { workers: number } & ReturnType<typeof seriesOf>;

function headline(
  perEpoch: readonly Series[],
  toTarget: readonly Series[] | undefined,
  { tolerance, seed }: ResolvedCurve,
): BestOfCurve {
  const best = (list: readonly Series[]) =>
    list.flatMap(({ workers, batchSizes, samples, compared, share }) => {
      const found = bestBatchSizes(workers, batchSizes, compared, { tolerance, seed, share });
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

/** The shape; without the batch sizes that were at the target from the start, which took no time. */
function judgePositive(
  batchSizes: readonly number[],
  samples: readonly number[][],
  { level, seed }: ResolvedCurve,
): Shape {
  const some = batchSizes.map((_, i) => samples[i]!.every((t) => t > 0));
  return judgeShape(
    batchSizes.filter((_, i) => some[i]),
    samples.filter((_, i) => some[i]),
    { level, seed },
  );
}

function predict(points: readonly BatchCurvePoint[], o: ResolvedCurve, { noiseScale }: TargetFindings): Prediction[] {
  if (noiseScale === undefined) return [];
  return o.workers.flatMap((workers) => {
    const own = points.filter((point) => point.workers === workers);
    const { t0, c } = fitUpdateTimes(
      own.map(({ batchSize, timePerUpdate, timePerRow }) =>
        Math.min(batchSize, timePerUpdate.median / timePerRow.median),
      ),
      own.map(({ timePerUpdate }) => timePerUpdate.median),
    );
    // Too few batch sizes, or such as differ in nothing but noise, do not tell the one from the other.
    return t0 > 0 && c > 0 ? [{ workers, t0, c, batchSize: Math.sqrt((t0 * noiseScale.noiseScale) / c) }] : [];
  });
}

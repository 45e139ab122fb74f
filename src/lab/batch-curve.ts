import { GradpoolError } from '../core/errors.ts';
import type { DataSource } from '../core/table.ts';
import type { Network } from '../nn/network.ts';
import { exactly } from '../train/order.ts';
import { Trainer } from '../train/trainer.ts';
import { type BatchCurveOptions, type CurveProgress, type ResolvedCurve, resolveCurve } from './curve-options.ts';
import { type BatchCurveReport, type CurvePoint, curveReport, type TargetFindings } from './curve-report.ts';
import { measureNoiseScale } from './noise-scale.ts';
import { copyOf, inRounds, VISITS } from './rounds.ts';
import { referenceLoss, startOf, type TargetPlan, updatesToTarget, type UpdatesToTarget } from './target.ts';

/** Of fewer patterns the noise scale is not measured. */
const LEAST_PATTERNS = 128;

/**
 * Measures how the time of an update, of an epoch and, where a target is given, the time to a target loss depend on the
 * batch size and the number of workers; says which batch sizes cannot be told from the best, and what shape the curve has.
 *
 * All points are measured in every round, in random orders, so that a drift of the machine falls on all alike; five times, of which
 * the lower quartile counts, so that spells of other programs do not; before the first round each point warms up. The unit of the
 * statistics is the round; of times to a target, the seed.
 * Updates to a target do not depend on the number of workers, because the bits do not: they are counted once.
 * The network is not changed; trainings to a target begin with its layers and weights of their own.
 *
 * @returns after an abort, a report of the rounds that were complete, if there are any
 * @throws TypeError, RangeError naming the argument; GradpoolError as `Trainer.fit`
 * @example
 * const report = await measureBatchCurve(network, train, { batchSizes: [32, 128, 512], workers: [2] });
 * console.log(report.best.recommended, report.shape.text);
 */
export async function measureBatchCurve(
  network: Network,
  dataset: DataSource,
  given: BatchCurveOptions = {},
): Promise<BatchCurveReport> {
  const o = resolveCurve(network, dataset, given);
  const points: CurvePoint[] = [];
  const progress = counted(o);
  let found: TargetFindings | undefined;
  let state: BatchCurveReport['state'] = 'complete';
  try {
    for (const workers of o.workers) {
      for (const batchSize of o.batchSizes) {
        const trainer = await Trainer.create(copyOf(network), { ...o.trainer, batchSize, workers });
        points.push({ batchSize, workers, trainer, samples: [], visits: [], updates: 1 });
      }
    }
    await inRounds(
      points,
      () => dataset,
      o,
      (point, { perRow }, visits) => {
        point.samples.push(perRow);
        point.visits.push(...visits.map((timed) => timed.perRow));
      },
      (stage, { batchSize, workers }) => progress(stage, batchSize, workers),
    );
    if (o.target !== undefined) found = await measureTarget(network, dataset, o.target, o, progress);
  } catch (error) {
    const aborted = error instanceof GradpoolError && error.code === 'ERR_ABORTED';
    if (!aborted || points.some(({ samples }) => samples.length === 0)) throw error;
    state = 'partial';
  } finally {
    await Promise.all(points.map(({ trainer }) => trainer.close()));
  }
  return curveReport(network.spec, dataset.length, points, o, state, found);
}

type Count = (stage: CurveProgress['stage'], batchSize: number, workers: number) => void;

function counted({ batchSizes, workers, rounds, target, onProgress }: ResolvedCurve): Count {
  const total = batchSizes.length * (workers.length * (VISITS * rounds + 1) + (target === undefined ? 0 : 1));
  let done = 0;
  return (stage, batchSize, count) => onProgress?.({ done: ++done, total, stage, batchSize, workers: count });
}

async function measureTarget(
  network: Network,
  dataset: DataSource,
  plan: TargetPlan,
  o: ResolvedCurve,
  progress: Count,
): Promise<TargetFindings> {
  const { signal, trainer = {} } = o;
  const loss = plan.loss ?? (await referenceLoss(network, dataset, plan, trainer, signal));
  const batchSizes: UpdatesToTarget[] = [];
  for (const batchSize of o.batchSizes) {
    batchSizes.push(await updatesToTarget(network, dataset, batchSize, loss, plan, trainer, signal));
    progress('target', batchSize, Math.max(...o.workers));
  }
  return { loss, batchSizes, noiseScale: await noiseAtTarget(network, dataset, batchSizes, plan, o) };
}

/** The noise scale half way to the target, with weights that the reference batch size, or the next to it, trained. */
async function noiseAtTarget(
  network: Network,
  dataset: DataSource,
  runs: readonly UpdatesToTarget[],
  plan: TargetPlan,
  { trainer: options = {}, signal }: ResolvedCurve,
): Promise<TargetFindings['noiseScale']> {
  const arrived = runs.filter(({ updates }) => updates.some((count) => count !== null));
  if (dataset.length < LEAST_PATTERNS || arrived.length === 0) return undefined;
  const distance = ({ batchSize }: UpdatesToTarget) => Math.abs(Math.log(batchSize / plan.referenceBatchSize));
  const nearest = arrived.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  const seed = nearest.updates.findIndex((count) => count !== null);
  const half = Math.max(1, Math.round(nearest.updates[seed]! / 2));
  const copy = startOf(network, seed);
  const { batchSize, learningRate } = nearest;
  {
    await using trainer = await Trainer.create(copy, { ...options, batchSize, learningRate });
    await trainer.fit(dataset, { ...exactly(half, dataset.length, batchSize), signal });
  }
  const measured = await measureNoiseScale(copy, dataset, {}, options, signal);
  // Where the gradient is lost in its noise, the estimate of its size may be negative.
  return measured.noiseScale > 0 ? measured : undefined;
}

import type { DataSource } from '../core/table.ts';
import { Network } from '../nn/network.ts';
import type { TrainerOptions } from '../train/options.ts';
import { exactly } from '../train/order.ts';
import { type RateRule, scaledRate } from '../train/rate-rule.ts';
import { Trainer } from '../train/trainer.ts';
import { median } from './statistics.ts';

/** How training to a target is measured, everything decided. */
export interface TargetPlan {
  /** To be reached or passed; undefined: what the reference batch size reaches in `referenceEpochs`. */
  readonly loss: number | undefined;
  readonly referenceEpochs: number;
  readonly referenceBatchSize: number;
  /** alpha at the reference batch size. */
  readonly learningRate: number;
  readonly rules: readonly RateRule[];
  readonly multipliers: readonly number[];
  readonly seeds: number;
  /** After which a run is given up. */
  readonly mostEpochs: number;
  readonly validation: DataSource;
}

/** The runs of one learning rate. */
export interface RateRuns {
  rule: RateRule;
  multiplier: number;
  learningRate: number;
  /** Updates until the target, one per seed; null where it was not reached. */
  updates: (number | null)[];
}

/** What it takes one batch size to get to the target, at the learning rate that was found to be best for it. */
export interface UpdatesToTarget extends RateRuns {
  batchSize: number;
  /** How many of the seeds arrived. */
  arrived: number;
  /** After so many updates a run was given up. */
  most: number;
  /** All that was tried, the best included. */
  tried: RateRuns[];
}

/** Between two looks at the loss there are so many updates, as a share of those done. */
const STEP = 0.15;

/** The loss that the reference batch size reaches. */
export async function referenceLoss(
  network: Network,
  dataset: DataSource,
  plan: TargetPlan,
  options: TrainerOptions,
  signal: AbortSignal | undefined,
): Promise<number> {
  const batchSize = Math.min(plan.referenceBatchSize, dataset.length);
  await using trainer = await Trainer.create(startOf(network, 0), {
    ...options,
    batchSize,
    learningRate: plan.learningRate,
  });
  await trainer.fit(dataset, { epochs: plan.referenceEpochs, signal });
  return (await trainer.evaluate(plan.validation)).loss;
}

/**
 * Trains to the target from as many starts as there are seeds, at each learning rate, and takes the rate with the least median
 * of updates (Shallue et al. 2018 tune anew for every batch size, too).
 */
export async function updatesToTarget(
  network: Network,
  dataset: DataSource,
  batchSize: number,
  target: number,
  plan: TargetPlan,
  options: TrainerOptions,
  signal: AbortSignal | undefined,
): Promise<UpdatesToTarget> {
  const tried: RateRuns[] = [];
  for (const [rule, multiplier] of plan.rules.flatMap((r) => plan.multipliers.map((m) => [r, m] as const))) {
    const learningRate = multiplier * scaledRate(plan.learningRate, rule, batchSize, plan.referenceBatchSize);
    if (tried.some((runs) => runs.learningRate === learningRate)) continue;
    const updates: (number | null)[] = [];
    const start = startOf(network, 0);
    await using trainer = await Trainer.create(start, { ...options, batchSize, learningRate });
    for (let seed = 0; seed < plan.seeds; seed++) {
      start.setParameters(startOf(network, seed).parameters);
      updates.push(await train(trainer, dataset, batchSize, target, plan, signal));
    }
    tried.push({ rule, multiplier, learningRate, updates });
  }
  const effort = ({ updates }: RateRuns) => median(updates.map((count) => count ?? Infinity));
  const best = tried.reduce((a, b) => (effort(b) < effort(a) ? b : a));
  const arrived = best.updates.filter((count) => count !== null).length;
  return { batchSize, ...best, arrived, most: plan.mostEpochs * Math.ceil(dataset.length / batchSize), tried };
}

/** The same layers with the starting weights of a seed. */
export function startOf({ spec, normalization }: Network, seed: number): Network {
  return new Network({ ...spec, normalization, seed });
}

/** Updates until the loss is at the target, interpolated between two looks; null if it diverges or takes too long. */
async function train(
  trainer: Trainer,
  dataset: DataSource,
  batchSize: number,
  target: number,
  { mostEpochs, validation }: TargetPlan,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  const perEpoch = Math.ceil(dataset.length / batchSize);
  let before = (await trainer.evaluate(validation)).loss;
  if (before <= target) return 0;
  for (let done = 0; done < mostEpochs * perEpoch;) {
    const count = Math.max(1, Math.round(STEP * done));
    await trainer.fit(dataset, { ...exactly(count, dataset.length, batchSize), signal });
    const { loss } = await trainer.evaluate(validation);
    if (!Number.isFinite(loss)) return null;
    if (loss <= target) return done + (count * (before - target)) / (before - loss);
    before = loss;
    done += count;
  }
  return null;
}

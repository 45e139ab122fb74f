import { GradpoolError } from '../core/errors.ts';
import type { Dataset } from '../data/dataset.ts';
import { detectSharedMemory } from '../memory/shared.ts';
import { measureMetrics } from '../nn/metrics.ts';
import type { Network } from '../nn/network.ts';
import { chooseBackend } from '../train/choose.ts';
import { Trainer } from '../train/trainer.ts';
import type { Means } from './capacity-run.ts';
import {
  type CrossValidationOptions,
  type FoldJob,
  type FoldStart,
  type ResolvedCrossValidation,
  resolveCrossValidation,
} from './cross-validation-options.ts';
import { type CrossValidationReport, crossValidationReport, type FoldRun } from './cross-validation-report.ts';
import { chooseSideBySide, doTogether } from './side-by-side.ts';

/**
 * Estimates how well a network does on patterns that it was not trained with: the patterns are divided into k folds, and each
 * fold is judged by a network that was trained with all others (Stone 1974).
 *
 * The folds follow from the seed; small networks are faster in several trainings side by side than in one on all workers, so both
 * are measured first. The weights are the same bits either way; of a loss, which is a sum per worker, the last digits may differ.
 *
 * @param make - makes a new network for one training, always with the same layers, and with a normalisation, if any, that is fitted
 * on the patterns that it is given. Called once more beforehand, with all patterns, to see what the network is like
 * @returns after an abort, a report of the repeats that were complete, if there are any
 * @throws TypeError, RangeError naming the argument; GradpoolError as `Trainer.fit`; what `make` throws
 * @example
 * const report = await crossValidate(
 *   ({ train, seed }) => new Network({ inputs: 4, layers, seed, normalization: Normalization.fit(train, { inputs: 'z-score' }) }),
 *   dataset,
 *   { folds: 10, epochs: 50 },
 * );
 * for (const { metric, mean, interval } of report.summary) console.log(metric, mean, interval);
 */
export async function crossValidate(
  make: (start: FoldStart) => Network,
  dataset: Dataset,
  given: CrossValidationOptions = {},
): Promise<CrossValidationReport> {
  const o = resolveCrossValidation(make, dataset, given);
  for (const { class: k, patterns } of o.rare)
    process.emitWarning(`class ${k} has ${patterns} patterns for ${o.folds} folds: in some it cannot be judged`, {
      type: 'GradpoolWarning',
    });
  const { available } = detectSharedMemory();
  const { backend: wanted = 'auto', batchSize } = o.trainer;
  const chosen = await chooseBackend(wanted, available, o.first.spec, batchSize, 1);
  const { backend } = chosen.report;
  const networks = [{ network: o.first, backend }];
  const sideBySide = await chooseSideBySide(networks, o.jobs[0]!.train, o.trainer, o.sideBySide, o.signal);
  const means = { workers: sideBySide.workersEach, backend };
  const runs: (FoldRun | undefined)[] = o.jobs.map(() => undefined);
  let done = 0;
  try {
    await doTogether([...o.jobs.keys()], sideBySide.together, o.signal, async (i, signal) => {
      const { repeat, fold } = o.jobs[i]!;
      runs[i] = await trainFold(o.jobs[i]!, o, means, signal);
      o.onProgress?.({ done: ++done, total: o.jobs.length, repeat, fold });
    });
  } catch (error) {
    const aborted = o.signal?.aborted && error instanceof GradpoolError && error.code === 'ERR_ABORTED';
    const missing = runs.indexOf(undefined);
    const whole = missing < 0 ? runs.length : missing - (missing % o.folds);
    if (!aborted || whole === 0) throw error;
    return crossValidationReport(o, runs.slice(0, whole) as FoldRun[], sideBySide, 'partial');
  }
  return crossValidationReport(o, runs as FoldRun[], sideBySide, 'complete');
}

/** Trains without a fold, and looks how it does there. */
async function trainFold(
  { train, validation, ...job }: FoldJob,
  { maker, epochs, trainer: options }: ResolvedCrossValidation,
  means: Means,
  signal: AbortSignal,
): Promise<FoldRun> {
  const network = maker.make({ train, seed: job.seed });
  await using trainer = await Trainer.create(network, { ...options, ...means, seed: job.seed });
  const history = await trainer.fit(train, { epochs, signal });
  const { loss } = await trainer.evaluate(validation);
  const seconds = history.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const run = { ...job, training: train.length, validation: validation.length, seconds };
  if (!Number.isFinite(loss) || history.some((epoch) => !Number.isFinite(epoch.loss)))
    return { ...run, state: 'diverged' };
  const metrics = await measureMetrics(network, validation, { signal });
  return { ...run, state: 'trained', trainingLoss: history.at(-1)!.loss, loss, metrics };
}

import type { Dataset } from '../data/dataset.ts';
import type { Network } from '../nn/network.ts';
import { runnerOf, Trainer } from '../train/trainer.ts';
import { type LearningRateOptions, resolveLearningRate } from './learning-rate-options.ts';
import { type RatePoint, riseRate } from './learning-rate-range.ts';
import {
  besideBest,
  candidateRates,
  planTrials,
  type RateSuggestion,
  suggestRate,
  type TriedRate,
  triedRates,
  worthTrying,
} from './learning-rate-suggestion.ts';
import { type RateTrial, RateTrials, type TrialLength } from './learning-rate-trials.ts';
import { copyOf } from './rounds.ts';

export interface LearningRateReport {
  kind: 'learning-rate';
  version: 1;
  batchSize: number;
  least: number;
  most: number;
  smoothing: number;
  divergence: number;
  /** Of the range test: whether the last rate was reached, or the loss had become too large before. */
  state: 'complete' | 'diverged';
  points: RatePoint[];
  /** Updates of a trial, about, and how many trials each of the rates in `tried` had. */
  trialUpdates: number;
  repeats: number;
  /** What came of the trials that were as long, in the order of their rates. */
  tried: TriedRate[];
  suggestion: RateSuggestion;
}

/**
 * Finds a learning rate by trial. The range test comes first (Smith 2017, section 3.3): a short training in which the rate rises by
 * the same factor from update to update, from far too small to far too large. It tells which rates are out of the question, and no
 * more: the loss of a batch says nothing of what many epochs at one rate come to. So rates below the one at which it was least are
 * tried out: each once for a short time, the best of these and those around as long as the training is to be, several times, on four
 * fifths of the patterns. What counts is the accuracy, or R2, on those held out.
 *
 * It holds for the weights as they are, this batch size and these options. The network is not changed.
 *
 * @throws TypeError, RangeError naming the argument; GradpoolError as `Trainer.fit`
 * @example
 * const { suggestion } = await findLearningRate(network, train, { epochs: 30, trainer: { batchSize: 32, momentum: 0.9 } });
 * console.log(suggestion.why);
 */
export async function findLearningRate(
  network: Network,
  dataset: Dataset,
  given: LearningRateOptions = {},
): Promise<LearningRateReport> {
  const o = resolveLearningRate(network, dataset, given);
  const copy = copyOf(network);
  await using trainer = await Trainer.create(copy, o.trainer);
  const runner = runnerOf(trainer);
  const { points, state, epochs } = await riseRate(runner, copy, dataset, o);
  const trials = new RateTrials(runner, { network: copy, start: network.parameters }, dataset, o, epochs);
  const { least, most, smoothing, divergence, trainer: { batchSize } } = o; // prettier-ignore
  const candidates = candidateRates(points, least);
  const plan = planTrials(trials.perEpoch, candidates.length, o.epochs, o.trialUpdates);
  const cliff = state === 'diverged' ? (points.at(-1)?.learningRate ?? least) : Infinity;
  let updates = 0;
  const run = async (learningRate: number, repeat: number, length: TrialLength): Promise<RateTrial> => {
    const trial = await trials.train(learningRate, repeat, length);
    updates += trial.updates;
    o.onProgress?.({ stage: 'trials', updates, totalUpdates: Math.max(updates, plan.total), learningRate });
    return trial;
  };
  const short: RateTrial[] = [];
  for (const rate of candidates)
    for (let repeat = 0; repeat < plan.shortRepeats; repeat++) short.push(await run(rate, repeat, plan.short));
  const long: RateTrial[] = [];
  const tryOut = async (rates: readonly number[]) => {
    for (const rate of rates)
      for (let repeat = 0; repeat < plan.repeats; repeat++) long.push(await run(rate, repeat, plan.long));
  };
  await tryOut(worthTrying(short));
  await tryOut(besideBest(triedRates(long), least, candidates.at(-1)!, cliff));
  const tried = triedRates(long);
  const untrained = await trials.untrained();
  return {
    kind: 'learning-rate',
    version: 1,
    batchSize,
    least,
    most,
    smoothing,
    divergence,
    state,
    points,
    trialUpdates: plan.updates,
    repeats: plan.repeats,
    tried,
    suggestion: suggestRate(long, { candidates, cliff, untrained, patterns: dataset.length, wanted: o.epochs, plan }),
  };
}

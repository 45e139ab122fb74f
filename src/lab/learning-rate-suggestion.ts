// What follows from the range test and the trials: pure.
import type { RatePoint } from './learning-rate-range.ts';
import { FOLDS, type RateTrial, type TrialLength } from './learning-rate-trials.ts';
import { standardError } from './statistics.ts';

/** What came of the long trials with one rate. */
export interface TriedRate {
  learningRate: number;
  /** How many there were, each with other patterns held out. */
  trials: number;
  /** Of those, how many ended with a loss that was not finite. */
  diverged: number;
  /** On the patterns held out, in the units in which the network trains: the mean of those that did not; absent where all did. */
  loss?: number;
  /** The share of right answers, or R2 in the units in which the network trains: the same mean. */
  score?: number;
  /** By how much the score went up and down towards the end of a trial: the mean standard deviation. */
  swing?: number;
}

/** Which learning rate the trials speak for, and why. */
export type RateSuggestion =
  | {
      state: 'found';
      learningRate: number;
      /** Of those tried: from where to where rates did all but as well, none of them having diverged. */
      asGood: { low: number; high: number };
      /** 'thin': chance may have decided, or the next seed may diverge; `doubts` says why. */
      evidence: 'solid' | 'thin';
      doubts: string[];
      why: string;
    }
  /** At no rate did the loss on patterns held out fall, or at all it diverged. */
  | { state: 'none'; why: string };

/** How long rates are tried, and how often. */
export interface TrialPlan {
  readonly repeats: number;
  readonly shortRepeats: number;
  /** Of a long trial, about. */
  readonly updates: number;
  readonly long: TrialLength;
  readonly short: TrialLength;
  /** Of all trials together, at most. */
  readonly total: number;
}

/** From one candidate to the next; beside the best of them half of it. */
const STEP = Math.sqrt(10);
const HALF_STEP = Math.sqrt(STEP);
/** Four powers of ten. */
const MOST_CANDIDATES = 9;
/** The range test rises too fast for a large rate to show all that it does: candidates begin above its least loss. */
const ABOVE_LOWEST = 10;
/** Around the best of the short trials so many steps lower are tried at length, and higher: long trials want lower rates. */
const LOWER = 2;
const HIGHER = 1;
const LONG = LOWER + 1 + HIGHER + 2;
const SHORT_SHARE = 1 / 4;
const MOST_REPEATS = 2 * FOLDS;
/** Of few patterns one division is luck. */
const MOST_SHORT_REPEATS = 3;
/** A trial has fewer patterns to an epoch than the training will have: it gets as many updates. */
const LONGER = FOLDS / (FOLDS - 1);
/** Scores that are nearer than this are taken for equal. */
const EQUAL = 0.005;
/** What a rate has to be better by, where the next that was tried diverges: with another seed so may it. */
const CLIFF = 0.01;

/** The rates to be tried, in rising order: from above the rate at which the range test found the least loss, down. */
export function candidateRates(points: readonly RatePoint[], least: number): number[] {
  const last = points.at(-1)?.learningRate ?? least;
  const lowest = points.reduce((best, point) => (point.smoothed < best.smoothed ? point : best), points[0]!);
  const top = points.length === 0 ? least : Math.min(last, ABOVE_LOWEST * lowest.learningRate);
  const rates: number[] = [];
  // The end may be missed by rounding.
  for (let rate = top; rate >= least * (1 - 1e-9) && rates.length < MOST_CANDIDATES; rate /= STEP) rates.unshift(rate);
  return rates;
}

/** Trials as long as the training is to be, and as many as can be had for so many updates; or shorter ones. */
export function planTrials(perEpoch: number, candidates: number, epochs: number, most: number): TrialPlan {
  const wanted = LONGER * epochs * perEpoch;
  const once = candidates * SHORT_SHARE;
  const affordable = (count: number) => once * Math.min(count, MOST_SHORT_REPEATS) + LONG * count <= most / wanted;
  let repeats = MOST_REPEATS;
  while (repeats > 1 && !affordable(repeats)) repeats--;
  const shortRepeats = Math.min(repeats, MOST_SHORT_REPEATS);
  const units = once * shortRepeats + LONG * repeats;
  const updates = Math.max(1, Math.min(wanted, Math.floor(most / units)));
  return {
    repeats,
    shortRepeats,
    updates: Math.round(updates),
    long: lengthOf(updates, perEpoch),
    short: lengthOf(updates * SHORT_SHARE, perEpoch),
    total: Math.ceil(updates * units),
  };
}

function lengthOf(updates: number, perEpoch: number): TrialLength {
  return updates >= perEpoch
    ? { epochs: Math.round(updates / perEpoch) }
    : { epochs: 1, updates: Math.max(1, Math.round(updates)) };
}

/** The rates to be tried at length. @param short - the short trials of all candidates */
export function worthTrying(short: readonly RateTrial[]): number[] {
  const sound = triedRates(short).filter(({ diverged }) => diverged === 0);
  if (sound.length === 0) return [];
  const at = sound.indexOf(sound.reduce((a, b) => (b.loss! < a.loss! ? b : a)));
  return sound.slice(Math.max(0, at - LOWER), at + HIGHER + 1).map(({ learningRate }) => learningRate);
}

/** What is to be tried beside the best of what was tried at length. */
export function besideBest(tried: readonly TriedRate[], least: number, most: number, cliff = Infinity): number[] {
  const best = bestOf(tried, cliff)?.learningRate;
  return best === undefined ? [] : [best / HALF_STEP, best * HALF_STEP].filter((rate) => rate >= least && rate <= most);
}

/** Rate by rate, in rising order. */
export function triedRates(trials: readonly RateTrial[]): TriedRate[] {
  const rates = [...new Set(trials.map(({ learningRate }) => learningRate))].sort((a, b) => a - b);
  return rates.map((learningRate) => {
    const own = trials.filter((trial) => trial.learningRate === learningRate);
    const sound = own.filter(({ loss }) => Number.isFinite(loss));
    const mean = (of: 'loss' | 'score' | 'swing') => sound.reduce((sum, trial) => sum + trial[of], 0) / sound.length;
    const means = sound.length > 0 && { loss: mean('loss'), score: mean('score'), swing: mean('swing') };
    return { learningRate, trials: own.length, diverged: own.length - sound.length, ...means };
  });
}

type SoundRate = Required<TriedRate>;

/** Rates that never diverged and did all but as well as the best, in rising order. @param cliff - where the range test diverged */
function asGoodAsBest(tried: readonly TriedRate[], cliff: number): SoundRate[] {
  const edge = Math.min(cliff, ...tried.flatMap(({ diverged, learningRate }) => (diverged > 0 ? learningRate : [])));
  // Where a training ends is luck: what goes up and down is worth less.
  const worthOf = ({ score, swing, learningRate }: SoundRate) =>
    score - swing - (learningRate > edge / (HALF_STEP * 1.01) ? CLIFF : 0);
  const sound = tried.filter((rate): rate is SoundRate => rate.diverged === 0 && rate.score !== undefined);
  const top = Math.max(...sound.map(worthOf));
  return sound.filter((rate) => worthOf(rate) >= top - EQUAL);
}

/** Of those that did as well the one in the middle, the lower of two: on either side there is room for another seed. */
function bestOf(tried: readonly TriedRate[], cliff: number): SoundRate | undefined {
  const good = asGoodAsBest(tried, cliff);
  return good[Math.floor((good.length - 1) / 2)];
}

interface Known {
  readonly candidates: readonly number[];
  /** Where the range test diverged; Infinity where it did not. */
  readonly cliff: number;
  /** On patterns held out, before any training. */
  readonly untrained: { readonly loss: number; readonly score: number };
  readonly patterns: number;
  /** Epochs of the training that is to come. */
  readonly wanted: number;
  readonly plan: TrialPlan;
}

/** @param long - all long trials */
export function suggestRate(long: readonly RateTrial[], known: Known): RateSuggestion {
  const tried = triedRates(long);
  const best = bestOf(tried, known.cliff);
  const from = `${short(known.candidates[0]!)} to ${short(known.candidates.at(-1)!)}`;
  if (best === undefined)
    return { state: 'none', why: `the loss diverged at all rates from ${from}: begin with a smaller one` };
  if (!(best.loss < known.untrained.loss || best.score > known.untrained.score))
    return { state: 'none', why: `the loss on patterns held out did not fall at any rate from ${from}` };
  const { learningRate } = best;
  const good = asGoodAsBest(tried, known.cliff).map((rate) => rate.learningRate);
  const asGood = { low: good[0]!, high: good.at(-1)! };
  const doubts = doubtsOf(best, tried, long, known);
  const of = known.plan.repeats === 1 ? 'one trial' : `${known.plan.repeats} trials`;
  const range =
    asGood.low === asGood.high ? '' : `; from ${short(asGood.low)} to ${short(asGood.high)} it does all but as well`;
  const which = `of the rates from ${from} that were tried, ${short(learningRate)} holds up: ${best.score.toFixed(3)} on patterns held out, in ${of} of ${known.plan.updates} updates${range}`;
  return {
    state: 'found',
    learningRate,
    asGood,
    evidence: doubts.length > 0 ? 'thin' : 'solid',
    doubts,
    why: doubts.length > 0 ? `${which}. The evidence is thin: ${doubts.join('; ')}` : which,
  };
}

/** So many patterns held out tell accuracies apart that differ by some percent. */
const FEW = 200;
/** The mean of trials is as uncertain as this, where they say much about one rate beside another. */
const UNCERTAIN = 0.02;

function doubtsOf(best: SoundRate, tried: readonly TriedRate[], long: readonly RateTrial[], known: Known): string[] {
  const { plan, patterns, wanted } = known;
  const doubts: string[] = [];
  const held = Math.min(patterns, Math.round((patterns / FOLDS) * plan.repeats));
  if (held < FEW) doubts.push(`only ${held} patterns were held out in all`);
  const scores = long.flatMap((trial) => (trial.learningRate === best.learningRate ? trial.score : []));
  const error = standardError(scores);
  if (error > UNCERTAIN)
    doubts.push(`the trials with it differ: ${scores.map((score) => score.toFixed(2)).join(', ')}`);
  const next = tried.find((rate) => rate.diverged > 0 && rate.learningRate > best.learningRate);
  if (next && next.learningRate < best.learningRate * STEP)
    doubts.push(
      `at ${short(next.learningRate)} training diverges, so that it may with other weights or orders at this rate`,
    );
  const [lowest, highest] = [tried[0]!.learningRate, tried.at(-1)!.learningRate];
  if (tried.length > 1 && (best.learningRate === lowest || best.learningRate === highest))
    doubts.push(`it is the ${best.learningRate === lowest ? 'least' : 'greatest'} that was tried`);
  const share = plan.long.updates === undefined ? plan.long.epochs / LONGER / wanted : 0;
  if (share < 0.5)
    doubts.push(`trials were shorter than the ${wanted} epochs that are to come: allow more "trialUpdates"`);
  return doubts;
}

function short(rate: number): string {
  return rate.toPrecision(2);
}

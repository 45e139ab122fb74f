import type { Dataset } from '../data/dataset.ts';
import type { LayerParameters } from '../memory/arena.ts';
import type { Network } from '../nn/network.ts';
import { classesOf, taskOf, variancesOf } from '../nn/predictions.ts';
import { bind, type Resident } from '../train/bound.ts';
import { batchesIn } from '../train/order.ts';
import type { Runner } from '../train/runner.ts';
import { dealFolds, otherFolds } from './folds.ts';
import type { ResolvedLearningRate } from './learning-rate-options.ts';
import { spread } from './statistics.ts';

/** One training with one rate, on four fifths of the patterns, judged by the rest. */
export interface RateTrial {
  learningRate: number;
  /** Which patterns were held out, from 0 on. */
  repeat: number;
  /** Trained, until the loss was not finite. */
  updates: number;
  /** On the patterns held out, in the units in which the network trains; Infinity where the loss was not finite. */
  loss: number;
  /** The share of right answers, or R2 in the units in which the network trains; -Infinity where the loss was not finite. */
  score: number;
  /** Standard deviation of the score towards the end of the trial, from look to look. */
  swing: number;
}

/** How long a trial is: whole epochs, or some updates of one. */
export interface TrialLength {
  readonly epochs: number;
  /** Of the one epoch; undefined: all. */
  readonly updates?: number | undefined;
}

/** The patterns of one repeat. */
interface Division {
  readonly train: Resident;
  readonly validation: Resident;
  /** The loss of the mean of what is held out, of values. */
  readonly baseline: number;
}

/** One pattern of five is held out. */
export const FOLDS = 5;
/** A trial is looked at after each of so many parts, and counts as the mean of the last of them: the weights of one moment are luck. */
const PARTS = 8;
const LAST = 3 / 4;

/** Trains a copy of a network again and again, from the same weights. */
export class RateTrials {
  readonly #runner: Runner;
  readonly #network: Network;
  readonly #start: readonly LayerParameters[];
  readonly #o: ResolvedLearningRate;
  readonly #divisions = new Map<number, Division>();
  readonly #divide: (repeat: number) => Division;
  /** Epochs that were trained: each has a shuffle of its own. */
  #stream: number;

  /** @param stream - of the first epoch's shuffle */
  constructor(
    runner: Runner,
    { network, start }: { network: Network; start: readonly LayerParameters[] },
    dataset: Dataset,
    o: ResolvedLearningRate,
    stream: number,
  ) {
    this.#runner = runner;
    this.#network = network;
    this.#start = start;
    this.#o = o;
    this.#stream = stream;
    this.#divide = dividerOf(network, dataset, o.seed);
  }

  /** Updates of an epoch of a trial. */
  get perEpoch(): number {
    return this.#batches(this.#division(0));
  }

  /** On what is held out first, before any training. */
  untrained(): Promise<{ loss: number; score: number }> {
    this.#network.setParameters(this.#start);
    return this.#look(this.#division(0));
  }

  async train(learningRate: number, repeat: number, length: TrialLength): Promise<RateTrial> {
    const division = this.#division(repeat);
    this.#network.setParameters(this.#start);
    const looks: { loss: number; score: number }[] = [];
    let updates = 0;
    for (const epochs of partsOf(length.epochs)) {
      updates += await this.#update(division, learningRate, epochs, length.updates);
      looks.push(await this.#look(division));
      if (!Number.isFinite(looks.at(-1)!.loss))
        return { learningRate, repeat, updates, loss: Infinity, score: -Infinity, swing: 0 };
    }
    const last = looks.slice(-Math.ceil(LAST * looks.length));
    const { mean: score, squares } = spread(last.map((look) => look.score));
    const { mean: loss } = spread(last.map((look) => look.loss));
    return { learningRate, repeat, updates, loss, score, swing: Math.sqrt(squares / last.length) };
  }

  async #update(division: Division, learningRate: number, epochs: number, most = Infinity): Promise<number> {
    const rates = { name: 'constant', rate: learningRate } as const;
    const { train } = division;
    const updates = Math.min(most, this.#batches(division));
    const fixed = { train, updates, batchSize: this.#batchSize(division), rates, from: 0 };
    for (let left = epochs; left > 0;) {
      const stream = this.#stream;
      const before = { epoch: stream + 1, updates: 0, totalUpdates: updates, samples: 0, loss: 0, seconds: 0 };
      const done = await this.#runner.run({ ...fixed, epochs: left, stream, before }, this.#o.signal, undefined);
      this.#stream += done.epochs.length;
      left -= done.epochs.length;
    }
    return epochs * updates;
  }

  async #look({ validation, baseline }: Division): Promise<{ loss: number; score: number }> {
    const { loss, accuracy } = await this.#runner.evaluate(validation, this.#o.signal);
    // Where all that is held out is equal there is no R2.
    return { loss, score: accuracy ?? (baseline > 0 ? 1 - loss / baseline : -loss) };
  }

  #division(repeat: number): Division {
    const found = this.#divisions.get(repeat) ?? this.#divide(repeat);
    this.#divisions.set(repeat, found);
    return found;
  }

  #batches(division: Division): number {
    const { lastBatch = 'keep' } = this.#o.trainer;
    return batchesIn({ lastBatch }, division.train.length, this.#batchSize(division));
  }

  #batchSize({ train }: Division): number {
    return Math.min(this.#o.trainer.batchSize, train.length);
  }
}

/** Epochs from one look to the next. */
function partsOf(epochs: number): number[] {
  const parts = Math.min(PARTS, epochs);
  return Array.from(
    { length: parts },
    (_, i) => Math.floor((epochs * (i + 1)) / parts) - Math.floor((epochs * i) / parts),
  );
}

/** Each pattern is held out once before any is for a second time. */
function dividerOf(network: Network, dataset: Dataset, seed: number): (repeat: number) => Division {
  const { spec } = network;
  const { table, rows } = bind(network, 'dataset', dataset);
  const { task } = taskOf(spec);
  const classes = task === 'classes' ? classesOf(spec, table, rows) : undefined;
  const folds = Math.min(FOLDS, dataset.length);
  return (repeat) => {
    const parts = dealFolds(dataset.length, folds, seed, Math.floor(repeat / folds), classes);
    const train = bind(network, 'dataset', dataset.select(otherFolds(parts, repeat % folds)));
    const validation = bind(network, 'dataset', dataset.select(parts[repeat % folds]!));
    const baseline = task === 'values' ? variancesOf(spec, validation.table, validation.rows) / 2 : 0;
    return { train, validation, baseline };
  };
}

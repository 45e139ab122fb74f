import { finite, integer, oneOf, options, wrongType, wrongValue } from '../core/checks.ts';
import type { RateSchedule } from '../core/schedule.ts';

/**
 * How the learning rate changes, as in torch.optim.lr_scheduler, counted in updates since the weights were set. An epoch is as
 * many updates as the training set has in one.
 * - `step`: times `factor` (0.1) after every so many epochs.
 * - `cosine`: along half a cosine down to `least` (0), which is reached after `epochs`, and stays there.
 * - `warm-up`: linearly up, the first of `updates` having 1 / `updates` of the rate with which `then` (constant) begins.
 * - `one-cycle`: from a 25th of `peak` (the learning rate) up to it in the first 30% of `epochs`, and down to a 250,000th.
 * - `plateau`: times `factor` (0.1), down to `least` (0), where the validation loss has not fallen by a part of 1e-4 in more than
 *   `patience` (10) epochs.
 */
export type Schedule =
  | 'constant'
  | { name: 'step'; every: number; factor?: number | undefined }
  | { name: 'cosine'; epochs: number; least?: number | undefined }
  | { name: 'warm-up'; updates: number; then?: Schedule | undefined }
  | { name: 'one-cycle'; epochs: number; peak?: number | undefined }
  | { name: 'plateau'; patience?: number | undefined; factor?: number | undefined; least?: number | undefined };

const NAMES = ['step', 'cosine', 'warm-up', 'one-cycle', 'plateau'] as const;
const KEYS = {
  step: ['name', 'every', 'factor'],
  cosine: ['name', 'epochs', 'least'],
  'warm-up': ['name', 'updates', 'then'],
  'one-cycle': ['name', 'epochs', 'peak'],
  plateau: ['name', 'patience', 'factor', 'least'],
} as const;
const ALL_KEYS = [...new Set(Object.values(KEYS).flat())];

/** The same with everything decided; 'constant' has no more to it. */
export type ResolvedSchedule =
  | { readonly name: 'constant' }
  | { readonly name: 'step'; readonly every: number; readonly factor: number }
  | { readonly name: 'cosine'; readonly epochs: number; readonly least: number }
  | { readonly name: 'warm-up'; readonly updates: number; readonly then: ResolvedSchedule }
  | { readonly name: 'one-cycle'; readonly epochs: number; readonly peak: number | undefined }
  | { readonly name: 'plateau'; readonly patience: number; readonly factor: number; readonly least: number };
type PlateauSchedule = Extract<ResolvedSchedule, { name: 'plateau' }>;

/** @throws TypeError, RangeError naming the option */
export function resolveSchedule(given: Schedule, where = 'schedule'): ResolvedSchedule {
  if (given === 'constant') return { name: given };
  const names = NAMES.map((one) => `'${one}'`).join(', ');
  const expected = `'constant' or an object whose "name" is one of ${names}`;
  if (typeof given === 'string') throw wrongValue(where, expected, given);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw wrongType(where, expected, given);
  if ((given as { name?: unknown }).name === undefined) options<typeof given>(where, given, ALL_KEYS as never);
  const name = oneOf(`${where}.name`, given.name, NAMES);
  options<typeof given>(where, given, KEYS[name] as never);
  const least = (value: number | undefined) => finite(`${where}.least`, value ?? 0, 0);
  switch (given.name) {
    case 'step':
      return {
        name: 'step',
        every: integer(`${where}.every`, given.every, 1),
        factor: finite(`${where}.factor`, given.factor ?? 0.1, 0),
      };
    case 'cosine':
      return { name: 'cosine', epochs: integer(`${where}.epochs`, given.epochs, 1), least: least(given.least) };
    case 'warm-up': {
      const updates = integer(`${where}.updates`, given.updates, 1);
      return { name: 'warm-up', updates, then: resolveSchedule(given.then ?? 'constant', `${where}.then`) };
    }
    case 'one-cycle': {
      const epochs = integer(`${where}.epochs`, given.epochs, 1);
      return {
        name: 'one-cycle',
        epochs,
        peak: given.peak === undefined ? undefined : finite(`${where}.peak`, given.peak, 0),
      };
    }
    case 'plateau': {
      const patience = integer(`${where}.patience`, given.patience ?? 10, 0);
      const factor = finite(`${where}.factor`, given.factor ?? 0.1, 0, 1, true);
      return { name: 'plateau', patience, factor, least: least(given.least) };
    }
  }
}

/**
 * The schedule in updates.
 * @param learningRate - of a plateau as it is now
 * @param perEpoch - updates in an epoch
 */
export function ratesOf(schedule: ResolvedSchedule, learningRate: number, perEpoch: number): RateSchedule {
  const rate = learningRate;
  switch (schedule.name) {
    case 'constant':
    case 'plateau':
      return { name: 'constant', rate };
    case 'step':
      return { name: 'step', rate, every: schedule.every * perEpoch, factor: schedule.factor };
    case 'cosine':
      return { name: 'cosine', rate, least: schedule.least, updates: schedule.epochs * perEpoch };
    case 'warm-up':
      return { name: 'warm-up', updates: schedule.updates, then: ratesOf(schedule.then, rate, perEpoch) };
    case 'one-cycle':
      return { name: 'one-cycle', peak: schedule.peak ?? rate, updates: schedule.epochs * perEpoch };
  }
}

/** The plateau in a schedule, if there is one. */
export function plateauIn(schedule: ResolvedSchedule): PlateauSchedule | undefined {
  if (schedule.name === 'warm-up') return plateauIn(schedule.then);
  return schedule.name === 'plateau' ? schedule : undefined;
}

/** By what part a loss has to fall below the least so far to count as less; and a change of the rate that is none. */
const THRESHOLD = 1e-4;
const SAME = 1e-8;

/** All that a plateau remembers. */
export interface PlateauState {
  readonly rate: number;
  /** The least loss so far; Infinity before there is one. */
  readonly best: number;
  /** Epochs since then. */
  readonly bad: number;
}

/** The learning rate of a plateau, which falls where a loss no longer does; as torch.optim.lr_scheduler.ReduceLROnPlateau. */
export class Plateau {
  rate: number;
  readonly #schedule: PlateauSchedule;
  #best = Infinity;
  #bad = 0;

  constructor(schedule: PlateauSchedule, rate: number) {
    this.#schedule = schedule;
    this.rate = rate;
  }

  /** To be set on a plateau of the same schedule, which then goes on as this one would. */
  get state(): PlateauState {
    return { rate: this.rate, best: this.#best, bad: this.#bad };
  }

  set state({ rate, best, bad }: PlateauState) {
    this.rate = rate;
    this.#best = best;
    this.#bad = bad;
  }

  /** The loss after an epoch. */
  observe(loss: number): void {
    const { patience, factor, least } = this.#schedule;
    if (loss < this.#best * (1 - THRESHOLD)) {
      this.#best = loss;
      this.#bad = 0;
    } else if (++this.#bad > patience) {
      this.#bad = 0;
      const next = Math.max(this.rate * factor, least);
      if (this.rate - next > SAME) this.rate = next;
    }
  }
}

import { describe, finite, flag, integer, oneOf, options } from '../core/checks.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { LayerParameters } from '../memory/arena.ts';
import { isError, type MetricName, metricsOf } from '../nn/figures.ts';
import type { Network } from '../nn/network.ts';
import type { EpochReport, Monitored, Monitor } from './report.ts';
import { areFinite } from './snapshot.ts';

/** When training ends before all its epochs are done (Prechelt 1998). */
export interface EarlyStopping {
  /** Stops after so many epochs in a row without a better value than the best before them. */
  patience: number;
  /** By how much more than nothing a value has to be better to count; default 0. */
  minDelta?: number | undefined;
  /** What is looked at; default 'validation loss'. The training loss needs no `validation`. Metrics need not stand in `metrics`. */
  monitor?: Monitor | undefined;
  /**
   * Whether the network ends with the weights of the best epoch, however training ends; default true. Where these are not the last,
   * the next training starts the optimiser afresh, as with all weights that are set.
   */
  restoreBest?: boolean | undefined;
}

export type ResolvedStopping = { readonly [K in keyof EarlyStopping]-?: NonNullable<EarlyStopping[K]> };

const LOSSES = ['validation loss', 'training loss'] as const;

/** @throws TypeError, RangeError naming the option */
export function resolveStopping(given: EarlyStopping, spec: NetworkSpec): ResolvedStopping {
  const keys = ['patience', 'minDelta', 'monitor', 'restoreBest'] as const;
  const o = options<EarlyStopping>('earlyStopping', given, keys);
  return {
    patience: integer('earlyStopping.patience', o.patience, 1),
    minDelta: finite('earlyStopping.minDelta', o.minDelta ?? 0, 0),
    monitor: oneOf('earlyStopping.monitor', o.monitor ?? 'validation loss', [...LOSSES, ...metricsOf(spec)]),
    restoreBest: flag('earlyStopping.restoreBest', o.restoreBest ?? true),
  };
}

/** The metric that has to be measured for it: a loss and the accuracy are there anyway. */
export function monitoredMetric({ monitor }: ResolvedStopping): MetricName | undefined {
  return monitor === 'validation loss' || monitor === 'training loss' || monitor === 'accuracy' ? undefined : monitor;
}

/** What early stopping remembers. */
export interface Best {
  readonly epoch: number;
  readonly value: number;
  /** Undefined where nobody will want them. */
  readonly parameters: readonly LayerParameters[] | undefined;
  /** Of the network, which has these parameters as long as it stays. */
  readonly version: number;
}

/** What a checkpoint has kept of it, but for the weights. */
export interface StoppingState {
  readonly monitor: Monitor;
  /** The best epoch, and its value. */
  readonly epoch: number;
  readonly value: number;
}

interface Seen extends StoppingState {
  readonly parameters: Best['parameters'];
  /** The network has the weights of the best epoch. */
  readonly isCurrent: boolean;
}

/** Looks at each epoch of a training, and keeps the weights of the best. */
export class Stopping {
  readonly #rule: ResolvedStopping;
  readonly #network: Network;
  #best: Best | undefined;

  /**
   * @param seen - in a training that is gone on with
   * @throws RangeError if that was something else, or the weights that it is to bring back were not kept
   */
  constructor(rule: ResolvedStopping, network: Network, seen?: Seen) {
    this.#rule = rule;
    this.#network = network;
    if (seen === undefined) return;
    const { monitor, epoch, value, parameters, isCurrent } = seen;
    if (monitor !== rule.monitor)
      throw new RangeError(
        `"earlyStopping.monitor" expected ${describe(monitor)}, as in the checkpoint, got ${describe(rule.monitor)}`,
      );
    if (rule.restoreBest && parameters === undefined)
      throw new RangeError('"earlyStopping.restoreBest" expected false, as in the checkpoint, got true');
    const version = isCurrent ? network.version : -1;
    this.#best = { epoch, value, parameters: rule.restoreBest ? parameters : undefined, version };
  }

  get best(): Best | undefined {
    return this.#best;
  }

  /** To be kept in a checkpoint beside the weights of the best epoch; undefined before there is one. */
  get state(): StoppingState | undefined {
    return this.#best && { monitor: this.#rule.monitor, epoch: this.#best.epoch, value: this.#best.value };
  }

  /**
   * Takes in an epoch whose weights the network has now; the report then says what was seen, and whether that is enough.
   * @throws RangeError if the validation set does not have what is looked at
   */
  observe(report: EpochReport): void {
    const { monitor, restoreBest } = this.#rule;
    const value = valueOf(monitor, report);
    const { epoch } = report;
    if (this.#best === undefined || this.#isBetter(value, this.#best.value)) {
      const { version, parameters } = this.#network;
      // What has diverged is not worth bringing back.
      const kept = restoreBest && areFinite(parameters) ? parameters : undefined;
      this.#best = { epoch, value, parameters: kept, version };
    }
    const best = { epoch: this.#best.epoch, value: this.#best.value };
    report.earlyStopping = { monitor, value, best };
    this.judge(report);
  }

  /** Says in the report of the last epoch whether it is enough. */
  judge(report: EpochReport): void {
    const best = this.#best;
    if (best && report.epoch - best.epoch >= this.#rule.patience)
      report.stopped = { by: 'early stopping', why: this.#why(best) };
  }

  /** Gives the network the best weights back, if it has others by now. */
  restore(): void {
    const best = this.#best;
    if (best?.parameters && best.version !== this.#network.version) this.#network.setParameters(best.parameters);
  }

  /** Anything is better than what is not a number. */
  #isBetter(value: number, best: number): boolean {
    if (Number.isNaN(best)) return !Number.isNaN(value);
    const { monitor, minDelta } = this.#rule;
    return lessIsBetter(monitor) ? value < best - minDelta : value > best + minDelta;
  }

  #why(best: Monitored['best']): string {
    const { minDelta, patience, monitor } = this.#rule;
    const moved = lessIsBetter(monitor) ? 'fallen below' : 'risen above';
    const by = minDelta > 0 ? ` by more than ${minDelta}` : '';
    const epochs = patience === 1 ? 'epoch' : `${patience} epochs`;
    return `in the last ${epochs} the ${monitor} has not ${moved} the ${best.value.toPrecision(6)} of epoch ${best.epoch}${by}`;
  }
}

function lessIsBetter(monitor: Monitor): boolean {
  return monitor === 'validation loss' || monitor === 'training loss' || isError(monitor);
}

/** @throws RangeError if the validation set has no such figure: nothing could ever be better */
function valueOf(monitor: Monitor, { loss, validation }: EpochReport): number {
  if (monitor === 'training loss') return loss;
  if (monitor === 'validation loss') return validation!.loss;
  const value = monitor === 'accuracy' ? validation!.accuracy : validation!.metrics?.[monitor];
  if (value !== undefined) return value;
  const why = monitor === 'r2' ? 'has one pattern' : 'has patterns of one class only';
  throw new RangeError(
    `"earlyStopping.monitor" expected a figure that the validation set has, got ${describe(monitor)}: it ${why}`,
  );
}

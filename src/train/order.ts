import { abortable, callback, describe, integer, oneOf, options, wrongType } from '../core/checks.ts';
import type { DataSource, StreamedSource } from '../core/table.ts';
import type { Network } from '../nn/network.ts';
import { allocate } from '../memory/shared.ts';
import { type MetricName, metricsOf } from '../nn/figures.ts';
import { bindAny, type Bound, isStreamed } from './bound.ts';
import { Callbacks, checkCallbacks, type TrainingCallback } from './callbacks.ts';
import { type ResolvedCheckpoint, resolveCheckpoint } from './checkpoint-options.ts';
import { monitoredMetric, type ResolvedStopping, resolveStopping } from './early-stopping.ts';
import type { FitOptions } from './fit-options.ts';
import { ProgressWatch } from './progress.ts';
import type { LastBatch } from './options.ts';
import type { EpochReport } from './report.ts';

/** What is measured beside the loss. */
interface MetricsOrder {
  readonly names: readonly MetricName[];
  /** Shared: what it is computed from, U_L (P x K). */
  readonly outputs: Float64Array;
}

/** What `fit` or `epochs` was asked for, checked. */
export interface Order {
  readonly train: Bound;
  readonly validation: Bound | undefined;
  readonly metrics: MetricsOrder | undefined;
  readonly stopping: ResolvedStopping | undefined;
  readonly callbacks: Callbacks;
  /** B. */
  readonly batchSize: number;
  readonly lastBatch: LastBatch;
  readonly epochs: number;
  readonly maxUpdates: number;
  /** Also aborted by a callback that fails. */
  readonly signal: AbortSignal | undefined;
  /** Undefined where nobody listens. */
  readonly watch: ProgressWatch | undefined;
  readonly checkpoint: ResolvedCheckpoint | undefined;
}

export const FIT_KEYS = [
  'epochs',
  'maxUpdates',
  'validation',
  'metrics',
  'earlyStopping',
  'callbacks',
  'checkpoint',
  'signal',
  'onProgress',
] as const;

interface Given {
  readonly batchSize: number;
  readonly lastBatch: LastBatch;
  readonly chosen: boolean;
  readonly adaptive: boolean;
  readonly plateau: boolean;
  readonly rateFollows: string | undefined;
}

/**
 * Checks everything before any work.
 * @param given - `chosen`: the batch size was not asked for, fewer patterns make it smaller; `adaptive`: it changes; `plateau`: the
 * schedule looks at validation; `rateFollows`: what decides the learning rate, so that no callback can
 */
export function orderOf(
  network: Network,
  given: Given,
  train: DataSource | StreamedSource,
  wanted: FitOptions,
  onEpoch?: (report: EpochReport) => void | Promise<void>,
): Order {
  const o = options<FitOptions>('options', wanted, FIT_KEYS);
  const { epochs = 1, maxUpdates = Infinity, signal, onProgress } = o;
  const data = bindAny(network, 'train', train);
  const validation = o.validation === undefined ? undefined : bindAny(network, 'validation', o.validation);
  const stopping = o.earlyStopping === undefined ? undefined : resolveStopping(o.earlyStopping, network.spec);
  const names = namesOf(network, o.metrics ?? []);
  const monitored = stopping && monitoredMetric(stopping);
  if (monitored !== undefined && !names.includes(monitored)) names.push(monitored);
  const reader = validation === undefined && readerOf(given, names, stopping);
  if (reader) throw new RangeError(`"validation" expected Dataset, which ${reader} at, got undefined`);
  integer('epochs', epochs, 1);
  if (maxUpdates !== Infinity) integer('maxUpdates', maxUpdates, 1);
  abortable('signal', signal);
  if (onProgress !== undefined) callback('onProgress', onProgress);
  const { callbacks: list = [] } = o;
  checkCallbacks(list);
  const own: TrainingCallback = {
    ...(onProgress && { onProgress: (progress) => onProgress(progress) }),
    ...(onEpoch && { onEpochEnd: (report) => onEpoch(report) }),
  };
  const callbacks = new Callbacks([...list, own], given.rateFollows);
  return {
    train: data,
    batchSize: batchSizeOf(given, data),
    lastBatch: given.lastBatch,
    validation,
    metrics: validation && names.length > 0 ? { names, outputs: outputsOf(network, validation) } : undefined,
    stopping,
    callbacks,
    epochs,
    maxUpdates,
    signal: callbacks.signal(signal),
    watch: callbacks.onProgress && new ProgressWatch(data.length, callbacks.onProgress),
    checkpoint: o.checkpoint === undefined ? undefined : resolveCheckpoint(o.checkpoint),
  };
}

/** @throws RangeError where there are no such batches of the set */
function batchSizeOf({ batchSize: wanted, chosen, adaptive, lastBatch }: Given, data: Bound): number {
  if (adaptive && isStreamed(data))
    throw new RangeError(`"train" expected Dataset beside an adaptive "batchSize", got ${describe(data.source)}`);
  if (lastBatch === 'drop' && !chosen && data.length < wanted)
    throw new RangeError(
      `"lastBatch" drop expected at least ${wanted} patterns, one batch of "batchSize", got ${data.length}`,
    );
  const most = isStreamed(data) ? data.mostBatch : data.length;
  const batchSize = integer('batchSize', chosen ? Math.min(wanted, most) : wanted, 1, data.length);
  if (batchSize > most)
    throw new RangeError(
      `"batchSize" expected at most ${most} rows, for which there is room in "memory", got ${batchSize}`,
    );
  return batchSize;
}

/** Names of metrics, each once. */
function namesOf({ spec }: Network, given: readonly MetricName[]): MetricName[] {
  if (!Array.isArray(given)) throw wrongType('metrics', 'list of names of metrics', given);
  return [...new Set((given as MetricName[]).map((name, i) => oneOf(`metrics[${i}]`, name, metricsOf(spec))))];
}

/** What looks at validation. */
function readerOf({ plateau }: Given, names: readonly string[], stopping: ResolvedStopping | undefined) {
  if (plateau) return '"schedule" plateau looks';
  if (stopping && stopping.monitor !== 'training loss') return '"earlyStopping" looks';
  return names.length > 0 ? '"metrics" look' : undefined;
}

function outputsOf({ spec }: Network, { length }: Bound): Float64Array {
  return new Float64Array(allocate(8 * length * spec.layers.at(-1)!.units));
}

/** How many batches there are in the rows of an epoch, or in what is left of them. */
export function batchesIn({ lastBatch }: Pick<Order, 'lastBatch'>, rows: number, batchSize: number): number {
  return lastBatch === 'drop' ? Math.floor(rows / batchSize) : Math.ceil(rows / batchSize);
}

/** What to ask `fit` for, to have exactly so many updates, through as many epochs as that takes. */
export function exactly(updates: number, rows: number, batchSize: number): { epochs: number; maxUpdates: number } {
  // As many as there are at least, whatever becomes of a short last batch.
  return { epochs: Math.ceil(updates / Math.max(1, Math.floor(rows / batchSize))), maxUpdates: updates };
}

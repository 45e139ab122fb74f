import { callback, integer, options, wrongType } from '../core/checks.ts';
import type { DataSource } from '../core/table.ts';
import type { Network } from '../nn/network.ts';
import { type ResolvedCheckpoint, resolveCheckpoint } from './checkpoint-options.ts';
import type { FitOptions } from './report.ts';

/** A data set made ready for the network. */
export type Bound = ReturnType<DataSource['bind']> & { readonly source: DataSource };

/** What `fit` or `epochs` was asked for, checked. */
export interface Order {
  readonly train: Bound;
  readonly validation: Bound | undefined;
  /** B. */
  readonly batchSize: number;
  readonly epochs: number;
  readonly maxUpdates: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: FitOptions['onProgress'];
  readonly checkpoint: ResolvedCheckpoint | undefined;
}

export const FIT_KEYS = ['epochs', 'maxUpdates', 'validation', 'signal', 'onProgress', 'checkpoint'] as const;

/**
 * Checks everything before any work.
 * @param given - `chosen`: the batch size was not asked for, fewer patterns make it smaller; `plateau`: the schedule looks at validation
 */
export function orderOf(
  network: Network,
  given: { readonly batchSize: number; readonly chosen: boolean; readonly plateau: boolean },
  train: DataSource,
  wanted: FitOptions,
): Order {
  const {
    epochs = 1,
    maxUpdates = Infinity,
    validation,
    signal,
    onProgress,
    checkpoint,
  } = options<FitOptions>('options', wanted, FIT_KEYS);
  const data = bind(network, 'train', train);
  const check = validation === undefined ? undefined : bind(network, 'validation', validation);
  if (check === undefined && given.plateau)
    throw new RangeError('"validation" expected Dataset, which "schedule" plateau looks at, got undefined');
  integer('epochs', epochs, 1);
  if (maxUpdates !== Infinity) integer('maxUpdates', maxUpdates, 1);
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrongType('signal', 'AbortSignal', signal);
  if (onProgress !== undefined) callback('onProgress', onProgress);
  const batchSize = given.chosen ? Math.min(given.batchSize, train.length) : given.batchSize;
  integer('batchSize', batchSize, 1, train.length);
  const saved = checkpoint === undefined ? undefined : resolveCheckpoint(checkpoint);
  return { train: data, batchSize, validation: check, epochs, maxUpdates, signal, onProgress, checkpoint: saved };
}

/** What to ask `fit` for, to have exactly so many updates, through as many epochs as that takes. */
export function exactly(updates: number, rows: number, batchSize: number): { epochs: number; maxUpdates: number } {
  return { epochs: Math.ceil(updates / Math.ceil(rows / batchSize)), maxUpdates: updates };
}

/** Checks a data set against the network. */
export function bind(network: Network, name: string, source: DataSource): Bound {
  if (typeof source?.bind !== 'function') throw wrongType(name, 'Dataset', source);
  return { source, ...source.bind(network.spec, network.normalization) };
}

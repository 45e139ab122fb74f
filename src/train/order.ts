import { callback, describe, integer, options, wrongType } from '../core/checks.ts';
import type { DataSource, StreamedSource } from '../core/table.ts';
import type { Network } from '../nn/network.ts';
import type { FitOptions } from './report.ts';

/** A data set in memory, made ready for the network. */
export type Resident = ReturnType<DataSource['bind']> & { readonly source: DataSource; readonly length: number };

/** One that is read while it is used. */
export type Streamed = ReturnType<StreamedSource['stream']> & {
  readonly source: StreamedSource;
  readonly length: number;
};

export type Bound = Resident | Streamed;

export function isStreamed(data: Bound): data is Streamed {
  return 'open' in data;
}

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
}

export const FIT_KEYS = ['epochs', 'maxUpdates', 'validation', 'signal', 'onProgress'] as const;

/**
 * Checks everything before any work.
 * @param given - `chosen`: the batch size was not asked for, fewer patterns make it smaller; `adaptive`: it changes; `plateau`: the
 * schedule looks at validation
 */
export function orderOf(
  network: Network,
  given: {
    readonly batchSize: number;
    readonly chosen: boolean;
    readonly adaptive: boolean;
    readonly plateau: boolean;
  },
  train: DataSource | StreamedSource,
  wanted: FitOptions,
): Order {
  const {
    epochs = 1,
    maxUpdates = Infinity,
    validation,
    signal,
    onProgress,
  } = options<FitOptions>('options', wanted, FIT_KEYS);
  const data = bindAny(network, 'train', train);
  const check = validation === undefined ? undefined : bindAny(network, 'validation', validation);
  if (check === undefined && given.plateau)
    throw new RangeError('"validation" expected Dataset, which "schedule" plateau looks at, got undefined');
  integer('epochs', epochs, 1);
  if (maxUpdates !== Infinity) integer('maxUpdates', maxUpdates, 1);
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrongType('signal', 'AbortSignal', signal);
  if (onProgress !== undefined) callback('onProgress', onProgress);
  if (given.adaptive && isStreamed(data))
    throw new RangeError(`"train" expected Dataset beside an adaptive "batchSize", got ${describe(train)}`);
  const most = isStreamed(data) ? data.mostBatch : train.length;
  const batchSize = given.chosen ? Math.min(given.batchSize, most) : given.batchSize;
  integer('batchSize', batchSize, 1, train.length);
  if (batchSize > most)
    throw new RangeError(`"batchSize" expected at most ${most} rows, for which "memory" has room, got ${batchSize}`);
  return { train: data, batchSize, validation: check, epochs, maxUpdates, signal, onProgress };
}

/** What to ask `fit` for, to have exactly so many updates, through as many epochs as that takes. */
export function exactly(updates: number, rows: number, batchSize: number): { epochs: number; maxUpdates: number } {
  return { epochs: Math.ceil(updates / Math.ceil(rows / batchSize)), maxUpdates: updates };
}

/** Checks a data set in memory against the network. */
export function bind(network: Network, name: string, source: DataSource): Resident {
  if (typeof source?.bind !== 'function') throw wrongType(name, 'Dataset', source);
  const bound = source.bind(network.spec, network.normalization);
  return { source, length: bound.rows.length, ...bound };
}

/** Checks a data set against the network, wherever its rows are. */
export function bindAny(network: Network, name: string, source: DataSource | StreamedSource): Bound {
  if (typeof (source as StreamedSource | undefined)?.stream !== 'function')
    return bind(network, name, source as DataSource);
  const streamed = source as StreamedSource;
  return { source: streamed, length: streamed.length, ...streamed.stream(network.spec, network.normalization) };
}

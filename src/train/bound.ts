import { wrongType } from '../core/checks.ts';
import type { DataSource, StreamedSource } from '../core/table.ts';
import type { Network } from '../nn/network.ts';

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

import { wrongType } from '../core/checks.ts';
import type { DataSource } from '../core/table.ts';
import type { Network } from '../nn/network.ts';

/** A data set made ready for the network. */
export type Bound = ReturnType<DataSource['bind']> & { readonly source: DataSource };

/** Checks a data set against the network. */
export function bind(network: Network, name: string, source: DataSource): Bound {
  if (typeof source?.bind !== 'function') throw wrongType(name, 'Dataset', source);
  return { source, ...source.bind(network.spec, network.normalization) };
}

import { columnsAskedFor, type ResolvedEncodeOptions } from './encode-options.ts';
import type { ReadOptions } from './read-options.ts';

/**
 * What of a table is looked at where it is encoded with these options: where its inputs are named, nothing else is read.
 * @param apart - columns that are read beside them
 */
export function askedFor(
  encode: ResolvedEncodeOptions,
  given: ReadOptions,
  apart: readonly string[] = [],
): { readonly asked: readonly string[]; readonly options: ReadOptions } {
  const { targets, weights, categorical, categories } = encode;
  const inputs = columnsAskedFor(encode);
  const columns = given.columns ?? (inputs && [...new Set([...inputs, ...apart])]);
  const others = [...targets, ...(weights === undefined ? [] : [weights]), ...categorical, ...categories.keys()];
  return { asked: [...(columns ?? []), ...others, ...apart], options: given.encoding ? given : { ...given, columns } };
}

import type { ResolvedEncodeOptions } from './encode-options.ts';
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
  const { features, targets, weights, categorical, categories } = encode;
  const weighting = weights === undefined ? [] : [weights];
  const named = [...targets, ...weighting, ...categorical, ...categories.keys(), ...apart];
  const columns = given.columns ?? (features && [...new Set([...features, ...named])]);
  return { asked: [...(columns ?? []), ...named], options: given.encoding ? given : { ...given, columns } };
}

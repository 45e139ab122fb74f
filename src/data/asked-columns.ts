import { columnsAskedFor, type ResolvedEncodeOptions } from './encode-options.ts';
import type { ReadOptions } from './read-options.ts';

/** What of a table is looked at where it is encoded with these options: where its inputs are named, nothing else is read. */
export function askedFor(
  encode: ResolvedEncodeOptions,
  given: ReadOptions,
): { readonly asked: readonly string[]; readonly options: ReadOptions } {
  const { targets, weights, categorical, categories } = encode;
  const columns = given.columns ?? columnsAskedFor(encode);
  const others = [...targets, ...(weights === undefined ? [] : [weights]), ...categorical, ...categories.keys()];
  return { asked: [...(columns ?? []), ...others], options: given.encoding ? given : { ...given, columns } };
}

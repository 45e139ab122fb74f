import type { ResolvedEncodeOptions } from './encode-options.ts';
import type { ReadOptions } from './read-options.ts';

/** What of a table is looked at where it is encoded with these options: where its inputs are named, nothing else is read. */
export function askedFor(
  { features, targets, weights, categorical, categories }: ResolvedEncodeOptions,
  given: ReadOptions,
): { readonly asked: readonly string[]; readonly options: ReadOptions } {
  const others = [...targets, ...(weights === undefined ? [] : [weights]), ...categorical, ...categories.keys()];
  const asked = [...new Set([...(features ?? []), ...others])];
  const all = features === undefined || given.columns !== undefined || given.encoding !== undefined;
  return { asked, options: all ? given : { ...given, columns: asked } };
}

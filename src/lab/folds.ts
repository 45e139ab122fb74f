import { Random } from '../core/random.ts';

/**
 * Divides patterns at random into folds whose sizes differ by at most one, and so do the numbers of patterns of each class, where
 * classes are given: the patterns, shuffled and then sorted by class, are dealt out one by one.
 *
 * @param count - P patterns
 * @param folds - k, at most P
 * @param stream - another gives another division with the same seed
 * @param classes - P class numbers
 * @returns the indices of each fold, in rising order
 */
export function dealFolds(
  count: number,
  folds: number,
  seed: number,
  stream: number,
  classes: ArrayLike<number> | undefined,
): Uint32Array[] {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  new Random(seed, stream).shuffle(order);
  // Sorting is stable: within a class the order stays random.
  if (classes) order.sort((a, b) => classes[a]! - classes[b]!);
  return Array.from({ length: folds }, (_, fold) => order.filter((_, i) => i % folds === fold).sort());
}

/** The indices of all folds but one, in rising order. */
export function otherFolds(folds: readonly Uint32Array[], without: number): Uint32Array {
  return Uint32Array.from(folds.flatMap((fold, i) => (i === without ? [] : Array.from(fold)))).sort();
}

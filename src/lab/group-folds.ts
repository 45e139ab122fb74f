import { Random } from '../core/random.ts';
import { spread } from './statistics.ts';

/**
 * Divides patterns into folds so that those of a group stay together. Without classes as scikit-learn's `GroupKFold`: the largest
 * groups first, each goes to the fold with the fewest patterns. With classes as its `StratifiedGroupKFold`: the groups whose classes are least
 * even first, each goes where the shares of the classes differ least from fold to fold. Groups that are alike come in a random order.
 *
 * @param groups - of each pattern, from 0
 * @param classes - of each pattern, from 0
 * @param seed - undefined: groups that are alike come in the order of their numbers
 * @param stream - another gives another order with the same seed
 * @returns the indices of each fold, in rising order
 * @throws RangeError where there are fewer groups than folds
 */
export function dealGroups(
  groups: Uint32Array,
  folds: number,
  seed: number | undefined,
  stream: number,
  classes: ArrayLike<number> | undefined,
): Uint32Array[] {
  const count = groups.reduce((most, group) => Math.max(most, group + 1), 0);
  if (count < folds) throw new RangeError(`"groups" expected at least ${folds} groups for as many folds, got ${count}`);
  const order = Uint32Array.from({ length: count }, (_, group) => group);
  if (seed !== undefined) new Random(seed, stream).shuffle(order);
  const foldOf = classes ? stratified(order, groups, folds, classes) : bySize(order, groups, folds);
  const found = Array.from({ length: folds }, (_, fold) =>
    Uint32Array.from(groups.keys()).filter((p) => foldOf[groups[p]!] === fold),
  );
  if (found.some(({ length }) => length === 0))
    throw new RangeError(`"folds" expected fewer than ${folds}: with these groups a fold has no pattern`);
  return found;
}

/** @returns the fold of each group */
function bySize(order: Uint32Array, groups: Uint32Array, folds: number): Uint32Array {
  const sizes = new Uint32Array(order.length);
  for (const group of groups) sizes[group]!++;
  const filled = new Float64Array(folds);
  const foldOf = new Uint32Array(order.length);
  // Sorting is stable: among groups of one size the order stays.
  for (const group of order.slice().sort((a, b) => sizes[b]! - sizes[a]!)) {
    const fold = filled.indexOf(Math.min(...filled));
    foldOf[group] = fold;
    filled[fold]! += sizes[group]!;
  }
  return foldOf;
}

/** @returns the fold of each group */
function stratified(order: Uint32Array, groups: Uint32Array, folds: number, classes: ArrayLike<number>): Uint32Array {
  let C = 0;
  for (let p = 0; p < groups.length; p++) C = Math.max(C, classes[p]! + 1);
  const counts = Array.from(order, () => new Float64Array(C));
  const totals = new Float64Array(C);
  groups.forEach((group, p) => {
    counts[group]![classes[p]!]!++;
    totals[classes[p]!]!++;
  });
  const present = Array.from(totals.keys()).filter((k) => totals[k]! > 0);
  const unevenness = counts.map((own) => deviation(present.map((k) => own[k]!)));
  const filled = Array.from({ length: folds }, () => new Float64Array(C));
  const rows = new Float64Array(folds);
  const foldOf = new Uint32Array(order.length);
  for (const group of order.slice().sort((a, b) => unevenness[b]! - unevenness[a]!)) {
    const own = counts[group]!;
    let [best, least, fewest] = [0, Infinity, Infinity];
    for (let fold = 0; fold < folds; fold++) {
      let sum = 0;
      for (const k of present)
        sum += deviation(filled.map((one, i) => (one[k]! + (i === fold ? own[k]! : 0)) / totals[k]!));
      const cost = sum / present.length;
      if (cost < least || (isClose(cost, least) && rows[fold]! < fewest))
        [best, least, fewest] = [fold, cost, rows[fold]!];
    }
    foldOf[group] = best;
    own.forEach((n, k) => (filled[best]![k]! += n));
    rows[best]! += own.reduce((sum, n) => sum + n, 0);
  }
  return foldOf;
}

/** As NumPy has it. */
function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-8 + 1e-5 * Math.abs(b);
}

function deviation(values: readonly number[]): number {
  return Math.sqrt(spread(values).squares / values.length);
}

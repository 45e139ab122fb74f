/**
 * Divides rows so that those of a group stay together, and each part has about its number of rows, and of rows of each class where
 * classes are given. Group by group, in the order in which they come, each goes where it leaves the parts nearest to what they
 * should have: the squares of what is missing, each divided by what should be there, are to be least.
 *
 * @param order - the rows
 * @param groups - of each row, from 0
 * @param classes - of each row, from 0
 * @param sizes - rows that each part should have
 * @throws RangeError where there are fewer groups than parts
 */
export function partsOfGroups(
  order: Uint32Array,
  groups: Uint32Array,
  classes: Uint32Array | undefined,
  sizes: readonly number[],
): Uint32Array[] {
  const tallies = talliesOf(order, groups, classes);
  const parts = nearestParts([...tallies.values()], sizes);
  const partOf = new Map([...tallies.keys()].map((group, i) => [group, parts[i]!]));
  return sizes.map((_, part) => order.filter((row) => partOf.get(groups[row]!) === part));
}

/** Rows of each class, by class. */
type Tally = ReadonlyMap<number, number>;

/** Of each group, in the order in which they come. */
function talliesOf(order: Uint32Array, groups: Uint32Array, classes: Uint32Array | undefined): Map<number, Tally> {
  const tallies = new Map<number, Map<number, number>>();
  for (const row of order) {
    const tally = tallies.get(groups[row]!) ?? new Map<number, number>();
    tallies.set(groups[row]!, tally);
    const k = classes?.[row] ?? 0;
    tally.set(k, (tally.get(k) ?? 0) + 1);
  }
  return tallies;
}

/**
 * The part of each group.
 * @param sizes - of the parts, in whatever unit
 * @throws RangeError where there are fewer groups than parts
 */
export function nearestParts(tallies: readonly Tally[], sizes: readonly number[]): number[] {
  if (tallies.length < sizes.length) {
    throw new RangeError(
      `"groups" expected at least ${sizes.length} groups for as many parts, got ${tallies.length}: the rows of a group stay together`,
    );
  }
  const totals = new Map<number, number>();
  for (const tally of tallies) for (const [k, n] of tally) totals.set(k, (totals.get(k) ?? 0) + n);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const wanted = (part: number, k: number) => (totals.get(k)! * sizes[part]!) / all;
  const filled = sizes.map(() => new Map<number, number>());
  const counts = sizes.map(() => 0);
  const parts = tallies.map((tally) => {
    let [best, least] = [0, Infinity];
    for (const part of sizes.keys()) {
      let cost = 0;
      for (const [k, n] of tally) {
        const missing = wanted(part, k) - (filled[part]!.get(k) ?? 0);
        cost += (n * (n - 2 * missing)) / wanted(part, k);
      }
      if (cost < least) [best, least] = [part, cost];
    }
    for (const [k, n] of tally) filled[best]!.set(k, (filled[best]!.get(k) ?? 0) + n);
    counts[best]!++;
    return best;
  });
  for (let part = sizes.length - 1; part >= 0; part--) {
    if (counts[part]! > 0) continue;
    const moved = smallestToSpare(tallies, parts, counts);
    counts[parts[moved]!]!--;
    counts[part]!++;
    parts[moved] = part;
  }
  return parts;
}

/** The group with the fewest rows of those that are not alone in their part. */
function smallestToSpare(tallies: readonly Tally[], parts: readonly number[], counts: readonly number[]): number {
  const rowsOf = (i: number) => [...tallies[i]!.values()].reduce((sum, n) => sum + n, 0);
  let [found, least] = [-1, Infinity];
  for (const i of tallies.keys()) {
    if (counts[parts[i]!]! < 2 || rowsOf(i) >= least) continue;
    [found, least] = [i, rowsOf(i)];
  }
  return found;
}

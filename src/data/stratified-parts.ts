/**
 * Divides rows so that each part has its share of each class, and exactly its number of rows. Whatever the shares, the first part has
 * a row of each class, then the last, then those before it, as far as the rows go: a class with one row is in the first part.
 *
 * @param order - the rows, in the order in which they are dealt out within a class
 * @param classes - of each row, from 0
 * @param sizes - rows of each part
 */
export function stratifiedParts(order: Uint32Array, classes: Uint32Array, sizes: readonly number[]): Uint32Array[] {
  const count = classes.reduce((most, k) => Math.max(most, k + 1), 0);
  const left = new Float64Array(count);
  for (const row of order) left[classes[row]!]!++;
  const taken: Float64Array[] = sizes.map(() => new Float64Array(count));
  for (let part = sizes.length - 1; part > 0; part--) {
    taken[part] = sharesOfClasses(left, sizes[part]!);
    for (let k = 0; k < count; k++) left[k]! -= taken[part]![k]!;
  }
  taken[0] = left;
  const parts = sizes.map((size) => new Uint32Array(size));
  const filled = sizes.map(() => 0);
  const current = new Uint32Array(count);
  for (const row of order) {
    const k = classes[row]!;
    while (taken[current[k]!]![k] === 0) current[k]!++;
    const part = current[k]!;
    taken[part]![k]!--;
    parts[part]![filled[part]!++] = row;
  }
  return parts;
}

/** How many rows of each class a part of `size` rows gets: one of each that can spare it, and of the rest in proportion. */
function sharesOfClasses(left: Float64Array, size: number): Float64Array {
  const total = left.reduce((sum, rows) => sum + rows, 0);
  const quotas = left.map((rows) => (rows * size) / total);
  // The last row of a class stays for the first part.
  const spare = left.map((rows) => Math.max(0, rows - 1));
  const taken = new Float64Array(left.length);
  let rest = size;
  for (const k of sorted(quotas)) {
    if (rest === 0) break;
    if (spare[k]! === 0) continue;
    taken[k] = 1;
    rest--;
  }
  const beyond = quotas.map((quota) => Math.max(0, quota - 1));
  const sum = beyond.reduce((all, quota) => all + quota, 0);
  const wanted = beyond.map((quota, k) => taken[k]! + (sum > 0 ? (rest * quota) / sum : 0));
  for (let k = 0; k < taken.length; k++) {
    const more = Math.min(spare[k]!, Math.floor(wanted[k]! + 1e-9)) - taken[k]!;
    if (more <= 0) continue;
    taken[k]! += more;
    rest -= more;
  }
  for (const most of [spare, left]) {
    for (let before = -1; rest > 0 && rest !== before;) {
      before = rest;
      for (const k of sorted(wanted.map((value, i) => value - taken[i]!))) {
        if (rest === 0) break;
        if (taken[k]! >= most[k]!) continue;
        taken[k]!++;
        rest--;
      }
    }
  }
  return taken;
}

/** Indices by value, the largest first; of equals the first. */
function sorted(values: Float64Array): Uint32Array {
  return Uint32Array.from(values, (_, i) => i).sort((a, b) => values[b]! - values[a]!);
}

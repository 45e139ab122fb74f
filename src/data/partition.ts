/**
 * Where part `part` of `parts` begins when `count` things are divided as evenly as they can be, the larger parts first.
 * Part p is [shardStart(count, parts, p), shardStart(count, parts, p + 1)); with fewer things than parts the last are empty.
 */
export function shardStart(count: number, parts: number, part: number): number {
  const each = Math.floor(count / parts);
  return part * each + Math.min(part, count - each * parts);
}

/** How many of the parts are not empty. */
export function busyParts(count: number, parts: number): number {
  return Math.min(count, parts);
}

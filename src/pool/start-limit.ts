/** How long threads may take to start, and each of them on top: they share the cores; ms. */
const START_LIMIT = 30_000;
const START_LIMIT_EACH = 250;

/** How long so many threads may take to start, in ms. */
export function startLimit(threads: number): number {
  return START_LIMIT + START_LIMIT_EACH * threads;
}

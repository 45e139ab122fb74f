// How long training takes: warm up, then whole updates until the time is over.

/** Seconds. Where the first call takes longer it is the measurement, there being no time for more: `warm` is false. */
const TOO_SLOW = 10;

/**
 * Times `update`, which trains on the next mini-batch. A new epoch is begun by it, inside the time.
 * @param {() => void | Promise<void>} update
 * @returns {Promise<{ updates: number, elapsed: number, warm: boolean }>} elapsed in seconds
 */
export async function timeUpdates(update, seconds) {
  const first = await repeat(update, 0);
  if (first.elapsed > TOO_SLOW) return { ...first, warm: false };
  const left = Math.max(0.2, 0.5 * seconds) - first.elapsed;
  if (left > 0) await repeat(update, left);
  return { ...(await repeat(update, seconds)), warm: true };
}

/** Calls until the time is over, and at least once. */
async function repeat(update, seconds) {
  const start = performance.now();
  const end = start + 1000 * seconds;
  let updates = 0;
  let now;
  do {
    const pending = update();
    if (pending !== undefined) await pending;
    updates++;
    now = performance.now();
  } while (now < end);
  return { updates, elapsed: (now - start) / 1000 };
}

/**
 * Times `train`, which trains one epoch over the first so many rows: for libraries that loop over mini-batches themselves.
 * The slow ones get fewer rows than there are, whole mini-batches, so that an epoch fits into the time.
 * @param {(rows: number) => Promise<unknown>} train
 * @returns {Promise<{ updates: number, elapsed: number, warm: boolean, rows: number }>}
 */
export async function timeEpochs(train, { batch, patterns, seconds }) {
  const first = await repeat(() => train(batch), 0);
  if (first.elapsed > TOO_SLOW) return { ...first, warm: false, rows: batch };
  // One mini-batch at a time tells roughly how fast it is: it never takes longer per row within a longer epoch.
  const rough = await repeat(() => train(batch), 0.2 * seconds);
  const perUpdate = rough.elapsed / rough.updates;
  const updates = Math.max(1, Math.min(Math.floor(patterns / batch), Math.ceil(seconds / perUpdate)));
  const rows = updates * batch;
  if (rows > batch && perUpdate < 0.2 * seconds) await train(rows);
  const timed = await repeat(() => train(rows), seconds);
  return { updates: timed.updates * updates, elapsed: timed.elapsed, warm: true, rows };
}

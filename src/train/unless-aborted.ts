import { onAbort } from '../core/aborts.ts';

/** Waits for work, but not once one of the signals is aborted: then the result is undefined, whatever becomes of the work. */
export async function unlessAborted<T>(work: Promise<T>, signals: readonly AbortSignal[]): Promise<T | undefined> {
  work.catch(() => undefined);
  if (signals.some(({ aborted }) => aborted)) return undefined;
  let stop = () => {};
  const stopped = new Promise<undefined>((resolve) => (stop = () => resolve(undefined)));
  const ends = signals.map((signal) => onAbort(signal, stop));
  try {
    return await Promise.race([work, stopped]);
  } finally {
    for (const end of ends) end();
  }
}

/** The same, but once a signal is aborted the work has so many ms left. */
export async function soonAfterAbort<T>(
  work: Promise<T>,
  signals: readonly AbortSignal[],
  ms: number,
): Promise<{ readonly value: T } | undefined> {
  const done = work.then((value) => ({ value }));
  const ended = await unlessAborted(done, signals);
  if (ended) return ended;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ms);
  try {
    return await unlessAborted(done, [late.signal]);
  } finally {
    clearTimeout(timer);
  }
}

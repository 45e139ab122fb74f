/** Waits for work, but not once one of the signals is aborted: then the result is undefined, whatever becomes of the work. */
export async function unlessAborted<T>(work: Promise<T>, signals: readonly AbortSignal[]): Promise<T | undefined> {
  work.catch(() => undefined);
  if (signals.some(({ aborted }) => aborted)) return undefined;
  let stop = () => {};
  const stopped = new Promise<undefined>((resolve) => (stop = () => resolve(undefined)));
  for (const signal of signals) signal.addEventListener('abort', stop);
  try {
    return await Promise.race([work, stopped]);
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', stop);
  }
}

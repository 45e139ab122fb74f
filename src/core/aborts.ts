import { GradpoolError } from './errors.ts';

/** What is thrown where a signal has broken something off. @param work - such as 'training' */
export function aborted(work: string, signal: AbortSignal | undefined): GradpoolError {
  return new GradpoolError('ERR_ABORTED', `${work} was aborted`, { cause: signal?.reason });
}

/** What waits for a signal. */
type Stops = Set<() => void>;

/** By signal: they may be of another realm. */
const waiting = new WeakMap<AbortSignal, { readonly stops: Stops; readonly listener: () => void }>();

/**
 * Calls `stop` when a signal is aborted. A service hands one signal to all that it does: a signal gets one listener, however many wait for
 * it, so that Node warns of no leak, and none once nobody waits.
 * @returns what ends the waiting
 */
export function onAbort(signal: AbortSignal | undefined, stop: () => void): () => void {
  if (signal === undefined) return () => undefined;
  // Of its own: the same function may wait twice.
  const own = () => stop();
  const stops = stopsOf(signal);
  stops.add(own);
  return () => {
    stops.delete(own);
    if (stops.size > 0) return;
    const found = waiting.get(signal);
    if (found?.stops !== stops) return;
    signal.removeEventListener('abort', found.listener);
    waiting.delete(signal);
  };
}

function stopsOf(signal: AbortSignal): Stops {
  const found = waiting.get(signal);
  if (found) return found.stops;
  const stops: Stops = new Set();
  const listener = () => {
    for (const stop of [...stops]) stop();
  };
  signal.addEventListener('abort', listener);
  waiting.set(signal, { stops, listener });
  return stops;
}

import type { Arena } from '../memory/arena.ts';
import { COMPLETED, LOSS } from '../memory/control.ts';
import type { Progress } from './report.ts';

const INTERVAL = 100; // ms

/** Reads the running epoch's progress out of shared memory, some ten times a second, until the timer is cleared. */
export function watchProgress(
  arena: Arena,
  epoch: number,
  totalUpdates: number,
  listener: (progress: Progress) => void,
  failed: (error: unknown) => void,
): NodeJS.Timeout {
  const { batchSize, workers } = arena.plan;
  const started = performance.now();
  const timer = setInterval(() => {
    const updates = Atomics.load(arena.control, COMPLETED);
    let loss = 0;
    for (let w = 0; w < workers; w++) loss += arena.statistics(w)[LOSS]!;
    const samples = Math.max(1, updates * batchSize);
    try {
      listener({ epoch, updates, totalUpdates, loss: loss / samples, seconds: (performance.now() - started) / 1000 });
    } catch (error) {
      clearInterval(timer);
      failed(error);
    }
  }, INTERVAL);
  return timer;
}

import type { Arena } from '../memory/arena.ts';
import { COMPLETED, GENERATION, LOSS } from '../memory/control.ts';
import { barriersPerUpdate } from './data-parallel.ts';
import type { Strategy } from './options.ts';
import type { Progress } from './report.ts';

const INTERVAL = 100; // ms

/** How many updates of the running epoch are committed. */
export function completedUpdates({ control, plan }: Arena, strategy: Strategy): number {
  return strategy === 'coordinator'
    ? Atomics.load(control, COMPLETED)
    : Math.floor(Atomics.load(control, GENERATION) / barriersPerUpdate(plan.workers));
}

/** Reads the running epoch's progress out of shared memory, some ten times a second, until the timer is cleared. */
export function watchProgress(
  arena: Arena,
  strategy: Strategy,
  epoch: number,
  totalUpdates: number,
  listener: (progress: Progress) => void,
): NodeJS.Timeout {
  const { batchSize, workers } = arena.plan;
  const started = performance.now();
  return setInterval(() => {
    const updates = completedUpdates(arena, strategy);
    let loss = 0;
    for (let w = 0; w < workers; w++) loss += arena.statistics(w)[LOSS]!;
    const samples = Math.max(1, updates * batchSize);
    listener({ epoch, updates, totalUpdates, loss: loss / samples, seconds: (performance.now() - started) / 1000 });
  }, INTERVAL);
}

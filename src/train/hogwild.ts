import { COMPLETED, NEXT } from '../memory/control.ts';
import type { Plan } from '../memory/layout.ts';
import type { EpochTask } from '../pool/messages.ts';
import { throwIfAborted } from '../sync/barrier.ts';
import { slice } from './data-parallel.ts';
import { partialGradients, type Worker } from './update.ts';

/**
 * One worker's part of a task of the strategy `hogwild` (Recht, Re, Wright and Niu 2011, arXiv:1106.5730).
 *
 * One set of weights, no locks and no barriers: each worker takes the next whole batch, computes its gradient from the
 * weights as they stand, which others may be changing, and steps in place, number by number. A step may be lost or read
 * half done; the result differs from run to run unless there is one worker. Each worker keeps its own velocity. What
 * COMPLETED counts are finished steps; a training that is stopped leaves the weights as they stand.
 */
export function trainHogwild(
  worker: Worker,
  order: Uint32Array,
  plan: Plan,
  control: Int32Array,
  task: EpochTask,
): void {
  const { epoch, last, worker: index, slot } = task;
  const { batchSize, rows, step } = epoch;
  const { kernels, watch } = worker;
  const { end } = slice(plan, 1, 0);
  const own = { gradient: 2 + index, velocity: index };
  for (let u = claim(control, last); u < last; u = claim(control, last)) {
    throwIfAborted(control);
    watch.begin();
    const size = Math.min(batchSize, rows - u * batchSize);
    partialGradients(worker, order, u * batchSize, size, slot, own.gradient);
    kernels.update(slot, slot, 1, 0, end, index, size === batchSize ? step : { ...step, scale: 1 / size }, own);
    Atomics.add(control, COMPLETED, 1);
    watch.end('update');
  }
  watch.publish();
}

/** The number of the next update that nobody has taken; `last` if there is none. */
function claim(control: Int32Array, last: number): number {
  for (let next = Atomics.load(control, NEXT); next < last;) {
    const seen = Atomics.compareExchange(control, NEXT, next, next + 1);
    if (seen === next) return next;
    next = seen;
  }
  return last;
}

import { COMPLETED, NEXT } from '../memory/control.ts';
import type { Plan } from '../memory/layout.ts';
import { throwIfAborted } from '../sync/barrier.ts';
import { slice } from './data-parallel.ts';
import { Steps } from './steps.ts';
import { type Part, partialGradients, type Worker } from './update.ts';

/**
 * One worker's part in the strategy `hogwild` (Recht, Re, Wright and Niu 2011, arXiv:1106.5730).
 *
 * One set of weights, no locks and no barriers: each worker takes the next whole batch, computes its gradient from the
 * weights as they stand, which others may be changing, and steps in place, number by number. A step may be lost or read
 * half done; the result differs from run to run unless there is one worker. Each worker keeps its own velocity. What
 * COMPLETED counts are finished steps; a training that is stopped leaves the weights as they stand.
 */
export function trainHogwild(worker: Worker, plan: Plan, control: Int32Array, part: Part): number {
  const { run, order, before, first, last, worker: index, slot } = part;
  const { batchSize, rows } = run;
  const steps = new Steps(run, last - first);
  const { kernels, watch } = worker;
  const { end: parameters } = slice(plan, 1, 0);
  const own = { gradient: 2 + index, state: index };
  const end = before + last;
  for (let claimed = claim(control, end); claimed < end; claimed = claim(control, end)) {
    throwIfAborted(control);
    watch.begin(claimed);
    const u = claimed - before;
    const size = Math.min(batchSize, rows - u * batchSize);
    partialGradients(worker, order, u * batchSize, size, slot, own.gradient);
    kernels.update(slot, slot, 1, 0, parameters, index, steps.at(claimed, size), own);
    Atomics.add(control, COMPLETED, 1);
    watch.end('update');
  }
  watch.publish();
  return slot;
}

/** The number in the run of the next update that nobody has taken; `last` if there is none. */
function claim(control: Int32Array, last: number): number {
  for (let next = Atomics.load(control, NEXT); next < last;) {
    const seen = Atomics.compareExchange(control, NEXT, next, next + 1);
    if (seen === next) return next;
    next = seen;
  }
  return last;
}

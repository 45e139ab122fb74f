import { busyParts, shardStart } from '../data/partition.ts';
import { isPlain, type Step } from '../kernels/kernels.ts';
import type { Plan } from '../memory/layout.ts';
import type { Barrier } from '../sync/barrier.ts';
import { slice } from './data-parallel.ts';
import { Steps } from './steps.ts';
import { type Part, partialGradients, soleUpdate, type Worker } from './update.ts';

/** The slots of a worker's own weights, which take turns. */
function ownSlot(worker: number, steps: number): number {
  return 2 + 2 * worker + ((steps - 1) & 1);
}

/**
 * One worker's part in the strategy `local-sgd` (Stich 2018, arXiv:1805.09767, algorithm 1). Returns the slot that holds
 * the weights then.
 *
 * The rows of each batch are divided among the workers. Each takes a step of SGD on its own copy of the weights, with the
 * mean gradient of its own rows; a worker without rows takes none. After every `period` updates, and at the end of the
 * epoch, a barrier; each worker averages its slice of all copies, every copy counting the same, into the spare slot; a
 * barrier commits the updates since the last averaging, all at once. Between averagings the copies drift apart: this is
 * not the gradient of the whole batch. Each worker keeps its own velocity, which is not averaged.
 */
export function trainLocally(worker: Worker, plan: Plan, barrier: Barrier, part: Part, period: number): number {
  const { run, order, first, last, workers, worker: index } = part;
  const { batchSize, rows } = run;
  const all = new Steps(run, last - first);
  const { kernels, watch } = worker;
  const { begin, end } = slice(plan, workers, index);
  /** Steps of each worker since the last averaging. */
  const steps = new Array<number>(workers).fill(0);
  let { slot } = part;
  let done = 0;
  for (let u = first; u < last; u++) {
    watch.begin(part.before + u, done === 0);
    const at = u * batchSize;
    const size = Math.min(batchSize, rows - at);
    const from = shardStart(size, workers, index);
    const count = shardStart(size, workers, index + 1) - from;
    const now = steps[index] === 0 ? slot : ownSlot(index, steps[index]!);
    if (count > 0) {
      const step = all.at(part.before + u, size, count);
      localStep(worker, order, at + from, count, now, ownSlot(index, steps[index]! + 1), step, plan, index);
    }
    for (let w = 0; w < busyParts(size, workers); w++) steps[w]!++;
    done++;
    if ((u + 1) % period === 0 || u === last - 1) {
      if (workers > 1) barrier.wait();
      watch.lap('barrier');
      const copies = steps.map((taken, w) => (taken === 0 ? slot : ownSlot(w, taken)));
      slot = 1 - slot;
      kernels.average(copies, slot, begin, end);
      watch.lap('update');
      barrier.commit(slot, done);
      steps.fill(0);
      done = 0;
    }
    watch.end('barrier');
  }
  watch.publish();
  return slot;
}

/** W' = W - alpha (mean gradient of the rows), from slot `from` to slot `to`. */
function localStep(
  worker: Worker,
  order: Uint32Array,
  at: number,
  rows: number,
  from: number,
  to: number,
  step: Step,
  plan: Plan,
  index: number,
): void {
  if (isPlain(step) && rows <= worker.blockRows) {
    soleUpdate(worker, order, at, rows, from, to, step);
    return;
  }
  partialGradients(worker, order, at, rows, from, to);
  const { end } = slice(plan, 1, 0);
  worker.kernels.update(from, to, 1, 0, end, index, step, { gradient: to, state: index });
  worker.watch.lap('update');
}

import { isPlain } from '../kernels/kernels.ts';
import type { Plan } from '../memory/layout.ts';
import { scalarBytes } from '../memory/layout.ts';
import { busyParts, shardStart } from '../data/partition.ts';
import type { Barrier } from '../sync/barrier.ts';
import { Steps } from './steps.ts';
import { type Part, partialGradients, soleUpdate, type Worker } from './update.ts';

/** The elements of a parameter slot that a worker reduces and updates: whole cache lines. */
export function slice(plan: Plan, workers: number, worker: number): { begin: number; end: number } {
  const perLine = 64 / scalarBytes(plan.format);
  const lines = plan.slots.bytes / 64;
  return {
    begin: shardStart(lines, workers, worker) * perLine,
    end: shardStart(lines, workers, worker + 1) * perLine,
  };
}

/**
 * One worker's part in the strategy `data-parallel`. Returns the slot that holds the weights then.
 *
 * The rows of each batch are divided into shards, and these among the workers: usually one each. The gradients of a shard
 * are summed into a slot of its own; a barrier; each worker adds up its slice of all slots in the order of the shards,
 * divides once by the batch's own number of rows and steps; a barrier (and one before the step where the gradient is to be clipped). The new weights are written over the first gradient, so the old ones stay whole until everybody
 * has arrived at the second barrier: that is where an update is committed. Then the two slots change roles.
 * The bits depend on the number of shards; another number only changes the order of the sums.
 */
export function trainShare(worker: Worker, plan: Plan, barrier: Barrier, part: Part): number {
  const { run, order, first, last, workers, worker: index } = part;
  const { shards } = plan;
  const firstShard = shardStart(shards, workers, index);
  const lastShard = shardStart(shards, workers, index + 1);
  const { batchSize, rows } = run;
  const { kernels, watch, squares } = worker;
  const { begin, end } = slice(plan, workers, index);
  const steps = new Steps(run, last - first);
  const clips = squares.length > 0;
  const sole = plan.shards === 1 && isPlain(run.step) && !clips;
  let { slot } = part;
  for (let u = first; u < last; u++) {
    watch.begin(part.before + u);
    const at = u * batchSize;
    const size = Math.min(batchSize, rows - at);
    let step = steps.at(part.before + u, size);
    const to = 1 - slot;
    if (sole && size <= worker.blockRows) {
      soleUpdate(worker, order, at, size, slot, to, step);
    } else {
      for (let s = firstShard; s < lastShard; s++) {
        const from = shardStart(size, shards, s);
        const count = shardStart(size, shards, s + 1) - from;
        if (count > 0) partialGradients(worker, order, at + from, count, slot, s === 0 ? to : s + 1);
      }
      if (workers > 1) {
        barrier.wait();
        watch.lap('barrier');
      }
      let busy = busyParts(size, shards);
      if (clips) {
        kernels.reduce(to, busy, begin, end);
        kernels.square(to, begin, end);
        watch.lap('update');
        if (workers > 1) barrier.wait();
        watch.lap('barrier');
        step = steps.clipped(size, squares);
        busy = 1;
      }
      kernels.update(slot, to, busy, begin, end, slot, step);
      watch.lap('update');
    }
    barrier.commit(to);
    watch.end('barrier');
    slot = to;
  }
  watch.publish();
  return slot;
}

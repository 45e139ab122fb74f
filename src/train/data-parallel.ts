import type { Plan } from '../memory/layout.ts';
import { scalarBytes } from '../memory/layout.ts';
import { busyParts, shardStart } from '../data/partition.ts';
import type { EpochTask } from '../pool/messages.ts';
import type { Barrier } from '../sync/barrier.ts';
import { partialGradients, soleUpdate, stepOfLast, type Worker } from './update.ts';

/** The elements of a parameter slot that a worker reduces and updates: whole cache lines. */
export function slice(plan: Plan, worker: number): { begin: number; end: number } {
  const perLine = 64 / scalarBytes(plan.format);
  const lines = plan.slots.bytes / 64;
  return {
    begin: shardStart(lines, plan.workers, worker) * perLine,
    end: shardStart(lines, plan.workers, worker + 1) * perLine,
  };
}

/**
 * One worker's part of a task of the strategy `data-parallel`; all workers take part.
 *
 * The rows of each batch are divided among the workers. Each sums the gradients of its rows into its own slot; a barrier;
 * each adds up its slice of all slots in the order of the workers, divides once by the batch's own number of rows and
 * steps; a barrier. The new weights are written over the first gradient, so the old ones stay whole until everybody
 * has arrived at the second barrier: that is where an update is committed. Then the two slots change roles.
 * What a single thread computes with the same batches differs only in the order of the sums.
 */
export function trainShare(worker: Worker, order: Uint32Array, plan: Plan, barrier: Barrier, task: EpochTask): void {
  const { epoch, first, last, workers, worker: index } = task;
  const { batchSize, rows, step } = epoch;
  const { begin, end } = slice(plan, index);
  const shortStep = stepOfLast(epoch);
  const sole = workers === 1 && plan.velocity.count === 0;
  let slot = (epoch.slot + first) & 1;
  for (let u = first; u < last; u++) {
    worker.watch.begin();
    const at = u * batchSize;
    const size = Math.min(batchSize, rows - at);
    const now = size === batchSize ? step : shortStep;
    const from = shardStart(size, workers, index);
    const count = shardStart(size, workers, index + 1) - from;
    const to = 1 - slot;
    if (sole && size <= worker.blockRows) {
      soleUpdate(worker, order, at, size, slot, to, now);
    } else {
      if (count > 0) partialGradients(worker, order, at + from, count, slot, index === 0 ? to : index + 1);
      if (workers > 1) {
        barrier.wait();
        worker.watch.lap('barrier');
      }
      worker.kernels.update(slot, to, busyParts(size, workers), begin, end, slot, now);
      worker.watch.lap('update');
    }
    barrier.commit();
    worker.watch.end('barrier');
    slot = to;
  }
  worker.watch.publish();
}

import type { Share, Step } from '../kernels/kernels.ts';
import type { Plan } from '../memory/layout.ts';
import { shardStart } from '../data/partition.ts';
import type { Barrier } from '../sync/barrier.ts';
import { throwIfAborted } from '../sync/barrier.ts';
import { backward, forward, type Part, stepOfLast, type Worker } from './update.ts';

/** Where the rows of worker `index` begin, when `rows` are divided among `workers` in pieces of `tile`. */
function rowStart(rows: number, workers: number, index: number, tile: number): number {
  return Math.min(rows, tile * shardStart(Math.ceil(rows / tile), workers, index));
}

/**
 * One worker's part in the strategy `owner-computes`. Returns the slot that holds the weights then.
 *
 * A batch goes through in waves of as many rows as the common block holds. The rows of a wave are divided among the
 * workers for forward and deltas; a barrier; then each worker computes the gradient of its share of the parameters over
 * all rows of the wave; a barrier. After the last wave the gradient becomes a step, into the spare slot, and the barrier
 * commits the update. Every sum runs over the rows in order, whoever computed them: the bits do not depend on the workers.
 */
export function trainOwned(worker: Worker, plan: Plan, barrier: Barrier, part: Part): number {
  const { run, order, first, last, workers, worker: index } = part;
  const { kernels, watch, blockRows } = worker;
  const { batchSize, rows, step } = run;
  const share = kernels.share(index, workers);
  const shortStep = stepOfLast(run);
  const plain = plan.velocity.count === 0;
  let { slot } = part;
  for (let u = first; u < last; u++) {
    watch.begin(part.before + u);
    const start = u * batchSize;
    const size = Math.min(batchSize, rows - start);
    const to = 1 - slot;
    for (let done = 0; done < size; done += blockRows) {
      const wave = Math.min(blockRows, size - done);
      const { tile, most } = kernels.rowCut(wave);
      const end = rowStart(wave, workers, index + 1, tile);
      for (let at = rowStart(wave, workers, index, tile); at < end; at += most) {
        const count = Math.min(most, end - at);
        forward(worker, order, start + done + at, count, slot, at);
        backward(worker, count, slot, at);
      }
      if (workers > 1) barrier.wait();
      watch.lap('barrier');
      if (done + wave < size) {
        ownGradient(worker, wave, to, done > 0, share);
        if (workers > 1) barrier.wait();
        watch.lap('barrier');
      } else {
        ownStep(worker, wave, slot, to, size === batchSize ? step : shortStep, done > 0, plain, share);
      }
    }
    barrier.commit(to);
    watch.end('barrier');
    slot = to;
  }
  watch.publish();
  return slot;
}

/** grad W_l = H_{l-1}^T D_l of a share, of the wave's rows, added to that of the waves before. */
function ownGradient(
  { kernels, layers, control, watch }: Worker,
  rows: number,
  to: number,
  accumulate: boolean,
  share: Share,
): void {
  for (let l = layers; l >= 1; l--) {
    throwIfAborted(control);
    kernels.gradient(l, to, rows, accumulate, share);
  }
  watch.lap('gradient');
}

/** The gradient of the last wave, and the step. */
function ownStep(
  worker: Worker,
  rows: number,
  slot: number,
  to: number,
  step: Step,
  accumulate: boolean,
  plain: boolean,
  share: Share,
): void {
  const { kernels, layers, control, watch } = worker;
  if (!plain) {
    ownGradient(worker, rows, to, accumulate, share);
    kernels.updateShare(slot, to, slot, step, share);
    watch.lap('update');
    return;
  }
  for (let l = layers; l >= 1; l--) {
    throwIfAborted(control);
    kernels.gradientStep(l, slot, to, rows, step, accumulate, share);
  }
  watch.lap('gradient');
}

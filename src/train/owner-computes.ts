import { isPlain, type Share, type Step } from '../kernels/kernels.ts';
import { shardStart } from '../data/partition.ts';
import type { Barrier } from '../sync/barrier.ts';
import { throwIfAborted } from '../sync/barrier.ts';
import { Steps } from './steps.ts';
import { backward, forward, type Part, type Worker } from './update.ts';

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
 * commits the update. Where the gradient is to be clipped, its length is found out in between, at one more barrier. Every sum runs over the rows in order, whoever computed them: the bits do not depend on the workers.
 */
export function trainOwned(worker: Worker, barrier: Barrier, part: Part): number {
  const { run, order, first, last, workers, worker: index } = part;
  const { kernels, watch, blockRows, squares } = worker;
  const { batchSize, rows } = run;
  const share = kernels.share(index, workers);
  const steps = new Steps(run, last - first);
  const clips = squares.length > 0;
  const plain = isPlain(run.step) && !clips;
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
        backward(worker, start + done + at, count, slot, at);
      }
      if (workers > 1) barrier.wait();
      watch.lap('barrier');
      if (done + wave < size) {
        ownGradient(worker, wave, to, done > 0, share);
        if (workers > 1) barrier.wait();
        watch.lap('barrier');
      } else if (plain) {
        ownGradientStep(worker, wave, slot, to, steps.at(part.before + u, size), done > 0, share);
      } else {
        ownGradient(worker, wave, to, done > 0, share);
        let step = steps.at(part.before + u, size);
        if (clips) {
          ownSquares(worker, to, share);
          if (workers > 1) barrier.wait();
          watch.lap('barrier');
          step = steps.clipped(size, squares);
        }
        ownStep(worker, slot, to, step, share);
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

/** The gradient of the last wave, and in the same go the step of plain SGD. */
function ownGradientStep(
  { kernels, layers, control, watch }: Worker,
  rows: number,
  slot: number,
  to: number,
  step: Step,
  accumulate: boolean,
  share: Share,
): void {
  for (let l = layers; l >= 1; l--) {
    throwIfAborted(control);
    kernels.gradientStep(l, slot, to, rows, step, accumulate, share);
  }
  watch.lap('gradient');
}

/** The squares of a share of the gradient, added up in pieces that do not depend on the number of shares. */
function ownSquares({ kernels, watch }: Worker, to: number, { elements }: Share): void {
  for (let i = 0; i < elements.length; i++) kernels.square(to, elements[i]!.begin, elements[i]!.end);
  watch.lap('update');
}

function ownStep({ kernels, watch }: Worker, slot: number, to: number, step: Step, { elements }: Share): void {
  for (let i = 0; i < elements.length; i++) {
    kernels.update(slot, to, 1, elements[i]!.begin, elements[i]!.end, slot, step);
  }
  watch.lap('update');
}

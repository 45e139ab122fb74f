// One worker's part of an update, as it reads in the formulas.
import type { Kernels, Step } from '../kernels/kernels.ts';
import type { Masks } from '../kernels/masks.ts';
import type { RunPlan } from '../pool/messages.ts';
import { throwIfAborted } from '../sync/barrier.ts';
import type { Stopwatch } from './stopwatch.ts';

/** What the functions here work on; made once per worker and data set. */
export interface Worker {
  readonly kernels: Kernels;
  /** Rows that fit into the worker's block. */
  readonly blockRows: number;
  /** L. */
  readonly layers: number;
  readonly control: Int32Array;
  readonly watch: Stopwatch;
  /** Sums of squares of a gradient; none where its length does not matter. */
  readonly squares: Float64Array;
  /** For training a network with dropout. */
  readonly masks: Masks | undefined;
}

/** The updates [first, last) of an epoch, as one of `workers` workers trains them. */
export interface Part {
  readonly run: RunPlan;
  readonly order: Uint32Array;
  readonly first: number;
  readonly last: number;
  readonly worker: number;
  readonly workers: number;
  /** That holds the weights. */
  readonly slot: number;
  /** Updates of the run that are in earlier epochs. */
  readonly before: number;
}

/**
 * H_0 = X, D;  H_l = f_l(H_{l-1} W_l + 1 b_l^T), times M_l where there is dropout;  Y, the loss and D_L = Y - D.
 * @param look - at the rows while U_L is there, before it becomes Y
 */
export function forward(
  worker: Worker,
  order: Uint32Array,
  from: number,
  rows: number,
  slot: number,
  at = 0,
  look?: (at: number, rows: number) => void,
): void {
  const { kernels, layers, control, watch } = worker;
  kernels.load(order, from, rows, at);
  drop(worker, 0, from, rows, at);
  watch.lap('gather');
  for (let l = 1; l <= layers; l++) {
    throwIfAborted(control);
    kernels.forward(l, slot, rows, at);
    drop(worker, l, from, rows, at);
  }
  look?.(from, rows);
  kernels.outputs(rows, at);
  watch.lap('forward');
}

function drop({ kernels, masks }: Worker, layer: number, from: number, rows: number, at: number): void {
  const mask = masks?.of(layer);
  if (mask !== undefined) kernels.drop(layer, mask, masks!.before + from, rows, at);
}

/** D_l = (D_{l+1} W_{l+1}^T) * f_l'(U_l), times M_l where there is dropout, l = L - 1, ..., 1; of the rows that went forward. */
export function backward(worker: Worker, from: number, rows: number, slot: number, at = 0): void {
  const { kernels, layers, control, watch, masks } = worker;
  for (let l = layers - 1; l >= 1; l--) {
    throwIfAborted(control);
    kernels.backward(l, slot, rows, at);
    const mask = masks?.of(l);
    if (mask !== undefined) kernels.dropDelta(l, mask, masks!.before + from, rows, at);
  }
  watch.lap('backward');
}

/** The partial gradients of the rows order[from, from + rows), block by block, into slot `into`: grad W_l = H_{l-1}^T D_l. */
export function partialGradients(
  worker: Worker,
  order: Uint32Array,
  from: number,
  rows: number,
  slot: number,
  into: number,
): void {
  const { kernels, layers, control, watch, blockRows } = worker;
  for (let done = 0; done < rows; done += blockRows) {
    const count = Math.min(blockRows, rows - done);
    forward(worker, order, from + done, count, slot);
    backward(worker, from + done, count, slot);
    for (let l = layers; l >= 1; l--) {
      throwIfAborted(control);
      kernels.gradient(l, into, count, done > 0);
    }
    watch.lap('gradient');
  }
}

/** A whole update of plain SGD by one worker alone, of a batch that fits into its block: W <- W - (alpha / B) grad W. */
export function soleUpdate(
  worker: Worker,
  order: Uint32Array,
  from: number,
  rows: number,
  slot: number,
  to: number,
  step: Step,
): void {
  const { kernels, layers, control, watch } = worker;
  forward(worker, order, from, rows, slot);
  backward(worker, from, rows, slot);
  for (let l = layers; l >= 1; l--) {
    throwIfAborted(control);
    kernels.gradientStep(l, slot, to, rows, step);
  }
  watch.lap('gradient');
}

/**
 * Loss and right answers of the rows order[from, to), added to the worker's statistics.
 * @param look - at a block's rows [at, at + rows) of the order while their U_L is there
 */
export function evaluateRows(
  worker: Worker,
  order: Uint32Array,
  from: number,
  to: number,
  slot: number,
  look: ((at: number, rows: number) => void) | undefined,
): void {
  for (let at = from; at < to; at += worker.blockRows) {
    const rows = Math.min(worker.blockRows, to - at);
    forward(worker, order, at, rows, slot, 0, look);
  }
}

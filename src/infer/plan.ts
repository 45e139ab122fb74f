import { type NetworkSpec, widths } from '../core/spec.ts';
import { matrix, type MatrixPlan } from '../memory/layout.ts';

/** What one thread needs beside the weights. */
export interface ThreadPlan {
  /** H_0 ... H_L of one pattern, and of as many as go through together. */
  readonly one: readonly MatrixPlan[];
  readonly many: readonly MatrixPlan[];
}

/** Where everything lies that prediction needs, in panels of 8 columns: byte offsets from the start of the memory. */
export interface InferPlan {
  /** W_l and b_l stand at l - 1. */
  readonly weights: readonly MatrixPlan[];
  readonly biases: readonly MatrixPlan[];
  readonly threads: readonly ThreadPlan[];
  readonly bytes: number;
}

const FORMAT = 'panels-f32';
/** Rows that pass together: the weights are read once for all of them, and their activations stay in cache. */
const MOST_ROWS = 64;
const BLOCK_BYTES = 4 * 2 ** 20;

/** Lays out the weights, and the activations of each thread. Pure: the same on every thread. */
export function planInference(spec: NetworkSpec, threads: number): InferPlan {
  const n = widths(spec);
  let end = 0;
  const take = (rows: number, columns: number, rowTile: 4 | 8 = 4): MatrixPlan => {
    const plan = matrix(FORMAT, end, rows, columns, rowTile);
    end += plan.bytes;
    return plan;
  };
  const rowBytes = 4 * n.reduce((sum, units) => sum + units, 0);
  const rows = Math.min(MOST_ROWS, Math.max(4, Math.floor(BLOCK_BYTES / rowBytes / 4) * 4));
  return {
    weights: spec.layers.map(({ units }, l) => take(n[l]!, units, 8)),
    biases: spec.layers.map(({ units }) => take(1, units)),
    threads: Array.from({ length: threads }, () => ({
      one: n.map((units) => take(1, units)),
      many: n.map((units) => take(rows, units)),
    })),
    bytes: end,
  };
}

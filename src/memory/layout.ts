import { GradpoolError } from '../core/errors.ts';
import { type NetworkSpec, widths } from '../core/spec.ts';
import { controlBytes, EPOCHS_PER_RUN, STATISTICS_BYTES } from './control.ts';

/** How a backend wants its tensors. */
export type Format =
  /** Panels of 8 float32 columns, as src/kernels/assembly/lanes.ts describes; rows in tiles of 4. */
  | 'panels-f32'
  /** Row by row, float32, columns padded to a multiple of 8: what a BLAS multiplies. */
  | 'rows-f32'
  /** Row by row, float64, no padding. */
  | 'rows-f64';

/** Where a matrix lies. Element (r, c) is found by {@link place}. */
export interface MatrixPlan {
  /** Bytes from the start of the arena; for parameters, from the start of their slot. */
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  /** Columns with their padding, which is always zero. */
  readonly paddedColumns: number;
  /** Bytes from one panel (panels-f32) or one row to the next. */
  readonly stride: number;
  readonly bytes: number;
}

/** W_l and b_l, their gradients, or what the optimiser remembers of each, within a slot. */
export interface LayerPlan {
  readonly weights: MatrixPlan;
  readonly bias: MatrixPlan;
}

/** What one worker needs for at most `rows` patterns at a time. */
export interface BlockPlan {
  readonly rows: number;
  /** The gathered rows of the data set, in their own type. */
  readonly staging: { readonly offset: number; readonly stride: number };
  /** D: class numbers (int32), or rows of K padded values. */
  readonly desired: MatrixPlan;
  /** H_0 ... H_L. */
  readonly outputs: readonly MatrixPlan[];
  /** D_1 ... D_L stand at 1 ... L; 0 is not used. */
  readonly deltas: readonly MatrixPlan[];
}

export interface WorkerPlan {
  /** For training: a worker's own, no larger than its shard; or one that all workers share, each with some of its rows. */
  readonly train: BlockPlan;
  /** For evaluation; lies over the same bytes. */
  readonly evaluate: BlockPlan;
}

/** The byte offset of everything, from the start of the one shared memory. */
export interface Plan {
  readonly format: Format;
  readonly workers: number;
  readonly batchSize: number;
  /** Into how many partial gradients a batch is divided. */
  readonly shards: number;
  readonly layers: readonly LayerPlan[];
  /**
   * Parameter-sized slots. Two take turns: one holds the weights, the other the first partial gradient, over which
   * an update writes the new weights. Then come the partial gradients 1, 2, ..., then each worker's own slots.
   */
  readonly slots: { readonly offset: number; readonly bytes: number; readonly count: number };
  /**
   * What the optimiser remembers: vectors of the size of a slot, each in several copies, vector by vector. Two copies take turns
   * with the weights: number s belongs to the weights of slot s. Or there is one for each worker where each has its own.
   */
  readonly state: { readonly offset: number; readonly vectors: number; readonly copies: number };
  /** Sums of squares of a gradient, a float64 for each 8 float32 or each float64 of a slot; none where norms are not wanted. */
  readonly squares: { readonly offset: number; readonly count: number };
  /** Of each input: H_0 = scale * X + shift. */
  readonly scale: MatrixPlan;
  readonly shift: MatrixPlan;
  readonly workerPlans: readonly WorkerPlan[];
  /** The statistics of each worker, then of the coordinator, STATISTICS_BYTES apart; and that EPOCHS_PER_RUN times. */
  readonly statistics: number;
  readonly bytes: number;
}

export interface PlanRequest {
  readonly spec: NetworkSpec;
  readonly batchSize: number;
  readonly workers: number;
  readonly format: Format;
  /** Vectors that the optimiser keeps: of momentum 1, of Adam 2. Default 0. */
  readonly stateVectors?: number;
  /** The norm of the gradient is wanted. Default false. */
  readonly norm?: boolean;
  /** All workers work on one block, and no worker has a gradient of its own: strategy owner-computes. */
  readonly sharedBlock?: boolean;
  /** Partial gradients of a batch; default one for each worker. */
  readonly shards?: number | undefined;
  /** Slots that each worker has for itself; then there is one shard, and each worker has a state. Default 0. */
  readonly ownSlots?: number;
  /** The most rows of a batch that one worker has; default its part, or a shard. */
  readonly workerRows?: number;
  /** The most rows of a block; default BLOCK_ROWS. */
  readonly blockRows?: number;
  /** The most rows that a worker evaluates together; default EVALUATE_ROWS. */
  readonly evaluateRows?: number | undefined;
}

/** The most that one WebAssembly memory can hold. */
export const MOST_BYTES = 65536 * 65536;
const LINE = 64;
/** Rows that pass through the network together: enough to read the weights seldom, few enough to stay in cache. */
export const BLOCK_ROWS = 256;
const EVALUATE_ROWS = 64;
/** Products that a reference kernel may do in one call: it is slow, and a worker must show its heartbeat. */
const REFERENCE_PRODUCTS = 2e7;

/**
 * Lays out everything that training needs. Pure: the same request gives the same plan on every thread.
 * @throws GradpoolError ERR_DOES_NOT_FIT with the bytes needed and what would fit
 */
export function planTraining(request: PlanRequest): Plan {
  const plan = layOut(request);
  if (plan.bytes > MOST_BYTES) throw doesNotFit(request, plan);
  return plan;
}

function layOut(request: PlanRequest): Plan {
  const {
    spec,
    batchSize,
    workers,
    format,
    sharedBlock,
    blockRows = BLOCK_ROWS,
    evaluateRows = EVALUATE_ROWS,
  } = request;
  const layers: LayerPlan[] = [];
  const n = widths(spec);
  let inSlot = 0;
  for (let l = 1; l < n.length; l++) {
    const weights = matrix(format, inSlot, n[l - 1]!, n[l]!, 8);
    const bias = matrix(format, inSlot + weights.bytes, 1, n[l]!);
    layers.push({ weights, bias });
    inSlot += weights.bytes + bias.bytes;
  }
  let end = line(controlBytes(workers));
  const take = (bytes: number): number => {
    const offset = end;
    end = line(end + bytes);
    return offset;
  };
  const scale = matrix(format, take(matrix(format, 0, 1, spec.inputs).bytes), 1, spec.inputs);
  const shift = matrix(format, take(scale.bytes), 1, spec.inputs);
  const slotBytes = line(inSlot);
  const { ownSlots = 0 } = request;
  const shards = sharedBlock || ownSlots > 0 ? 1 : (request.shards ?? workers);
  const slotCount = shards + 1 + ownSlots * workers;
  const slots = { offset: take(slotBytes * slotCount), bytes: slotBytes, count: slotCount };
  const { stateVectors: vectors = 0, norm = false } = request;
  const copies = ownSlots > 0 ? workers : 2;
  const state = { offset: take(vectors * copies * slotBytes), vectors, copies };
  const sums = norm ? slotBytes / squaredBytes(format) : 0;
  const squares = { offset: take(8 * sums), count: sums };
  const statistics = take(STATISTICS_BYTES * (workers + 1) * EPOCHS_PER_RUN);
  const trainBlock = (rows: number) => block(format, n, end, Math.min(rows, mostRows(format, n, blockRows)));
  const common = sharedBlock ? trainBlock(batchSize) : undefined;
  if (common) take(common.bytes);
  const workerRows = request.workerRows ?? Math.ceil(batchSize / shards);
  const workerPlans = Array.from({ length: workers }, () => {
    const train = common ?? trainBlock(workerRows);
    const evaluate = block(format, n, end, mostRows(format, n, Math.min(evaluateRows, EVALUATE_ROWS)));
    take(common ? evaluate.bytes : Math.max(train.bytes, evaluate.bytes));
    return { train: train.plan, evaluate: evaluate.plan };
  });
  return {
    format,
    workers,
    batchSize,
    shards,
    layers,
    slots,
    state,
    squares,
    scale,
    shift,
    workerPlans,
    statistics,
    bytes: end,
  };
}

function mostRows(format: Format, n: readonly number[], rows: number): number {
  if (format !== 'rows-f64') return rows;
  const widest = Math.max(...n.slice(1).map((units, l) => units * n[l]!));
  return Math.min(rows, 16, Math.max(1, Math.floor(REFERENCE_PRODUCTS / widest)));
}

function block(format: Format, n: readonly number[], offset: number, rows: number): { plan: BlockPlan; bytes: number } {
  let end = offset;
  const add = (columns: number): MatrixPlan => {
    const plan = matrix(format, end, rows, columns);
    end = line(end + plan.bytes);
    return plan;
  };
  const staging = { offset: end, stride: multiple(n[0]!, 8) * 4 };
  end = line(end + (rows + 1) * staging.stride);
  const columns = n.at(-1)!;
  const padded = format === 'rows-f64' ? columns : multiple(columns, 8);
  const stride = padded * scalarBytes(format);
  const desired = { offset: end, rows, columns, paddedColumns: padded, stride, bytes: rows * stride };
  end = line(end + desired.bytes);
  const outputs = n.map(add);
  const deltas = n.map((units, l) => add(l === 0 ? 0 : units));
  return { plan: { rows, staging, desired, outputs, deltas }, bytes: end - offset };
}

/**
 * Lays out one matrix at `offset`.
 * @param rowTile - rows are padded to a multiple of it, except a single row of a tile of 4; weights take 8, because the
 * rows of W_l are the padded columns of H_{l-1}
 */
export function matrix(format: Format, offset: number, rows: number, columns: number, rowTile: 4 | 8 = 4): MatrixPlan {
  if (format === 'rows-f64') {
    const stride = columns * 8;
    return { offset, rows, columns, paddedColumns: columns, stride, bytes: line(rows * stride) };
  }
  const paddedColumns = multiple(columns, 8);
  if (format === 'rows-f32') {
    const stride = unaligned(paddedColumns * 4);
    return { offset, rows, columns, paddedColumns, stride, bytes: line(rows * stride) };
  }
  const paddedRows = rows === 1 && rowTile === 4 ? 1 : multiple(rows, rowTile);
  const stride = unaligned(paddedRows * 32);
  return { offset, rows, columns, paddedColumns, stride, bytes: line((paddedColumns / 8) * stride) };
}

/** An odd number of cache lines from panel to panel, or row to row: a power of two would map all to the same cache sets. */
function unaligned(stride: number): number {
  return stride >= 256 && stride % (2 * LINE) === 0 ? stride + LINE : stride;
}

/** The byte offset of element (r, c). */
export function place(format: Format, plan: MatrixPlan, r: number, c: number): number {
  return format === 'panels-f32'
    ? plan.offset + (c >> 3) * plan.stride + r * 32 + (c & 7) * 4
    : plan.offset + r * plan.stride + c * scalarBytes(format);
}

export function scalarBytes(format: Format): 4 | 8 {
  return format === 'rows-f64' ? 8 : 4;
}

/** Bytes of a slot for each sum of squares: no part of the parameters that one worker owns is cut finer. */
export function squaredBytes(format: Format): 8 | 32 {
  return format === 'rows-f64' ? 8 : 32;
}

/** The byte offset of copy `copy` of a vector of the optimiser's state. */
export function stateOffset({ state, slots }: Plan, vector: number, copy: number): number {
  return state.offset + (vector * state.copies + copy) * slots.bytes;
}

function multiple(n: number, of: number): number {
  return Math.ceil(n / of) * of;
}

function line(bytes: number): number {
  return multiple(bytes, LINE);
}

function doesNotFit(request: PlanRequest, plan: Plan): GradpoolError {
  const { workers, batchSize } = request;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  const fewer = Array.from({ length: workers }, (_, i) => workers - i).find(
    (count) => layOut({ ...request, workers: count }).bytes <= MOST_BYTES,
  );
  const remedy =
    fewer !== undefined
      ? `it fits with ${fewer} worker${fewer === 1 ? '' : 's'}`
      : `its ${plan.slots.bytes} bytes of parameters are too many even for one worker: make layers narrower`;
  return new GradpoolError(
    'ERR_DOES_NOT_FIT',
    `training needs ${plan.bytes} bytes (${gib(plan.bytes)}) of shared memory for ${workers} workers at batch size ` +
      `${batchSize}, and there are ${MOST_BYTES} (${gib(MOST_BYTES)}) at most; ${remedy}`,
  );
}

import { RULES } from '../core/optimizers.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { NumericArray, Table } from '../core/table.ts';
import type { Arena } from '../memory/arena.ts';
import { heartbeat, LOSS, RIGHT, ROW_LOSS, ROW_RIGHT } from '../memory/control.ts';
import { type BlockPlan, type MatrixPlan, stateOffset } from '../memory/layout.ts';
import type { Blas } from './blas/library.ts';
import type { KernelExports } from './exports.ts';
import { Gather, type Strides } from './gather.ts';
import { isRegularised, type OwnPlace, type Step } from './kernels.ts';
import type { Mask } from './masks.ts';
import { activationCodes, LINEAR } from './tiles.ts';

/** What the float32 backends have in common: rows come in, outputs are compared, parameters take a step. */
export abstract class ArenaKernels {
  protected readonly wasm: KernelExports;
  protected readonly arena: Arena;
  /** H_0 ... H_L. */
  protected readonly H: readonly MatrixPlan[];
  /** D_1 ... D_L stand at 1 ... L. */
  protected readonly delta: readonly MatrixPlan[];
  readonly #control: Int32Array;
  readonly #beat: number;
  readonly #statistics: number;
  readonly #gather: Gather;
  readonly #desired: number;
  /** Bytes from one row of D to the next. */
  readonly #desiredStride: number;
  readonly #columns: number;
  readonly #output: (...args: number[]) => number;
  /** Of U_L, Y and D_L, which have the same shape. */
  readonly #outputStrides: Strides;
  /** Of H_l and D_l. */
  readonly #strides: readonly Strides[];
  /** f_l, of the inputs none. */
  readonly #activations: readonly number[];
  readonly #weights: RowWeights | undefined;

  constructor(
    wasm: KernelExports,
    spec: NetworkSpec,
    arena: Arena,
    worker: number,
    block: BlockPlan,
    table: Table,
    blas?: Blas,
  ) {
    this.wasm = wasm;
    this.arena = arena;
    this.H = block.outputs;
    this.delta = block.deltas;
    this.#control = arena.control;
    this.#beat = heartbeat(worker);
    this.#statistics = arena.statisticsOffset(worker);
    this.#gather = new Gather(wasm, arena, block, table, stridesOf(arena, block.outputs[0]!), blas);
    this.#strides = block.outputs.map((plan) => stridesOf(arena, plan));
    this.#outputStrides = this.#strides.at(-1)!;
    this.#activations = [LINEAR, ...activationCodes(spec)];
    this.#desired = block.desired.offset;
    this.#desiredStride = table.targets.kind === 'classes' ? 4 : block.desired.stride;
    this.#columns = block.desired.columns;
    this.#output = outputKernel(wasm, spec, table);
    const sums = arena.statistics(worker);
    this.#weights = table.weights && { all: table.weights, rows: new Float64Array(block.rows), sums };
  }

  load(order: Uint32Array, from: number, rows: number, at = 0): void {
    this.#gather.load(order, from, rows, at);
    const weights = this.#weights;
    if (weights !== undefined) {
      for (let p = 0; p < rows; p++) weights.rows[at + p] = weights.all[order[from + p]!]!;
    }
    this.tick();
  }

  drop(layer: number, { keys, threshold, factor }: Mask, place: number, rows: number, at = 0): void {
    const { row, panel } = this.#strides[layer]!;
    const { offset, paddedColumns } = this.H[layer]!;
    const h = offset + at * row;
    this.wasm.drop(h, panel, row, rows, paddedColumns / 8, place, keys[0]!, keys[1]!, threshold, factor);
    this.tick();
  }

  dropDelta(layer: number, { keys, threshold, factor, keep }: Mask, place: number, rows: number, at = 0): void {
    const { row, panel } = this.#strides[layer]!;
    const { offset, paddedColumns } = this.H[layer]!;
    const [h, delta] = [offset + at * row, this.delta[layer]!.offset + at * row];
    const [key, other, activation] = [keys[0]!, keys[1]!, this.#activations[layer]!];
    const { wasm } = this;
    const panels = paddedColumns / 8;
    wasm.dropDelta(delta, h, panel, row, rows, panels, place, key, other, threshold, factor, keep, activation);
    this.tick();
  }

  outputs(rows: number, at = 0): void {
    if (this.#weights !== undefined) {
      this.#weightedOutputs(this.#weights, rows, at);
      return;
    }
    const { row, panel } = this.#outputStrides;
    const y = this.H[this.H.length - 1]!.offset + at * row;
    const delta = this.delta[this.H.length - 1]!.offset + at * row;
    const desired = this.#desired + at * this.#desiredStride;
    this.#output(y, panel, delta, panel, desired, row, rows, this.#columns, this.#statistics);
    this.tick();
  }

  /** Row by row: the sum of the losses of many would not tell them apart. */
  #weightedOutputs({ rows: weights, sums }: RowWeights, rows: number, at: number): void {
    const { row, panel } = this.#outputStrides;
    const [Y, D] = [this.H[this.H.length - 1]!.offset, this.delta[this.H.length - 1]!.offset];
    const own = this.#statistics + 8 * ROW_LOSS;
    for (let p = at; p < at + rows; p++) {
      const [y, delta, desired] = [Y + p * row, D + p * row, this.#desired + p * this.#desiredStride];
      sums[ROW_LOSS] = 0;
      sums[ROW_RIGHT] = 0;
      this.#output(y, panel, delta, panel, desired, row, 1, this.#columns, own);
      sums[LOSS]! += weights[p]! * sums[ROW_LOSS]!;
      sums[RIGHT]! += sums[ROW_RIGHT]!;
      this.wasm.scaleRow(delta, panel, this.H[this.H.length - 1]!.paddedColumns / 8, weights[p]!);
    }
    this.tick();
  }

  update(
    from: number,
    to: number,
    workers: number,
    begin: number,
    end: number,
    phase: number,
    step: Step,
    own?: OwnPlace,
  ): void {
    const { slots } = this.arena.plan;
    const at = begin * 4;
    const next = this.arena.slot(to) + at;
    const first = own === undefined ? next : this.arena.slot(own.gradient) + at;
    const w = this.arena.slot(from) + at;
    const others = this.arena.slot(2) + at;
    const count = end - begin;
    let { scale, decay } = step;
    let more = workers - 1;
    if (isRegularised(step)) {
      this.wasm.regularise(w, first, others, slots.bytes, more, count, scale, decay, step.l1, step.clip);
      scale = 1;
      decay = 0;
      more = 0;
    }
    // Where a rule remembers nothing there is no state, and its kernel looks at none.
    const stateful = RULES[step.rule].vectors > 0;
    const state = stateful ? stateOffset(this.arena.plan, 0, own?.state ?? phase) + at : 0;
    const nextState = stateful ? stateOffset(this.arena.plan, 0, own?.state ?? 1 - phase) + at : 0;
    const stateStride = this.arena.plan.state.copies * slots.bytes;
    const c = step.constants;
    this.wasm[step.rule](
      next,
      w,
      nextState,
      state,
      stateStride,
      first,
      others,
      slots.bytes,
      more,
      count,
      scale,
      decay,
      c[0]!,
      c[1]!,
      c[2]!,
      c[3]!,
      c[4]!,
      c[5]!,
      c[6]!,
      c[7]!,
    );
    this.tick();
  }

  reduce(to: number, workers: number, begin: number, end: number): void {
    const at = begin * 4;
    const { bytes } = this.arena.plan.slots;
    if (workers > 1)
      this.wasm.reduce(this.arena.slot(to) + at, this.arena.slot(2) + at, bytes, workers - 1, end - begin);
    this.tick();
  }

  square(slot: number, begin: number, end: number): void {
    this.wasm.square(this.arena.plan.squares.offset + begin, this.arena.slot(slot) + begin * 4, end - begin);
    this.tick();
  }

  average(slots: readonly number[], to: number, begin: number, end: number): void {
    const weight = 1 / slots.length;
    const next = this.arena.slot(to) + begin * 4;
    for (let i = 0; i < slots.length; i++) {
      const w = this.arena.slot(slots[i]!) + begin * 4;
      if (i === 0) this.wasm.scaledCopy(next, w, end - begin, weight);
      else this.wasm.plainStep(next, next, w, end - begin, -weight, 1);
    }
    this.tick();
  }

  /** Shows that the worker gets on. */
  protected tick(): void {
    this.#control[this.#beat]!++;
  }
}

/** The weights of patterns, where they have any. */
interface RowWeights {
  /** Of all rows of the table. */
  readonly all: NumericArray;
  /** Of those in the block. */
  readonly rows: Float64Array;
  /** The worker's statistics. */
  readonly sums: Float64Array;
}

/** A format's walk through a matrix: in panels a row is 32 bytes; plain rows have their 8 columns side by side. */
function stridesOf(arena: Arena, { stride }: MatrixPlan): Strides {
  return arena.plan.format === 'panels-f32' ? { row: 32, panel: stride } : { row: stride, panel: 32 };
}

function outputKernel(wasm: KernelExports, spec: NetworkSpec, table: Table): (...args: number[]) => number {
  if (spec.loss === 'mse') return wasm.linearValues;
  if (spec.loss === 'binary-cross-entropy') return wasm.sigmoidValues;
  return table.targets.kind === 'classes' ? wasm.softmaxClasses : wasm.softmaxValues;
}

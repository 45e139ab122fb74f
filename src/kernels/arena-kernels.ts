import type { NetworkSpec } from '../core/spec.ts';
import type { Table } from '../core/table.ts';
import type { Arena } from '../memory/arena.ts';
import { heartbeat } from '../memory/control.ts';
import type { BlockPlan, MatrixPlan } from '../memory/layout.ts';
import type { Blas } from './blas/library.ts';
import type { KernelExports } from './exports.ts';
import { Gather, type Strides } from './gather.ts';
import type { OwnPlace, Step } from './kernels.ts';

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
    this.#outputStrides = stridesOf(arena, block.outputs.at(-1)!);
    this.#desired = block.desired.offset;
    this.#desiredStride = table.targets.kind === 'classes' ? 4 : block.desired.stride;
    this.#columns = block.desired.columns;
    this.#output = outputKernel(wasm, spec, table);
  }

  load(order: Uint32Array, from: number, rows: number, at = 0): void {
    this.#gather.load(order, from, rows, at);
    this.tick();
  }

  outputs(rows: number, at = 0): void {
    const { row, panel } = this.#outputStrides;
    const y = this.H[this.H.length - 1]!.offset + at * row;
    const delta = this.delta[this.H.length - 1]!.offset + at * row;
    const desired = this.#desired + at * this.#desiredStride;
    this.#output(y, panel, delta, panel, desired, row, rows, this.#columns, this.#statistics);
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
    const { slots, velocity } = this.arena.plan;
    const at = begin * 4;
    const next = this.arena.slot(to) + at;
    const first = own === undefined ? next : this.arena.slot(own.gradient) + at;
    const w = this.arena.slot(from) + at;
    const others = this.arena.slot(2) + at;
    const count = end - begin;
    if (velocity.count === 0) {
      this.wasm.sgd(next, w, first, others, slots.bytes, workers - 1, count, step.rate, step.scale, step.decay);
    } else {
      const v = velocity.offset + (own?.velocity ?? phase) * slots.bytes + at;
      const nextV = velocity.offset + (own?.velocity ?? 1 - phase) * slots.bytes + at;
      this.wasm.sgdMomentum(
        next,
        w,
        nextV,
        v,
        first,
        others,
        slots.bytes,
        workers - 1,
        count,
        step.rate,
        step.scale,
        step.decay,
        step.momentum,
        step.nesterov ? 1 : 0,
      );
    }
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

/** A format's walk through a matrix: in panels a row is 32 bytes; plain rows have their 8 columns side by side. */
function stridesOf(arena: Arena, { stride }: MatrixPlan): Strides {
  return arena.plan.format === 'panels-f32' ? { row: 32, panel: stride } : { row: stride, panel: 32 };
}

function outputKernel(wasm: KernelExports, spec: NetworkSpec, table: Table): (...args: number[]) => number {
  if (spec.loss === 'mse') return wasm.linearValues;
  if (spec.loss === 'binary-cross-entropy') return wasm.sigmoidValues;
  return table.targets.kind === 'classes' ? wasm.softmaxClasses : wasm.softmaxValues;
}

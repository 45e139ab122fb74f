import type { NetworkSpec } from '../core/spec.ts';
import type { Table } from '../core/table.ts';
import type { Arena } from '../memory/arena.ts';
import { heartbeat } from '../memory/control.ts';
import type { BlockPlan } from '../memory/layout.ts';
import type { KernelExports } from './exports.ts';
import { Gather } from './gather.ts';
import type { Kernels, Share, Step } from './kernels.ts';
import { type Layer, panelsPerCall, resolveLayers, shareOfTiles, type TileShare } from './tiles.ts';

interface Matrix {
  readonly at: number;
  readonly stride: number;
}

const ROW = 32; // bytes of one row within a panel

/** The wasm backend: AssemblyScript kernels on an arena of the format panels-f32. */
export class WasmKernels implements Kernels {
  readonly #wasm: KernelExports;
  readonly #arena: Arena;
  readonly #control: Int32Array;
  readonly #beat: number;
  readonly #statistics: number;
  readonly #layers: readonly Layer[];
  readonly #H: readonly Matrix[];
  readonly #delta: readonly Matrix[];
  readonly #gather: Gather;
  readonly #rows: number;
  readonly #whole: TileShare;
  readonly #desired: number;
  /** Bytes from one row of D to the next. */
  readonly #desiredStride: number;
  readonly #columns: number;
  readonly #output: (...args: number[]) => number;

  constructor(wasm: KernelExports, spec: NetworkSpec, arena: Arena, worker: number, block: BlockPlan, table: Table) {
    this.#wasm = wasm;
    this.#arena = arena;
    this.#control = arena.control;
    this.#beat = heartbeat(worker);
    this.#statistics = arena.statisticsOffset(worker);
    this.#layers = resolveLayers(spec, arena.plan.layers);
    this.#H = block.outputs.map(({ offset, stride }) => ({ at: offset, stride }));
    this.#delta = block.deltas.map(({ offset, stride }) => ({ at: offset, stride }));
    this.#rows = block.rows;
    this.#whole = this.share(0, 1);
    this.#gather = new Gather(wasm, arena, block, table);
    this.#desired = block.desired.offset;
    this.#desiredStride = table.targets.kind === 'classes' ? 4 : block.desired.stride;
    this.#columns = block.desired.columns;
    this.#output = outputKernel(wasm, spec, table);
  }

  load(order: Uint32Array, from: number, rows: number, at = 0): void {
    this.#gather.load(order, from, rows, at);
    this.#tick();
  }

  forward(layer: number, slot: number, rows: number, at = 0): void {
    const { weights, bias, stride, inputs, panels, tail, activation } = this.#layers[layer - 1]!;
    const base = this.#arena.slot(slot);
    const x = this.#H[layer - 1]!;
    const h = this.#H[layer]!;
    const from = at * ROW;
    const most = panelsPerCall(rows, inputs);
    for (let j = 0; j < panels; j += most) {
      const count = Math.min(most, panels - j);
      const W = base + weights + j * stride;
      const b = base + bias + j * ROW;
      const edge = j + count === panels ? tail : 8;
      const out = h.at + j * h.stride + from;
      this.#wasm.forward(
        out,
        h.stride,
        x.at + from,
        x.stride,
        W,
        stride,
        b,
        rows,
        inputs >> 3,
        count,
        edge,
        activation,
      );
      this.#tick();
    }
  }

  outputs(rows: number, at = 0): void {
    const last = this.#layers.length;
    const y = this.#H[last]!;
    const delta = this.#delta[last]!;
    const from = at * ROW;
    const desired = this.#desired + at * this.#desiredStride;
    this.#output(y.at + from, y.stride, delta.at + from, delta.stride, desired, rows, this.#columns, this.#statistics);
    this.#tick();
  }

  backward(layer: number, slot: number, rows: number, at = 0): void {
    const { weights, stride, inputs, panels, activationBelow } = this.#layers[layer]!;
    const w = this.#arena.slot(slot) + weights;
    const d = this.#delta[layer]!;
    const next = this.#delta[layer + 1]!;
    const h = this.#H[layer]!;
    const from = at * ROW;
    const [out, H, D] = [d.at + from, h.at + from, next.at + from];
    const most = panelsPerCall(rows, panels * 8) * 8;
    for (let k = 0; k < inputs; k += most) {
      const end = Math.min(inputs, k + most);
      this.#wasm.backward(out, d.stride, H, h.stride, D, next.stride, w, stride, rows, panels, k, end, activationBelow);
      this.#tick();
    }
  }

  gradient(layer: number, into: number, rows: number, accumulate: boolean, share: Share = this.#whole): void {
    const { weights, bias, stride } = this.#layers[layer - 1]!;
    const { runs, biasFrom, biasTo } = (share as TileShare).layers[layer - 1]!;
    const base = this.#arena.slot(into);
    const h = this.#H[layer - 1]!;
    const delta = this.#delta[layer]!;
    const add = accumulate ? 1 : 0;
    for (let i = 0; i < runs.length; i++) {
      const { panel, panels, first, last } = runs[i]!;
      const g = base + weights + panel * stride;
      const D = delta.at + panel * delta.stride;
      this.#wasm.gradient(g, stride, h.at, h.stride, D, delta.stride, rows, first, last, panels, add);
      this.#tick();
    }
    const D = delta.at + biasFrom * delta.stride;
    this.#wasm.biasGradient(base + bias + biasFrom * ROW, D, delta.stride, rows, biasTo - biasFrom, add);
  }

  gradientStep(
    layer: number,
    from: number,
    to: number,
    rows: number,
    step: Step,
    accumulate = false,
    share: Share = this.#whole,
  ): void {
    const { weights, bias, stride } = this.#layers[layer - 1]!;
    const { runs, biasFrom, biasTo } = (share as TileShare).layers[layer - 1]!;
    const base = this.#arena.slot(from);
    const next = this.#arena.slot(to);
    const h = this.#H[layer - 1]!;
    const delta = this.#delta[layer]!;
    const scaled = step.rate * step.scale;
    const decay = 1 - step.rate * step.decay;
    for (let i = 0; i < runs.length; i++) {
      const { panel, panels, first, last } = runs[i]!;
      const at = weights + panel * stride;
      const D = delta.at + panel * delta.stride;
      const g = accumulate ? next + at : 0;
      this.#wasm.gradientStep(
        next + at,
        base + at,
        g,
        stride,
        h.at,
        h.stride,
        D,
        delta.stride,
        rows,
        first,
        last,
        panels,
        scaled,
        decay,
      );
      this.#tick();
    }
    const D = delta.at + biasFrom * delta.stride;
    const b = bias + biasFrom * ROW;
    const g = accumulate ? next + b : 0;
    this.#wasm.biasGradientStep(next + b, base + b, g, D, delta.stride, rows, biasTo - biasFrom, scaled, decay);
  }

  share(index: number, count: number): TileShare {
    return shareOfTiles(this.#layers, index, count, this.#rows);
  }

  updateShare(from: number, to: number, phase: number, step: Step, share: Share): void {
    for (let l = 0; l < this.#layers.length; l++) {
      const { bias } = this.#layers[l]!;
      const { begin, end, biasFrom, biasTo } = (share as TileShare).layers[l]!;
      this.update(from, to, 1, begin / 4, end / 4, phase, step);
      this.update(from, to, 1, bias / 4 + biasFrom * 8, bias / 4 + biasTo * 8, phase, step);
    }
  }

  update(from: number, to: number, workers: number, begin: number, end: number, phase: number, step: Step): void {
    const { slots, velocity } = this.#arena.plan;
    const at = begin * 4;
    const next = this.#arena.slot(to) + at;
    const w = this.#arena.slot(from) + at;
    const others = this.#arena.slot(2) + at;
    const count = end - begin;
    if (velocity.count === 0) {
      this.#wasm.sgd(next, w, next, others, slots.bytes, workers - 1, count, step.rate, step.scale, step.decay);
    } else {
      const v = velocity.offset + phase * slots.bytes + at;
      const nextV = velocity.offset + (1 - phase) * slots.bytes + at;
      this.#wasm.sgdMomentum(
        next,
        w,
        nextV,
        v,
        next,
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
    this.#tick();
  }

  #tick(): void {
    this.#control[this.#beat]!++;
  }
}

function outputKernel(wasm: KernelExports, spec: NetworkSpec, table: Table): (...args: number[]) => number {
  if (spec.loss === 'mse') return wasm.linearValues;
  if (spec.loss === 'binary-cross-entropy') return wasm.sigmoidValues;
  return table.targets.kind === 'classes' ? wasm.softmaxClasses : wasm.softmaxValues;
}

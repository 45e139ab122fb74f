import type { Activation, NetworkSpec } from '../core/spec.ts';
import type { Table } from '../core/table.ts';
import type { Arena } from '../memory/arena.ts';
import { heartbeat } from '../memory/control.ts';
import type { BlockPlan } from '../memory/layout.ts';
import type { KernelExports } from './exports.ts';
import { Gather } from './gather.ts';
import type { Kernels, Step } from './kernels.ts';

/** The numbers that assembly/lanes.ts has for the activations; softmax and a sigmoid output are applied by `outputs`. */
const CODES: Record<Activation, number> = {
  linear: 0,
  relu: 1,
  'leaky-relu': 2,
  sigmoid: 3,
  tanh: 4,
  softmax: 0,
};

/** One call into the kernels does at most this much, so that a worker's heartbeat never pauses for long. */
const FLOPS_PER_CALL = 1e9;

interface Matrix {
  readonly at: number;
  readonly stride: number;
}

/** One layer's pointers and sizes, resolved once. */
interface Layer {
  readonly weights: number;
  readonly bias: number;
  readonly stride: number;
  /** n_{l-1}, padded. */
  readonly inputs: number;
  /** n_l in panels. */
  readonly panels: number;
  /** Real columns in the last panel. */
  readonly tail: number;
  readonly activation: number;
  /** Of the layer below, for the delta that goes down to it. */
  readonly activationBelow: number;
}

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
  readonly #desired: number;
  readonly #columns: number;
  readonly #output: (...args: number[]) => number;

  constructor(wasm: KernelExports, spec: NetworkSpec, arena: Arena, worker: number, block: BlockPlan, table: Table) {
    this.#wasm = wasm;
    this.#arena = arena;
    this.#control = arena.control;
    this.#beat = heartbeat(worker);
    this.#statistics = arena.statisticsOffset(worker);
    this.#layers = resolveLayers(spec, arena);
    this.#H = block.outputs.map(({ offset, stride }) => ({ at: offset, stride }));
    this.#delta = block.deltas.map(({ offset, stride }) => ({ at: offset, stride }));
    this.#gather = new Gather(wasm, arena, block, table);
    this.#desired = block.desired.offset;
    this.#columns = block.desired.columns;
    this.#output = outputKernel(wasm, spec, table);
  }

  load(order: Uint32Array, from: number, rows: number): void {
    this.#gather.load(order, from, rows);
    this.#tick();
  }

  forward(layer: number, slot: number, rows: number): void {
    const { weights, bias, stride, inputs, panels, tail, activation } = this.#layers[layer - 1]!;
    const base = this.#arena.slot(slot);
    const x = this.#H[layer - 1]!;
    const h = this.#H[layer]!;
    const most = panelsPerCall(rows, inputs);
    for (let j = 0; j < panels; j += most) {
      const count = Math.min(most, panels - j);
      this.#wasm.forward(
        h.at + j * h.stride,
        h.stride,
        x.at,
        x.stride,
        base + weights + j * stride,
        stride,
        base + bias + j * 32,
        rows,
        inputs >> 3,
        count,
        j + count === panels ? tail : 8,
        activation,
      );
      this.#tick();
    }
  }

  outputs(rows: number): void {
    const last = this.#layers.length;
    const y = this.#H[last]!;
    const delta = this.#delta[last]!;
    this.#output(y.at, y.stride, delta.at, delta.stride, this.#desired, rows, this.#columns, this.#statistics);
    this.#tick();
  }

  backward(layer: number, slot: number, rows: number): void {
    const { weights, stride, inputs, panels, activationBelow } = this.#layers[layer]!;
    const w = this.#arena.slot(slot) + weights;
    const delta = this.#delta[layer]!;
    const next = this.#delta[layer + 1]!;
    const h = this.#H[layer]!;
    const most = panelsPerCall(rows, panels * 8) * 8;
    for (let k = 0; k < inputs; k += most) {
      const end = Math.min(inputs, k + most);
      this.#wasm.backward(
        delta.at,
        delta.stride,
        h.at,
        h.stride,
        next.at,
        next.stride,
        w,
        stride,
        rows,
        panels,
        k,
        end,
        activationBelow,
      );
      this.#tick();
    }
  }

  gradient(layer: number, into: number, rows: number, accumulate: boolean): void {
    const { weights, bias, stride, inputs, panels } = this.#layers[layer - 1]!;
    const base = this.#arena.slot(into);
    const h = this.#H[layer - 1]!;
    const delta = this.#delta[layer]!;
    const add = accumulate ? 1 : 0;
    const most = panelsPerCall(rows, inputs);
    for (let j = 0; j < panels; j += most) {
      const g = base + weights + j * stride;
      const d = delta.at + j * delta.stride;
      this.#wasm.gradient(g, stride, h.at, h.stride, d, delta.stride, rows, inputs, Math.min(most, panels - j), add);
      this.#tick();
    }
    this.#wasm.biasGradient(base + bias, delta.at, delta.stride, rows, panels, add);
  }

  gradientStep(layer: number, from: number, to: number, rows: number, step: Step): void {
    const { weights, bias, stride, inputs, panels } = this.#layers[layer - 1]!;
    const base = this.#arena.slot(from);
    const next = this.#arena.slot(to);
    const h = this.#H[layer - 1]!;
    const delta = this.#delta[layer]!;
    const scaled = step.rate * step.scale;
    const decay = 1 - step.rate * step.decay;
    const most = panelsPerCall(rows, inputs);
    for (let j = 0; j < panels; j += most) {
      const at = weights + j * stride;
      const d = delta.at + j * delta.stride;
      this.#wasm.gradientStep(
        next + at,
        base + at,
        stride,
        h.at,
        h.stride,
        d,
        delta.stride,
        rows,
        inputs,
        Math.min(most, panels - j),
        scaled,
        decay,
      );
      this.#tick();
    }
    this.#wasm.biasGradientStep(next + bias, base + bias, delta.at, delta.stride, rows, panels, scaled, decay);
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

function resolveLayers(spec: NetworkSpec, arena: Arena): Layer[] {
  const L = spec.layers.length;
  return arena.plan.layers.map(({ weights, bias }, i) => ({
    weights: weights.offset,
    bias: bias.offset,
    stride: weights.stride,
    inputs: Math.ceil(weights.rows / 8) * 8,
    panels: weights.paddedColumns / 8,
    tail: ((weights.columns - 1) % 8) + 1,
    activation: i === L - 1 ? CODES.linear : CODES[spec.layers[i]!.activation],
    activationBelow: i === 0 ? CODES.linear : CODES[spec.layers[i - 1]!.activation],
  }));
}

function outputKernel(wasm: KernelExports, spec: NetworkSpec, table: Table): (...args: number[]) => number {
  if (spec.loss === 'mse') return wasm.linearValues;
  if (spec.loss === 'binary-cross-entropy') return wasm.sigmoidValues;
  return table.targets.kind === 'classes' ? wasm.softmaxClasses : wasm.softmaxValues;
}

/** How many panels of 8 columns one call may work on. */
function panelsPerCall(rows: number, depth: number): number {
  return Math.max(1, Math.floor(FLOPS_PER_CALL / (16 * rows * depth)));
}

import type { NetworkSpec } from '../../core/spec.ts';
import type { Table } from '../../core/table.ts';
import type { Arena } from '../../memory/arena.ts';
import { heartbeat, LOSS, RIGHT } from '../../memory/control.ts';
import type { BlockPlan, MatrixPlan } from '../../memory/layout.ts';
import type { Kernels, Step } from '../kernels.ts';
import { softmax } from './activations.ts';
import { activateAll, addBiasGradient, addWeightGradient, hiddenDelta, synaptic } from './dense.ts';
import { patternLoss, patternRight } from './losses.ts';

/** The reference backend: the formulas in float64, on an arena of the format rows-f64. */
export class ReferenceKernels implements Kernels {
  readonly #spec: NetworkSpec;
  readonly #arena: Arena;
  readonly #table: Table;
  readonly #statistics: Float64Array;
  readonly #beat: number;
  readonly #D: Float64Array;
  readonly #H: Float64Array[];
  readonly #delta: Float64Array[];

  constructor(spec: NetworkSpec, arena: Arena, worker: number, block: BlockPlan, table: Table) {
    this.#spec = spec;
    this.#arena = arena;
    this.#table = table;
    this.#statistics = arena.statistics(worker);
    this.#beat = heartbeat(worker);
    this.#D = this.#matrix(block.desired, 0);
    this.#H = block.outputs.map((plan) => this.#matrix(plan, 0));
    this.#delta = block.deltas.map((plan) => this.#matrix(plan, 0));
  }

  load(order: Uint32Array, from: number, rows: number): void {
    const { inputs, affine, targets } = this.#table;
    const [X] = this.#H as [Float64Array];
    const { size, stride, values } = inputs;
    const K = this.#units(this.#spec.layers.length);
    for (let p = 0; p < rows; p++) {
      const row = order[from + p]!;
      for (let i = 0; i < size; i++) X[p * size + i] = affine.scale[i]! * values[row * stride + i]! + affine.shift[i]!;
      const from_ = row * targets.columns.stride;
      if (targets.kind === 'classes') {
        this.#D.fill(0, p * K, (p + 1) * K);
        this.#D[p * K + targets.columns.values[from_]!] = 1;
        continue;
      }
      for (let k = 0; k < K; k++) {
        const d = targets.columns.values[from_ + k]!;
        this.#D[p * K + k] = targets.affine ? targets.affine.scale[k]! * d + targets.affine.shift[k]! : d;
      }
    }
    this.#tick();
  }

  forward(layer: number, slot: number, rows: number): void {
    const { weights, bias } = this.#arena.plan.layers[layer - 1]!;
    const base = this.#arena.slot(slot);
    const [n, m] = [weights.rows, weights.columns];
    const H = this.#H[layer]!;
    synaptic(H, this.#H[layer - 1]!, this.#matrix(weights, base), this.#matrix(bias, base), rows, n, m);
    if (layer < this.#spec.layers.length) activateAll(H, this.#spec.layers[layer - 1]!.activation, rows * m);
    this.#tick();
  }

  outputs(rows: number): void {
    const L = this.#spec.layers.length;
    const [K, Y, D, delta] = [this.#units(L), this.#H[L]!, this.#D, this.#delta[L]!];
    const { loss, layers } = this.#spec;
    for (let p = 0; p < rows; p++) {
      this.#statistics[LOSS]! += patternLoss(loss, Y, p * K, D, p * K, K);
      if (loss === 'cross-entropy') softmax(Y, p * K, K);
    }
    activateAll(Y, layers[L - 1]!.activation, rows * K);
    for (let p = 0; p < rows; p++) this.#statistics[RIGHT]! += patternRight(loss, Y, p * K, D, p * K, K);
    for (let i = 0; i < rows * K; i++) delta[i] = Y[i]! - D[i]!;
    this.#tick();
  }

  backward(layer: number, slot: number, rows: number): void {
    const { weights } = this.#arena.plan.layers[layer]!;
    const W = this.#matrix(weights, this.#arena.slot(slot));
    const { activation } = this.#spec.layers[layer - 1]!;
    const next = this.#delta[layer + 1]!;
    hiddenDelta(this.#delta[layer]!, this.#H[layer]!, next, W, activation, rows, weights.rows, weights.columns);
    this.#tick();
  }

  gradient(layer: number, into: number, rows: number, accumulate: boolean): void {
    const { weights, bias } = this.#arena.plan.layers[layer - 1]!;
    const base = this.#arena.slot(into);
    const [G, g] = [this.#matrix(weights, base), this.#matrix(bias, base)];
    if (!accumulate) {
      G.fill(0);
      g.fill(0);
    }
    addWeightGradient(G, this.#H[layer - 1]!, this.#delta[layer]!, rows, weights.rows, weights.columns);
    addBiasGradient(g, this.#delta[layer]!, rows, weights.columns);
    this.#tick();
  }

  gradientStep(layer: number, from: number, to: number, rows: number, step: Step): void {
    this.gradient(layer, to, rows, false);
    const { weights, bias } = this.#arena.plan.layers[layer - 1]!;
    for (const plan of [weights, bias]) {
      const w = this.#matrix(plan, this.#arena.slot(from));
      const next = this.#matrix(plan, this.#arena.slot(to));
      for (let i = 0; i < w.length; i++) next[i] = w[i]! - step.rate * (step.scale * next[i]! + step.decay * w[i]!);
    }
  }

  update(from: number, to: number, workers: number, begin: number, end: number, phase: number, step: Step): void {
    const { slots, velocity } = this.#arena.plan;
    const gradients = Array.from({ length: workers }, (_, i) => this.#slot(i === 0 ? to : i + 1));
    const [w, next] = [this.#slot(from), this.#slot(to)];
    const [v, nextV] = [phase, 1 - phase].map((i) =>
      velocity.count === 0
        ? undefined
        : new Float64Array(this.#arena.handle.buffer, velocity.offset + i * slots.bytes, slots.bytes / 8),
    );
    for (let i = begin; i < end; i++) {
      // g = 1/B sum over workers + decay w;  v' = momentum v + g;  w' = w - rate (g + momentum v' | v')
      let g = 0;
      for (const gradient of gradients) g += gradient[i]!;
      g = step.scale * g + step.decay * w[i]!;
      if (v !== undefined && nextV !== undefined) {
        nextV[i] = step.momentum * v[i]! + g;
        g = step.nesterov ? g + step.momentum * nextV[i]! : nextV[i]!;
      }
      next[i] = w[i]! - step.rate * g;
    }
    this.#tick();
  }

  #slot(index: number): Float64Array {
    return new Float64Array(this.#arena.handle.buffer, this.#arena.slot(index), this.#arena.plan.slots.bytes / 8);
  }

  #matrix(plan: MatrixPlan, base: number): Float64Array {
    return new Float64Array(this.#arena.handle.buffer, base + plan.offset, plan.rows * plan.columns);
  }

  #units(layer: number): number {
    return this.#spec.layers[layer - 1]!.units;
  }

  #tick(): void {
    this.#arena.control[this.#beat]!++;
  }
}

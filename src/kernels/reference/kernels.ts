import { checkDesired, classOf } from '../../core/columns.ts';
import { dropoutOf, type NetworkSpec, widths } from '../../core/spec.ts';
import type { Table } from '../../core/table.ts';
import type { Arena } from '../../memory/arena.ts';
import { heartbeat, LOSS, RIGHT } from '../../memory/control.ts';
import { type BlockPlan, type MatrixPlan, stateOffset } from '../../memory/layout.ts';
import type { Kernels, OwnPlace, RowCut, Share, Step } from '../kernels.ts';
import { stepAll } from './optimisers.ts';
import { derivative, softmax } from './activations.ts';
import { isDropped, type Mask } from '../masks.ts';
import { activateAll, addBiasGradient, addWeightGradient, hiddenDelta, synaptic } from './dense.ts';
import { patternLoss, patternRight } from './losses.ts';

type Three = [Float64Array, Float64Array, Float64Array];

const CUT: RowCut = { tile: 4, most: 128 };

/** A share has a run of the inputs of every layer; the first also has the biases. */
function inputsOf({ index, count }: Share, inputs: number): { first: number; last: number } {
  return { first: Math.floor((inputs * index) / count), last: Math.floor((inputs * (index + 1)) / count) };
}

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
  /** Of the rows in the block. */
  readonly #weights: Float64Array;
  readonly #whole: Share;

  constructor(spec: NetworkSpec, arena: Arena, worker: number, block: BlockPlan, table: Table) {
    this.#spec = spec;
    this.#arena = arena;
    this.#table = table;
    this.#statistics = arena.statistics(worker);
    this.#beat = heartbeat(worker);
    this.#D = this.#matrix(block.desired, 0);
    this.#H = block.outputs.map((plan) => this.#matrix(plan, 0));
    this.#delta = block.deltas.map((plan) => this.#matrix(plan, 0));
    this.#weights = new Float64Array(block.rows).fill(1);
    this.#whole = this.share(0, 1);
  }

  rowCut(): RowCut {
    return CUT;
  }

  load(order: Uint32Array, from: number, rows: number, at = 0): void {
    const { inputs, affine, targets, weights } = this.#table;
    const { size, stride, values } = inputs;
    const K = this.#spec.layers.at(-1)!.units;
    const X = this.#H[0]!.subarray(at * size);
    const D = this.#D.subarray(at * K);
    for (let p = 0; p < rows; p++) {
      const row = order[from + p]!;
      if (weights !== undefined) this.#weights[at + p] = weights[row]!;
      for (let i = 0; i < size; i++) X[p * size + i] = affine.scale[i]! * values[row * stride + i]! + affine.shift[i]!;
      const d = row * targets.columns.stride;
      if (targets.kind === 'classes') {
        D.fill(0, p * K, (p + 1) * K);
        D[p * K + classOf(targets.columns, row, K)] = 1;
        continue;
      }
      for (let k = 0; k < K; k++) {
        const raw = targets.columns.values[d + k]!;
        const value = targets.affine ? targets.affine.scale[k]! * raw + targets.affine.shift[k]! : raw;
        checkDesired(value, targets.shares);
        D[p * K + k] = value;
      }
    }
    this.#tick();
  }

  forward(layer: number, slot: number, rows: number, at = 0): void {
    const { weights, bias } = this.#arena.plan.layers[layer - 1]!;
    const base = this.#arena.slot(slot);
    const [n, m] = [weights.rows, weights.columns];
    const H = this.#H[layer]!.subarray(at * m);
    const X = this.#H[layer - 1]!.subarray(at * n);
    synaptic(H, X, this.#matrix(weights, base), this.#matrix(bias, base), rows, n, m);
    if (layer < this.#spec.layers.length) activateAll(H, this.#spec.layers[layer - 1]!.activation, rows * m);
    this.#tick();
  }

  drop(layer: number, mask: Mask, row: number, rows: number, at = 0): void {
    const n = widths(this.#spec)[layer]!;
    const H = this.#H[layer]!.subarray(at * n);
    for (let p = 0; p < rows; p++) {
      for (let j = 0; j < n; j++) H[p * n + j] = isDropped(mask, row + p, j) ? 0 : H[p * n + j]! * mask.factor;
    }
    this.#tick();
  }

  outputs(rows: number, at = 0): void {
    const L = this.#spec.layers.length;
    const { loss, layers } = this.#spec;
    const K = layers[L - 1]!.units;
    const [Y, D, delta] = [this.#H[L]!, this.#D, this.#delta[L]!].map((matrix) => matrix.subarray(at * K)) as Three;
    // Before U becomes Y in place.
    for (let p = 0; p < rows; p++) {
      this.#statistics[LOSS]! += this.#weights[at + p]! * patternLoss(loss, Y, p * K, D, p * K, K);
      this.#statistics[RIGHT]! += patternRight(loss, Y, p * K, D, p * K, K);
      if (loss === 'cross-entropy') softmax(Y, p * K, K);
    }
    activateAll(Y, layers[L - 1]!.activation, rows * K);
    for (let p = 0; p < rows; p++) {
      const w = this.#weights[at + p]!;
      for (let i = p * K; i < (p + 1) * K; i++) delta[i] = w * (Y[i]! - D[i]!);
    }
    this.#tick();
  }

  backward(layer: number, slot: number, rows: number, at = 0): void {
    const { weights } = this.#arena.plan.layers[layer]!;
    const [n, m] = [weights.rows, weights.columns];
    const W = this.#matrix(weights, this.#arena.slot(slot));
    const activation = dropoutOf(this.#spec, layer) > 0 ? 'linear' : this.#spec.layers[layer - 1]!.activation;
    const [D, H] = [this.#delta[layer]!.subarray(at * n), this.#H[layer]!.subarray(at * n)];
    hiddenDelta(D, H, this.#delta[layer + 1]!.subarray(at * m), W, activation, rows, n, m);
    this.#tick();
  }

  dropDelta(layer: number, mask: Mask, row: number, rows: number, at = 0): void {
    const { units: n, activation } = this.#spec.layers[layer - 1]!;
    const [D, H] = [this.#delta[layer]!.subarray(at * n), this.#H[layer]!.subarray(at * n)];
    for (let p = 0; p < rows; p++) {
      for (let j = 0; j < n; j++) {
        const i = p * n + j;
        // f(U) before it was multiplied by M.
        const h = H[i]! * mask.keep;
        D[i] = isDropped(mask, row + p, j) ? 0 : D[i]! * mask.factor * derivative(h, activation);
      }
    }
    this.#tick();
  }

  gradient(layer: number, into: number, rows: number, accumulate: boolean, share: Share = this.#whole): void {
    const { weights, bias } = this.#arena.plan.layers[layer - 1]!;
    const [n, m] = [weights.rows, weights.columns];
    const { first, last } = inputsOf(share, n);
    const base = this.#arena.slot(into);
    const [G, g] = [this.#matrix(weights, base), this.#matrix(bias, base)];
    if (!accumulate) G.fill(0, first * m, last * m);
    addWeightGradient(G, this.#H[layer - 1]!, this.#delta[layer]!, rows, n, m, first, last);
    if (share.index === 0) {
      if (!accumulate) g.fill(0);
      addBiasGradient(g, this.#delta[layer]!, rows, m);
    }
    this.#tick();
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
    this.gradient(layer, to, rows, accumulate, share);
    for (const { begin, end } of this.#elements(layer, share)) this.update(from, to, 1, begin, end, 0, step);
  }

  share(index: number, count: number): Share {
    const part = { index, count, elements: [] };
    return { ...part, elements: this.#arena.plan.layers.flatMap((_, l) => this.#elements(l + 1, part)) };
  }

  #elements(layer: number, share: Share): Share['elements'] {
    const { weights, bias } = this.#arena.plan.layers[layer - 1]!;
    const { first, last } = inputsOf(share, weights.rows);
    const [w, b, m] = [weights.offset / 8, bias.offset / 8, weights.columns];
    const own = { begin: w + first * m, end: w + last * m };
    return share.index === 0 ? [own, { begin: b, end: b + m }] : [own];
  }

  average(slots: readonly number[], to: number, begin: number, end: number): void {
    const copies = slots.map((slot) => this.#slot(slot));
    const next = this.#slot(to);
    for (let i = begin; i < end; i++) {
      let sum = 0;
      for (const copy of copies) sum += copy[i]!;
      next[i] = sum / copies.length;
    }
    this.#tick();
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
    const gradients = Array.from({ length: workers }, (_, i) => this.#slot(i === 0 ? (own?.gradient ?? to) : i + 1));
    const [read, written] = own ? [own.state, own.state] : [phase, 1 - phase];
    stepAll(
      { w: this.#slot(from), state: this.#state(read) },
      { w: this.#slot(to), state: this.#state(written) },
      gradients,
      begin,
      end,
      step,
    );
    this.#tick();
  }

  reduce(to: number, workers: number, begin: number, end: number): void {
    const g = this.#slot(to);
    for (let w = 1; w < workers; w++) {
      const other = this.#slot(w + 1);
      for (let i = begin; i < end; i++) g[i]! += other[i]!;
    }
    this.#tick();
  }

  square(slot: number, begin: number, end: number): void {
    const [g, { squares }] = [this.#slot(slot), this.#arena];
    for (let i = begin; i < end; i++) squares[i] = g[i]! * g[i]!;
    this.#tick();
  }

  #slot(index: number): Float64Array {
    return new Float64Array(this.#arena.handle.buffer, this.#arena.slot(index), this.#arena.plan.slots.bytes / 8);
  }

  /** The vectors of one copy of the optimiser's state. */
  #state(copy: number): Float64Array[] {
    const { plan, handle } = this.#arena;
    return Array.from(
      { length: plan.state.vectors },
      (_, i) => new Float64Array(handle.buffer, stateOffset(plan, i, copy), plan.slots.bytes / 8),
    );
  }

  #matrix(plan: MatrixPlan, base: number): Float64Array {
    return new Float64Array(this.#arena.handle.buffer, base + plan.offset, plan.rows * plan.columns);
  }

  #tick(): void {
    this.#arena.control[this.#beat]!++;
  }
}

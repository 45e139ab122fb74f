import type { NetworkSpec } from '../../core/spec.ts';
import type { Table } from '../../core/table.ts';
import type { Arena } from '../../memory/arena.ts';
import type { BlockPlan, MatrixPlan } from '../../memory/layout.ts';
import { ArenaKernels } from '../arena-kernels.ts';
import type { KernelExports } from '../exports.ts';
import type { Kernels, RowCut, Share, Step } from '../kernels.ts';
import { activationCodes, derivativeCodes, LINEAR } from '../tiles.ts';
import { AS_IS, type Blas, type Pinned, ROW_MAJOR, type Sgemm, TRANSPOSED } from './library.ts';
import { pieceOf, type RowShare, shareOfRows } from './parts.ts';

/** One call into the library does at most this much, so that a worker's heartbeat never pauses for long. */
const FLOPS_PER_CALL = 5e8;
/** As many rows of H and D as stay in the second cache from one layer to the next. */
const ROWS_PER_PIECE = 128;
const SCALAR = 4;
/** Bytes of 8 columns, the unit of padding. */
const EIGHT = 8 * SCALAR;

interface Layer {
  readonly weights: MatrixPlan;
  readonly bias: MatrixPlan;
  readonly inputs: number;
  readonly units: number;
  readonly activation: number;
  /** Of the layer below, for the delta that goes down to it; linear where that has dropout. */
  readonly activationBelow: number;
}

/**
 * The blas backend: products by cblas_sgemm straight on the arena (format rows-f32), everything between them by the
 * wasm kernels. The library is called on pieces whose shapes depend on the network, the rows of a wave and the cores of
 * the machine, never on the number of workers, because what a BLAS computes may depend on the shape of the call.
 */
export class BlasKernels extends ArenaKernels implements Kernels {
  readonly #sgemm: Sgemm;
  readonly #memory: Pinned;
  readonly #layers: readonly Layer[];
  readonly #parts: number;
  readonly #whole: RowShare;
  #cutRows = 0;
  #cut: RowCut = { tile: 8, most: 8 };

  constructor(
    wasm: KernelExports,
    blas: Blas,
    parts: number,
    spec: NetworkSpec,
    arena: Arena,
    worker: number,
    block: BlockPlan,
    table: Table,
  ) {
    super(wasm, spec, arena, worker, block, table, blas);
    this.#sgemm = blas.sgemm;
    this.#memory = blas.pin(arena.handle.buffer);
    this.#parts = parts;
    const codes = activationCodes(spec);
    const derivatives = derivativeCodes(spec);
    this.#layers = arena.plan.layers.map(({ weights, bias }, i) => ({
      weights,
      bias,
      inputs: weights.rows,
      units: weights.columns,
      activation: codes[i]!,
      activationBelow: derivatives[i]!,
    }));
    this.#whole = this.share(0, 1);
  }

  rowCut(rows: number): RowCut {
    if (rows !== this.#cutRows) {
      const tile = pieceOf(rows, this.#parts, ROWS_PER_PIECE);
      this.#cut = { tile, most: tile };
      this.#cutRows = rows;
    }
    return this.#cut;
  }

  forward(layer: number, slot: number, rows: number, at = 0): void {
    const { weights, bias, inputs, activation } = this.#layers[layer - 1]!;
    const base = this.arena.slot(slot);
    const x = this.H[layer - 1]!;
    const h = this.H[layer]!;
    const [X, W] = [x.offset + at * x.stride, base + weights.offset];
    const H = h.offset + at * h.stride;
    // Padding is computed along: it becomes zero, which the output kernels rely on.
    const columns = weights.paddedColumns;
    const most = columnsPerCall(rows, inputs);
    for (let j = 0; j < columns; j += most) {
      const n = Math.min(most, columns - j);
      this.#multiply(AS_IS, AS_IS, rows, n, inputs, 1, X, x, W + j * SCALAR, weights, 0, H + j * SCALAR, h);
    }
    this.wasm.addBiasActivate(H, h.stride, base + bias.offset, rows, columns / 8, activation);
  }

  backward(layer: number, slot: number, rows: number, at = 0): void {
    const { weights, inputs, units, activationBelow } = this.#layers[layer]!;
    const w = this.arena.slot(slot) + weights.offset;
    const [d, next, h] = [this.delta[layer]!, this.delta[layer + 1]!, this.H[layer]!];
    const [D, N] = [d.offset + at * d.stride, next.offset + at * next.stride];
    const most = columnsPerCall(rows, units);
    for (let k = 0; k < inputs; k += most) {
      const n = Math.min(most, inputs - k);
      this.#multiply(
        AS_IS,
        TRANSPOSED,
        rows,
        n,
        units,
        1,
        N,
        next,
        w + k * weights.stride,
        weights,
        0,
        D + k * SCALAR,
        d,
      );
    }
    if (activationBelow === LINEAR) return;
    this.wasm.multiplyDerivative(D, h.offset + at * h.stride, d.stride, rows, d.paddedColumns / 8, activationBelow);
  }

  gradient(layer: number, into: number, rows: number, accumulate: boolean, share: Share = this.#whole): void {
    const { bounds } = (share as RowShare).layers[layer - 1]!;
    for (let i = 0; i + 1 < bounds.length; i++) {
      this.#product(layer, into, rows, bounds[i]!, bounds[i + 1]!, 1, accumulate ? 1 : 0);
    }
    this.#biasGradient(layer, into, rows, accumulate, share as RowShare);
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
    const { weights, bias } = this.#layers[layer - 1]!;
    const { bounds, biasFrom, biasTo } = (share as RowShare).layers[layer - 1]!;
    const [old, next] = [this.arena.slot(from), this.arena.slot(to)];
    const rate = step.constants[0]!;
    const scaled = rate * step.scale;
    const decay = 1 - rate * step.decay;
    const stride = weights.stride;
    for (let i = 0; i + 1 < bounds.length; i++) {
      const [first, last] = [bounds[i]!, bounds[i + 1]!];
      const at = weights.offset + first * stride;
      const count = ((last - first) * stride) / SCALAR;
      if (accumulate) {
        this.#product(layer, to, rows, first, last, 1, 1);
        this.wasm.plainStep(next + at, old + at, next + at, count, scaled, decay);
      } else {
        // W' = decay W - scaled H^T D: the old weights are copied while the library's turn at them is near.
        this.wasm.scaledCopy(next + at, old + at, count, decay);
        this.#product(layer, to, rows, first, last, -scaled, 1);
      }
    }
    this.#biasGradient(layer, to, rows, accumulate, share as RowShare);
    const b = bias.offset + biasFrom * EIGHT;
    this.wasm.plainStep(next + b, old + b, next + b, (biasTo - biasFrom) * 8, scaled, decay);
  }

  share(index: number, count: number): RowShare {
    return shareOfRows(this.arena.plan.layers, index, count, this.#parts);
  }

  /** Rows [first, last) of slot `into`: G = alpha H_{l-1}^T D_l + beta G. */
  #product(layer: number, into: number, rows: number, first: number, last: number, alpha: number, beta: number): void {
    const { weights, units } = this.#layers[layer - 1]!;
    const [h, d] = [this.H[layer - 1]!, this.delta[layer]!];
    const G = this.arena.slot(into) + weights.offset + first * weights.stride;
    const H = h.offset + first * SCALAR;
    const m = last - first;
    const most = columnsPerCall(rows, m);
    for (let j = 0; j < units; j += most) {
      const n = Math.min(most, units - j);
      this.#multiply(
        TRANSPOSED,
        AS_IS,
        m,
        n,
        rows,
        alpha,
        H,
        h,
        d.offset + j * SCALAR,
        d,
        beta,
        G + j * SCALAR,
        weights,
      );
    }
  }

  #biasGradient(layer: number, into: number, rows: number, accumulate: boolean, share: RowShare): void {
    const { bias } = this.#layers[layer - 1]!;
    const { biasFrom, biasTo } = share.layers[layer - 1]!;
    if (biasFrom === biasTo) return;
    const d = this.delta[layer]!;
    const at = this.arena.slot(into) + bias.offset;
    const D = d.offset + biasFrom * EIGHT;
    this.wasm.columnTotals(at + biasFrom * EIGHT, D, d.stride, rows, biasTo - biasFrom, accumulate ? 1 : 0);
    if (biasTo * 8 > bias.columns) this.wasm.clearColumns(at, bias.columns, bias.paddedColumns);
  }

  #multiply(
    transA: number,
    transB: number,
    m: number,
    n: number,
    k: number,
    alpha: number,
    a: number,
    { stride: strideA }: MatrixPlan,
    b: number,
    { stride: strideB }: MatrixPlan,
    beta: number,
    c: number,
    { stride: strideC }: MatrixPlan,
  ): void {
    const at = this.#memory.address;
    this.#sgemm(
      ROW_MAJOR,
      transA,
      transB,
      m,
      n,
      k,
      alpha,
      at + a,
      strideA / SCALAR,
      at + b,
      strideB / SCALAR,
      beta,
      at + c,
      strideC / SCALAR,
    );
    this.tick();
  }
}

function columnsPerCall(rows: number, depth: number): number {
  return Math.max(8, 8 * Math.floor(FLOPS_PER_CALL / (16 * rows * depth)));
}

import type { NetworkSpec } from '../core/spec.ts';
import type { Table } from '../core/table.ts';
import type { Arena } from '../memory/arena.ts';
import type { BlockPlan } from '../memory/layout.ts';
import { ArenaKernels } from './arena-kernels.ts';
import type { KernelExports } from './exports.ts';
import type { Kernels, RowCut, Share, Step } from './kernels.ts';
import { type Layer, panelsPerCall, resolveLayers, shareOfTiles, type TileShare } from './tiles.ts';

const ROW = 32; // bytes of one row within a panel
/** The tile of the kernels, and two cache lines; bits do not depend on it. */
const CUT: RowCut = { tile: 4, most: 128 };

/** The wasm backend: AssemblyScript kernels on an arena of the format panels-f32. */
export class WasmKernels extends ArenaKernels implements Kernels {
  readonly #layers: readonly Layer[];
  readonly #rows: number;
  readonly #whole: TileShare;

  constructor(wasm: KernelExports, spec: NetworkSpec, arena: Arena, worker: number, block: BlockPlan, table: Table) {
    super(wasm, spec, arena, worker, block, table);
    this.#layers = resolveLayers(spec, arena.plan.layers);
    this.#rows = block.rows;
    this.#whole = this.share(0, 1);
  }

  rowCut(): RowCut {
    return CUT;
  }

  forward(layer: number, slot: number, rows: number, at = 0): void {
    const { weights, bias, stride, inputs, panels, tail, activation } = this.#layers[layer - 1]!;
    const base = this.arena.slot(slot);
    const x = this.H[layer - 1]!;
    const h = this.H[layer]!;
    const from = at * ROW;
    const most = panelsPerCall(rows, inputs);
    for (let j = 0; j < panels; j += most) {
      const count = Math.min(most, panels - j);
      const W = base + weights + j * stride;
      const b = base + bias + j * ROW;
      const edge = j + count === panels ? tail : 8;
      const out = h.offset + j * h.stride + from;
      this.wasm.forward(
        out,
        h.stride,
        x.offset + from,
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
      this.tick();
    }
  }

  backward(layer: number, slot: number, rows: number, at = 0): void {
    const { weights, stride, inputs, panels, activationBelow } = this.#layers[layer]!;
    const w = this.arena.slot(slot) + weights;
    const d = this.delta[layer]!;
    const next = this.delta[layer + 1]!;
    const h = this.H[layer]!;
    const from = at * ROW;
    const [out, H, D] = [d.offset + from, h.offset + from, next.offset + from];
    const most = panelsPerCall(rows, panels * 8) * 8;
    for (let k = 0; k < inputs; k += most) {
      const end = Math.min(inputs, k + most);
      this.wasm.backward(out, d.stride, H, h.stride, D, next.stride, w, stride, rows, panels, k, end, activationBelow);
      this.tick();
    }
  }

  gradient(layer: number, into: number, rows: number, accumulate: boolean, share: Share = this.#whole): void {
    const { weights, bias, stride } = this.#layers[layer - 1]!;
    const { runs, biasFrom, biasTo } = (share as TileShare).layers[layer - 1]!;
    const base = this.arena.slot(into);
    const h = this.H[layer - 1]!;
    const delta = this.delta[layer]!;
    const add = accumulate ? 1 : 0;
    for (let i = 0; i < runs.length; i++) {
      const { panel, panels, first, last } = runs[i]!;
      const g = base + weights + panel * stride;
      const D = delta.offset + panel * delta.stride;
      this.wasm.gradient(g, stride, h.offset, h.stride, D, delta.stride, rows, first, last, panels, add);
      this.tick();
    }
    const D = delta.offset + biasFrom * delta.stride;
    this.wasm.biasGradient(base + bias + biasFrom * ROW, D, delta.stride, rows, biasTo - biasFrom, add);
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
    const base = this.arena.slot(from);
    const next = this.arena.slot(to);
    const h = this.H[layer - 1]!;
    const delta = this.delta[layer]!;
    const rate = step.constants[0]!;
    const scaled = rate * step.scale;
    const decay = 1 - rate * step.decay;
    for (let i = 0; i < runs.length; i++) {
      const { panel, panels, first, last } = runs[i]!;
      const at = weights + panel * stride;
      const D = delta.offset + panel * delta.stride;
      const g = accumulate ? next + at : 0;
      this.wasm.gradientStep(
        next + at,
        base + at,
        g,
        stride,
        h.offset,
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
      this.tick();
    }
    const D = delta.offset + biasFrom * delta.stride;
    const b = bias + biasFrom * ROW;
    const g = accumulate ? next + b : 0;
    this.wasm.biasGradientStep(next + b, base + b, g, D, delta.stride, rows, biasTo - biasFrom, scaled, decay);
  }

  share(index: number, count: number): TileShare {
    return shareOfTiles(this.#layers, index, count, this.#rows);
  }
}

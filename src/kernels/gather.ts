import type { NumericArray, Table } from '../core/table.ts';
import type { Arena } from '../memory/arena.ts';
import type { BlockPlan } from '../memory/layout.ts';
import type { KernelExports } from './exports.ts';

/**
 * Brings rows of the data set into a worker's block: copied in their own type into a staging area of the arena (the
 * kernels see no other memory), then converted, scaled and laid into panels by a kernel.
 */
export class Gather {
  readonly #table: Table;
  readonly #block: BlockPlan;
  readonly #columns: number;
  readonly #convert: (...args: number[]) => number;
  readonly #stride: number;
  readonly #scale: number;
  readonly #shift: number;
  readonly #panels: number;
  /** The source and the staging area in words of equal size: four bytes at a time, or element by element. */
  readonly #source: NumericArray;
  readonly #target: NumericArray;
  readonly #words: number;
  readonly #sourceStride: number;
  readonly #targetStride: number;
  readonly #labels: Int32Array;
  readonly #values: Float32Array;
  readonly #valueStride: number;

  constructor(wasm: KernelExports, arena: Arena, block: BlockPlan, table: Table) {
    const { inputs } = table;
    const { plan } = arena;
    const { buffer } = arena.handle;
    const bytes = inputs.values instanceof Uint8Array && inputs.stride % 4 === 0 && inputs.values.byteOffset % 4 === 0;
    this.#table = table;
    this.#block = block;
    this.#columns = block.desired.columns;
    this.#convert = bytes ? wasm.gatherBytes : wasm.gatherFloats;
    this.#panels = plan.scale.paddedColumns / 8;
    this.#stride = bytes ? this.#panels * 8 : this.#panels * 32;
    this.#scale = plan.scale.offset;
    this.#shift = plan.shift.offset;
    this.#source = bytes ? words(inputs.values) : inputs.values;
    this.#sourceStride = bytes ? inputs.stride / 4 : inputs.stride;
    this.#words = bytes ? Math.ceil(inputs.size / 4) : inputs.size;
    this.#targetStride = this.#stride / 4;
    const length = block.rows * this.#targetStride;
    this.#target = bytes
      ? new Int32Array(buffer, block.staging.offset, length)
      : new Float32Array(buffer, block.staging.offset, length);
    this.#labels = new Int32Array(buffer, block.desired.offset, block.rows);
    this.#values = new Float32Array(buffer, block.desired.offset, block.desired.bytes / 4);
    this.#valueStride = block.desired.stride / 4;
  }

  load(order: Uint32Array, from: number, rows: number): void {
    this.#stage(order, from, rows);
    const [h] = this.#block.outputs;
    this.#convert(
      h!.offset,
      h!.stride,
      this.#block.staging.offset,
      this.#stride,
      this.#scale,
      this.#shift,
      rows,
      this.#panels,
    );
    if (this.#table.targets.kind === 'classes') this.#loadLabels(order, from, rows);
    else this.#loadValues(order, from, rows);
  }

  #stage(order: Uint32Array, from: number, rows: number): void {
    const source = this.#source;
    const target = this.#target;
    const count = this.#words;
    for (let p = 0; p < rows; p++) {
      const s = order[from + p]! * this.#sourceStride;
      const t = p * this.#targetStride;
      for (let i = 0; i < count; i++) target[t + i] = source[s + i]!;
      // What another data set left in the padding must not reach the products: zero times NaN is NaN.
      for (let i = count; i < this.#targetStride; i++) target[t + i] = 0;
    }
  }

  #loadLabels(order: Uint32Array, from: number, rows: number): void {
    const { values, stride } = this.#table.targets.columns;
    for (let p = 0; p < rows; p++) this.#labels[p] = values[order[from + p]! * stride]!;
  }

  #loadValues(order: Uint32Array, from: number, rows: number): void {
    const { targets } = this.#table;
    const { values, stride } = targets.columns;
    const affine = targets.kind === 'values' ? targets.affine : undefined;
    for (let p = 0; p < rows; p++) {
      const s = order[from + p]! * stride;
      const t = p * this.#valueStride;
      for (let k = 0; k < this.#columns; k++) {
        const d = values[s + k]!;
        this.#values[t + k] = affine === undefined ? d : affine.scale[k]! * d + affine.shift[k]!;
      }
      for (let k = this.#columns; k < this.#valueStride; k++) this.#values[t + k] = 0;
    }
  }
}

/** The same bytes as 32-bit words. */
function words(values: NumericArray): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, Math.floor(values.byteLength / 4));
}

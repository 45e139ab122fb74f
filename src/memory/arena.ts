import { GradpoolError } from '../core/errors.ts';
import type { WasmMemory } from '../core/wasm.ts';
import { controlBytes, STATISTICS_BYTES } from './control.ts';
import { type MatrixPlan, type Plan, place, scalarBytes, stateOffset } from './layout.ts';
import { detectSharedMemory } from './shared.ts';

/** What a thread needs to see the arena: this crosses threads. */
export interface ArenaHandle {
  /** Undefined where there is no WebAssembly: then `buffer` is a plain one and there is one thread. */
  readonly memory: WasmMemory | undefined;
  readonly buffer: ArrayBufferLike;
  readonly plan: Plan;
}

/** W_l (n_{l-1} x n_l, row-major) and b_l (n_l) of one layer. */
export interface LayerParameters {
  weights: Float32Array;
  bias: Float32Array;
}

/** The same for a vector of the optimiser's state, in float32 or in the backend's width. */
export interface LayerNumbers {
  readonly weights: Float32Array | Float64Array;
  readonly bias: Float32Array | Float64Array;
}

const PAGE = 65536;
/** Rows of weights that are read at a time. */
const PIECE = 32;

/** The one allocation, as a thread sees it: named views over shared memory. */
export class Arena {
  readonly handle: ArenaHandle;
  readonly plan: Plan;
  readonly control: Int32Array;
  /** The whole memory as numbers of the backend's width. */
  readonly #numbers: Float32Array | Float64Array;

  /** Attaches to memory that another thread allocated. */
  constructor(handle: ArenaHandle) {
    this.handle = handle;
    this.plan = handle.plan;
    this.control = new Int32Array(handle.buffer, 0, controlBytes(handle.plan.workers) / 4);
    this.#numbers =
      handle.plan.format === 'rows-f64' ? new Float64Array(handle.buffer) : new Float32Array(handle.buffer);
  }

  /**
   * Allocates the memory of a plan, zeroed. Initial is maximum, so no view ever goes stale.
   * @throws GradpoolError ERR_DOES_NOT_FIT if the system has not so much
   */
  static allocate(plan: Plan): Arena {
    const pages = Math.ceil(plan.bytes / PAGE);
    try {
      if (!detectSharedMemory().available) {
        return new Arena({ memory: undefined, buffer: new ArrayBuffer(pages * PAGE), plan });
      }
      const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
      return new Arena({ memory, buffer: memory.buffer, plan });
    } catch (cause) {
      throw new GradpoolError('ERR_DOES_NOT_FIT', `${plan.bytes} bytes of memory could not be allocated`, {
        cause,
      });
    }
  }

  /** Where the statistics of a worker lie; the coordinator's come after the last worker's. */
  statisticsOffset(index: number): number {
    return this.plan.statistics + index * STATISTICS_BYTES;
  }

  /**
   * The statistics of a worker: LOSS, RIGHT, then the seconds of each phase and SECONDS.
   * @param place - 0: of the epoch under way; those of the run's earlier epochs stand at 1, 2, ...
   */
  statistics(index: number, place = 0): Float64Array {
    const offset = this.statisticsOffset(index + place * (this.plan.workers + 1));
    return new Float64Array(this.handle.buffer, offset, STATISTICS_BYTES / 8);
  }

  /** The start of a parameter slot. */
  slot(index: number): number {
    return this.plan.slots.offset + index * this.plan.slots.bytes;
  }

  /** A parameter slot as numbers, in the backend's layout, its padding included. */
  numbersOf(slot: number): Float32Array | Float64Array {
    const bytes = scalarBytes(this.plan.format);
    return this.#numbers.subarray(this.slot(slot) / bytes, (this.slot(slot) + this.plan.slots.bytes) / bytes);
  }

  /** Writes parameters into a slot, in the backend's layout. Its padding becomes zero: a diverged training leaves NaN there. */
  storeParameters(slot: number, layers: readonly LayerNumbers[]): void {
    this.#storeLayers(this.slot(slot), layers);
  }

  /** Reads a slot, row-major, in pieces, so that a thread can do other things in between. */
  loadParameters(slot: number, into: readonly LayerNumbers[]): Generator<void> {
    return this.#loadLayers(this.slot(slot), into);
  }

  /** Writes a copy of a vector of the optimiser's state, as `storeParameters` does. */
  storeState(vector: number, copy: number, layers: readonly LayerNumbers[]): void {
    this.#storeLayers(stateOffset(this.plan, vector, copy), layers);
  }

  /** Reads a copy of a vector of the optimiser's state, as `loadParameters` does. */
  loadState(vector: number, copy: number, into: readonly LayerNumbers[]): Generator<void> {
    return this.#loadLayers(stateOffset(this.plan, vector, copy), into);
  }

  /** Room for all parameters in the backend's own width. */
  newLayers(): LayerNumbers[] {
    const Type = this.plan.format === 'rows-f64' ? Float64Array : Float32Array;
    return this.plan.layers.map(({ weights, bias }) => ({
      weights: new Type(weights.rows * weights.columns),
      bias: new Type(bias.columns),
    }));
  }

  /** Reads the first rows of a block's matrix, row-major. */
  loadRows(plan: MatrixPlan, rows: number, into: Float64Array): void {
    this.#load(0, plan, into, 0, rows);
  }

  /** The sums of squares of a gradient. */
  get squares(): Float64Array {
    return new Float64Array(this.handle.buffer, this.plan.squares.offset, this.plan.squares.count);
  }

  /** Zeroes what the optimiser remembers. */
  clearState(): void {
    const { offset, vectors, copies } = this.plan.state;
    new Uint8Array(this.handle.buffer, offset, vectors * copies * this.plan.slots.bytes).fill(0);
  }

  /** Writes the scale and the shift of the inputs. */
  storeScaling(scale: ArrayLike<number>, shift: ArrayLike<number>): void {
    for (let c = 0; c < this.plan.scale.columns; c++) {
      this.#set(0, this.plan.scale, 0, c, scale[c]!);
      this.#set(0, this.plan.shift, 0, c, shift[c]!);
    }
  }

  #storeLayers(base: number, layers: readonly LayerNumbers[]): void {
    new Uint8Array(this.handle.buffer, base, this.plan.slots.bytes).fill(0);
    this.plan.layers.forEach((layer, l) => {
      this.#store(base, layer.weights, layers[l]!.weights);
      this.#store(base, layer.bias, layers[l]!.bias);
    });
  }

  *#loadLayers(base: number, into: readonly LayerNumbers[]): Generator<void> {
    for (const [l, { weights, bias }] of this.plan.layers.entries()) {
      for (let r = 0; r < weights.rows; r += PIECE) {
        this.#load(base, weights, into[l]!.weights, r, Math.min(weights.rows, r + PIECE));
        yield;
      }
      this.#load(base, bias, into[l]!.bias, 0, 1);
    }
  }

  #store(base: number, plan: MatrixPlan, values: Float32Array | Float64Array): void {
    const numbers = this.#numbers;
    for (let r = 0, i = 0; r < plan.rows; r++) {
      for (let c = 0; c < plan.columns;) {
        const end = this.#together(plan, c);
        for (let at = this.#index(base, plan, r, c); c < end; c++) numbers[at++] = values[i++]!;
      }
    }
  }

  #load(base: number, plan: MatrixPlan, into: Float32Array | Float64Array, first: number, last: number): void {
    const numbers = this.#numbers;
    for (let r = first, i = first * plan.columns; r < last; r++) {
      for (let c = 0; c < plan.columns;) {
        const end = this.#together(plan, c);
        for (let at = this.#index(base, plan, r, c); c < end; c++) into[i++] = numbers[at++]!;
      }
    }
  }

  /** The columns [c, end) of a row lie side by side in memory. */
  #together(plan: MatrixPlan, c: number): number {
    return this.plan.format === 'panels-f32' ? Math.min(plan.columns, c + 8) : plan.columns;
  }

  /** Where element (r, c) is in #numbers. */
  #index(base: number, plan: MatrixPlan, r: number, c: number): number {
    return (base + place(this.plan.format, plan, r, c)) / scalarBytes(this.plan.format);
  }

  #set(base: number, plan: MatrixPlan, r: number, c: number, value: number): void {
    this.#numbers[this.#index(base, plan, r, c)] = value;
  }
}

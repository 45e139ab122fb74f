import { ACTIVATION_TABLE } from '../core/activations.ts';
import type { Activation, NetworkSpec } from '../core/spec.ts';
import { GradpoolError } from '../core/errors.ts';
import type { OutputArray } from '../core/scaling.ts';
import type { Scaling } from '../core/table.ts';
import type { WasmMemory, WasmModule } from '../core/wasm.ts';
import { instantiate, type KernelExports } from '../kernels/exports.ts';
import type { LayerParameters } from '../memory/arena.ts';
import { type MatrixPlan, MOST_BYTES, place } from '../memory/layout.ts';
import { type Engine, type Rows, type Scales, scalesOf } from './engine.ts';
import { type InferPlan, planInference, type ThreadPlan } from './plan.ts';

const PAGE = 65536;
/** float32 numbers of a row within a panel. */
const PANEL = 8;

/** The kernels and the memory that they work on: it holds the weights, and activations for each of some threads. */
export interface WasmSource {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly threads: number;
}

/**
 * Puts the weights into a memory of their own.
 * @param module - imports a shared memory if there are to be several threads
 * @throws GradpoolError ERR_DOES_NOT_FIT if they are more than one memory can hold
 */
export function wasmSource(
  module: WasmModule,
  spec: NetworkSpec,
  parameters: readonly LayerParameters[],
  { threads, shared }: { readonly threads: number; readonly shared: boolean },
): WasmSource {
  const plan = planInference(spec, threads);
  const memory = allocate(plan.bytes, shared);
  const numbers = new Float32Array(memory.buffer);
  parameters.forEach(({ weights, bias }, l) => {
    store(numbers, plan.weights[l]!, weights);
    store(numbers, plan.biases[l]!, bias);
  });
  return { module, memory, threads };
}

/** The wasm kernels, for one of the threads of a memory. */
export class WasmEngine implements Engine {
  readonly rows: number;
  readonly #plan: InferPlan;
  readonly #rows: ThreadPlan;
  readonly #scales: Scales;
  readonly #codes: readonly number[];
  readonly #output: Activation;
  readonly #memory: Float32Array;
  readonly #forward: KernelExports['forward'];

  constructor({ module, memory, threads }: WasmSource, spec: NetworkSpec, scaling: Scaling, thread: number) {
    this.#plan = planInference(spec, threads);
    this.#rows = this.#plan.threads[thread]!;
    this.#scales = scalesOf(spec, scaling);
    this.#codes = spec.layers.map(({ activation }) => ACTIVATION_TABLE[activation].code);
    this.#output = spec.layers.at(-1)!.activation;
    this.rows = this.#rows.many[0]!.rows;
    this.#memory = new Float32Array(memory.buffer);
    this.#forward = instantiate(module, memory).forward;
  }

  run(X: Rows, out: OutputArray, from: number, rows: number): void {
    const H = rows === 1 ? this.#rows.one : this.#rows.many;
    const { weights, biases } = this.#plan;
    this.#load(H[0]!, X, from, rows);
    for (let l = 0; l < weights.length; l++) {
      const [x, h, W, b] = [H[l]!, H[l + 1]!, weights[l]!, biases[l]!];
      const panels = W.paddedColumns / PANEL;
      const depth = x.paddedColumns / PANEL;
      const tail = W.columns - (panels - 1) * PANEL;
      const code = this.#codes[l]!;
      this.#forward(
        h.offset,
        h.stride,
        x.offset,
        x.stride,
        W.offset,
        W.stride,
        b.offset,
        rows,
        depth,
        panels,
        tail,
        code,
      );
    }
    this.#store(H[H.length - 1]!, out, from, rows);
  }

  /** H_0 = scale * X + shift, in float64 and then rounded once. */
  #load({ offset, stride, columns }: MatrixPlan, X: Rows, from: number, rows: number): void {
    const { inScale, inShift } = this.#scales;
    const memory = this.#memory;
    for (let r = 0; r < rows; r++) {
      const row = (from + r) * columns;
      for (let c = 0, panel = offset / 4 + r * PANEL; c < columns; panel += stride / 4) {
        const end = Math.min(columns, c + PANEL);
        for (let at = panel; c < end; c++, at++) memory[at] = inScale[c]! * X[row + c]! + inShift[c]!;
      }
    }
  }

  /** Y, which for softmax still is U_L, in raw units. */
  #store({ offset, stride, columns }: MatrixPlan, out: OutputArray, from: number, rows: number): void {
    const { outScale, outShift } = this.#scales;
    const memory = this.#memory;
    for (let r = 0; r < rows; r++) {
      const row = (from + r) * columns;
      for (let k = 0, panel = offset / 4 + r * PANEL; k < columns; panel += stride / 4) {
        const end = Math.min(columns, k + PANEL);
        for (let at = panel; k < end; k++, at++) out[row + k] = outScale[k]! * memory[at]! + outShift[k]!;
      }
      if (this.#output === 'softmax') softmax(out, row, columns);
    }
  }
}

function store(memory: Float32Array, plan: MatrixPlan, values: Float32Array): void {
  for (let r = 0, i = 0; r < plan.rows; r++) {
    for (let c = 0; c < plan.columns;) {
      const end = Math.min(plan.columns, c + PANEL);
      for (let at = place('panels-f32', plan, r, c) / 4; c < end; c++) memory[at++] = values[i++]!;
    }
  }
}

function allocate(bytes: number, shared: boolean): WasmMemory {
  const pages = Math.max(1, Math.ceil(bytes / PAGE));
  if (bytes > MOST_BYTES) {
    throw new GradpoolError(
      'ERR_DOES_NOT_FIT',
      `prediction needs ${bytes} bytes, and one memory has ${MOST_BYTES} at most`,
    );
  }
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch (cause) {
    throw new GradpoolError('ERR_DOES_NOT_FIT', `${bytes} bytes of memory could not be allocated`, { cause });
  }
}

/** y_k = e^{u_k - max u} / sum_j e^{u_j - max u}, in place on u[from, from + K). */
function softmax(u: OutputArray, from: number, K: number): void {
  let max = -Infinity;
  for (let k = from; k < from + K; k++) if (u[k]! > max) max = u[k]!;
  let sum = 0;
  for (let k = from; k < from + K; k++) {
    const e = Math.exp(u[k]! - max);
    u[k] = e;
    sum += e;
  }
  for (let k = from; k < from + K; k++) u[k] = u[k]! / sum;
}

import { oneOf, options, wrongType, wrongValue } from '../core/checks.ts';
import type { RowsInput } from '../core/columns.ts';
import { GradpoolError } from '../core/errors.ts';
import { type OutputArray, type OutputType, outputType } from '../core/scaling.ts';
import { typedArrayName } from '../core/realm.ts';
import type { WasmModule } from '../core/wasm.ts';
import { inferBytes } from '../kernels/infer-bytes.ts';
import type { KernelPath, Twin } from '../kernels/kernels.ts';
import { probeSimd } from '../kernels/probe.ts';
import { Network } from '../nn/network.ts';
import type { Engine } from './engine.ts';
import { ReferenceEngine, referenceLayers } from './reference-engine.ts';
import { inputRows } from './rows.ts';
import { WasmEngine, wasmSource } from './wasm-engine.ts';

const CHOICES = ['auto', 'wasm', 'reference'] as const;

export interface PredictorOptions {
  /** Default 'auto': wasm, or the reference where WebAssembly is missing. */
  backend?: (typeof CHOICES)[number] | undefined;
}

/** What computes the predictions, and why. */
export interface PredictorInfo {
  readonly backend: 'wasm' | 'reference';
  readonly path: Exclude<KernelPath, 'sgemm'>;
  readonly reason: string;
}

/**
 * Predicts fast on the calling thread: the SIMD kernels of training, in float32, on a memory of its own. It has the weights
 * that the network had when it was made; training on does not change it.
 *
 * @example
 * const predictor = new Predictor(network);
 * const out = new Float32Array(1);
 * predictor.predictOne([0.5, -1], out); // nothing is allocated
 */
export class Predictor {
  readonly info: PredictorInfo;
  readonly #inputs: number;
  readonly #outputs: number;
  readonly #spec: Network['spec'];
  readonly #engine: Engine;
  readonly #Output: OutputType;

  /**
   * @throws TypeError, RangeError naming the argument; GradpoolError ERR_BACKEND_UNAVAILABLE if wasm was asked for and cannot
   * run, ERR_DOES_NOT_FIT if the network is larger than one WebAssembly memory, ERR_FILE_MISSING if a bundler left the kernels behind
   */
  constructor(network: Network, given: PredictorOptions = {}) {
    if (!(network instanceof Network)) throw wrongType('network', 'Network', network);
    const { backend = 'auto' } = options<PredictorOptions>('options', given, ['backend']);
    const choice = oneOf('backend', backend, CHOICES);
    const { spec, normalization, parameters } = network;
    this.#spec = spec;
    this.#inputs = spec.inputs;
    this.#outputs = spec.layers.at(-1)!.units;
    this.#Output = outputType(normalization.targets);
    const found = choice === 'reference' ? { obstacle: 'it was asked for' } : findKernels();
    if ('module' in found) {
      const source = wasmSource(found.module, spec, parameters, { threads: 1, shared: false });
      this.#engine = new WasmEngine(source, spec, normalization, 0);
      const reason = choice === 'wasm' ? 'it was asked for' : 'the fastest that can run here';
      this.info = { backend: 'wasm', path: found.path, reason };
    } else {
      if (choice === 'wasm') {
        throw new GradpoolError('ERR_BACKEND_UNAVAILABLE', `backend 'wasm' cannot run: ${found.obstacle}`);
      }
      const layers = referenceLayers(parameters, (bytes) => new ArrayBuffer(bytes));
      this.#engine = new ReferenceEngine(layers, spec, normalization);
      const reason = choice === 'reference' ? found.obstacle : `wasm cannot run: ${found.obstacle}`;
      this.info = { backend: 'reference', path: 'float64', reason };
    }
  }

  /**
   * Y for one pattern, in the units of the targets.
   * @param row - n raw inputs
   * @param out - where the K outputs go, a Float32Array or Float64Array; with it, nothing is allocated. Default a new array, float64
   * where float32 would lose what they tell: of normalised targets far from zero, or tiny.
   * @returns out
   * @throws TypeError, RangeError naming the input
   */
  predictOne<Out extends OutputArray = Float32Array>(
    row: ArrayLike<number>,
    out: Out = new this.#Output(this.#outputs) as Out,
  ): Out {
    const n = this.#inputs;
    if (typeof row !== 'object' || row === null) throw wrongType('row', `list of ${n} numbers`, row);
    if (row.length !== n) throw new RangeError(`"row" expected ${n} numbers, got ${String(row.length)}`);
    const kind = typedArrayName(out);
    if (kind !== 'Float32Array' && kind !== 'Float64Array') throw wrongType('out', this.#Output.name, out);
    if (out.length !== this.#outputs) {
      throw new RangeError(`"out" expected ${this.#outputs} numbers, got ${out.length}`);
    }
    for (let i = 0; i < n; i++) {
      const value = row[i]!;
      if (typeof value !== 'number') throw wrongType(`row[${i}]`, 'number', value);
      if (value - value !== 0) throw wrongValue(`row[${i}]`, 'a finite number', value);
    }
    this.#engine.run(row, out, 0, 1);
    return out;
  }

  /**
   * Y for one pattern or many, in the units of the targets; what `network.predict` gives, but for rounding.
   * @param inputs - rows of n numbers, or a flat list of rows
   * @returns rows x K, row-major; float32, or float64 as for `predictOne`
   * @throws TypeError, RangeError naming the input
   */
  predict<Out extends OutputArray = Float32Array>(inputs: RowsInput): Out {
    const { values, rows } = inputRows(inputs, this.#spec);
    const Y = new this.#Output(rows * this.#outputs);
    const most = this.#engine.rows;
    for (let from = 0; from < rows; from += most) this.#engine.run(values, Y, from, Math.min(most, rows - from));
    return Y as Out;
  }
}

/** Compiled once for all predictors of a thread. */
const MODULES = new Map<Twin, WasmModule>();

function findKernels(): { readonly path: Twin; readonly module: WasmModule } | { readonly obstacle: string } {
  const path = probeSimd();
  if (path === 'none') return { obstacle: 'this engine has no WebAssembly SIMD' };
  try {
    const module = MODULES.get(path) ?? new WebAssembly.Module(inferBytes(path));
    MODULES.set(path, module);
    return { path, module };
  } catch (error) {
    if (error instanceof GradpoolError) throw error;
    return { obstacle: `the kernels cannot be compiled: ${String(error)}` };
  }
}

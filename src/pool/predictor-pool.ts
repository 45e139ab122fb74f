import { availableParallelism } from 'node:os';
import { abortable, integer, options } from '../core/checks.ts';
import type { RowsInput } from '../core/columns.ts';
import { GradpoolError } from '../core/errors.ts';
import type { OutputArray } from '../core/scaling.ts';
import type { EngineSource } from '../infer/engine-source.ts';
import { Predictor, type PredictorInfo, type PredictorOptions } from '../infer/predictor.ts';
import { referenceLayers } from '../infer/reference-engine.ts';
import { inputRows } from '../infer/rows.ts';
import { wasmSource } from '../infer/wasm-engine.ts';
import { compile } from '../kernels/load.ts';
import { allocate, detectSharedMemory } from '../memory/shared.ts';
import type { Network } from '../nn/network.ts';
import { type InlineChoice, measureInlineRows } from './inline-rows.ts';
import type { PredictionThreads } from './prediction-threads.ts';

export interface PredictorPoolOptions extends PredictorOptions {
  /** Threads. Default: one for each core. */
  workers?: number | undefined;
  /**
   * Batches of at most so many rows are predicted on the calling thread, at once; 0: none. Default 'auto': as many as are measured
   * to be faster there, which takes some 0.1 s.
   */
  inlineRows?: number | 'auto' | undefined;
}

/** What computes the predictions, where, and why. */
export interface PredictorPoolInfo extends PredictorInfo, InlineChoice {
  readonly workers: number;
}

export interface PredictOptions {
  /** Ends the call promptly; it rejects with ERR_ABORTED. */
  signal?: AbortSignal | undefined;
}

const KEYS = ['backend', 'workers', 'inlineRows'] as const;

/**
 * Predicts batches on threads that share the weights, any number of batches at a time: for services. The numbers have the same bits
 * as those of a {@link Predictor}, however many threads there are. It has the weights that the network had when it was made.
 *
 * @example
 * const { network } = await loadNetwork('digits.safetensors');
 * const pool = await PredictorPool.create(network);
 * const Y = await pool.predict(rows, { signal: AbortSignal.timeout(1000) });
 * await pool.close();
 */
export class PredictorPool {
  readonly info: PredictorPoolInfo;
  readonly #spec: Network['spec'];
  readonly #predictor: Predictor;
  readonly #threads: PredictionThreads;

  private constructor(
    spec: Network['spec'],
    predictor: Predictor,
    threads: PredictionThreads | undefined,
    choice: InlineChoice,
  ) {
    // Who writes no TypeScript can call it.
    if (threads === undefined)
      throw new TypeError('PredictorPool expected await PredictorPool.create(network), got new');
    this.#spec = spec;
    this.#predictor = predictor;
    this.#threads = threads;
    this.info = { ...predictor.info, workers: threads.size, ...choice };
  }

  /**
   * Starts the threads.
   * @throws TypeError, RangeError naming the argument; what `new Predictor` throws; GradpoolError ERR_NO_SHARED_MEMORY,
   * ERR_DOES_NOT_FIT, ERR_WORKER_FAILED
   */
  static async create(network: Network, given: PredictorPoolOptions = {}): Promise<PredictorPool> {
    const { backend, workers, inlineRows = 'auto' } = options<PredictorPoolOptions>('options', given, KEYS);
    const size = integer('workers', workers ?? availableParallelism(), 1, 1024);
    if (inlineRows !== 'auto') integer('inlineRows', inlineRows, 0);
    const predictor = new Predictor(network, { backend });
    const memory = detectSharedMemory();
    if (!memory.available) {
      throw new GradpoolError('ERR_NO_SHARED_MEMORY', `threads cannot share the weights: ${memory.reason}`);
    }
    const source = shareWeights(network, predictor.info, size);
    // Not at the top: piscina takes longer to load than all that a Predictor needs.
    const { PredictionThreads } = await import('./prediction-threads.ts');
    const threads = await PredictionThreads.start(source, size);
    try {
      const choice: InlineChoice =
        inlineRows === 'auto'
          ? await measureInlineRows(
              network.spec.inputs,
              (X) => predictor.predict(X),
              (X, rows) => threads.predict(X, rows, undefined),
            )
          : { inlineRows, inlineReason: 'it was asked for', timings: [] };
      return new PredictorPool(network.spec, predictor, threads, choice);
    } catch (error) {
      await threads.close();
      throw error;
    }
  }

  /**
   * Y for one pattern, on the calling thread; see {@link Predictor.predictOne}.
   * @throws TypeError, RangeError naming the input; GradpoolError ERR_CLOSED, ERR_WORKER_FAILED
   */
  predictOne<Out extends OutputArray = Float32Array>(row: ArrayLike<number>, out?: Out): Out {
    this.#threads.throwIfStopped(undefined);
    return this.#predictor.predictOne(row, out);
  }

  /**
   * Y for one pattern or many, in the units of the targets.
   * @param inputs - rows of n numbers, or a flat list of rows. Typed arrays over a `SharedArrayBuffer` are not copied, and must not
   * be changed meanwhile.
   * @returns rows x K, row-major; float32, or float64 where float32 would lose what they tell: of normalised targets far from zero, or tiny
   * @throws TypeError, RangeError naming the argument, before any work; GradpoolError ERR_ABORTED (its cause is the signal's
   * reason), ERR_CLOSED, ERR_WORKER_FAILED: then the threads have ended, and the pool cannot be used again
   */
  async predict<Out extends OutputArray = Float32Array>(inputs: RowsInput, given: PredictOptions = {}): Promise<Out> {
    const { signal } = options<PredictOptions>('options', given, ['signal']);
    abortable('signal', signal);
    const { values, rows } = inputRows(inputs, this.#spec);
    this.#threads.throwIfStopped(signal);
    if (rows <= this.info.inlineRows) return this.#predictor.predict<Out>(values);
    return (await this.#threads.predict(values, rows, signal)) as Out;
  }

  /** Ends the threads; calls that wait reject with ERR_CLOSED. May be called again. */
  close(): Promise<void> {
    return this.#threads.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Lays the weights where threads see them. */
function shareWeights(
  { spec, normalization, parameters }: Network,
  { path }: PredictorInfo,
  size: number,
): EngineSource {
  const scaling = { inputs: normalization.inputs, targets: normalization.targets };
  if (path === 'float64') {
    return { spec, scaling, weights: { backend: 'reference', layers: referenceLayers(parameters, allocate) } };
  }
  const kernels = wasmSource(compile(path), spec, parameters, { threads: size, shared: true });
  return { spec, scaling, weights: { backend: 'wasm', ...kernels } };
}

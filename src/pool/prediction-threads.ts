import type { Piscina } from 'piscina';
import { aborted, onAbort } from '../core/aborts.ts';
import { describe } from '../core/checks.ts';
import { GradpoolError } from '../core/errors.ts';
import { type OutputArray, type OutputType, outputType } from '../core/scaling.ts';
import { numericArray, numericType } from '../core/realm.ts';
import type { NumericArray } from '../core/table.ts';
import type { EngineSource } from '../infer/engine-source.ts';
import { isShared } from '../memory/shared.ts';
import { predictEntry } from './locations.ts';
import { endThreads, startThreads } from './pool.ts';
import { type PredictionSetup, type PredictionTask, STOP, WORDS } from './prediction.ts';
import { Staging } from './staging.ts';
import { startLimit } from './start-limit.ts';

const LINE = 64; // bytes
/** Rows that the kernels compute together. */
const TILE = 4;

/**
 * Threads that predict batches, several at a time, with one set of weights. When one of them ends, or fails in any other way,
 * all requests end with ERR_WORKER_FAILED and so do the threads: whoever serves learns of it at once.
 */
export class PredictionThreads {
  readonly size: number;
  readonly #piscina: Piscina<PredictionTask, number>;
  readonly #outputs: number;
  readonly #Output: OutputType;
  readonly #staging = new Staging();
  /** How to end each of the requests that wait. */
  readonly #waiting = new Set<(error: GradpoolError) => void>();
  /** Why there are no threads any more. */
  #end: GradpoolError | undefined;
  #ended: Promise<void> | undefined;

  private constructor(source: EngineSource, size: number) {
    this.size = size;
    this.#outputs = source.spec.layers.at(-1)!.units;
    this.#Output = outputType(source.scaling.targets);
    const setup: PredictionSetup = { source, seats: new Int32Array(new SharedArrayBuffer(4)) };
    this.#piscina = startThreads<PredictionTask, number>(predictEntry(), size, setup);
    this.#piscina.on('error', (cause) => void this.#fail(cause));
    // Tasks of a thread that dies are rejected, with the cause, after this event.
    this.#piscina.on('workerDestroy', () => setImmediate(() => void this.#fail(undefined)));
  }

  /**
   * Starts the threads, and waits until each has computed something.
   * @throws GradpoolError ERR_WORKER_FAILED
   */
  static async start(source: EngineSource, size: number): Promise<PredictionThreads> {
    const threads = new PredictionThreads(source, size);
    const X = new Float32Array(source.spec.inputs * TILE * size);
    const seen = new Set<number>();
    const limit = startLimit(size);
    const tooLate = () => void threads.#fail(`it did not start within ${limit} ms`);
    const deadline = performance.now() + limit;
    const late = setTimeout(tooLate, limit);
    try {
      while (seen.size < size) {
        if (performance.now() > deadline) tooLate();
        const { threads: ids } = await threads.#request(X, TILE * size).done;
        for (const id of ids) seen.add(id);
      }
    } finally {
      clearTimeout(late);
    }
    threads.throwIfStopped(undefined);
    return threads;
  }

  /** @throws GradpoolError: what ended the threads, or ERR_ABORTED */
  throwIfStopped(signal: AbortSignal | undefined): void {
    if (this.#end !== undefined) throw this.#end;
    if (signal?.aborted) throw aborted('predicting', signal);
  }

  /**
   * Y for rows of X.
   * @param X - raw inputs, known to be finite; not to be changed meanwhile if they lie in shared memory: others are copied
   * @throws GradpoolError ERR_ABORTED at once when the signal says so, ERR_CLOSED, ERR_WORKER_FAILED
   */
  async predict(X: NumericArray, rows: number, signal: AbortSignal | undefined): Promise<OutputArray> {
    this.throwIfStopped(signal);
    const { done, stop } = this.#request(X, rows);
    const end = onAbort(signal, () => stop(aborted('predicting', signal)));
    try {
      return (await done).Y;
    } finally {
      end();
    }
  }

  /** Ends all requests with ERR_CLOSED, and the threads. */
  close(): Promise<void> {
    return this.#finish(new GradpoolError('ERR_CLOSED', 'the pool is closed'));
  }

  /** Hands a request to all threads, or as many as there are tiles of rows. */
  #request(X: NumericArray, rows: number) {
    const share = TILE * Math.ceil(rows / this.size / TILE);
    const { buffer, task } = this.#stage(X, rows, share);
    const parties = Math.ceil(rows / share);
    let over = false;
    let stop!: (error: GradpoolError) => void;
    const stopped = new Promise<never>((_, reject) => {
      stop = (error) => {
        // Once it is over, the memory may belong to another request.
        if (!over) Atomics.store(task.words, STOP, 1);
        reject(error);
      };
    });
    const result = Promise.all(Array.from({ length: parties }, () => this.#piscina.run(task))).then(
      (threads) => {
        over = true;
        const Y = task.Y.slice();
        this.#staging.give(buffer);
        return { Y, threads };
      },
      (cause: unknown) => {
        void this.#fail(cause);
        return stopped;
      },
    );
    this.#waiting.add(stop);
    const done = Promise.race([stopped, result]).finally(() => this.#waiting.delete(stop));
    return { done, stop };
  }

  /** Lays out a request in shared memory: its words, the room for Y, and X unless it lies there already. */
  #stage(X: NumericArray, rows: number, share: number): { buffer: SharedArrayBuffer; task: PredictionTask } {
    const outputs = rows * this.#outputs;
    // In whole lines of cache: numbers of any type may begin there.
    const Output = this.#Output;
    const start = LINE * Math.ceil((Output.BYTES_PER_ELEMENT * outputs) / LINE) + LINE;
    const buffer = this.#staging.take(start + (isShared(X.buffer) ? 0 : X.byteLength));
    const words = new Int32Array(buffer, 0, WORDS).fill(0);
    const Y = new Output(buffer, LINE, outputs);
    if (isShared(X.buffer)) return { buffer, task: { X, Y, rows, share, words } };
    const copy = numericArray(numericType(X), buffer, start, X.length);
    copy.set(X);
    return { buffer, task: { X: copy, Y, rows, share, words } };
  }

  #fail(cause: unknown): Promise<void> {
    const why = cause === undefined ? 'it exited' : typeof cause === 'string' ? cause : describe(cause);
    return this.#finish(new GradpoolError('ERR_WORKER_FAILED', `a thread that predicts failed: ${why}`, { cause }));
  }

  #finish(error: GradpoolError): Promise<void> {
    this.#end ??= error;
    for (const stop of this.#waiting) stop(this.#end);
    this.#ended ??= endThreads(this.#piscina);
    return this.#ended;
  }
}

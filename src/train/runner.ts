import { aborted, onAbort } from '../core/aborts.ts';
import { rateAt } from '../core/schedule.ts';
import type { Failure } from '../core/errors.ts';
import { fromFailure, GradpoolError, toFailure } from '../core/errors.ts';
import type { RowStream } from '../core/table.ts';
import type { Arena, LayerNumbers } from '../memory/arena.ts';
import { COMPLETED, CURRENT } from '../memory/control.ts';
import type { Evaluation, Network } from '../nn/network.ts';
import type { DataKey, GradientMoments, NoiseDraws, RunPlan } from '../pool/messages.ts';
import { abort, resetBarrier } from '../sync/barrier.ts';
import { classFactors, type ClassWeights, withClassWeights } from './class-weights.ts';
import type { CoordinatorApi } from './coordinator.ts';
import type { ResolvedOptions } from './options.ts';
import { type Bound, isStreamed, type Streamed } from './bound.ts';
import type { End, RunOutcome } from './outcome.ts';
import type { Piece } from './piece.ts';
import type { ProgressWatch } from './progress.ts';
import { means } from './report.ts';
import { takeVectors } from './snapshot.ts';
import { completedSums } from './sums.ts';
import type { TraceWriter } from './trace.ts';
import { soonAfterAbort, unlessAborted } from './unless-aborted.ts';
import { Weights } from './weights.ts';

/** What a callback has to clear up in once training was stopped; ms. */
const FAREWELL = 500;

type Done = RunOutcome & { state: 'done' } & {
  /** The learning rate at the end of each epoch. */
  readonly learningRates: readonly number[];
};

/**
 * Does one thing at a time with a trainer's threads, from weights that the network had before to weights that it has after,
 * whatever happens in between.
 */
export class Runner {
  readonly #network: Network;
  readonly #options: ResolvedOptions;
  readonly #arena: Arena;
  readonly #coordinator: CoordinatorApi;
  readonly #weights: Weights;
  readonly #trace: TraceWriter | undefined;
  readonly #attached = new Map<DataKey, { readonly source: object; readonly stream: RowStream | undefined }>();
  /** The epoch whose order was drawn last. */
  #drawn: number | undefined;
  readonly #closed = new AbortController();
  #failure: Failure | undefined;

  constructor(
    network: Network,
    options: ResolvedOptions,
    arena: Arena,
    coordinator: CoordinatorApi,
    trace: TraceWriter | undefined,
  ) {
    this.#network = network;
    this.#options = options;
    this.#arena = arena;
    this.#coordinator = coordinator;
    this.#trace = trace;
    this.#weights = new Weights(network, arena);
  }

  /**
   * Trains a piece, or the first of its epochs.
   * @throws GradpoolError ERR_ABORTED, ERR_CLOSED, ERR_WORKER_FAILED
   */
  async run(piece: Piece, signal: AbortSignal | undefined, watch: ProgressWatch | undefined): Promise<Done> {
    const begun = performance.now();
    const outcome = await this.#interruptible(signal, async () => {
      this.#weights.upload();
      await this.#attach('train', piece.train, signal);
      watch?.begin(this.#arena, piece.before, piece.batchSize);
      try {
        return await this.#coordinator.train(this.#plan(piece)).catch((error: unknown) => this.#orphaned(error));
      } finally {
        watch?.end();
      }
    });
    this.#weights.slot = outcome.slot;
    this.#weights.count += outcome.completed;
    await this.#weights.download();
    await this.#trace?.append(outcome.completed);
    if (outcome.state !== 'done' && outcome.completed > 0)
      piece.onStopped?.(
        outcome.completed,
        completedSums(this.#arena, outcome.completed, (performance.now() - begun) / 1000),
      );
    if (outcome.state !== 'done') throw this.#ended(outcome, signal);
    this.#drawn = piece.stream;
    const { rates, updates } = piece;
    const first = this.#weights.count - outcome.completed;
    return { ...outcome, learningRates: outcome.epochs.map((_, e) => rateAt(rates, first + (e + 1) * updates - 1)) };
  }

  /** Updates that the weights have been through since they were set. */
  get count(): number {
    return this.#weights.count;
  }

  /** Begins with what stands in the arena: the weights in slot 0, after so many updates. */
  resume(count: number): Promise<void> {
    return this.#weights.resume(count);
  }

  /** Copies of the weights and of what the optimiser remembers, while nothing runs. */
  vectors(): Promise<Map<string, LayerNumbers[]>> {
    return takeVectors(this.#arena, this.#weights.slot);
  }

  /** Whether training begins: parameters were set since the last update, or there was none. */
  get afresh(): boolean {
    return this.#weights.fresh || this.#weights.count === 0;
  }

  /**
   * Mean loss and accuracy with the weights as they are.
   * @param outputs - shared: takes U_L (P x K)
   */
  async evaluate(data: Bound, signal: AbortSignal | undefined, outputs?: Float64Array): Promise<Evaluation> {
    const sums = { loss: 0, right: 0 };
    const K = this.#network.spec.layers.at(-1)!.units;
    let seen = 0;
    const part = async (first: number, rows: number) => {
      const outcome = await this.#interruptible(signal, async () => {
        this.#weights.upload();
        await this.#attach('validation', data, signal);
        const U = outputs?.subarray(seen * K, (seen + rows) * K);
        return this.#coordinator.evaluate(this.#weights.slot, first, first + rows, U);
      });
      if (outcome.state !== 'done') throw this.#ended(outcome, signal);
      sums.loss += outcome.loss;
      sums.right += outcome.right;
      seen += rows;
    };
    if (isStreamed(data)) {
      const stream = await this.open('validation', data, signal);
      stream.begin(undefined, false);
      for (let used = 0, last = false; !last;) {
        const span = await this.wait(stream.next(used), signal);
        await part(span.from, span.rows);
        ({ rows: used, last } = span);
      }
    } else await part(0, data.length);
    return means(this.#network.spec, sums, data.length);
  }

  /** The stream of a set's rows, which all threads see. */
  async open(key: DataKey, data: Streamed, signal: AbortSignal | undefined): Promise<RowStream> {
    await this.#interruptible(signal, () => this.#attach(key, data, signal));
    return this.#attached.get(key)!.stream!;
  }

  /** Waits for something that threads have no part in; the signal and `stop` end the wait. */
  async wait<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const ended = await unlessAborted(
      work.then((value) => ({ value })),
      this.#signals(signal),
    );
    if (!ended) this.throwIfStopped(signal);
    return ended!.value;
  }

  /**
   * The same where training is over: what clears up may need a moment, also where training was stopped, or while the trainer is closed.
   * @throws GradpoolError ERR_ABORTED, ERR_CLOSED where it takes longer
   */
  async waitAtEnd<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const ended = await soonAfterAbort(work, this.#signals(signal), FAREWELL);
    if (!ended) this.throwIfStopped(signal);
    return ended!.value;
  }

  #signals(signal: AbortSignal | undefined): AbortSignal[] {
    return [this.#closed.signal, ...(signal ? [signal] : [])];
  }

  /** Gradients of random batches of training patterns with the weights as they are, which stay so. */
  async moments(train: Bound, draws: NoiseDraws, signal: AbortSignal | undefined): Promise<GradientMoments> {
    const outcome = await this.#interruptible(signal, async () => {
      this.#weights.upload();
      await this.#attach('train', train, signal);
      return this.#coordinator.moments(draws, this.#weights.slot);
    });
    if (outcome.state !== 'done') throw this.#ended(outcome, signal);
    return outcome.moments;
  }

  /** @throws GradpoolError ERR_CLOSED, ERR_ABORTED, or the failure that ended the threads */
  throwIfStopped(signal: AbortSignal | undefined): void {
    if (this.#closed.signal.aborted) throw new GradpoolError('ERR_CLOSED', 'the trainer is closed');
    if (this.#failure) throw new GradpoolError(this.#failure.code, `the trainer has failed: ${this.#failure.message}`);
    if (signal?.aborted) throw aborted('training', signal);
  }

  /** Stops what is running, which is to be waited for. */
  stop(): void {
    this.#closed.abort();
    abort(this.#arena.control);
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    try {
      await this.#coordinator.close();
    } finally {
      await this.#trace?.close();
    }
  }

  #plan({ train, epochs, updates, batchSize, rates, from, rows, counted, stream, before }: Piece): RunPlan {
    const { seed, shuffle, step, clipNorm } = this.#options;
    return {
      epochs,
      epoch: stream,
      updates,
      batchSize,
      from,
      counted,
      drawn: from > 0 && stream === this.#drawn,
      trained: before.samples,
      rows: rows ?? train.length - from,
      slot: this.#weights.slot,
      step,
      rates,
      count: this.#weights.count,
      clipNorm,
      // Of a stream the order is made as its rows are read.
      shuffle: shuffle && !isStreamed(train) ? { seed, stream } : undefined,
    };
  }

  /** What can still be said of a run whose coordinator has died: what it committed stands in shared memory. */
  #orphaned(error: unknown): RunOutcome {
    const completed = Atomics.load(this.#arena.control, COMPLETED);
    const slot = Atomics.load(this.#arena.control, CURRENT);
    return { state: 'failed', completed, slot, failure: toFailure(error, 'ERR_WORKER_FAILED') };
  }

  /** Lets the signal, or `stop`, set the abort word while `work` runs. */
  async #interruptible<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const { control } = this.#arena;
    this.throwIfStopped(signal);
    resetBarrier(control);
    const stop = () => abort(control);
    const end = onAbort(signal, stop);
    try {
      return await work();
    } catch (error) {
      if (error instanceof GradpoolError && error.code === 'ERR_WORKER_FAILED') {
        this.#failure = { code: error.code, message: error.message, detail: undefined };
      }
      throw error;
    } finally {
      end();
    }
  }

  async #attach(key: DataKey, data: Bound, signal: AbortSignal | undefined): Promise<void> {
    const { source } = data;
    const attached = this.#attached.get(key);
    const known = attached?.source === source;
    const stream = isStreamed(data) ? (known ? attached.stream : await this.#stream(key, data, signal)) : undefined;
    const { table, rows } = isStreamed(data) ? { table: stream!.table, rows: stream!.order } : data;
    this.#arena.storeScaling(table.affine.scale, table.affine.shift);
    if (known) return;
    // Until all threads have it, none can be relied on to hold the last one either.
    this.#attached.delete(key);
    const weights = this.#classWeights(key);
    const weighted = weights && !isStreamed(data) ? withClassWeights(this.#network, data, weights) : table;
    const end = await this.#coordinator.attach(key, weighted, rows, stream !== undefined);
    if (end.state !== 'done') throw this.#ended(end, signal);
    this.#attached.set(key, { source, stream });
  }

  async #stream(key: DataKey, data: Streamed, signal: AbortSignal | undefined): Promise<RowStream> {
    const weights = this.#classWeights(key);
    if (weights === undefined) return data.open();
    return data.open(await classFactors(this.#network, data.source, weights, () => this.throwIfStopped(signal)));
  }

  /** Those that a data set is used with. */
  #classWeights(key: DataKey): ClassWeights | undefined {
    return key === 'train' ? this.#options.classWeights : undefined;
  }

  #ended(outcome: Exclude<End, { state: 'done' }>, signal: AbortSignal | undefined): GradpoolError {
    if (outcome.state === 'failed') {
      this.#failure = outcome.failure;
      return fromFailure(outcome.failure);
    }
    if (this.#closed.signal.aborted) return new GradpoolError('ERR_CLOSED', 'the trainer was closed during training');
    return aborted('training', signal);
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { fromFailure, GradpoolError, toFailure } from '../core/errors.ts';
import type { Table } from '../core/table.ts';
import { busyParts, shardStart } from '../data/partition.ts';
import { COMPLETED, CURRENT, EPOCHS_PER_RUN, LOSS, RIGHT } from '../memory/control.ts';
import { scalarBytes } from '../memory/layout.ts';
import { allocate } from '../memory/shared.ts';
import type {
  DataKey,
  DoneResult,
  GradientMoments,
  NoiseDraws,
  RunPlan,
  SharedData,
  WorkerResult,
  WorkerTask,
} from '../pool/messages.ts';
import type { TaskPool } from '../pool/task-pool.ts';
import { startLimit } from '../pool/start-limit.ts';
import { abort, Stopped, throwIfAborted } from '../sync/barrier.ts';
import type { CoordinatorSetup, End, EvaluationOutcome, MomentsOutcome, RunOutcome } from './outcome.ts';
import { Session } from './session.ts';
import { Steps } from './steps.ts';
import { Stopwatch } from './stopwatch.ts';
import { epochSums, rowSums } from './sums.ts';
import { PhaseLog } from './trace.ts';
import { WorkerTuning } from './tuning.ts';
import { Watchdog, workersPulse } from './watchdog.ts';

/** How long the others may take to leave after one has failed, before their threads are ended; ms. */
const FAREWELL = 200;
/** Where epochs are short several are trained in one go: as many as have so many rows together. */
const ROWS_PER_RUN = 2 ** 18;

/** The methods of a coordinator, wherever it runs. */
export type CoordinatorApi = Pick<Coordinator, 'attach' | 'train' | 'evaluate' | 'moments' | 'close'>;

/**
 * Runs epochs on a pool: divides, collects; and in the strategy `coordinator` also adds up the partial
 * gradients and steps. It lives in a thread of its own, behind comlink, or on the caller's where there are no threads.
 */
export class Coordinator {
  readonly #setup: CoordinatorSetup;
  readonly #pool: TaskPool;
  readonly #session: Session;
  readonly #data = new Map<DataKey, SharedData>();
  readonly #watch: Stopwatch;
  /** For each batch size, because it decides how many workers are worth their meetings. */
  readonly #tunings = new Map<number, WorkerTuning>();
  /** How many workers did the last task. */
  #active: number;

  constructor(setup: CoordinatorSetup, pool: TaskPool) {
    this.#setup = setup;
    this.#pool = pool;
    this.#session = new Session(setup.session);
    const log = setup.session.trace && new PhaseLog(setup.session.trace, pool.size);
    this.#watch = new Stopwatch(this.#session.arena.statistics(pool.size), log);
    this.#active = pool.size;
  }

  /**
   * Hands a data set to all threads and sees that each of `workers` tasks sits on a thread of its own.
   * @param streamed - the rows lie where all threads see what is written there later, in the order in which they are to be used
   */
  async attach(key: DataKey, table: Table, rows: Uint32Array, streamed = false): Promise<End> {
    const shared = streamed ? rows : new Uint32Array(allocate(rows.byteLength));
    if (!streamed) shared.set(rows);
    const epochs = key === 'train' && !streamed ? epochsPerRun(rows.length) : 0;
    const data = { key, table, rows: shared, orders: new Uint32Array(allocate(epochs * rows.byteLength)) };
    this.#data.set(key, data);
    this.#session.setData(data);
    const parties = this.#pool.size;
    const task: WorkerTask = { kind: 'attach', setup: this.#setup.session, data, parties };
    const limit = startLimit(parties);
    const inTime = new AbortController();
    const late = delay(limit, 'late' as const, { ref: false, signal: inTime.signal });
    late.catch(() => undefined);
    const all = Promise.all(Array.from({ length: parties }, (_, w) => this.#one(task, w)));
    // What waits for the time would keep the data that long.
    const results = await Promise.race([late, all]).finally(() => inTime.abort());
    if (results === 'late') return this.#broken(`the workers did not start within ${limit} ms`);
    for (const result of results) if (result.state !== 'done') return result;
    const threads = new Set(results.map((result) => result.state === 'done' && result.thread));
    return threads.size === parties
      ? { state: 'done' }
      : this.#broken(`${parties} workers sat on ${threads.size} threads`);
  }

  /** Trains epochs, as many of those asked for as it finds good to train in one go. */
  async train(asked: RunPlan): Promise<RunOutcome> {
    const started = performance.now();
    const { arena } = this.#session;
    const textbook = this.#setup.strategy === 'coordinator';
    const one = textbook || this.#tuningOf(asked)?.decided === false;
    const run = { ...asked, epochs: one ? 1 : Math.min(asked.epochs, epochsPerRun(asked.rows)) };
    this.#clearStatistics();
    this.#recount(run);
    Atomics.store(arena.control, CURRENT, run.slot);
    const end = await this.#supervise(textbook ? this.#trainByTasks(run) : this.#trainResident(run));
    const completed = Atomics.load(arena.control, COMPLETED);
    const slot = Atomics.load(arena.control, CURRENT);
    if (end.state !== 'done') return { ...end, completed, slot };
    const epochs = epochSums(arena, run.epochs, (performance.now() - started) / 1000, textbook);
    return { state: 'done', completed, slot, workers: this.#active, epochs };
  }

  /**
   * Measures the rows [first, last) of the attached validation set with the weights of a slot.
   * @param outputs - shared: takes U_L of these rows
   */
  async evaluate(slot: number, first: number, last: number, outputs?: Float64Array): Promise<EvaluationOutcome> {
    this.#clearStatistics();
    const tasks = this.#shares(last - first).map(({ worker, from, rows }): WorkerTask => ({
      kind: 'evaluate',
      worker,
      from: first + from,
      to: first + from + rows,
      slot,
      outputs: outputs && { first, U: outputs },
    }));
    const end = await this.#supervise(this.#all(tasks));
    return end.state === 'done' ? { state: 'done', ...rowSums(this.#session.arena, 0) } : end;
  }

  /** Measures gradients of random batches of the attached training set, by one worker: they are few. */
  async moments(draws: NoiseDraws, slot: number): Promise<MomentsOutcome> {
    const task: WorkerTask = { kind: 'moments', worker: 0, draws, first: 0, last: draws.batches, slot };
    let moments: GradientMoments | undefined;
    const end = await this.#supervise(this.#all([task]).then(([result]) => ({ moments } = result!)));
    return end.state === 'done' ? { state: 'done', moments: moments! } : end;
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /** Resident workers: one task each for the whole run; while their number is being tuned, for a piece of it. */
  async #trainResident(run: RunPlan): Promise<void> {
    const total = run.epochs * run.updates;
    const tuning = this.#tuningOf(run);
    for (let first = 0; first < total;) {
      const left = total - first;
      const { workers, updates } = tuning?.next(left) ?? { workers: this.#pool.size, updates: left };
      const last = first + updates;
      const tasks = Array.from({ length: workers }, (_, worker): WorkerTask => ({
        kind: 'run',
        worker,
        run,
        first,
        last,
        workers,
      }));
      const results = await this.#all(tasks);
      tuning?.record(workers, updates, Math.max(...results.map(({ seconds }) => seconds)));
      this.#active = workers;
      first = last;
    }
  }

  /** coordinator: one task per worker per update, then the sum of the partial gradients and the step here. */
  async #trainByTasks(run: RunPlan): Promise<void> {
    const { updates, batchSize, rows, slot, epoch, from: before, drawn } = run;
    const { arena } = this.#session;
    const { kernels, squares } = this.#session.worker(this.#pool.size, 'train');
    const steps = new Steps(run, updates);
    if (!drawn) this.#session.shuffle(run, 0, 1);
    const end = arena.plan.slots.bytes / scalarBytes(arena.plan.format);
    for (let u = 0; u < updates; u++) {
      this.#watch.begin(u);
      throwIfAborted(arena.control);
      const size = Math.min(batchSize, rows - u * batchSize);
      const from = (slot + u) & 1;
      const to = 1 - from;
      await this.#all(
        this.#shares(size).map((share) => ({
          kind: 'gradients',
          worker: share.worker,
          from: before + u * batchSize + share.from,
          rows: share.rows,
          slot: from,
          into: share.worker === 0 ? to : share.worker + 1,
          shuffled: run.shuffle !== undefined,
          update: u,
          epoch,
          before: run.trained - before,
        })),
      );
      this.#watch.lap('barrier');
      let step = steps.at(u, size);
      const busy = busyParts(size, this.#pool.size);
      if (squares.length > 0) {
        kernels.reduce(to, busy, 0, end);
        kernels.square(to, 0, end);
        step = steps.clipped(size, squares);
      }
      kernels.update(from, to, squares.length > 0 ? 1 : busy, 0, end, from, step);
      Atomics.store(arena.control, CURRENT, to);
      Atomics.store(arena.control, COMPLETED, u + 1);
      this.#watch.lap('update');
    }
    this.#watch.publish();
  }

  #tuningOf({ batchSize }: RunPlan): WorkerTuning | undefined {
    if (!this.#setup.tuned) return undefined;
    const tuning = this.#tunings.get(batchSize) ?? new WorkerTuning(this.#pool.size);
    this.#tunings.set(batchSize, tuning);
    return tuning;
  }

  /** The parts of `count` rows, without the empty ones. */
  #shares(count: number): { worker: number; from: number; rows: number }[] {
    const parts = this.#pool.size;
    return Array.from({ length: busyParts(count, parts) }, (_, worker) => {
      const from = shardStart(count, parts, worker);
      return { worker, from, rows: shardStart(count, parts, worker + 1) - from };
    });
  }

  /** Runs tasks side by side to the end of all. */
  async #all(tasks: WorkerTask[]): Promise<DoneResult[]> {
    const results = await Promise.all(tasks.map((task, i) => this.#one(task, 'worker' in task ? task.worker : i)));
    for (const result of results) if (result.state === 'failed') throw fromFailure(result.failure);
    return results.map((result) => {
      if (result.state !== 'done') throw new Stopped('stopped');
      return result;
    });
  }

  /** Runs one task; a failure stops the other workers at once. */
  async #one(task: WorkerTask, worker: number): Promise<WorkerResult> {
    const result = await this.#pool.run(task).catch((error: unknown): WorkerResult => ({
      state: 'failed',
      failure: toFailure(error, 'ERR_WORKER_FAILED'),
    }));
    if (result.state !== 'failed') return result;
    abort(this.#session.arena.control);
    const { code, message, detail } = result.failure;
    return { state: 'failed', failure: { code, message: `worker ${worker} failed: ${message}`, detail } };
  }

  /** Waits for work under watch. After a failure nobody is left in it, and the pool is gone. */
  async #supervise(work: Promise<unknown>): Promise<End> {
    const { control } = this.#session.arena;
    const watchdog = new Watchdog(
      () => workersPulse(control, this.#pool.size),
      this.#setup.stallTimeout,
      'the workers have',
    );
    try {
      await Promise.race([work, watchdog.stalled]);
      return { state: 'done' };
    } catch (error) {
      if (error instanceof Stopped) return { state: 'stopped' };
      abort(control);
      await Promise.race([work.catch(() => undefined), delay(FAREWELL)]);
      await this.#pool.destroy(FAREWELL);
      return { state: 'failed', failure: toFailure(asOurs(error), 'ERR_WORKER_FAILED') };
    } finally {
      watchdog.stop();
    }
  }

  #broken(message: string): End {
    return { state: 'failed', failure: { code: 'ERR_WORKER_FAILED', message, detail: undefined } };
  }

  /** Lets the workers count on from where they were in the epoch; if they are fewer now, they share it. */
  #recount({ counted }: RunPlan): void {
    const statistics = (w: number) => this.#session.arena.statistics(w % this.#pool.size);
    counted?.losses.forEach((loss, w) => (statistics(w)[LOSS]! += loss));
    counted?.rights.forEach((right, w) => (statistics(w)[RIGHT]! += right));
  }

  #clearStatistics(): void {
    for (let e = 0; e < EPOCHS_PER_RUN; e++) {
      for (let w = 0; w <= this.#pool.size; w++) this.#session.arena.statistics(w, e).fill(0);
    }
  }
}

function epochsPerRun(rows: number): number {
  return Math.max(1, Math.min(EPOCHS_PER_RUN, Math.floor(ROWS_PER_RUN / rows)));
}

function asOurs(error: unknown): GradpoolError {
  if (error instanceof GradpoolError) return error;
  return new GradpoolError('ERR_WORKER_FAILED', `the coordinator failed: ${String(error)}`, { cause: error });
}

import { threadId } from 'node:worker_threads';
import { toFailure } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import { KernelFactory } from '../kernels/load.ts';
import { Masks } from '../kernels/masks.ts';
import { Arena } from '../memory/arena.ts';
import { CURRENT, heartbeat, SECONDS } from '../memory/control.ts';
import type {
  DataKey,
  RunPlan,
  RunTask,
  SessionSetup,
  SharedData,
  WorkerResult,
  WorkerTask,
} from '../pool/messages.ts';
import { abort, Barrier, Stopped, throwIfAborted } from '../sync/barrier.ts';
import { trainShare } from './data-parallel.ts';
import { trainHogwild } from './hogwild.ts';
import { trainLocally } from './local-sgd.ts';
import { Moments } from './moments.ts';
import { trainOwned } from './owner-computes.ts';
import { Stopwatch } from './stopwatch.ts';
import { PhaseLog } from './trace.ts';
import { evaluateRows, type Part, partialGradients, type Worker } from './update.ts';

/** Swaps of a shuffle between two heartbeats. */
const SWAPS = 2 ** 18;

/** What one thread holds of a training: the arena, the kernels, the data. Made anew for each trainer. */
export class Session {
  readonly arena: Arena;
  readonly #setup: SessionSetup;
  readonly #factory: KernelFactory;
  readonly #barriers = new Map<number, Barrier>();
  readonly #data = new Map<DataKey, { data: SharedData; workers: Map<number, Worker> }>();
  #moments: Moments | undefined;

  constructor(setup: SessionSetup) {
    this.#setup = setup;
    this.arena = new Arena(setup.arena);
    this.#factory = new KernelFactory(setup.source, setup.spec, this.arena);
  }

  /** Takes a data set, in place of the last one of its key. */
  setData(data: SharedData): void {
    this.#data.set(data.key, { data, workers: new Map() });
  }

  /** Waits until `parties` threads are in this call: none of them serves two. */
  meet(parties: number): void {
    if (parties > 1) this.#makeBarrier(parties, 0).wait();
  }

  /** Does a task to its end. Whatever goes wrong also stops the other workers. */
  run(task: Exclude<WorkerTask, { kind: 'attach' }>): WorkerResult {
    try {
      const seconds = this.#dispatch(task);
      const moments = task.kind === 'moments' ? this.#moments?.result : undefined;
      return { state: 'done', thread: threadId, seconds, ...(moments && { moments }) };
    } catch (error) {
      return this.failed(error);
    }
  }

  /** Turns what was thrown into a result. */
  failed(error: unknown): WorkerResult {
    if (error instanceof Stopped) return { state: 'stopped' };
    abort(this.arena.control);
    return { state: 'failed', failure: toFailure(error, 'ERR_WORKER_FAILED') };
  }

  /**
   * The worker of an index over one of the data sets. The index after the last is the coordinator, which only
   * reduces and updates; its kernels have no block of their own.
   */
  worker(index: number, key: DataKey): Worker {
    const entry = this.#entry(key);
    let worker = entry.workers.get(index);
    if (worker === undefined) {
      const plans = this.arena.plan.workerPlans;
      const { train, evaluate } = plans[index % plans.length]!;
      const block = key === 'train' ? train : evaluate;
      worker = {
        kernels: this.#factory.create(index, block, entry.data.table),
        blockRows: block.rows,
        layers: this.#setup.spec.layers.length,
        control: this.arena.control,
        squares: this.arena.squares,
        masks: key === 'train' ? Masks.of(this.#setup.spec, this.#setup.seed) : undefined,
        watch: new Stopwatch(this.arena.statistics(index), key === 'train' ? this.#log(index) : undefined),
      };
      entry.workers.set(index, worker);
    }
    return worker;
  }

  /**
   * Puts the rows of each epoch of a run into an order of its own (Fisher-Yates); this is done by each of `parties` for
   * some of the epochs.
   */
  shuffle({ shuffle, epochs }: RunPlan, index: number, parties: number): void {
    if (shuffle === undefined) return;
    for (let e = index; e < epochs; e += parties) {
      const order = this.#order(e, true);
      order.set(this.#entry('train').data.rows);
      const random = new Random(shuffle.seed, shuffle.stream + e);
      for (let last = order.length - 1; last > 0; last -= SWAPS) {
        random.shuffle(order, last, Math.max(0, last - SWAPS));
        throwIfAborted(this.arena.control);
        this.arena.control[heartbeat(index)]!++;
      }
    }
  }

  /** Copies U_L of a worker's block to where it is wanted. */
  #reader({ worker, outputs }: Extract<WorkerTask, { kind: 'evaluate' }>) {
    if (outputs === undefined) return undefined;
    // Its place becomes that of Y.
    const U = this.arena.plan.workerPlans[worker]!.evaluate.outputs.at(-1)!;
    return (at: number, rows: number) =>
      this.arena.loadRows(U, rows, outputs.U.subarray((at - outputs.first) * U.columns));
  }

  #log(index: number): PhaseLog | undefined {
    const { trace } = this.#setup;
    return trace && new PhaseLog(trace, index);
  }

  #entry(key: DataKey) {
    const entry = this.#data.get(key);
    if (entry === undefined) throw new Error(`no data set '${key}' is attached to this thread`);
    return entry;
  }

  /** The order of the patterns in an epoch of a run. */
  #order(epoch: number, shuffled: boolean): Uint32Array {
    const { rows, orders } = this.#entry('train').data;
    return shuffled ? orders.subarray(epoch * rows.length, (epoch + 1) * rows.length) : rows;
  }

  #dispatch(task: Exclude<WorkerTask, { kind: 'attach' }>): number {
    const key = task.kind === 'evaluate' ? 'validation' : 'train';
    const worker = this.worker(task.worker, key);
    let begun = performance.now();
    switch (task.kind) {
      case 'run': {
        const barrier = this.#barrierOf(task.workers);
        if (task.first === 0 && !task.run.drawn) this.shuffle(task.run, task.worker, task.workers);
        // Before the meeting: after it the others may already commit.
        const slot = Atomics.load(this.arena.control, CURRENT);
        if (task.workers > 1) barrier.wait();
        begun = performance.now();
        this.#trainRun(worker, barrier, task, slot);
        break;
      }
      case 'gradients':
        worker.watch.begin(task.update);
        worker.masks?.begin(task.epoch, task.before);
        partialGradients(worker, this.#order(0, task.shuffled), task.from, task.rows, task.slot, task.into);
        worker.watch.publish();
        break;
      case 'moments':
        worker.watch.rest();
        if (task.first === 0) this.#moments = new Moments(this.arena, task.draws);
        this.#moments!.measure(worker, this.#entry(key).data.rows, task.first, task.last, task.slot);
        break;
      case 'evaluate':
        worker.watch.begin(0);
        evaluateRows(worker, this.#entry(key).data.rows, task.from, task.to, task.slot, this.#reader(task));
        worker.watch.publish();
    }
    return (performance.now() - begun) / 1000;
  }

  /** Epoch after epoch, without a pause. The statistics of each but the run's last are put aside. */
  #trainRun(
    worker: Worker,
    barrier: Barrier,
    { run, first, last, worker: index, workers }: RunTask,
    start: number,
  ): void {
    const statistics = this.arena.statistics(index);
    let slot = start;
    let begun = performance.now();
    for (let u = first; u < last;) {
      const e = Math.floor(u / run.updates);
      const before = e * run.updates;
      const end = Math.min(last, before + run.updates);
      const order = this.#order(e, run.shuffle !== undefined).subarray(run.from);
      worker.masks?.begin(run.epoch + e, run.trained);
      slot = this.#train(worker, barrier, {
        run,
        order,
        first: u - before,
        last: end - before,
        worker: index,
        workers,
        slot,
        before,
      });
      const now = performance.now();
      statistics[SECONDS]! += (now - begun) / 1000;
      begun = now;
      if (end === before + run.updates && e < run.epochs - 1) {
        this.arena.statistics(index, e + 1).set(statistics);
        statistics.fill(0);
      }
      u = end;
    }
  }

  #train(worker: Worker, barrier: Barrier, part: Part): number {
    const { plan, control } = this.arena;
    const { strategy, averagingPeriod } = this.#setup;
    if (strategy === 'owner-computes') return trainOwned(worker, barrier, part);
    if (strategy === 'local-sgd') return trainLocally(worker, plan, barrier, part, averagingPeriod);
    if (strategy === 'hogwild') return trainHogwild(worker, plan, control, part);
    return trainShare(worker, plan, barrier, part);
  }

  /** The barrier of the first `parties` workers; all of them use the same words, at different times. */
  #barrierOf(parties: number): Barrier {
    let barrier = this.#barriers.get(parties);
    if (barrier === undefined) {
      barrier = this.#makeBarrier(parties, this.#setup.spins);
      this.#barriers.set(parties, barrier);
    }
    return barrier;
  }

  #makeBarrier(parties: number, spins: number): Barrier {
    return new Barrier(this.arena.control, { parties, spins, limit: this.#setup.barrierLimit });
  }
}

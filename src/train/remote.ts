import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { describe } from '../core/checks.ts';
import { GradpoolError } from '../core/errors.ts';
import { Arena } from '../memory/arena.ts';
import { ALIVE } from '../memory/control.ts';
import { coordinatorEntry } from '../pool/locations.ts';
import { threadOptions } from '../pool/thread-options.ts';
import { abort } from '../sync/barrier.ts';
import type { Coordinator, CoordinatorApi } from './coordinator.ts';
import type { CoordinatorSetup, End, EvaluationOutcome, MomentsOutcome, RunOutcome } from './outcome.ts';
import { Watchdog } from './watchdog.ts';

/** The same of each of the coordinators in a thread: their number comes first. */
type Numbered<Api> = {
  [K in keyof Api]: Api[K] extends (...args: infer A) => infer R ? (id: number, ...args: A) => R : never;
};

/** What the coordinators' thread offers. */
export interface CoordinatorThread extends Numbered<Omit<CoordinatorApi, 'close'>> {
  /** @returns the number of the new coordinator; the first decides how many worker threads there are */
  open(setup: CoordinatorSetup): Promise<number>;
  /** Ends the worker threads. */
  close(): Promise<void>;
}

/** How long `close` waits for the thread's own clearing up; ms. */
const FAREWELL = 2500;

/**
 * A thread for coordinators with one pool of worker threads, all of which end with the last of the coordinators. It keeps the
 * process alive only while it has something to answer.
 */
export class Threads {
  readonly #thread = new Worker(coordinatorEntry(), threadOptions());
  readonly #remote: CoordinatorThread;
  /** How to end each of the calls that wait. */
  readonly #waiting = new Set<(error: GradpoolError) => void>();
  /** Why there is no thread any more. */
  #end: GradpoolError | undefined;
  #users = 0;

  constructor() {
    this.#remote = wrap<CoordinatorThread>(nodeEndpoint(this.#thread));
    let cause: unknown;
    this.#thread.once('error', (error) => (cause = error));
    // Only now are its worker threads gone too, and the arenas are still.
    this.#thread.once('exit', (code) => {
      const why = cause === undefined ? `exit code ${code}` : describe(cause);
      this.#end = new GradpoolError('ERR_WORKER_FAILED', `the coordinator's thread ended: ${why}`, { cause });
      for (const stop of this.#waiting) stop(this.#end);
    });
    this.#thread.unref();
  }

  /** A new coordinator in the thread. */
  coordinator(setup: CoordinatorSetup): Promise<CoordinatorApi> {
    return RemoteCoordinator.start(setup, this);
  }

  join(): void {
    this.#users++;
  }

  /** The last to leave ends the pool and then the thread, even if the thread has died already. */
  async leave(): Promise<void> {
    if (--this.#users > 0) return;
    const late = delay(FAREWELL, undefined, { ref: false });
    await Promise.race([this.call((remote) => remote.close()).catch(() => undefined), late]);
    await this.terminate();
  }

  async terminate(): Promise<void> {
    await this.#thread.terminate();
  }

  async call<T>(ask: (remote: CoordinatorThread) => Promise<T>): Promise<T> {
    if (this.#end) throw this.#end;
    this.#thread.ref();
    // A race with one promise for all calls would keep something of each call as long as the thread lives.
    let stop!: (error: GradpoolError) => void;
    const ended = new Promise<never>((_, reject) => (stop = reject));
    this.#waiting.add(stop);
    try {
      return await Promise.race([ask(this.#remote), ended]);
    } finally {
      this.#waiting.delete(stop);
      this.#thread.unref();
    }
  }
}

/** A coordinator in another thread. */
class RemoteCoordinator implements CoordinatorApi {
  readonly #threads: Threads;
  readonly #id: number;
  readonly #control: Int32Array;
  readonly #limit: number;

  private constructor(threads: Threads, id: number, setup: CoordinatorSetup) {
    this.#threads = threads;
    this.#id = id;
    this.#control = new Arena(setup.session.arena).control;
    this.#limit = setup.stallTimeout;
  }

  static async start(setup: CoordinatorSetup, threads: Threads): Promise<RemoteCoordinator> {
    threads.join();
    try {
      return new RemoteCoordinator(threads, await threads.call((remote) => remote.open(setup)), setup);
    } catch (error) {
      await threads.leave();
      throw error;
    }
  }

  attach(...args: Parameters<Coordinator['attach']>): ReturnType<Coordinator['attach']> {
    return this.#watched<End>((remote) => remote.attach(this.#id, ...args));
  }

  train(...args: Parameters<Coordinator['train']>): ReturnType<Coordinator['train']> {
    return this.#watched<RunOutcome>((remote) => remote.train(this.#id, ...args));
  }

  evaluate(...args: Parameters<Coordinator['evaluate']>): ReturnType<Coordinator['evaluate']> {
    return this.#watched<EvaluationOutcome>((remote) => remote.evaluate(this.#id, ...args));
  }

  moments(...args: Parameters<Coordinator['moments']>): ReturnType<Coordinator['moments']> {
    return this.#watched<MomentsOutcome>((remote) => remote.moments(this.#id, ...args));
  }

  close(): Promise<void> {
    return this.#threads.leave();
  }

  /** A call under watch: a thread whose event loop does not turn is ended, and its workers with it. */
  async #watched<T>(ask: (remote: CoordinatorThread) => Promise<T>): Promise<T> {
    const watchdog = new Watchdog(
      () => Atomics.load(this.#control, ALIVE),
      this.#limit,
      "the coordinator's thread has",
    );
    try {
      return await Promise.race([this.#threads.call(ask), watchdog.stalled]);
    } catch (error) {
      abort(this.#control);
      await this.#threads.terminate();
      throw error;
    } finally {
      watchdog.stop();
    }
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Remote, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { describe } from '../core/checks.ts';
import { GradpoolError } from '../core/errors.ts';
import { Arena } from '../memory/arena.ts';
import { ALIVE } from '../memory/control.ts';
import { COORDINATOR_ENTRY } from '../pool/locations.ts';
import { abort } from '../sync/barrier.ts';
import type { Coordinator } from './coordinator.ts';
import type { CoordinatorSetup, End, EvaluationOutcome, MomentsOutcome, RunOutcome } from './outcome.ts';
import { Watchdog } from './watchdog.ts';

/** The methods of a coordinator, wherever it runs. */
export type CoordinatorApi = Pick<Coordinator, 'attach' | 'train' | 'evaluate' | 'moments' | 'close'>;

/** What the coordinator's thread offers. */
export interface CoordinatorThread extends CoordinatorApi {
  open(setup: CoordinatorSetup): void;
}

/** How long `close` waits for the thread's own clearing up; ms. */
const FAREWELL = 2500;

/** The coordinator in a thread of its own. The thread keeps the process alive only while it has something to answer. */
export class RemoteCoordinator implements CoordinatorApi {
  readonly #thread = new Worker(COORDINATOR_ENTRY);
  readonly #remote: Remote<CoordinatorThread>;
  readonly #ended: Promise<never>;
  readonly #control: Int32Array;
  readonly #limit: number;

  private constructor(setup: CoordinatorSetup) {
    this.#control = new Arena(setup.session.arena).control;
    this.#limit = setup.stallTimeout;
    this.#remote = wrap<CoordinatorThread>(nodeEndpoint(this.#thread));
    this.#ended = new Promise<never>((_, reject) => {
      let cause: unknown;
      this.#thread.once('error', (error) => (cause = error));
      // Only now are its worker threads gone too, and the arena is still.
      this.#thread.once('exit', (code) => {
        const why = cause === undefined ? `exit code ${code}` : describe(cause);
        reject(new GradpoolError('ERR_WORKER_FAILED', `the coordinator's thread ended: ${why}`, { cause }));
      });
    });
    this.#ended.catch(() => undefined);
    this.#thread.unref();
  }

  static async start(setup: CoordinatorSetup): Promise<RemoteCoordinator> {
    const remote = new RemoteCoordinator(setup);
    await remote.#call(() => remote.#remote.open(setup));
    return remote;
  }

  attach(...args: Parameters<Coordinator['attach']>): ReturnType<Coordinator['attach']> {
    return this.#watched<End>(() => this.#remote.attach(...args));
  }

  train(...args: Parameters<Coordinator['train']>): ReturnType<Coordinator['train']> {
    return this.#watched<RunOutcome>(() => this.#remote.train(...args));
  }

  evaluate(...args: Parameters<Coordinator['evaluate']>): ReturnType<Coordinator['evaluate']> {
    return this.#watched<EvaluationOutcome>(() => this.#remote.evaluate(...args));
  }

  moments(...args: Parameters<Coordinator['moments']>): ReturnType<Coordinator['moments']> {
    return this.#watched<MomentsOutcome>(() => this.#remote.moments(...args));
  }

  /** Ends the pool and then the thread, even if the thread has died already. */
  async close(): Promise<void> {
    const late = delay(FAREWELL, undefined, { ref: false });
    await Promise.race([this.#call(() => this.#remote.close()).catch(() => undefined), late]);
    await this.#thread.terminate();
  }

  /** A call under watch: a thread whose event loop does not turn is ended, and its workers with it. */
  async #watched<T>(ask: () => Promise<T>): Promise<T> {
    const watchdog = new Watchdog(
      () => Atomics.load(this.#control, ALIVE),
      this.#limit,
      "the coordinator's thread has",
    );
    try {
      return await Promise.race([this.#call(ask), watchdog.stalled]);
    } catch (error) {
      abort(this.#control);
      await this.#thread.terminate();
      throw error;
    } finally {
      watchdog.stop();
    }
  }

  async #call<T>(ask: () => Promise<T>): Promise<T> {
    this.#thread.ref();
    try {
      return await Promise.race([ask(), this.#ended]);
    } finally {
      this.#thread.unref();
    }
  }
}

import { Worker } from 'node:worker_threads';
import { type Remote, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { describe } from '../core/checks.ts';
import { GradpoolError } from '../core/errors.ts';
import { COORDINATOR_ENTRY } from '../pool/locations.ts';
import type { Coordinator } from './coordinator.ts';
import type { CoordinatorSetup, End, EpochOutcome, EvaluationOutcome } from './outcome.ts';

/** The methods of a coordinator, wherever it runs. */
export type CoordinatorApi = Pick<Coordinator, 'attach' | 'train' | 'evaluate' | 'close'>;

/** What the coordinator's thread offers. */
export interface CoordinatorThread extends CoordinatorApi {
  open(setup: CoordinatorSetup): void;
}

/** The coordinator in a thread of its own. The thread keeps the process alive only while it has something to answer. */
export class RemoteCoordinator implements CoordinatorApi {
  readonly #thread = new Worker(COORDINATOR_ENTRY);
  readonly #remote: Remote<CoordinatorThread>;
  readonly #ended: Promise<never>;

  private constructor() {
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
    const remote = new RemoteCoordinator();
    await remote.#call(() => remote.#remote.open(setup));
    return remote;
  }

  attach(...args: Parameters<Coordinator['attach']>): ReturnType<Coordinator['attach']> {
    return this.#call<End>(() => this.#remote.attach(...args));
  }

  train(...args: Parameters<Coordinator['train']>): ReturnType<Coordinator['train']> {
    return this.#call<EpochOutcome>(() => this.#remote.train(...args));
  }

  evaluate(...args: Parameters<Coordinator['evaluate']>): ReturnType<Coordinator['evaluate']> {
    return this.#call<EvaluationOutcome>(() => this.#remote.evaluate(...args));
  }

  /** Ends the pool and then the thread, even if the thread has died already. */
  async close(): Promise<void> {
    await this.#call(() => this.#remote.close()).catch(() => undefined);
    await this.#thread.terminate();
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

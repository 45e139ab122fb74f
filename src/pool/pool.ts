import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { WorkerResult, WorkerTask } from './messages.ts';

/** Where worker tasks run. */
export interface TaskPool {
  readonly size: number;
  run(task: WorkerTask): Promise<WorkerResult>;
  /** Ends the threads; a thread that cannot be ended in `patience` ms is left to the end of the process. */
  destroy(patience?: number): Promise<void>;
}

/** A piscina pool of exactly `size` threads, one task per thread. */
export class ThreadPool implements TaskPool {
  readonly size: number;
  readonly #piscina: Piscina<WorkerTask, WorkerResult>;

  constructor(entry: URL, size: number) {
    this.size = size;
    this.#piscina = new Piscina<WorkerTask, WorkerResult>({
      filename: fileURLToPath(entry),
      minThreads: size,
      maxThreads: size,
      concurrentTasksPerWorker: 1,
      // Threads wait for their next task in the event loop: a frozen loop would also freeze timers and signals.
      atomics: 'disabled',
    });
  }

  run(task: WorkerTask): Promise<WorkerResult> {
    return this.#piscina.run(task);
  }

  async destroy(patience = 2000): Promise<void> {
    const ended = this.#piscina.destroy().catch(() => undefined);
    await Promise.race([ended, delay(patience, undefined, { ref: false })]);
  }
}

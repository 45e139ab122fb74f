import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { NumberedTask, WorkerResult, WorkerTask } from './messages.ts';

/** Where worker tasks run. */
export interface TaskPool {
  readonly size: number;
  run(task: WorkerTask): Promise<WorkerResult>;
  /** Ends the threads; a thread that cannot be ended in `patience` ms is left to the end of the process. */
  destroy(patience?: number): Promise<void>;
}

/** A piscina pool of exactly `size` threads, one task per thread. */
export class ThreadPool {
  readonly size: number;
  readonly #piscina: Piscina<NumberedTask, WorkerResult>;

  constructor(entry: URL, size: number) {
    this.size = size;
    this.#piscina = new Piscina<NumberedTask, WorkerResult>({
      filename: fileURLToPath(entry),
      minThreads: size,
      maxThreads: size,
      concurrentTasksPerWorker: 1,
      // Threads wait for their next task in the event loop: a frozen loop would also freeze timers and signals.
      atomics: 'disabled',
    });
  }

  /** The pool for the tasks of one session, of which each thread holds its part. */
  ofSession(session: number): TaskPool {
    return {
      size: this.size,
      run: (task) => this.#piscina.run({ session, task }),
      destroy: (patience) => this.destroy(patience),
    };
  }

  async destroy(patience = 2000): Promise<void> {
    const ended = this.#piscina.destroy().catch(() => undefined);
    await Promise.race([ended, delay(patience, undefined, { ref: false })]);
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { NumberedTask, WorkerResult } from './messages.ts';
import type { TaskPool } from './task-pool.ts';
import { threadOptions } from './thread-options.ts';

/**
 * Piscina requires a thread's code, and imports it where that fails. The process dies (Node 20.19 to 22: "Assertion failed:
 * facade->InstantiateModule") where a thread ends while it requires a module of the new kind, so that it shall import it at once.
 */
const IMPORTING = process.allowedNodeEnvironmentFlags.has('--experimental-require-module')
  ? ['--no-experimental-require-module']
  : [];

/**
 * A piscina pool of exactly `size` threads, one task per thread.
 * @param workerData - what each thread has from the start
 */
export function startThreads<Task, Result>(entry: URL, size: number, workerData?: object): Piscina<Task, Result> {
  const { execArgv, env } = threadOptions();
  return new Piscina<Task, Result>({
    filename: fileURLToPath(entry),
    execArgv: [...execArgv, ...IMPORTING],
    env,
    workerData,
    minThreads: size,
    maxThreads: size,
    concurrentTasksPerWorker: 1,
    // Threads wait for their next task in the event loop: a frozen loop would also freeze timers and signals.
    atomics: 'disabled',
  });
}

/** Ends the threads; a thread that cannot be ended in `patience` ms is left to the end of the process. */
export async function endThreads(piscina: Piscina, patience = 2000): Promise<void> {
  const ended = piscina.destroy().catch(() => undefined);
  await Promise.race([ended, delay(patience, undefined, { ref: false })]);
}

/** The threads of the sessions of one coordinators' thread. */
export class ThreadPool {
  readonly size: number;
  readonly #piscina: Piscina<NumberedTask, WorkerResult>;

  constructor(entry: URL, size: number) {
    this.size = size;
    this.#piscina = startThreads(entry, size);
  }

  /** The pool for the tasks of one session, of which each thread holds its part. */
  ofSession(session: number): TaskPool {
    return {
      size: this.size,
      run: (task) => this.#piscina.run({ session, task }),
      destroy: (patience) => this.destroy(patience),
    };
  }

  destroy(patience?: number): Promise<void> {
    return endThreads(this.#piscina, patience);
  }
}

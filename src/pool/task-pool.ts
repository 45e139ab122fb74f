// Apart from the pool of piscina, whose types are not for those who use the package.
import type { WorkerResult, WorkerTask } from './messages.ts';

/** Where worker tasks run. */
export interface TaskPool {
  readonly size: number;
  run(task: WorkerTask): Promise<WorkerResult>;
  /** Ends the threads; a thread that cannot be ended in `patience` ms is left to the end of the process. */
  destroy(patience?: number): Promise<void>;
}

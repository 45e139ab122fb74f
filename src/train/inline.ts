import { setImmediate as turn } from 'node:timers/promises';
import type { WorkerResult, WorkerTask } from '../pool/messages.ts';
import type { TaskPool } from '../pool/pool.ts';
import { Session } from './session.ts';

/** How long the calling thread works before it looks at its event loop; ms. */
const SLICE = 10;

/** The one worker of a training without threads: on the caller's thread, between turns of its event loop. */
export class InlinePool implements TaskPool {
  readonly size = 1;
  #session: Session | undefined;

  async run(task: WorkerTask): Promise<WorkerResult> {
    if (task.kind === 'attach') {
      this.#session ??= new Session(task.setup);
      this.#session.setData(task.data);
      return { state: 'done', thread: 0 };
    }
    const session = this.#session!;
    if (task.kind !== 'epoch') {
      await turn();
      return session.run(task);
    }
    let slice = performance.now();
    for (let u = 0; u < task.epoch.updates; u++) {
      const result = session.run(task, { first: u, last: u + 1 });
      if (result.state !== 'done') return result;
      if (performance.now() - slice < SLICE) continue;
      await turn();
      slice = performance.now();
    }
    return { state: 'done', thread: 0 };
  }

  destroy(): Promise<void> {
    this.#session = undefined;
    return Promise.resolve();
  }
}

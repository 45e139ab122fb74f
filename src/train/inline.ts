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
  /** When the event loop last had its turn: short tasks add up. */
  #turned = performance.now();

  async run(task: WorkerTask): Promise<WorkerResult> {
    if (task.kind === 'attach') {
      this.#session ??= new Session(task.setup);
      this.#session.setData(task.data);
      return { state: 'done', thread: 0, seconds: 0 };
    }
    let last: WorkerResult = { state: 'done', thread: 0, seconds: 0 };
    for (const piece of this.#pieces(this.#session!, task)) {
      const result = piece();
      if (result.state !== 'done') return result;
      last = result;
      if (performance.now() - this.#turned < SLICE) continue;
      await turn();
      this.#turned = performance.now();
    }
    return { ...last, thread: 0, seconds: 0 };
  }

  destroy(): Promise<void> {
    this.#session = undefined;
    return Promise.resolve();
  }

  /** A task as calls that each take little time. */
  *#pieces(session: Session, task: Exclude<WorkerTask, { kind: 'attach' }>): Generator<() => WorkerResult> {
    if (task.kind === 'run' || task.kind === 'moments') {
      for (let u = task.first; u < task.last; u++) yield () => session.run({ ...task, first: u, last: u + 1 });
    } else if (task.kind === 'evaluate') {
      const { blockRows } = session.worker(task.worker, 'validation');
      for (let from = task.from; from < task.to; from += blockRows) {
        yield () => session.run({ ...task, from, to: Math.min(task.to, from + blockRows) });
      }
    } else {
      yield () => session.run(task);
    }
  }
}

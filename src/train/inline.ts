import { Turns } from '../core/turns.ts';
import type { WorkerResult, WorkerTask } from '../pool/messages.ts';
import type { TaskPool } from '../pool/task-pool.ts';
import { Session } from './session.ts';

/** The one worker of a training without threads: on the caller's thread, between turns of its event loop. */
export class InlinePool implements TaskPool {
  readonly size = 1;
  #session: Session | undefined;
  /** Of all tasks together: short ones add up. */
  readonly #turns = new Turns();

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
      if (this.#turns.due) await this.#turns.next();
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

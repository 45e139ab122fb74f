// A worker thread: takes tasks from piscina. Whatever is hot goes through shared memory, not through here.
import { threadId } from 'node:worker_threads';
import { toFailure } from '../src/core/errors.ts';
import type { NumberedTask, WorkerResult, WorkerTask } from '../src/pool/messages.ts';
import { Session } from '../src/train/session.ts';

const sessions: Session[] = [];

/** Does one task; errors come back as results, with their codes. */
export default function run({ session: id, task }: NumberedTask): WorkerResult {
  if (task.kind === 'attach') return attach(id, task);
  const session = sessions[id];
  if (session === undefined) {
    return {
      state: 'failed',
      failure: toFailure(new Error('the thread was replaced during training'), 'ERR_WORKER_FAILED'),
    };
  }
  return session.run(task);
}

function attach(id: number, { setup, data, parties }: Extract<WorkerTask, { kind: 'attach' }>): WorkerResult {
  let session = sessions[id];
  try {
    session = sessions[id] ??= new Session(setup);
    session.setData(data);
    session.meet(parties);
    return { state: 'done', thread: threadId, seconds: 0 };
  } catch (error) {
    return session?.failed(error) ?? { state: 'failed', failure: toFailure(error, 'ERR_WORKER_FAILED') };
  }
}

// A worker thread: takes tasks from piscina. Whatever is hot goes through shared memory, not through here.
import { threadId } from 'node:worker_threads';
import { toFailure } from '../src/core/errors.ts';
import type { WorkerResult, WorkerTask } from '../src/pool/messages.ts';
import { Session } from '../src/train/session.ts';

let session: Session | undefined;

/** Does one task; errors come back as results, with their codes. */
export default function run(task: WorkerTask): WorkerResult {
  if (task.kind === 'attach') return attach(task);
  if (session === undefined) {
    return {
      state: 'failed',
      failure: toFailure(new Error('the thread was replaced during training'), 'ERR_WORKER_FAILED'),
    };
  }
  return session.run(task);
}

function attach({ setup, data, parties }: Extract<WorkerTask, { kind: 'attach' }>): WorkerResult {
  try {
    session ??= new Session(setup);
    session.setData(data);
    session.meet(parties);
    return { state: 'done', thread: threadId, seconds: 0 };
  } catch (error) {
    return session?.failed(error) ?? { state: 'failed', failure: toFailure(error, 'ERR_WORKER_FAILED') };
  }
}

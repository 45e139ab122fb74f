// The coordinator's thread: a Coordinator behind comlink, with its own pool of worker threads.
import { parentPort } from 'node:worker_threads';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { Arena } from '../src/memory/arena.ts';
import { ALIVE } from '../src/memory/control.ts';
import { WORKER_ENTRY } from '../src/pool/locations.ts';
import { ThreadPool } from '../src/pool/pool.ts';
import { Coordinator } from '../src/train/coordinator.ts';
import type { CoordinatorSetup } from '../src/train/outcome.ts';
import type { CoordinatorThread } from '../src/train/remote.ts';

if (parentPort === null) throw new Error('this file is the entry of a worker thread');

let coordinator: Coordinator | undefined;
let control: Int32Array | undefined;

/** While the thread is at work, shows that its event loop turns. */
async function visibly<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => Atomics.add(control!, ALIVE, 1), 50);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

function opened(): Coordinator {
  if (coordinator === undefined) throw new Error('the coordinator is not open');
  return coordinator;
}

const thread: CoordinatorThread = {
  open(setup: CoordinatorSetup): void {
    control = new Arena(setup.session.arena).control;
    coordinator = new Coordinator(setup, new ThreadPool(WORKER_ENTRY, setup.session.arena.plan.workers));
  },
  attach: (...args) => visibly(() => opened().attach(...args)),
  train: (...args) => visibly(() => opened().train(...args)),
  moments: (...args) => visibly(() => opened().moments(...args)),
  evaluate: (...args) => visibly(() => opened().evaluate(...args)),
  close: () => opened().close(),
};

expose(thread, nodeEndpoint(parentPort));

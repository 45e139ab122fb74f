// The coordinators' thread: Coordinators behind comlink, with a pool of worker threads that they share.
import { parentPort } from 'node:worker_threads';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { Arena } from '../src/memory/arena.ts';
import { ALIVE } from '../src/memory/control.ts';
import { workerEntry } from '../src/pool/locations.ts';
import { ThreadPool } from '../src/pool/pool.ts';
import { Coordinator } from '../src/train/coordinator.ts';
import type { CoordinatorSetup } from '../src/train/outcome.ts';
import type { CoordinatorThread } from '../src/train/remote.ts';

if (parentPort === null) throw new Error('this file is the entry of a worker thread');

let pool: ThreadPool | undefined;
const opened: { coordinator: Coordinator; control: Int32Array }[] = [];

/** While the thread is at work for a coordinator, shows that its event loop turns. */
async function visibly<T>(id: number, work: (coordinator: Coordinator) => Promise<T>): Promise<T> {
  const { coordinator, control } = opened[id]!;
  const timer = setInterval(() => Atomics.add(control, ALIVE, 1), 50);
  try {
    return await work(coordinator);
  } finally {
    clearInterval(timer);
  }
}

const thread: CoordinatorThread = {
  open(setup: CoordinatorSetup): Promise<number> {
    const { control, plan } = new Arena(setup.session.arena);
    pool ??= new ThreadPool(workerEntry(), plan.workers);
    const id = opened.length;
    opened.push({ coordinator: new Coordinator(setup, pool.ofSession(id)), control });
    return Promise.resolve(id);
  },
  attach: (id, ...args) => visibly(id, (coordinator) => coordinator.attach(...args)),
  train: (id, ...args) => visibly(id, (coordinator) => coordinator.train(...args)),
  moments: (id, ...args) => visibly(id, (coordinator) => coordinator.moments(...args)),
  evaluate: (id, ...args) => visibly(id, (coordinator) => coordinator.evaluate(...args)),
  close: async () => pool?.destroy(),
};

expose(thread, nodeEndpoint(parentPort));

// The coordinator's thread: a Coordinator behind comlink, with its own pool of worker threads.
import { parentPort } from 'node:worker_threads';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { WORKER_ENTRY } from '../src/pool/locations.ts';
import { ThreadPool } from '../src/pool/pool.ts';
import { Coordinator } from '../src/train/coordinator.ts';
import type { CoordinatorSetup } from '../src/train/outcome.ts';
import type { CoordinatorThread } from '../src/train/remote.ts';

if (parentPort === null) throw new Error('this file is the entry of a worker thread');

let coordinator: Coordinator | undefined;

function opened(): Coordinator {
  if (coordinator === undefined) throw new Error('the coordinator is not open');
  return coordinator;
}

const thread: CoordinatorThread = {
  open(setup: CoordinatorSetup): void {
    coordinator = new Coordinator(setup, new ThreadPool(WORKER_ENTRY, setup.session.arena.plan.workers));
  },
  attach: (...args) => opened().attach(...args),
  train: (...args) => opened().train(...args),
  evaluate: (...args) => opened().evaluate(...args),
  close: () => opened().close(),
};

expose(thread, nodeEndpoint(parentPort));

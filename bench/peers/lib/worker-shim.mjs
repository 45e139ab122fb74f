import { resolveObjectURL } from 'node:buffer';
import { Worker as Thread } from 'node:worker_threads';

const PRELUDE = `
  const { parentPort } = require('node:worker_threads');
  globalThis.self = globalThis;
  globalThis.postMessage = (message) => parentPort.postMessage(message);
  parentPort.on('message', (data) => self.onmessage({ data }));
`;

/** As much of a browser's Worker as jax-js asks for: a script from a blob, messages to it and from it. */
export class WorkerShim {
  onmessage;
  onerror;
  #thread;

  /** @param {string} url - of a blob */
  constructor(url) {
    // The blob can be resolved on this thread only.
    this.#thread = resolveObjectURL(url)
      .text()
      .then((script) => {
        const thread = new Thread(PRELUDE + script, { eval: true });
        thread.on('message', (data) => this.onmessage?.({ data }));
        thread.on('error', (error) => this.onerror?.(error));
        return (this.#thread = thread);
      });
  }

  postMessage(message) {
    if (this.#thread instanceof Thread) this.#thread.postMessage(message);
    else void this.#thread.then((thread) => thread.postMessage(message));
  }
}

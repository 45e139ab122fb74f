// jax-js on its wasm backend: value and gradient under `jit`. Rows are shuffled and gathered into a typed array here, as
// it has no fast way to do so. Two threads need a browser's `Worker`, which a shim makes of a worker thread.
import { readFileSync } from 'node:fs';
import { batches, heWeights } from '../lib/batches.mjs';
import { CHECKED, readData } from '../lib/data.mjs';
import { WorkerShim } from '../lib/worker-shim.mjs';
import { timeUpdates } from '../lib/clock.mjs';
import { random } from '../lib/random.mjs';
import { serve } from '../lib/task.mjs';

await serve(async ({ widths, batch, threads, seconds, rate, seed, files }) => {
  if (threads > 1) {
    globalThis.Worker = WorkerShim;
    Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: threads }, configurable: true });
  }
  const { blockUntilReady, defaultDevice, init, jit, nn, numpy: np, valueAndGrad } = await import('@jax-js/jax');
  await init('wasm');
  defaultDevice('wasm');
  const { inputs, classes } = readData(files);
  const [n] = widths;
  const K = widths.at(-1);

  const uniform = random(seed);
  let params = widths.slice(1).map((units, l) => ({
    w: np.array(heWeights(widths[l], units, uniform)).reshape([widths[l], units]),
    b: np.zeros([units]),
  }));

  // Every use of an array but the last takes a `.ref`: jax-js counts references.
  const loss = (layers, x, y) => {
    let a = x;
    for (const [l, { w, b }] of layers.entries()) {
      const z = np.dot(a, w).add(b);
      a = l < layers.length - 1 ? nn.relu(z) : z;
    }
    return nn
      .logSoftmax(a, -1)
      .mul(y)
      .sum()
      .mul(-1 / batch);
  };
  const step = jit((layers, x, y) => {
    const copies = layers.map(({ w, b }) => ({ w: w.ref, b: b.ref }));
    const [value, gradients] = valueAndGrad(loss)(copies, x, y);
    value.dispose();
    return layers.map(({ w, b }, l) => ({ w: w.sub(gradients[l].w.mul(rate)), b: b.sub(gradients[l].b.mul(rate)) }));
  });

  const gather = (rows) => {
    const x = new Float32Array(rows.length * n);
    const y = new Float32Array(rows.length * K);
    for (let i = 0; i < rows.length; i++) {
      x.set(inputs.subarray(rows[i] * n, (rows[i] + 1) * n), i * n);
      y[i * K + classes[rows[i]]] = 1;
    }
    return [np.array(x).reshape([rows.length, n]), np.array(y).reshape([rows.length, K])];
  };
  const check = async () => {
    const [x, y] = gather(Int32Array.from({ length: CHECKED }, (_, row) => row));
    const copies = params.map(({ w, b }) => ({ w: w.ref, b: b.ref }));
    const [value] = await loss(copies, x, y).data();
    return (value * batch) / CHECKED;
  };

  const nextRows = batches(batch, seed);
  const update = async () => {
    params = await blockUntilReady(step(params, ...gather(nextRows())));
  };
  const lossBefore = await check();
  const timed = await timeUpdates(update, seconds);
  const manifest = new URL('../node_modules/@jax-js/jax/package.json', import.meta.url);
  return {
    patternsPerSecond: (timed.updates * batch) / timed.elapsed,
    version: JSON.parse(readFileSync(manifest, 'utf8')).version,
    detail: { lossBefore, lossAfter: await check(), ...timed },
  };
});

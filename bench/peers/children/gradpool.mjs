// gradpool as built in ../../dist. Variant: its backend. Whole epochs by the wall clock: shuffling, gathering, starting and
// ending them included.
import { readFileSync } from 'node:fs';
import { CHECKED, readClasses, readSharedInputs } from '../lib/data.mjs';
import { serve } from '../lib/task.mjs';

await serve(async ({ widths, batch, threads, seconds, rate, seed, strategy, variant, files }) => {
  const { enableRelaxedSimd } = await import('../../../dist/src/cli/relaxed-simd.js');
  const simd = enableRelaxedSimd();
  const { Dataset, Network, Trainer } = await import('../../../dist/src/index.js');

  const inputs = readSharedInputs(files);
  const data = Dataset.fromArrays({ inputs, inputSize: widths[0], targets: readClasses(files) });
  const checked = data.slice(0, CHECKED);
  const layers = widths.slice(1).map((units, l) => ({
    units,
    activation: l === widths.length - 2 ? 'softmax' : 'relu',
  }));
  const network = new Network({ inputs: widths[0], layers, seed });
  const trainer = await Trainer.create(network, {
    batchSize: batch,
    learningRate: rate,
    backend: variant,
    seed,
    ...(threads !== 'default' && { workers: threads }),
    ...(strategy !== undefined && { strategy }),
  });
  const lossBefore = network.evaluate(checked).loss;
  // The first epochs also find out how many workers to use.
  const warm = performance.now() + 1000 * Math.max(0.4, 0.5 * seconds);
  let epochs = 1;
  do {
    const [epoch] = await trainer.fit(data, { epochs });
    epochs = Math.max(1, Math.min(64, Math.floor(0.2 / epoch.seconds)));
  } while (performance.now() < warm);
  const total = { samples: 0, seconds: 0, updates: 0, workers: 0 };
  const start = performance.now();
  let now;
  do {
    for (const epoch of await trainer.fit(data, { epochs })) {
      total.samples += epoch.samples;
      total.seconds += epoch.seconds;
      total.updates += epoch.updates;
      total.workers = epoch.workers;
    }
    now = performance.now();
  } while (now < start + 1000 * seconds);
  const { info } = trainer;
  await trainer.close();
  return {
    patternsPerSecond: (1000 * total.samples) / (now - start),
    version: JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version,
    detail: {
      lossBefore,
      lossAfter: network.evaluate(checked).loss,
      updates: total.updates,
      withinEpochs: total.samples / total.seconds,
      workers: total.workers,
      simd,
      backend: info.backend,
      strategy: info.strategy,
    },
  };
});

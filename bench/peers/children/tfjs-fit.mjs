// tfjs as its users call it: a sequential model, `model.fit`, which shuffles and gathers. Variant: the backend.
import { CHECKED, PATTERNS, readData } from '../lib/data.mjs';
import { timeEpochs } from '../lib/clock.mjs';
import { serve } from '../lib/task.mjs';
import { loadTfjs } from '../lib/tfjs.mjs';

await serve(async ({ widths, batch, seconds, rate, seed, variant, files }) => {
  const { tf, version } = await loadTfjs(variant);
  const { layers, sequential } = await import('@tensorflow/tfjs-layers');
  const { inputs, classes } = readData(files);
  const x = tf.tensor2d(inputs, [PATTERNS, widths[0]]);
  const y = tf.cast(tf.oneHot(tf.tensor1d(classes, 'int32'), widths.at(-1)), 'float32');

  const model = sequential();
  for (const [l, units] of widths.slice(1).entries()) {
    const last = l === widths.length - 2;
    model.add(
      layers.dense({
        units,
        activation: last ? 'softmax' : 'relu',
        kernelInitializer: `${last ? 'glorot' : 'he'}Uniform`,
        ...(l === 0 && { inputShape: [widths[0]] }),
      }),
    );
  }
  model.compile({ optimizer: tf.train.sgd(rate), loss: 'categoricalCrossentropy' });

  const firstRows = new Map();
  const head = (rows) => {
    if (!firstRows.has(rows)) firstRows.set(rows, [tf.slice(x, [0, 0], [rows, -1]), tf.slice(y, [0, 0], [rows, -1])]);
    return firstRows.get(rows);
  };
  const loss = () => {
    const [rows, wanted] = head(CHECKED);
    return tf.tidy(() => model.evaluate(rows, wanted, { batchSize: CHECKED }).dataSync()[0]);
  };
  const lossBefore = loss();
  const train = (rows) =>
    model.fit(...head(rows), { batchSize: batch, epochs: 1, shuffle: true, verbose: 0, yieldEvery: 'never' });
  const timed = await timeEpochs(train, { batch, patterns: PATTERNS, seconds });
  return {
    patternsPerSecond: (timed.updates * batch) / timed.elapsed,
    version,
    detail: { lossBefore, lossAfter: loss(), ...timed },
  };
});

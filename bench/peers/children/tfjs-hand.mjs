// tfjs with the gradients written out as forward operations. Its wasm backend multiplies slowly where an operand is marked
// as transposed, so transposes are made first. Variant: the backend.
import { batches, heWeights } from '../lib/batches.mjs';
import { CHECKED, PATTERNS, readData } from '../lib/data.mjs';
import { timeUpdates } from '../lib/clock.mjs';
import { random } from '../lib/random.mjs';
import { serve } from '../lib/task.mjs';
import { loadTfjs } from '../lib/tfjs.mjs';

await serve(async ({ widths, batch, seconds, rate, seed, variant, files }) => {
  const { tf, version } = await loadTfjs(variant);
  const { inputs, classes } = readData(files);
  // x (P, n_0), y (P, n_L)
  const x = tf.tensor2d(inputs, [PATTERNS, widths[0]]);
  const y = tf.cast(tf.oneHot(tf.tensor1d(classes, 'int32'), widths.at(-1)), 'float32');

  const uniform = random(seed);
  const layers = widths.slice(1).map((units, l) => ({
    w: tf.tensor2d(heWeights(widths[l], units, uniform), [widths[l], units]),
    b: tf.zeros([units]),
  }));
  const last = layers.length - 1;

  /** a_0, a_1, ..., and the logits z_L */
  const forward = (rows) => {
    const outputs = [rows];
    for (const [l, { w, b }] of layers.entries()) {
      const activation = l < last ? 'relu' : 'linear';
      outputs.push(tf.fused.matMul({ a: outputs[l], b: w, bias: b, activation }));
    }
    return outputs;
  };
  const loss = () =>
    tf.tidy(() => {
      const z = forward(tf.slice(x, [0, 0], [CHECKED, -1])).at(-1);
      const wanted = tf.slice(y, [0, 0], [CHECKED, -1]);
      return tf.mean(tf.sub(tf.logSumExp(z, 1), tf.sum(tf.mul(z, wanted), 1))).dataSync()[0];
    });

  const step = tf.scalar(rate / batch);
  const nextRows = batches(batch, seed);
  const update = () => {
    const stepped = tf.tidy(() => {
      const rows = tf.tensor1d(nextRows(), 'int32');
      const a = forward(tf.gather(x, rows));
      // delta_L = (softmax(z_L) - y) alpha / B
      let delta = tf.mul(tf.sub(tf.softmax(a.at(-1)), tf.gather(y, rows)), step);
      const updated = [];
      for (let l = last; l >= 0; l--) {
        // W_l -= a_l^T delta, b_l -= sum of delta over the rows
        const w = tf.sub(layers[l].w, tf.matMul(tf.transpose(a[l]), delta));
        const b = tf.sub(layers[l].b, tf.sum(delta, 0));
        updated[l] = { w, b };
        // delta_(l-1) = (delta W_l^T) relu'(a_l)
        if (l > 0) delta = tf.mul(tf.matMul(delta, tf.transpose(layers[l].w)), tf.step(a[l]));
      }
      return updated;
    });
    for (const [l, { w, b }] of layers.entries()) {
      w.dispose();
      b.dispose();
      layers[l] = stepped[l];
    }
  };
  const lossBefore = loss();
  const timed = await timeUpdates(update, seconds);
  return {
    patternsPerSecond: (timed.updates * batch) / timed.elapsed,
    version,
    detail: { lossBefore, lossAfter: loss(), ...timed },
  };
});

// brain.js on the CPU: one pattern at a time, in order, mean squared error, ReLU in every layer, momentum 0.1 (it takes no 0).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { CHECKED, PATTERNS, readData } from '../lib/data.mjs';
import { timeEpochs } from '../lib/clock.mjs';
import { serve } from '../lib/task.mjs';

const NEVER = 1e9;

await serve(async ({ widths, batch, seconds, rate, files }) => {
  const require = createRequire(import.meta.url);
  const { NeuralNetwork } = require('brain.js');
  const { inputs, classes } = readData(files);
  const [n] = widths;
  const K = widths.at(-1);
  const data = Array.from(classes, (wanted, row) => ({
    input: inputs.subarray(row * n, (row + 1) * n),
    output: Float32Array.from({ length: K }, (_, k) => (k === wanted ? 1 : 0)),
  }));

  const network = new NeuralNetwork({
    inputSize: n,
    hiddenLayers: widths.slice(1, -1),
    outputSize: K,
    activation: 'relu',
    learningRate: rate,
  });
  network.initialize();
  const loss = () => {
    const errors = data.slice(0, CHECKED).map(({ input, output }) => {
      const answer = network.run(input);
      return output.reduce((sum, wanted, k) => sum + (wanted - answer[k]) ** 2, 0);
    });
    return errors.reduce((sum, error) => sum + error, 0) / CHECKED;
  };
  const train = (rows) => {
    network.train(data.slice(0, rows), { iterations: 1, errorThresh: 1e-9, errorCheckInterval: NEVER, log: false });
  };
  // `run` refuses a network that was not trained yet.
  train(1);
  const lossBefore = loss();
  const timed = await timeEpochs(train, { batch, patterns: PATTERNS, seconds });
  const manifest = new URL('../node_modules/brain.js/package.json', import.meta.url);
  return {
    patternsPerSecond: (timed.updates * batch) / timed.elapsed,
    version: JSON.parse(readFileSync(manifest, 'utf8')).version,
    detail: { lossBefore, lossAfter: loss(), ...timed },
  };
});

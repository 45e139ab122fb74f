// The data that every library trains on: inputs uniform in [-0.5, 0.5), classes by a random linear rule, so that there
// is something to learn. Files are raw little-endian: float32 inputs row by row, then a byte per class.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../../dist/src/cli/text.js';
import { PATTERNS } from './data.mjs';
import { random } from './random.mjs';

/**
 * Writes the two files if they are not there.
 * @param {readonly number[]} widths
 * @returns {{ inputs: string, classes: string }} their paths
 */
export function dataFiles(folder, widths, seed) {
  const sizes = `${widths[0]}-${widths.at(-1)}`;
  const inputs = join(folder, `data-${sizes}-seed${seed}.inputs`);
  const classes = join(folder, `data-${sizes}-seed${seed}.classes`);
  if (!existsSync(inputs) || !existsSync(classes)) {
    const made = makeData(widths[0], widths.at(-1), seed);
    writeWhole(inputs, new Uint8Array(made.inputs.buffer));
    writeWhole(classes, made.classes);
  }
  return { inputs, classes };
}

/** @returns {{ inputs: Float32Array, classes: Uint8Array }} */
function makeData(inputSize, classCount, seed) {
  const uniform = random(seed);
  const rule = Float32Array.from({ length: classCount * inputSize }, () => uniform() - 0.5);
  const inputs = Float32Array.from({ length: PATTERNS * inputSize }, () => uniform() - 0.5);
  const classes = Uint8Array.from({ length: PATTERNS }, (_, row) => {
    const scores = Array.from({ length: classCount }, (_, k) => {
      let sum = 0;
      for (let i = 0; i < inputSize; i++) sum += rule[k * inputSize + i] * inputs[row * inputSize + i];
      return sum;
    });
    return scores.indexOf(Math.max(...scores));
  });
  return { inputs, classes };
}

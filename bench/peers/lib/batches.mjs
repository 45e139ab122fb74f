import { PATTERNS } from './data.mjs';
import { random, shuffle } from './random.mjs';

/**
 * Row numbers of one mini-batch after the other, in a new order each epoch.
 * @param {number} batch - divides the number of patterns
 * @returns {() => Int32Array} a view that the next epoch overwrites
 */
export function batches(batch, seed) {
  const uniform = random(seed);
  const order = Int32Array.from({ length: PATTERNS }, (_, row) => row);
  let next = PATTERNS;
  return () => {
    if (next === PATTERNS) {
      shuffle(order, uniform);
      next = 0;
    }
    next += batch;
    return order.subarray(next - batch, next);
  };
}

/** Weights uniform in +-sqrt(6 / n_in), as He et al. draw them for ReLU. */
export function heWeights(inputs, outputs, uniform) {
  const bound = Math.sqrt(6 / inputs);
  return Float32Array.from({ length: inputs * outputs }, () => (2 * uniform() - 1) * bound);
}

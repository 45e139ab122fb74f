import { capacityText } from '../src/cli/capacity-text.ts';
import { type CapacityOptions, measureCapacity } from '../src/index.ts';
import { friedman } from './data/friedman.ts';

/**
 * Few patterns, noise in the targets, and training for long: 400 of Friedman #1, of which the best that there is has an error
 * of 1/2, half the variance of the noise.
 */
const PATTERNS = { train: 400, validation: 500, test: 2000 };
const SETTING = {
  output: { units: 1, activation: 'linear' },
  width: 8,
  depths: [0, 1, 2, 3, 4, 5, 6],
  normalization: { inputs: 'z-score', targets: 'z-score' },
  epochs: 600,
  repeats: 9,
  trainer: { batchSize: 20, learningRate: 0.02, momentum: 0.9 },
} as const satisfies CapacityOptions;
const QUICK = { widths: [1, 8], depths: [0, 2], epochs: 20, repeats: 2 } as const;

/** Errors against width and depth with ReLU, and against depth with sigmoid, whose gradients vanish in many layers. */
export async function benchCapacity(quick: boolean) {
  const all = friedman(PATTERNS.train + PATTERNS.validation + PATTERNS.test);
  const data = {
    train: all.slice(0, PATTERNS.train),
    validation: all.slice(PATTERNS.train, PATTERNS.train + PATTERNS.validation),
    test: all.slice(PATTERNS.train + PATTERNS.validation),
  };
  const options = { ...SETTING, ...(quick && QUICK) };
  const report = await measureCapacity(data, { ...options, activation: 'relu' });
  const sigmoid = await measureCapacity(data, { ...options, activation: 'sigmoid', widths: [] });
  return { report, sigmoid, text: [report, sigmoid].map(capacityText).join('\n\n') };
}

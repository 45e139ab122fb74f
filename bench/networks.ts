import { Random } from '../src/core/random.ts';
import { Dataset, type LayerSpec, Network } from '../src/index.ts';

/** The three networks that everything is compared on: n_0, n_1, ..., n_L. */
export const NETWORKS = {
  A: [784, 128, 10],
  B: [784, 1024, 1024, 10],
  C: [16, 32, 32, 4],
} as const satisfies Record<string, readonly number[]>;
export type NetworkName = keyof typeof NETWORKS;

/** ReLU hidden layers, softmax outputs. */
export function makeNetwork(widths: readonly number[], seed = 1): Network {
  const layers = widths
    .slice(1)
    .map((units, l): LayerSpec => ({ units, activation: l === widths.length - 2 ? 'softmax' : 'relu' }));
  return new Network({ inputs: widths[0]!, layers, seed });
}

/** Seeded synthetic patterns: uniform inputs, uniform classes. */
export function makeDataset(widths: readonly number[], patterns: number, seed = 1): Dataset {
  const random = new Random(seed);
  const inputs = Float32Array.from({ length: patterns * widths[0]! }, () => random.uniform() - 0.5);
  const targets = Uint8Array.from({ length: patterns }, () => random.below(widths.at(-1)!));
  return Dataset.fromArrays({ inputs, inputSize: widths[0]!, targets });
}

/** "784-128-10" */
export function nameOf(widths: readonly number[]): string {
  return widths.join('-');
}

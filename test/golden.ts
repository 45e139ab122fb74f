// The golden files: trainings that PyTorch computed in float64. Their batches are taken in order, from the start of
// the data again where the rows run out; the last batch before that is short.
import { readdirSync, readFileSync } from 'node:fs';
import type { LayerSpec, Loss } from 'gradpool';

export interface NestedLayer {
  readonly weights: number[][];
  readonly bias: number[];
}

export interface Golden {
  readonly name: string;
  readonly spec: { readonly inputs: number; readonly layers: readonly LayerSpec[]; readonly loss: Loss };
  readonly batchSize: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  readonly steps: number;
  readonly params: NestedLayer[];
  readonly x: number[][];
  /** Rows of values, or class numbers. */
  readonly d: number[][] | number[];
  readonly first: { readonly outputs: number[][]; readonly loss: number; readonly gradients: NestedLayer[] };
  readonly after: { readonly losses: number[]; readonly params: NestedLayer[] };
}

const FOLDER = new URL('./fixtures/golden/', import.meta.url);

export const GOLDEN: readonly Golden[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Golden);

/** The rows [from, to) of each step. */
export function batches({ x, batchSize, steps }: Golden): { from: number; to: number }[] {
  const perEpoch = Math.ceil(x.length / batchSize);
  return Array.from({ length: steps }, (_, step) => {
    const from = (step % perEpoch) * batchSize;
    return { from, to: Math.min(x.length, from + batchSize) };
  });
}

/** Layers with their weights row-major. */
export function flatLayers(layers: readonly NestedLayer[]): { weights: number[]; bias: number[] }[] {
  return layers.map(({ weights, bias }) => ({ weights: weights.flat(), bias }));
}

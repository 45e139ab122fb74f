import { describe, expect, it } from 'vitest';
import { expectSameBits, sameBits } from '../close.ts';
import type { Activation, NetworkSpec } from '#src/core/spec.js';
import { initialise, type Initialisation } from '#src/nn/initialise.js';

const [N, M] = [300, 200];

function spec(activation: Activation): NetworkSpec {
  return {
    inputs: N,
    layers: [
      { units: M, activation },
      { units: 1, activation: 'linear' },
    ],
    loss: 'mse',
  };
}

function variance(activation: Activation, how: Initialisation): number {
  const { weights } = initialise(spec(activation), 1, how)[0]!;
  const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
  expect(Math.abs(mean)).toBeLessThan(0.002);
  return weights.reduce((sum, w) => sum + (w - mean) ** 2, 0) / weights.length;
}

const HE = 2 / N;
const GLOROT = 2 / (N + M);

describe('the variance of 60 000 weights is within 3% of its formula', () => {
  it.each([
    ['relu', 'auto', HE],
    ['leaky-relu', 'auto', HE],
    ['tanh', 'auto', GLOROT],
    ['sigmoid', 'auto', GLOROT],
    ['linear', 'auto', GLOROT],
    ['tanh', 'he', HE],
    ['relu', 'glorot', GLOROT],
  ] as const)('%s, %s', (activation, how, expected) => {
    expect(Math.abs(variance(activation, how) / expected - 1)).toBeLessThan(0.03);
  });
});

it('Glorot is uniform within its bound', () => {
  const bound = Math.sqrt(6 / (N + M));
  const { weights } = initialise(spec('tanh'), 2, 'glorot')[0]!;
  const largest = weights.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
  expect(largest).toBeLessThanOrEqual(Math.fround(bound));
  expect(largest).toBeGreaterThan(0.999 * bound);
});

it('biases start at 0; each seed and each layer has weights of its own', () => {
  const square: NetworkSpec = {
    inputs: 5,
    layers: Array.from({ length: 2 }, () => ({ units: 5, activation: 'linear' as const })),
    loss: 'mse',
  };
  const layers = initialise(square, 3, 'auto');
  expect(layers.every(({ bias }) => bias.every((b) => b === 0))).toBe(true);
  expectSameBits('the same seed', initialise(square, 3, 'auto'), layers);
  expect(sameBits(initialise(square, 4, 'auto'), layers)).toBe(false);
  expect(layers[0]!.weights).not.toEqual(layers[1]!.weights);
});

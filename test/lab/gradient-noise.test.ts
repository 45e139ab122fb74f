// The direction of a batch's gradient on so few patterns that all batches can be gone through.
import { expect, test } from 'vitest';
import { Dataset, measureGradientNoise, Network } from 'gradpool';

const inputs = [
  [1, 0],
  [0, 1],
  [1, 1],
  [-1, 0.5],
  [0.5, -1],
  [2, 1],
  [-0.5, -0.5],
  [0, 0],
];
const targets = [1, -1, 0.5, 2, 0, 1, -2, 0.3];
const P = inputs.length;
const dataset = Dataset.fromArrays({ inputs, targets });
const network = new Network({ inputs: 2, layers: [{ units: 1, activation: 'linear' }], seed: 3 });

const each = inputs.map((x, p) => {
  const [layer] = network.gradients({ inputs: [x], targets: [[targets[p]!]] }).gradients;
  return [...layer!.weights, ...layer!.bias];
});
const mean = (vectors: number[][]) =>
  vectors[0]!.map((_, k) => vectors.reduce((sum, v) => sum + v[k]!, 0) / vectors.length);
const dot = (a: number[], b: number[]) => a.reduce((sum, value, k) => sum + value * b[k]!, 0);
const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const G = mean(each);
const exact = (batches: number[][][]) => {
  const g = batches.map(mean);
  return {
    cosine: average(g.map((v) => dot(v, G) / Math.sqrt(dot(v, v) * dot(G, G)))),
    noise: average(g.map((v) => dot(v, v) - 2 * dot(v, G) + dot(G, G))) / dot(G, G),
  };
};

test('cosine and noise are those of all batches that there are, and the noise is what theory says', async () => {
  const singles = exact(each.map((g) => [g]));
  const pairs = exact(each.flatMap((a, i) => each.slice(i + 1).map((b) => [a, b])));
  // Of two without repetition: half the noise of one, less that which a finite set takes away.
  expect(pairs.noise).toBeCloseTo((singles.noise / 2) * (1 - 1 / (P - 1)), 12);
  const found = await measureGradientNoise(network, dataset, { batchSizes: [1, 2, P], draws: 150 }, { workers: 1 });
  expect(found.patterns).toBe(P);
  expect(found.gradient).toBeCloseTo(dot(G, G), 5);
  const [one, two, all] = found.batches;
  for (const [measured, truth] of [
    [one, singles],
    [two, pairs],
  ] as const) {
    expect(Math.abs(measured!.cosine.mean - truth.cosine)).toBeLessThan(4 * measured!.cosine.error);
    expect(Math.abs(measured!.noise.mean - truth.noise)).toBeLessThan(4 * measured!.noise.error);
    // The noise scale is from other batches: as good as 32 of them can tell.
    expect(measured!.predicted.noise / truth.noise).toBeGreaterThan(0.4);
    expect(measured!.predicted.noise / truth.noise).toBeLessThan(2);
    expect(measured!.predicted.cosine).toBeCloseTo(1 / Math.sqrt(1 + measured!.predicted.noise), 12);
  }
  expect(all).toMatchObject({ draws: 1, predicted: { cosine: 1, noise: 0 } });
  expect(all!.cosine.mean).toBeCloseTo(1, 6);
  expect(all!.noise.mean).toBeLessThan(1e-10);
});

test.each([
  [undefined, '"batches" expected object, got undefined'],
  [{ batchSizes: [9], draws: 2 }, '"batchSizes[0]" expected integer in [1, 8], got 9'],
  [{ batchSizes: 4, draws: 2 }, '"batchSizes" expected list of numbers, got 4'],
  [{ batchSizes: [1], draws: 1 }, '"draws" expected integer of at least 2, got 1'],
])('%o is refused', async (options, message) => {
  await expect(measureGradientNoise(network, dataset, options as never)).rejects.toThrow(message);
});

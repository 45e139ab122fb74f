// Which strategy 'auto' is follows from network, batch size and cores alone.
import { describe, expect, test } from 'vitest';
import { resolveSpec } from '#src/core/spec.js';
import { chooseStrategy } from '#src/train/strategy.js';

function spec(...n: number[]) {
  const layers = n.slice(1).map((units, l) => ({ units, activation: l === n.length - 2 ? 'linear' : 'relu' }) as const);
  return resolveSpec({ inputs: n[0]!, layers });
}

const OWNER = { strategy: 'owner-computes', shards: undefined };
const inShards = (shards: number) => ({ strategy: 'data-parallel', shards });

describe('auto', () => {
  test.each([
    { n: [784, 128, 10], batchSize: 128, cores: 2, expected: OWNER },
    { n: [784, 128, 10], batchSize: 256, cores: 2, expected: inShards(2) },
    { n: [784, 128, 10], batchSize: 256, cores: 6, expected: OWNER },
    { n: [784, 128, 10], batchSize: 4096, cores: 6, expected: inShards(6) },
    { n: [784, 128, 10], batchSize: 100_000, cores: 1, expected: OWNER },
    { n: [784, 1024, 1024, 10], batchSize: 256, cores: 2, expected: OWNER },
    { n: [784, 1024, 1024, 10], batchSize: 512, cores: 2, expected: inShards(2) },
    { n: [784, 8192, 8192, 10], batchSize: 65_536, cores: 2, expected: OWNER },
    { n: [16, 32, 32, 4], batchSize: 255, cores: 8, expected: OWNER },
    { n: [16, 32, 32, 4], batchSize: 256, cores: 1, expected: inShards(2) },
    { n: [16, 32, 32, 4], batchSize: 600, cores: 1, expected: inShards(4) },
    { n: [16, 32, 32, 4], batchSize: 2048, cores: 1, expected: inShards(8) },
    { n: [16, 32, 32, 4], batchSize: 2048, cores: 64, expected: inShards(8) },
    { n: [16, 32, 32, 4], batchSize: 65_536, cores: 2, expected: inShards(16) },
  ])('$n at B = $batchSize on $cores cores is $expected.strategy', ({ n, batchSize, cores, expected }) => {
    expect(chooseStrategy('auto', spec(...n), batchSize, cores)).toMatchObject(expected);
  });
});

test('a strategy by name is taken, in as many shards as there are workers', () => {
  const decision = chooseStrategy('data-parallel', spec(784, 128, 10), 16, 2);
  expect(decision).toEqual({ strategy: 'data-parallel', shards: undefined, ofCores: false, why: 'it was asked for' });
});

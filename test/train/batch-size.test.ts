// batchSize: 'auto'.
import { describe, expect, it, test } from 'vitest';
import { Dataset, Network, Trainer } from 'gradpool';
import { smallestAsFast } from '#src/train/batch-size.js';
import { classes, classifier } from './problem.ts';

const SIZES = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

const line = () => new Network({ inputs: 1, layers: [{ units: 2, activation: 'linear' }], seed: 1 });
const points = Dataset.fromArrays({
  inputs: [[0], [1], [2]],
  targets: [
    [0, 1],
    [1, 1],
    [2, 1],
  ],
});

describe('the choice', () => {
  test.each([
    { shape: 'a plateau from 512 on', curve: (B: number) => 1 + 16 / B, expected: 512 },
    { shape: 'flat', curve: () => 1, expected: 16 },
    { shape: 'falling to the end', curve: (B: number) => 1 + 4096 / B, expected: 4096 },
    { shape: 'a right arm', curve: (B: number) => 1 + 16 / B + B / 8192, expected: 256 },
  ])('$shape', ({ curve, expected }) => {
    const times = SIZES.map((B) => ({ batchSize: B, secondsPerRow: 1e-6 * curve(B) }));
    const { batchSize, measured, why } = smallestAsFast(times);
    expect(batchSize).toBe(expected);
    expect(measured.map((m) => m.batchSize)).toEqual(SIZES);
    const least = Math.min(...measured.map((m) => m.secondsPerRow));
    expect(1e-6 * curve(expected)).toBeLessThanOrEqual(1.03 * least);
    expect(why).toContain('measured at the start');
  });
});

describe('auto', () => {
  it.each([
    ['classes', classifier, classes(40)],
    ['values', line, points],
  ] as const)('trains, says why, and never takes more rows than there are: %s', async (_, network, data) => {
    const given = network();
    await using trainer = await Trainer.create(given, { batchSize: 'auto', learningRate: 0.05 });
    const { batchSize, batchSizeChoice } = trainer.info;
    expect(SIZES).toContain(batchSize);
    expect(batchSizeChoice).toMatchObject({ batchSize });
    expect(batchSizeChoice!.why).toContain('measured at the start');
    const [report] = await trainer.fit(data, { epochs: 1 });
    expect(report!.updates).toBe(Math.ceil(data.length / Math.min(batchSize, data.length)));
  });

  it('trains as the same number does', async () => {
    const [a, b] = [classifier(), classifier()];
    await using auto = await Trainer.create(a, { batchSize: 'auto', backend: 'wasm', strategy: 'owner-computes' });
    const batchSize = Math.min(auto.info.batchSize, 40);
    await using fixed = await Trainer.create(b, { batchSize, backend: 'wasm', strategy: 'owner-computes' });
    await auto.fit(classes(40), { epochs: 2 });
    await fixed.fit(classes(40), { epochs: 2 });
    expect(a.parameters).toEqual(b.parameters);
  });

  it('refuses what is wrong before it measures', async () => {
    const create = (options: object) => Trainer.create(classifier(), { batchSize: 'auto', ...options });
    await expect(create({ momentum: 2 })).rejects.toThrow('"momentum"');
    await expect(create({ speed: 2 })).rejects.toThrow('speed');
    await expect(create({ batchSize: 'large' })).rejects.toThrow('"batchSize" expected integer');
    await expect(Trainer.create({} as Network, { batchSize: 'auto' })).rejects.toThrow('"network" expected Network');
  });
});

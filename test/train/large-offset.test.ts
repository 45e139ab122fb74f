// Columns far from zero, and tiny ones: what a network learns does not depend on where its inputs and targets begin.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Dataset,
  measureMetrics,
  Network,
  Normalization,
  type NormalizationMethod,
  Predictor,
  PredictorPool,
  StreamedDataset,
  valueScores,
} from 'gradpool';
import { afterAll, describe, expect, it } from 'vitest';
import { expectClose, relativeError } from '../close.ts';
import { BACKENDS, withTrainer } from './problem.ts';
import { Random } from '#src/core/random.js';

const folder = mkdtempSync(join(tmpdir(), 'offset-'));
afterAll(() => rmSync(folder, { recursive: true }));

const random = new Random(3);
const u = Array.from({ length: 200 }, () => Math.round(1000 * random.uniform()) / 1000);
const other = u.map(() => random.normal());
const sine = u.map((x) => Math.sin(6 * x));

interface Case {
  readonly name: string;
  readonly of: (x: number) => number;
  readonly Type: typeof Float64Array | typeof Float32Array | typeof Uint32Array | typeof Uint8Array | undefined;
}

const cases: Case[] = [
  { name: 'milliseconds of a minute', of: (x) => 1.7e12 + Math.round(6e4 * x), Type: Float64Array },
  { name: 'milliseconds of a minute, plain rows', of: (x) => 1.7e12 + Math.round(6e4 * x), Type: undefined },
  { name: '10,000,001 to 10,000,010', of: (x) => 10_000_001 + Math.round(9 * x), Type: Float32Array },
  { name: 'a counter', of: (x) => 2e9 + Math.round(500 * x), Type: Uint32Array },
  { name: 'bytes that are all bright', of: (x) => 245 + Math.round(10 * x), Type: Uint8Array },
  { name: '1e-84', of: (x) => 1e-84 * x, Type: Float64Array },
  { name: '1e-84, plain rows', of: (x) => 1e-84 * (5 + x), Type: undefined },
  { name: '1e-240', of: (x) => 1e-240 * x, Type: Float64Array },
  { name: 'denormal float32', of: (x) => 1e-38 * x, Type: Float32Array },
];

/** The second column is an ordinary one, where the type has room for it. */
function patterns({ of, Type }: Case, targets: readonly number[]) {
  const rows = u.map((x, i) => [of(x), Type === Uint32Array || Type === Uint8Array ? i % 200 : other[i]!]);
  const inputs = Type === undefined ? rows : Type.from(rows.flat());
  return { rows, data: Dataset.fromArrays({ inputs, inputSize: 2, targets }) };
}

function networkOf(data: Dataset | StreamedDataset, method: NormalizationMethod): Network {
  const normalization = Normalization.fit(data, { inputs: method, targets: method });
  const layers = [
    { units: 16, activation: 'tanh' as const },
    { units: 1, activation: 'linear' as const },
  ];
  return new Network({ inputs: 2, layers, normalization, seed: 1 });
}

const inline = { sharedMemory: 'off' as const, batchSize: 16, learningRate: 0.02, momentum: 0.9 };

describe.each(BACKENDS)('%s', (backend) => {
  it.each(cases)('the trainer measures what the network does: $name', async (given) => {
    const { data } = patterns(given, sine);
    for (const method of ['z-score', 'min-max'] as const) {
      await using streamed = await StreamedDataset.store([data], { folder, memory: 2 ** 14 });
      const network = networkOf(data, method);
      const { loss } = network.evaluate(data);
      await withTrainer(network, { ...inline, backend }, async (trainer) => {
        const measured = [(await trainer.evaluate(data)).loss, (await trainer.evaluate(streamed)).loss];
        expectClose(`${method}, in memory and from a disk`, measured, [loss, loss], { relative: 2e-6 });
      });
      const { inputs } = Normalization.fit(streamed, { inputs: method });
      expectClose('scale', inputs!.scale, network.normalization.inputs!.scale, { relative: 1e-9 });
    }
  });

  it('a training ends where it does without the offset, of targets, too', async () => {
    const losses: number[] = [];
    for (const offset of [0, 1.7e12]) {
      const far = (x: number) => offset + Math.round(6e4 * x);
      const { data } = patterns({ name: '', of: far, Type: Float64Array }, sine.map(far));
      const network = networkOf(data, 'z-score');
      await withTrainer(network, { ...inline, backend }, (trainer) => trainer.fit(data, { epochs: 20 }));
      losses.push(network.evaluate(data).loss);
    }
    expect(losses[0]).toBeLessThan(0.05);
    expect(relativeError(losses[1]!, losses[0]!)).toBeLessThan(1e-3);
  });
});

describe('predictions in the units of targets far from zero, and tiny ones', () => {
  it.each([
    ['milliseconds of a minute', 1.7e12, 6e4],
    ['1e-84', 0, 1e-84],
    ['1e38', 1e37, 1e38],
  ])('%s', async (_, offset, span) => {
    const targets = sine.map((x) => offset + span * x);
    const { rows, data } = patterns(cases[0]!, targets);
    const network = networkOf(data, 'z-score');
    const { r2 } = (await measureMetrics(network, data)) as { r2: number };
    const predicted = network.predict<Float64Array>(rows);
    expect(predicted).toBeInstanceOf(Float64Array);
    expect(relativeError(valueScores(targets, predicted).r2!, r2)).toBeLessThan(1e-9);
    for (const backend of ['wasm', 'reference'] as const) {
      const predictor = new Predictor(network, { backend });
      const close = { relative: 2e-6, floor: span };
      const from = (values: ArrayLike<number>) => Array.from(values, (y) => y - offset);
      expectClose(backend, from(predictor.predict(rows)), from(predicted), close);
      expectClose('one', from(predictor.predictOne(rows[7]!)), from(predicted.subarray(7, 8)), close);
      await using pool = await PredictorPool.create(network, { backend, workers: 1, inlineRows: 0 });
      expectClose('pool', from(await pool.predict(rows)), from(predicted), close);
    }
  });

  it('of others are float32', () => {
    const { rows, data } = patterns(cases[0]!, sine);
    const network = networkOf(data, 'z-score');
    expect(network.predict(rows)).toBeInstanceOf(Float32Array);
    expect(new Predictor(network).predict(rows)).toBeInstanceOf(Float32Array);
  });
});

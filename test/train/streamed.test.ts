// Training on rows that are read while it goes on: what is seen in which order, that nothing but the order differs, how it ends.
import { appendFileSync, mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dataset, measureMetrics, StreamedDataset, Trainer, type TrainerOptions } from 'gradpool';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSameBits } from '../close.ts';
import { classes, classifier, train, withTrainer } from './problem.ts';

const ROWS = 1203;
/** Rows of 48 bytes: windows of 8 blocks of 20 rows; the last block and the last window are short. */
const MEMORY = 8 * 20 * (3 * 48 + 16);
const data = classes(ROWS);
let folder: string;
let streamed: StreamedDataset;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'streamed-'));
  streamed = await StreamedDataset.store([data], { folder, memory: MEMORY });
});
afterAll(async () => {
  await streamed.close();
  rmSync(folder, { recursive: true });
});

const options = (more: TrainerOptions): TrainerOptions => ({ batchSize: 32, backend: 'wasm', momentum: 0.5, ...more });

async function trained(given: TrainerOptions, set: Dataset | StreamedDataset, fit: object = {}) {
  const network = classifier();
  const history = await withTrainer(network, given, (trainer) => trainer.fit(set, { epochs: 2, ...fit }));
  return { parameters: network.parameters, history };
}

describe('a pass', () => {
  /** The rows of passes, by their number in the file, in batches of `batchSize`. */
  async function passes(seed: number | undefined, streams: number[], batchSize: number): Promise<number[][]> {
    const numbered = Dataset.fromArrays({
      inputs: Float64Array.from({ length: ROWS }, (_, r) => r),
      inputSize: 1,
      targets: new Uint8Array(ROWS),
    });
    await using set = await StreamedDataset.store([numbered], { folder, memory: 8 * 20 * (3 * 16 + 16) });
    const ring = set.stream({ ...classifier().spec, inputs: 1 }, { inputs: undefined, targets: undefined }).open();
    const all: number[][] = [];
    for (const stream of streams) {
      ring.begin(seed === undefined ? undefined : { seed, stream }, true);
      const rows: number[] = [];
      for (let used = 0, last = false; !last;) {
        const span = await ring.next(used);
        ({ last } = span);
        used = last ? span.rows : span.rows - (span.rows % batchSize);
        expect(used).toBeGreaterThan(0);
        const { values, stride } = ring.table.inputs;
        for (const row of ring.order.subarray(span.from, span.from + used)) rows.push(values[row * stride]!);
      }
      all.push(rows);
    }
    return all;
  }
  const inFile = Array.from({ length: ROWS }, (_, r) => r);
  const sorted = (rows: number[]) => [...rows].sort((a, b) => a - b);

  it('has the rows in the order of the file, or each once in an order of its own', async () => {
    for (const rows of await passes(undefined, [0, 1], 32)) expect(rows).toEqual(inFile);
    const [a, b, again] = await passes(7, [0, 1, 0], 32);
    expect(sorted(a!)).toEqual(inFile);
    expect(sorted(b!)).toEqual(inFile);
    expect(a).not.toEqual(b);
    expect(again).toEqual(a);
    expect((await passes(8, [0], 32))[0]).not.toEqual(a);
  });

  it('has an order that does not depend on the batch size, nor on what was read ahead', async () => {
    const [first, second] = await passes(7, [0, 1], 32);
    for (const batchSize of [1, 7, 139, 140]) expect((await passes(7, [1], batchSize))[0]).toEqual(second);
    expect((await passes(7, [1, 0], 64))[1]).toEqual(first);
  });

  it('mixes rows of a window well: neighbours of the file are apart', async () => {
    const [rows] = await passes(7, [0], 32);
    const beside = rows!.filter((row, i) => Math.abs(row - rows![i + 1]!) === 1).length;
    expect(beside).toBeLessThan(ROWS / 40);
  });
});

describe('training', () => {
  it.each<TrainerOptions>([
    { workers: 2 },
    { workers: 2, strategy: 'data-parallel', batchSize: 37 },
    { workers: 1, backend: 'reference', batchSize: 140 },
    { workers: 2, strategy: 'coordinator' },
    { sharedMemory: 'off', optimizer: 'adam', schedule: { name: 'cosine', epochs: 2 } },
  ])('in the order of the file has the bits of training in memory: %o', async (given) => {
    const wanted = options({ shuffle: false, ...given, ...(given.optimizer && { momentum: undefined }) });
    const [a, b] = [await trained(wanted, data), await trained(wanted, streamed)];
    expectSameBits('parameters', b.parameters, a.parameters);
    b.history.forEach((report, e) => {
      const expected = a.history[e]!;
      expect(report.loss).toBeCloseTo(expected.loss, 12);
      for (const key of ['updates', 'samples', 'accuracy', 'learningRate', 'batchSize'] as const)
        expect(report[key], key).toBe(expected[key]);
      expect(report.waiting).toBeLessThan(report.seconds);
    });
  });

  it('has the same bits for any number of workers, and through fit and epochs', async () => {
    const one = await trained(options({ workers: 1, seed: 3 }), streamed);
    const two = await trained(options({ workers: 2, seed: 3 }), streamed);
    expectSameBits('two workers', two.parameters, one.parameters);
    const network = classifier();
    await withTrainer(network, options({ workers: 1, seed: 3 }), async (trainer) => {
      for (let e = 0; e < 2; e++) await trainer.fit(streamed);
    });
    expectSameBits('one epoch at a time', network.parameters, one.parameters);
    const other = await trained(options({ workers: 1, seed: 4 }), streamed);
    expect(other.parameters[0]!.weights).not.toEqual(one.parameters[0]!.weights);
  });

  it('ends after maxUpdates and tells progress', async () => {
    const network = classifier();
    const seen: number[] = [];
    const { history } = await train(network, streamed, options({ workers: 2 }), {
      epochs: 9,
      maxUpdates: 60,
      onProgress: ({ samples }) => void seen.push(samples),
    });
    expect(history.map(({ updates, samples }) => [updates, samples])).toEqual([
      [38, ROWS],
      [22, 22 * 32],
    ]);
    expect(seen.every((samples) => samples <= ROWS)).toBe(true);
  });

  it('validates and evaluates on what is streamed, and measures it', async () => {
    const network = classifier();
    await withTrainer(network, options({ workers: 2 }), async (trainer) => {
      const [report] = await trainer.fit(data, { validation: streamed });
      const expected = network.evaluate(data);
      expect(report!.validation!.loss).toBeCloseTo(expected.loss, 5);
      expect(report!.validation!.accuracy).toBeCloseTo(expected.accuracy!, 12);
      const evaluated = await trainer.evaluate(streamed);
      expect(evaluated.loss).toBeCloseTo(expected.loss, 5);
    });
    expect(await measureMetrics(network, streamed)).toEqual(await measureMetrics(network, data));
  });
});

describe('what does not go', () => {
  const fit = (given: TrainerOptions, set: StreamedDataset = streamed) =>
    withTrainer(classifier(), { workers: 1, backend: 'wasm', ...given }, (trainer) => trainer.fit(set));

  it('an adaptive batch size, and batches that windows have no room for', async () => {
    await expect(fit({ batchSize: { adaptive: true, cost: { perUpdate: 1e-5, perRow: 1e-6 } } })).rejects.toThrow(
      '"train" expected Dataset beside an adaptive "batchSize", got StreamedDataset',
    );
    await expect(fit({ batchSize: 141 })).rejects.toThrow(
      '"batchSize" expected at most 140 rows, for which there is room in "memory", got 141',
    );
  });

  it('targets that the network has no outputs for', async () => {
    const wrong = Dataset.fromArrays({ inputs: new Float32Array(18), inputSize: 9, targets: [3, 4] });
    await using set = await StreamedDataset.store([wrong], { folder });
    await expect(fit({ batchSize: 1 }, set)).rejects.toThrow(
      '"targets" expected class numbers in [0, 3], got integers from 3 to 4',
    );
  });
});

describe('an end before the end', () => {
  it.each([
    ['shortened', (path: string) => truncateSync(path, 30_000)],
    ['written to', (path: string) => appendFileSync(path, 'x')],
  ])('a file that is %s is ERR_BAD_FILE; whole updates are kept, and the trainer goes on', async (_, change) => {
    const path = join(folder, 'kept');
    await using set = await StreamedDataset.store([data], { path, memory: MEMORY });
    const network = classifier();
    await withTrainer(network, options({ workers: 2 }), async (trainer) => {
      const epochs = trainer.epochs(set, { epochs: 3 });
      await epochs.next();
      change(path);
      await expect(
        (async () => {
          for await (const _ of epochs) void _;
        })(),
      ).rejects.toMatchObject({ code: 'ERR_BAD_FILE' });
      expect(Number.isFinite(network.evaluate(data).loss)).toBe(true);
      expect(await trainer.fit(data)).toHaveLength(1);
    });
    rmSync(path);
  });

  it('a set that is closed is ERR_CLOSED, a signal ERR_ABORTED, a trainer that is closed ERR_CLOSED', async () => {
    const set = await StreamedDataset.store([data], { folder, memory: MEMORY });
    const network = classifier();
    const trainer = await Trainer.create(network, options({ workers: 2, shuffle: false }));
    const controller = new AbortController();
    const soon = (stop: () => unknown) => void setTimeout(stop, 80);
    const running = trainer.fit(set, { epochs: 1e6, signal: controller.signal });
    soon(() => controller.abort('enough'));
    await expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' });
    // From the middle of a pass to the beginning of another.
    network.setParameters(classifier().parameters);
    await trainer.fit(set);
    const alone = await trained(options({ workers: 1, shuffle: false }), data, { epochs: 1 });
    expectSameBits('after an abort', network.parameters, alone.parameters);
    const closedSet = trainer.fit(set, { epochs: 1e6 });
    soon(() => set.close());
    await expect(closedSet).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    const closedTrainer = trainer.fit(streamed, { epochs: 1e6 });
    soon(() => trainer.close());
    await expect(closedTrainer).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    expect(readdirSync(folder)).toEqual([]);
  });
});

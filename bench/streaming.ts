import { mkdirSync } from 'node:fs';
import { count, table } from '../src/cli/text.ts';
import { Random } from '../src/core/random.ts';
import { Dataset, StreamedDataset, Trainer } from '../src/index.ts';
import { type Interval, medianInterval } from '../src/lab/statistics.ts';
import { makeDataset, makeNetwork, nameOf, NETWORKS } from './networks.ts';
import type { Effort } from './timing.ts';
import { inRounds } from './training.ts';

/** What is trained: the network that is compared everywhere, at the batch size that the project promises something of. */
const NETWORK = NETWORKS.A;
const BATCH_SIZE = 256;
/** Some 400 MB as float32, 100 MB as bytes, on the disk and in memory. */
const PATTERNS = 131_072;
/** Of what the set takes, this part may be in memory: three windows, of which an epoch has a dozen. */
const IN_MEMORY = 1 / 4;
/** Of one call of `fit`: the first window of the first of them cannot have been read ahead. */
const EPOCHS = 2;
const FOLDER = 'out';

/** One set in memory and on the disk, each with a trainer. */
interface Pair {
  /** What a number of a row is stored as. */
  readonly type: string;
  readonly workers: number;
  readonly resident: { readonly trainer: Trainer; readonly data: Dataset };
  readonly streamed: { readonly trainer: Trainer; readonly data: StreamedDataset };
}

interface Measured {
  /** Seconds per row. */
  readonly resident: number;
  readonly streamed: number;
  /** The share of the streamed epochs' time in which training waited for rows. */
  readonly waiting: number;
}

/**
 * The same patterns trained from memory and from a disk. The file has just been written and lies in the page cache as far as the system
 * lets it: what is measured is what reading, windows and their runs cost, not the disk, which has to bring as many bytes a second as the
 * table says.
 */
export async function benchStreaming(effort: Effort) {
  mkdirSync(FOLDER, { recursive: true });
  const patterns = effort.rounds === 1 ? 4096 : PATTERNS;
  const pairs: Pair[] = [];
  for (const data of [makeDataset(NETWORK, patterns), images(patterns)]) {
    const { values } = data.storage.inputs;
    const memory = values.byteLength * IN_MEMORY;
    const stored = await StreamedDataset.store([data], { folder: FOLDER, memory });
    for (const workers of [1, 2]) {
      const trainer = () =>
        Trainer.create(makeNetwork(NETWORK), { workers, batchSize: BATCH_SIZE, learningRate: 0.01 });
      const resident = { trainer: await trainer(), data };
      const streamed = { trainer: await trainer(), data: stored };
      pairs.push({ type: values instanceof Uint8Array ? 'uint8' : 'float32', workers, resident, streamed });
    }
  }
  const samples = new Map(pairs.map((pair) => [pair, [] as Measured[]]));
  await inRounds(pairs, effort, measure, (pair, measured) => samples.get(pair)!.push(measured));
  const results = pairs.map((pair) => describe(pair, samples.get(pair)!));
  for (const { resident, streamed } of pairs) {
    await Promise.all([resident.trainer.close(), streamed.trainer.close()]);
    await streamed.data.close();
  }
  return { results, text: `${textOf(results)}\nthe files lie in the page cache; ${patterns} patterns` };
}

/** Patterns of as many bytes, as images are. */
function images(patterns: number): Dataset {
  const random = new Random(1);
  const [n, ...widths] = NETWORK;
  const inputs = Uint8Array.from({ length: patterns * n }, () => random.below(256));
  const targets = Uint8Array.from({ length: patterns }, () => random.below(widths.at(-1)!));
  const { storage } = Dataset.fromArrays({ inputs, inputSize: n, targets });
  return Dataset.fromColumns(storage.inputs, storage.targets, 1 / 255);
}

/** The two in turn, so that a drift of the machine meets both; each after the other, whose threads and caches were in its way. */
async function measure({ resident, streamed }: Pair): Promise<Measured> {
  const sums = { resident: 0, streamed: 0, waiting: 0 };
  await streamed.trainer.fit(streamed.data);
  for (const name of ['resident', 'streamed', 'resident', 'streamed'] as const) {
    const { trainer, data } = name === 'resident' ? resident : streamed;
    for (const { seconds, waiting = 0 } of await trainer.fit(data, { epochs: EPOCHS })) {
      sums[name] += seconds;
      sums.waiting += waiting;
    }
  }
  const rows = 2 * EPOCHS * resident.data.length;
  return { resident: sums.resident / rows, streamed: sums.streamed / rows, waiting: sums.waiting / sums.streamed };
}

function describe({ type, workers, resident, streamed: { data: stored } }: Pair, measured: readonly Measured[]) {
  const interval = (of: (m: Measured) => number): Interval => medianInterval(measured.map(of), 1);
  const { backend, strategy } = resident.trainer.info;
  return {
    layers: nameOf(NETWORK),
    batchSize: BATCH_SIZE,
    type,
    patterns: stored.length,
    bytes: stored.bytes,
    windowRows: stored.windowRows,
    blockRows: stored.blockRows,
    workers,
    backend,
    strategy,
    resident: interval((m) => 1 / m.resident),
    streamed: interval((m) => 1 / m.streamed),
    slower: interval((m) => m.streamed / m.resident - 1),
    waiting: interval((m) => m.waiting),
  };
}

function textOf(results: readonly ReturnType<typeof describe>[]): string {
  return table(
    ['network', 'B', 'stored as', 'backend', 'workers', 'in memory', 'streamed', 'slower by', 'waiting', 'MB/s'],
    results.map((r) => [
      r.layers,
      r.batchSize,
      r.type,
      r.backend,
      r.workers,
      `${count(r.resident.median)}/s`,
      `${count(r.streamed.median)}/s`,
      `${percent(r.slower.median)} (${percent(r.slower.low)} to ${percent(r.slower.high)})`,
      percent(r.waiting.median),
      ((r.streamed.median * r.bytes) / r.patterns / 1e6).toFixed(0),
    ]),
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

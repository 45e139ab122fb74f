import { mkdirSync } from 'node:fs';
import { count, table } from '../src/cli/text.ts';
import { type Dataset, StreamedDataset, Trainer } from '../src/index.ts';
import { type Interval, medianInterval } from '../src/lab/statistics.ts';
import { makeDataset, makeNetwork, nameOf, NETWORKS } from './networks.ts';
import type { Effort } from './timing.ts';
import { inRounds } from './training.ts';

/** What is trained: the network that is compared everywhere, at the batch size that the project promises something of. */
const NETWORK = NETWORKS.A;
const BATCH_SIZE = 256;
/** Some 100 MB as float32, on the disk and in memory. */
const PATTERNS = 32_768;
/** Three windows of 10 MB, of which an epoch has ten. */
const MEMORY = 2 ** 25;
/** Of one call of `fit`: the first window of the first of them cannot have been read ahead. */
const EPOCHS = 2;
const FOLDER = 'out';

/** One set in memory and on the disk, each with a trainer. */
interface Pair {
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
  const quick = effort.rounds === 1;
  const data = makeDataset(NETWORK, quick ? 4096 : PATTERNS);
  await using stored = await StreamedDataset.store([data], { folder: FOLDER, memory: quick ? MEMORY / 8 : MEMORY });
  const pairs: Pair[] = [];
  for (const workers of [1, 2]) {
    const trainer = () => Trainer.create(makeNetwork(NETWORK), { workers, batchSize: BATCH_SIZE, learningRate: 0.01 });
    pairs.push({
      workers,
      resident: { trainer: await trainer(), data },
      streamed: { trainer: await trainer(), data: stored },
    });
  }
  const samples = new Map(pairs.map((pair) => [pair, [] as Measured[]]));
  await inRounds(pairs, effort, measure, (pair, measured) => samples.get(pair)!.push(measured));
  const results = pairs.map((pair) => describe(pair, stored, samples.get(pair)!));
  for (const { resident, streamed } of pairs) await Promise.all([resident.trainer.close(), streamed.trainer.close()]);
  return { results, text: `${textOf(results)}\nthe file lies in the page cache; ${stored.length} patterns` };
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

function describe({ workers, resident }: Pair, stored: StreamedDataset, measured: readonly Measured[]) {
  const interval = (of: (m: Measured) => number): Interval => medianInterval(measured.map(of), 1);
  const { backend, strategy } = resident.trainer.info;
  return {
    layers: nameOf(NETWORK),
    batchSize: BATCH_SIZE,
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
    ['network', 'B', 'backend', 'workers', 'in memory', 'streamed', 'slower by', 'waiting', 'MB/s'],
    results.map((r) => [
      r.layers,
      r.batchSize,
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

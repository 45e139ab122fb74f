import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  applyEncoding,
  type Dataset,
  encodeTable,
  findLearningRate,
  measureMetrics,
  Network,
  Normalization,
  readTable,
  Trainer,
  type TrainerOptions,
} from '../src/index.ts';
import { table } from '../src/cli/text.ts';

const EXAMPLES = 'examples/data';
const SEEDS = [0, 1, 2];
const OPTIMIZERS: Record<
  string,
  { options: Pick<TrainerOptions, 'momentum' | 'optimizer'>; rates: readonly number[] }
> = {
  sgd: { options: {}, rates: grid(1e-3, 8) },
  momentum: { options: { momentum: 0.9 }, rates: grid(1e-4, 9) },
  adam: { options: { optimizer: 'adam' }, rates: grid(1e-4, 8) },
};
/** On the calling thread: the networks are tiny. */
const INLINE = { backend: 'wasm', sharedMemory: 'off' } as const;

/** Two rates to a power of ten. */
function grid(least: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => least * 10 ** (i / 2));
}

interface Case {
  readonly name: string;
  readonly seed: number;
  readonly train: Dataset;
  readonly test: Dataset;
  readonly inputs: number;
  readonly outputs: number;
  readonly classes: boolean;
}

export interface LearningRateFlags {
  tables?: string;
  epochs: string;
  quick?: boolean;
}

/** What comes of training with the suggested rate, beside the best of a grid: accuracy, or R2, on test rows. */
export async function benchLearningRate({ tables, epochs, quick = false }: LearningRateFlags) {
  const results: Result[] = [];
  for await (const one of tables === undefined ? examples(quick) : splits(tables))
    for (const optimizer of quick ? ['momentum'] : Object.keys(OPTIMIZERS))
      results.push(await measure(one, optimizer, quick ? 2 : Number(epochs), quick));
  return { results, text: textOf(results) };
}

type Result = Awaited<ReturnType<typeof measure>>;

async function measure(one: Case, optimizer: string, epochs: number, quick: boolean) {
  const { options, rates } = OPTIMIZERS[optimizer]!;
  const trainer = { ...INLINE, ...options, batchSize: Math.min(32, one.train.length), seed: one.seed };
  const begun = performance.now();
  const search = { epochs, trainer, ...(quick && { trialUpdates: 100 }) };
  const { suggestion } = await findLearningRate(networkOf(one), one.train, search);
  const seconds = (performance.now() - begun) / 1000;
  const scoreAt = (learningRate: number) => scoreOf(one, { ...trainer, learningRate }, epochs);
  const scores: number[] = [];
  for (const rate of quick ? rates.slice(-2) : rates) scores.push(await scoreAt(rate));
  const score = suggestion.state === 'found' ? await scoreAt(suggestion.learningRate) : NaN;
  const { name, seed } = one;
  console.error(
    name,
    seed,
    optimizer,
    suggestion.state === 'found' && suggestion.learningRate,
    score,
    scores.join(' '),
  );
  return { name, seed, optimizer, suggestion, seconds, score, rates, scores, best: Math.max(...scores) };
}

/** A line for each set and optimiser, over its seeds. */
function textOf(results: readonly Result[]): string {
  const groups = new Map<string, Result[]>();
  for (const result of results) {
    const key = `${result.name} ${result.optimizer}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  const each = (own: readonly Result[], text: (result: Result) => string) => own.map(text).join(' ');
  const rows = [...groups.values()].map((own) => [
    own[0]!.name,
    own[0]!.optimizer,
    each(own, ({ suggestion }) => (suggestion.state === 'found' ? suggestion.learningRate.toPrecision(2) : 'none')),
    each(own, ({ suggestion }) => (suggestion.state === 'found' ? suggestion.evidence : '')),
    each(own, ({ score }) => score.toFixed(3)),
    each(own, ({ best }) => best.toFixed(3)),
    each(own, ({ best, score }) => (best - score).toFixed(3)),
    (bestRate(own) - mean(own.map(({ score }) => score))).toFixed(3),
  ]);
  const near = results.filter(({ best, score }) => best - score < 0.0205).length;
  const nearRates = rows.filter((row) => Number(row.at(-1)) <= 0.02).length;
  return [
    table(['set', 'optimizer', 'rates', 'evidence', 'score', 'best of grid', 'difference', 'to best rate'], rows),
    'Score: accuracy, or R2, on test rows. Best of grid: the luckiest rate of each split, factors of 3.2 apart. To best rate: of the means over the',
    `splits, to that of the one rate whose mean is best. Within 0.02: ${near} of ${results.length} trainings, ${nearRates} of ${rows.length} means.`,
  ].join('\n');
}

/** The mean over the splits with the one rate of the grid that has the best. */
function bestRate(own: readonly Result[]): number {
  return Math.max(...own[0]!.scores.map((_, i) => mean(own.map(({ scores }) => scores[i]!))));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function networkOf({ train, inputs, outputs, classes, seed }: Case): Network {
  const normalization = Normalization.fit(train, { inputs: 'z-score', ...(!classes && { targets: 'z-score' }) });
  const layers = [
    { units: 32, activation: 'relu' },
    { units: outputs, activation: classes ? 'softmax' : 'linear' },
  ] as const;
  return new Network({ inputs, layers, normalization, seed });
}

async function scoreOf(one: Case, options: TrainerOptions, epochs: number): Promise<number> {
  const network = networkOf(one);
  await using trainer = await Trainer.create(network, options);
  const history = await trainer.fit(one.train, { epochs });
  if (history.some(({ loss }) => !Number.isFinite(loss))) return -Infinity;
  const metrics = await measureMetrics(network, one.test);
  return metrics.task === 'values' ? metrics.r2! : metrics.accuracy;
}

type Tables = readonly [Awaited<ReturnType<typeof readTable>>, Awaited<ReturnType<typeof readTable>>];

function caseOf(name: string, seed: number, [first, second]: Tables): Case {
  const target = first.columns.at(-1)!.name;
  const { dataset, encoding } = encodeTable(first, { target, missing: 'mean', unknown: 'zeros' });
  const { inputSize: inputs, outputSize: outputs, classes } = encoding;
  const test = applyEncoding(encoding, second);
  return { name, seed, train: dataset, test, inputs, outputs, classes: classes.length > 0 };
}

async function* examples(quick: boolean): AsyncGenerator<Case> {
  for (const file of readdirSync(EXAMPLES).filter((name) => name.endsWith('.csv'))) {
    const all = await readTable(join(EXAMPLES, file));
    for (const seed of quick ? SEEDS.slice(0, 1) : SEEDS)
      yield caseOf(file.replace('.csv', ''), seed, all.split(0.75, { seed }) as unknown as Tables);
  }
}

/** A folder of tables NAME-SPLIT-train.csv and NAME-SPLIT-test.csv. */
async function* splits(folder: string): AsyncGenerator<Case> {
  for (const file of readdirSync(folder).sort()) {
    const [, name, split] = /^(.+)-(\d+)-train\.csv$/.exec(file) ?? [];
    if (name === undefined) continue;
    const read = (part: string) => readTable(join(folder, `${name}-${split}-${part}.csv`));
    yield caseOf(name, Number(split), [await read('train'), await read('test')]);
  }
}

import { abortable, flag, integer, oneOf, options, wrongType } from '../core/checks.ts';
import type { RowsInput } from '../core/columns.ts';
import type { DataSource, StreamedSource } from '../core/table.ts';
import { Turns } from '../core/turns.ts';
import { type FigureIntervals, figureIntervals } from './bootstrap.ts';
import { type ClassScore, type ClassScores, confusionMatrix, scoresOfCounts, classScores } from './class-scores.ts';
import { Network } from './network.ts';
import {
  answersOf,
  collect,
  column,
  fromArrays,
  type Predictions,
  taskOf,
  TASKS,
  type MetricsTask,
  withComplement,
} from './predictions.ts';
import { crossEntropyOf, logOdds } from './log-odds.ts';
import { logLoss, rocAuc, topKAccuracy } from './ranking.ts';
import { type ValueScores, valueScores } from './value-scores.ts';

export interface MetricsOptions {
  /** Of which k top-k accuracies are wanted; default 3 and 5, where there are more classes. */
  topK?: readonly number[] | undefined;
  /** Whether there are to be `intervals` of the figures, by drawing the patterns again a thousand times; default false. */
  intervals?: boolean | undefined;
  /** Stops measuring; the call rejects with ERR_ABORTED. */
  signal?: AbortSignal | undefined;
}

/** The scores of a class, with the area under its curve against all others; absent where there are no others, or none of it. */
export interface RankedClassScore extends ClassScore {
  rocAuc?: number;
}

/** Each pattern belongs to one of C classes. */
export interface ClassMetrics extends Omit<ClassScores, 'perClass'> {
  task: 'classes';
  rows: number;
  accuracy: number;
  topK: { k: number; accuracy: number }[];
  /** In nats. */
  logLoss: number;
  /** Of two classes: of class 1. Of more: the mean of all that have one, each against the rest. */
  rocAuc?: number;
  perClass: RankedClassScore[];
  /** C x C patterns: row = actual, column = predicted. */
  confusion: number[][];
}

/** Each of C outputs says yes or no on its own; in the lists each is a class. */
export interface LabelMetrics extends Omit<ClassScores, 'perClass'> {
  task: 'labels';
  rows: number;
  /** The share of right answers, all outputs together. */
  accuracy: number;
  /** The share of patterns all of whose answers are right. */
  exact: number;
  /** In nats; the mean over patterns and outputs. */
  logLoss: number;
  /** The mean of all outputs that have one. */
  rocAuc?: number;
  perClass: RankedClassScore[];
}

/** Each pattern has K values, in the units of the data. */
export interface ValueMetrics extends ValueScores {
  task: 'values';
  rows: number;
}

export type Metrics = (ClassMetrics | LabelMetrics | ValueMetrics) & {
  /**
   * Of accuracy and `exact`, or of mae, rmse and r2, with 95% confidence: by how much they depend on which patterns were judged. Where
   * `intervals` were asked for; those of r2 leave out draws whose targets are all equal.
   */
  intervals?: FigureIntervals;
};

const KEYS = ['topK', 'intervals', 'signal'] as const;

/**
 * How good a network's answers are on a data set, as plain JSON. Each pattern goes through the network once, in float64 on the
 * calling thread, which takes turns with whatever else is to be done there; the outputs (8 bytes each) are kept until all is computed.
 *
 * Softmax outputs, or one sigmoid output, are taken for classes; several sigmoid outputs for labels; linear outputs for values.
 * A softmax answers with its largest output, the first of equals; a sigmoid says yes from 0.5 on. Patterns are ranked, and the log
 * loss is computed, by what goes into the softmax or sigmoid, so that outputs that are all but 0 or 1 are told apart. Desired
 * probabilities count as the class, or the answer, that they are nearest to. All patterns count the same, whatever their weights.
 *
 * @throws TypeError, RangeError naming the argument; RangeError if an output is not finite; GradpoolError ERR_ABORTED
 * @example
 * const metrics = await measureMetrics(network, test);
 * if (metrics.task === 'classes') console.log(metrics.accuracy, metrics.confusion);
 */
export async function measureMetrics(
  network: Network,
  dataset: DataSource | StreamedSource,
  given?: MetricsOptions,
): Promise<Metrics>;
/**
 * The same of outputs that are there already.
 * @param outputs - P rows, or a flat list with one for each target: probabilities of classes or labels (flat or one a row: of
 * class 1 of two), or values
 * @param targets - P class numbers, or P rows of as many values as the outputs have
 */
export async function measureMetrics<T extends MetricsTask>(
  outputs: RowsInput,
  targets: RowsInput,
  given: MetricsOptions & { task: T },
): Promise<Extract<Metrics, { task: T }>>;
export async function measureMetrics(
  from: Network | RowsInput,
  to: DataSource | StreamedSource | RowsInput,
  given: MetricsOptions & { task?: MetricsTask } = {},
): Promise<Metrics> {
  const network = from instanceof Network;
  const {
    topK,
    intervals = false,
    signal,
    task,
  } = options<typeof given>('options', given, network ? KEYS : [...KEYS, 'task']);
  abortable('signal', signal);
  flag('intervals', intervals);
  const turns = new Turns('measuring', signal);
  const measured = async (found: Predictions): Promise<Metrics> => {
    const metrics = await metricsOf(found, resolveTopK(topK, found), turns);
    return intervals ? { ...metrics, intervals: await figureIntervals(found, turns) } : metrics;
  };
  if (!network) {
    return measured(fromArrays(oneOf('task', task, TASKS), from, to as RowsInput));
  }
  const source = to as DataSource & StreamedSource;
  if (typeof (source?.bind ?? source?.stream) !== 'function') throw wrongType('dataset', 'Dataset', to);
  // Before any work.
  resolveTopK(topK, taskOf(from.spec));
  return measured(await collect(from, source, turns));
}

function resolveTopK(topK: readonly number[] | undefined, { task, classes }: Pick<Predictions, 'task' | 'classes'>) {
  if (topK === undefined) return task === 'classes' ? [3, 5].filter((k) => k < classes) : [];
  if (!Array.isArray(topK)) throw wrongType('topK', 'list of numbers', topK);
  if (task !== 'classes') throw new RangeError(`"topK" expected no list beside ${task}: there is one only for classes`);
  return (topK as number[]).map((k, i) => integer(`topK[${i}]`, k, 1, classes));
}

/**
 * The metrics of outputs that a network has computed for a data set elsewhere, without those of top k. Not exported from the package.
 * @param U - P x K, the synaptic inputs of its last layer; of values these are the outputs, of normalised targets normalised
 * @param areas - whether there are to be areas under curves, for which the outputs are sorted
 * @throws RangeError if an output is not finite; GradpoolError ERR_ABORTED
 */
export async function metricsOfOutputs(
  network: Network,
  dataset: DataSource | StreamedSource,
  U: Float64Array,
  areas: boolean,
  signal: AbortSignal | undefined,
): Promise<Metrics> {
  const turns = new Turns('measuring', signal);
  return metricsOf(await answersOf(network, dataset, U, turns), [], turns, areas);
}

async function metricsOf(found: Predictions, topK: readonly number[], turns: Turns, areas = true): Promise<Metrics> {
  await turns.next();
  switch (found.task) {
    case 'classes':
      return classMetrics(found, topK, turns, areas);
    case 'labels':
      return labelMetrics(found, turns, areas);
    case 'values':
      return { task: 'values', rows: found.rows, ...valueScores(found.actual, found.outputs, found.classes) };
  }
}

async function classMetrics(
  found: Predictions,
  topK: readonly number[],
  turns: Turns,
  areas: boolean,
): Promise<ClassMetrics> {
  const { rows, classes, actual, predicted, outputs } = found;
  const confusion = confusionMatrix(actual, predicted, classes);
  const { perClass, ...scores } = classScores(confusion);
  const right = confusion.reduce((sum, row, k) => sum + row[k]!, 0);
  const ranks = areas ? ranksOf(found) : outputs;
  const areaOf = (k: number) =>
    rocAuc(
      actual.map((own) => (own === k ? 1 : 0)),
      column(ranks, k, classes),
    );
  const ranked: RankedClassScore[] = areas ? await withAreas(perClass, scores.undefined, turns, areaOf) : perClass;
  const area = classes === 2 ? ranked[1]!.rocAuc : meanArea(ranked);
  await turns.next();
  return {
    task: 'classes',
    rows,
    accuracy: right / rows,
    topK: topK.map((k) => ({ k, accuracy: topKAccuracy(actual, outputs, k) })),
    logLoss: lossOf(found, actual, outputs),
    ...(area !== undefined && { rocAuc: area }),
    perClass: ranked,
    ...scores,
    confusion,
  };
}

async function labelMetrics(found: Predictions, turns: Turns, areas: boolean): Promise<LabelMetrics> {
  const { rows, classes, actual, predicted, outputs, form } = found;
  const counts = Array.from({ length: classes }, () => ({ right: 0, predicted: 0, support: 0 }));
  let right = 0;
  let exact = 0;
  for (let p = 0; p < rows; p++) {
    let all = true;
    for (let k = 0; k < classes; k++) {
      const [own, answer] = [actual[p * classes + k]!, predicted[p * classes + k]!];
      counts[k]!.support += own;
      counts[k]!.predicted += answer;
      counts[k]!.right += own * answer;
      if (own === answer) right++;
      else all = false;
    }
    if (all) exact++;
  }
  const { perClass, ...scores } = scoresOfCounts(counts, 'all');
  const areaOf = (k: number) => rocAuc(column(actual, k, classes), column(outputs, k, classes));
  const ranked: RankedClassScore[] = areas ? await withAreas(perClass, scores.undefined, turns, areaOf) : perClass;
  const area = meanArea(ranked);
  await turns.next();
  return {
    task: 'labels',
    rows,
    accuracy: right / (rows * classes),
    exact: exact / rows,
    // Each output is a choice between two classes of its own.
    logLoss: lossOf(found, actual, withComplement(outputs, form)),
    ...(area !== undefined && { rocAuc: area }),
    perClass: ranked,
    ...scores,
  };
}

/** The scores with their areas; those that are missing are noted. */
async function withAreas(
  perClass: readonly ClassScore[],
  missing: ClassScores['undefined'],
  turns: Turns,
  areaOf: (k: number) => number | undefined,
): Promise<RankedClassScore[]> {
  const ranked: RankedClassScore[] = [];
  for (const score of perClass) {
    await turns.next();
    const area = areaOf(score.class);
    if (area === undefined) missing.push({ metric: 'rocAuc', class: score.class });
    ranked.push(area === undefined ? score : { ...score, rocAuc: area });
  }
  return ranked;
}

/** What the patterns are ranked by, class by class, P x C: not rounded where the probabilities are all but 0 or 1. */
function ranksOf({ form, outputs, classes }: Predictions): Float64Array {
  return form === 'synaptic' ? logOdds(outputs, classes) : outputs;
}

/** @param outputs - for each choice, between which classes it is */
function lossOf({ form, precision }: Predictions, actual: Float64Array, outputs: Float64Array): number {
  return form === 'synaptic' ? crossEntropyOf(actual, outputs) : logLoss(actual, outputs, precision);
}

function meanArea(perClass: readonly RankedClassScore[]): number | undefined {
  const areas = perClass.flatMap(({ rocAuc: area }) => area ?? []);
  return areas.length === 0 ? undefined : areas.reduce((sum, area) => sum + area, 0) / areas.length;
}

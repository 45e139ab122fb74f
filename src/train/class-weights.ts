import { finite, wrongType, wrongValue } from '../core/checks.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { RowFactors, StreamedSource, Table } from '../core/table.ts';
import { allocate } from '../memory/shared.ts';
import type { Network } from '../nn/network.ts';
import { classesOf, taskOf } from '../nn/predictions.ts';
import type { Resident } from './bound.ts';

/**
 * What the loss of each pattern is multiplied by, by its class: a number of at least 0 for each class, or 'balanced' for P / (C n_k),
 * with n_k of the P patterns being of class k, and C classes of which there are any, as in scikit-learn.
 */
export type ClassWeights = 'balanced' | readonly number[];

/** @throws TypeError, RangeError */
export function resolveClassWeights(value: unknown): ClassWeights | undefined {
  if (value === undefined || value === 'balanced') return value;
  if (typeof value === 'string') throw wrongValue('classWeights', "'balanced' or a list of numbers", value);
  if (!Array.isArray(value)) throw wrongType('classWeights', "'balanced' or list of numbers", value);
  return value.map((weight: unknown, k) => finite(`classWeights[${k}]`, weight, 0));
}

/** @throws RangeError where the outputs of the network are not classes, or as many as there are weights */
export function checkClassWeights(spec: NetworkSpec, weights: ClassWeights | undefined): void {
  if (weights === undefined) return;
  const { task, classes } = taskOf(spec);
  if (task !== 'classes') {
    throw new RangeError(
      `"classWeights" expected softmax outputs or one sigmoid output, got outputs for ${task} (${spec.loss})`,
    );
  }
  if (weights !== 'balanced' && weights.length !== classes)
    throw new RangeError(`"classWeights" expected ${classes} numbers, one for each class, got ${weights.length}`);
}

/** The table of a data set in memory whose patterns have the weights of their classes, times those that they have of their own. */
export function withClassWeights({ spec }: Network, { table, rows }: Resident, weights: ClassWeights): Table {
  const classes = classesOf(spec, table, rows);
  const ofClass = weights === 'balanced' ? balanced(addCounts([], classes)) : weights;
  const { values, stride } = table.targets.columns;
  const all = new Float32Array(allocate((4 * values.length) / stride));
  rows.forEach((row, p) => (all[row] = ofClass[classes[p]!]! * (table.weights?.[row] ?? 1)));
  return { ...table, weights: all };
}

/**
 * The weights of the classes of a streamed set's patterns. For 'balanced' it is gone through once, to count them.
 * @param check - throws to end that
 */
export async function classFactors(
  { spec, normalization }: Network,
  source: StreamedSource,
  weights: ClassWeights,
  check: () => void,
): Promise<RowFactors> {
  let ofClass = weights;
  if (ofClass === 'balanced') {
    const counts: number[] = [];
    for await (const piece of source.pieces()) {
      check();
      const { table, rows } = piece.bind(spec, normalization);
      addCounts(counts, classesOf(spec, table, rows));
    }
    ofClass = balanced(counts);
  }
  const factors = ofClass;
  return (table, rows) => classesOf(spec, table, rows).map((k) => factors[k]!);
}

function addCounts(counts: number[], classes: Float64Array): number[] {
  for (const k of classes) counts[k] = (counts[k] ?? 0) + 1;
  return counts;
}

/** P / (C n_k), of the n_k. */
function balanced(counts: readonly number[]): number[] {
  const present = counts.filter((count) => count > 0);
  const all = present.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => all / (present.length * count));
}

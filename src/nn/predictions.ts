import { checkSameRows, resolveTargets, type RowsInput, toColumns, toDesired } from '../core/columns.ts';
import type { Loss, NetworkSpec } from '../core/spec.ts';
import type { DataSource, StreamedSource, Table } from '../core/table.ts';
import type { Turns } from '../core/turns.ts';
import { forwardBatch } from '../kernels/reference/batch.ts';
import { checkNumbers, precisionOf } from './lists.ts';
import { desired, gather, inverted, type Network } from './network.ts';

/** What outputs mean: one of many classes, a yes or no each, or values. */
export type MetricsTask = 'classes' | 'labels' | 'values';
export const TASKS: readonly MetricsTask[] = ['classes', 'labels', 'values'];

/** All answers and what they should have been. */
export interface Predictions {
  readonly task: MetricsTask;
  /** P. */
  readonly rows: number;
  /** C; of labels and values, how many there are: K. */
  readonly classes: number;
  /** Of classes P numbers; of labels P x K zeros and ones; of values P x K, in the units of the data. */
  readonly actual: Float64Array;
  /** As `actual`; of values nothing. */
  readonly predicted: Float64Array;
  /**
   * P x C, row-major: values in the units of the data; or of each class what stands in `form`, of a label of yes alone. Two classes
   * have two columns, also where the network has one output.
   */
  readonly outputs: Float64Array;
  /** Whether the outputs are probabilities, or the synaptic inputs from which a network makes them. */
  readonly form: 'probabilities' | 'synaptic';
  /** By how much 1 and the next smaller probability differ. */
  readonly precision: number;
}

const SLICE_ROWS = 64;
/** By how much a rounded probability may be out of [0, 1]. */
const ROUNDING = 1e-6;

/** What the outputs of a network mean, and how many there are. */
export function taskOf({ loss, layers }: NetworkSpec): { task: MetricsTask; classes: number } {
  const K = layers.at(-1)!.units;
  if (loss === 'mse') return { task: 'values', classes: K };
  if (loss === 'cross-entropy') return { task: 'classes', classes: K };
  return K === 1 ? { task: 'classes', classes: 2 } : { task: 'labels', classes: K };
}

/**
 * Lets a data set through a network.
 * @throws RangeError if it does not fit, or an output is not finite; GradpoolError ERR_ABORTED
 */
export async function collect(
  network: Network,
  dataset: DataSource | StreamedSource,
  turns: Turns,
): Promise<Predictions> {
  const { spec } = network;
  const layers = network.parameters.map(({ weights, bias }) => ({
    W: new Float64Array(weights),
    b: new Float64Array(bias),
  }));
  const U = new Float64Array(dataset.length * spec.layers.at(-1)!.units);
  return answersOf(network, dataset, U, turns, (table, rows) => {
    const X = gather(table.inputs, rows, table.affine);
    return forwardBatch(spec, layers, X, rows.length).U;
  });
}

/**
 * What a network's outputs for a data set mean, and what they should have been.
 * @param U - P x K, the synaptic inputs of its last layer, from which classes and labels are ranked: a probability near 1 is rounded.
 * Of values they are the outputs, of normalised targets normalised
 * @param outputs - computes them of some rows; undefined: they are in U
 * @throws RangeError if an output is not finite; GradpoolError ERR_ABORTED
 */
export async function answersOf(
  { spec, normalization }: Network,
  dataset: DataSource | StreamedSource,
  U: Float64Array,
  turns: Turns,
  outputs?: (table: Table, rows: Uint32Array) => Float64Array,
): Promise<Predictions> {
  const K = spec.layers.at(-1)!.units;
  const { task, classes } = taskOf(spec);
  const units = task === 'values' ? normalization.targets : undefined;
  const D = new Float64Array(U.length);
  let at = 0;
  for await (const piece of 'pieces' in dataset ? dataset.pieces() : [dataset]) {
    const { table, rows } = piece.bind(spec, normalization);
    for (let from = 0; from < rows.length; from += SLICE_ROWS) {
      await turns.next();
      const part = rows.subarray(from, from + SLICE_ROWS);
      if (outputs) U.set(outputs(table, part), at);
      // Values as they are in the data: to normalise them and back would round them.
      D.set(units ? gather(table.targets.columns, part, undefined) : desired(table.targets, part, K), at);
      at += part.length * K;
    }
  }
  const Y = inverted(U, units);
  checkNumbers('outputs', Y);
  if (task === 'values') return valuesOf(K, Y, D);
  return answersIn('synaptic', { task, classes, K, precision: 0 }, Y, D);
}

/** The class of each of some rows of a table that is bound to a network whose outputs mean classes. */
export function classesOf(spec: NetworkSpec, { targets }: Table, rows: Uint32Array): Float64Array {
  const K = spec.layers.at(-1)!.units;
  const found = new Float64Array(rows.length);
  for (let from = 0; from < rows.length; from += SLICE_ROWS) {
    const D = desired(targets, rows.subarray(from, from + SLICE_ROWS), K);
    found.set(spec.loss === 'cross-entropy' ? largest(D, K) : yesFrom(D, 0.5), from);
  }
  return found;
}

const LOSS_OF = { classes: 'cross-entropy', labels: 'binary-cross-entropy', values: 'mse' } as const;

/** @throws TypeError, RangeError naming the row and the column */
export function fromArrays(task: MetricsTask, outputs: RowsInput, targets: RowsInput): Predictions {
  const given = toDesired('targets', targets, undefined, 'targetSize');
  const count = given.columns.values.length / given.columns.size;
  // A flat list of outputs has as many for each row of targets.
  const nested = Array.isArray(outputs) && typeof outputs[0] === 'object';
  const size = nested ? undefined : Math.max(1, Math.floor((outputs as ArrayLike<number>)?.length / count) || 1);
  const from = toColumns('outputs', outputs, size, 'size');
  const rows = Uint32Array.from({ length: checkSameRows(from, given.columns) }, (_, i) => i);
  const K = from.size;
  const binary = task === 'classes' && K === 1;
  const loss: Loss = binary ? 'binary-cross-entropy' : LOSS_OF[task];
  const spec = { inputs: 1, layers: [{ units: K, activation: 'linear' as const }], loss };
  const D = desired(resolveTargets(spec, given, undefined, rows), rows, K);
  const Y = gather(from, rows, undefined);
  if (task === 'values') return valuesOf(K, Y, D);
  checkNumbers('outputs', Y, -ROUNDING, 1 + ROUNDING);
  const precision = precisionOf(nested ? outputs[0] : outputs);
  const probabilities = Y.map((y) => Math.min(1, Math.max(0, y)));
  return answersIn('probabilities', { task, classes: binary ? 2 : K, K, precision }, probabilities, D);
}

function valuesOf(K: number, Y: Float64Array, D: Float64Array): Predictions {
  const none = { predicted: new Float64Array(0), form: 'probabilities', precision: 0 } as const;
  return { ...none, task: 'values', rows: Y.length / K, classes: K, actual: D, outputs: Y };
}

/** @param K - outputs; of two classes there may be one, that of class 1 */
function answersIn(
  form: Predictions['form'],
  { task, classes, K, precision }: Pick<Predictions, 'task' | 'classes' | 'precision'> & { K: number },
  Y: Float64Array,
  D: Float64Array,
): Predictions {
  const same = { task, rows: Y.length / K, classes, form, precision };
  if (task === 'classes' && K === classes)
    return { ...same, actual: largest(D, K), predicted: largest(Y, K), outputs: Y };
  const half = form === 'synaptic' ? 0 : 0.5;
  const outputs = task === 'labels' ? Y : withComplement(Y, form);
  return { ...same, actual: yesFrom(D, 0.5), predicted: yesFrom(Y, half), outputs };
}

/** 1 from one half on, else 0. */
function yesFrom(values: Float64Array, half: number): Float64Array {
  return values.map((value) => (value >= half ? 1 : 0));
}

/** Of each row of K the place of the largest, the first of equals. */
function largest(values: Float64Array, K: number): Float64Array {
  const places = new Float64Array(values.length / K);
  for (let p = 0; p < places.length; p++) {
    for (let k = 1; k < K; k++) if (values[p * K + k]! > values[p * K + places[p]!]!) places[p] = k;
  }
  return places;
}

/** Rows of 1 - p and p; or of 0 and u, whose softmax they are for p = sigmoid(u). */
export function withComplement(values: Float64Array, form: Predictions['form']): Float64Array {
  const both = new Float64Array(2 * values.length);
  values.forEach((value, i) => both.set([form === 'synaptic' ? 0 : 1 - value, value], 2 * i));
  return both;
}

/** The variances of the values of some rows of a table, in the units in which the network trains, added up over the outputs. */
export function variancesOf(spec: NetworkSpec, { targets }: Table, rows: Uint32Array): number {
  const K = spec.layers.at(-1)!.units;
  const D = desired(targets, rows, K);
  let sum = 0;
  for (let k = 0; k < K; k++) {
    const values = column(D, k, K);
    const mean = values.reduce((total, value) => total + value, 0) / rows.length;
    sum += values.reduce((total, value) => total + (value - mean) ** 2, 0) / rows.length;
  }
  return sum;
}

/** One column of rows of `size`. */
export function column(values: Float64Array, k: number, size: number): Float64Array {
  return Float64Array.from({ length: values.length / size }, (_, p) => values[p * size + k]!);
}

import { oneOf, options, wrongType } from '../core/checks.ts';
import type { Affine, Columns, Scaling } from '../core/table.ts';
import { Dataset } from './dataset.ts';
import { type ColumnStatistics, deviationOf, scaledSquare } from './row-statistics.ts';
import { StreamedDataset } from './streamed-dataset.ts';

export const METHODS = ['none', 'min-max', 'z-score'] as const;
/** 'min-max' maps the training part to [0, 1], 'z-score' to mean 0 and standard deviation 1, column by column. */
export type NormalizationMethod = (typeof METHODS)[number];

export interface NormalizationOptions {
  /** Of all columns, or of each: categories that became inputs of 0 and 1 are best left as they are. Default 'none'. */
  inputs?: NormalizationMethod | readonly NormalizationMethod[] | undefined;
  /** Default 'none'. Undone at prediction. */
  targets?: NormalizationMethod | undefined;
}

/**
 * How to bring inputs and targets to like scales: normalised = scale * raw + shift, per column. Give it to a network,
 * which then takes and returns raw values everywhere; data sets stay raw, so nothing can be normalised twice.
 */
export class Normalization implements Scaling {
  readonly inputs: Affine | undefined;
  readonly targets: Affine | undefined;

  private constructor(inputs: Affine | undefined, targets: Affine | undefined) {
    this.inputs = inputs;
    this.targets = targets;
  }

  /**
   * Measures the columns of the training part; never fit on data that you validate or test with. Of a streamed part they were
   * measured when it was stored.
   * A constant column becomes 0 (its scale is 1), not NaN.
   *
   * @throws TypeError, RangeError naming the argument, also where "inputs" has not one method for each column
   * @example
   * const normalization = Normalization.fit(train, { inputs: 'z-score', targets: 'z-score' });
   * const network = new Network({ inputs: 10, layers, normalization });
   */
  static fit(train: Dataset | StreamedDataset, given: NormalizationOptions): Normalization {
    if (!(train instanceof Dataset || train instanceof StreamedDataset)) throw wrongType('train', 'Dataset', train);
    const { inputs = 'none', targets = 'none' } = options<NormalizationOptions>('normalization', given, [
      'inputs',
      'targets',
    ]);
    const measured = train instanceof Dataset ? measuredNow(train) : measuredBefore(train);
    const { size } = measured.inputs;
    const ofInputs = Array.isArray(inputs)
      ? inputs.map((method, c) => oneOf(`inputs[${c}]`, method, METHODS))
      : all(size, oneOf('inputs', inputs, METHODS));
    if (ofInputs.length !== size)
      throw new RangeError(`"inputs" expected a method for each of ${size} columns, got ${ofInputs.length}`);
    const ofTargets = all(measured.targets.size, oneOf('targets', targets, METHODS));
    return new Normalization(fitColumns(measured.inputs, ofInputs), fitColumns(measured.targets, ofTargets));
  }
}

function all(size: number, method: NormalizationMethod): NormalizationMethod[] {
  return Array.from({ length: size }, () => method);
}

/** How many columns there are, and what they are like. */
interface MeasuredColumns {
  readonly size: number;
  readonly at: (column: number) => ColumnStatistics;
}

function measuredNow({ storage, rows }: Dataset): Record<'inputs' | 'targets', MeasuredColumns> {
  const { inputs, inputScale, targets } = storage;
  return {
    inputs: { size: inputs.size, at: (c) => measure(inputs, rows, c, inputScale) },
    targets: { size: targets.columns.size, at: (c) => measure(targets.columns, rows, c, 1) },
  };
}

/** The columns of patterns that were measured when they were stored. */
function measuredBefore({ statistics, layout }: StreamedDataset): Record<'inputs' | 'targets', MeasuredColumns> {
  const { inputs, targets } = statistics;
  return {
    inputs: { size: inputs.length, at: (c) => scaled(inputs[c]!, layout.inputScale) },
    targets: { size: targets.length, at: (c) => targets[c]! },
  };
}

function scaled({ min, max, mean, deviation }: ColumnStatistics, factor: number): ColumnStatistics {
  const ends = [factor * min, factor * max];
  return {
    min: Math.min(...ends),
    max: Math.max(...ends),
    mean: factor * mean,
    deviation: Math.abs(factor) * deviation,
  };
}

function fitColumns({ size, at }: MeasuredColumns, methods: readonly NormalizationMethod[]): Affine | undefined {
  if (methods.every((method) => method === 'none')) return undefined;
  const affine = { scale: new Float64Array(size).fill(1), shift: new Float64Array(size) };
  for (const [c, method] of methods.entries()) {
    if (method === 'none') continue;
    const { min, max, mean, deviation } = at(c);
    const spread = method === 'min-max' ? max - min : deviation;
    // A column that is constant, or whose spread is lost in rounding, is centred and left at its scale.
    const scale =
      max === min || spread < 1e-12 * Math.max(Math.abs(min), Math.abs(max)) || 1 / spread === Infinity
        ? 1
        : 1 / spread;
    affine.scale[c] = scale;
    affine.shift[c] = -scale * (method === 'min-max' ? min : max === min ? min : mean);
  }
  return affine;
}

/** Minimum, maximum, mean and population standard deviation of a column, in two passes. */
function measure({ values, stride }: Columns, rows: Uint32Array, c: number, factor: number): ColumnStatistics {
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  for (const row of rows) {
    const x = factor * values[row * stride + c]!;
    if (x < min) min = x;
    if (x > max) max = x;
    sum += x;
  }
  const mean = sum / rows.length;
  let squares = 0;
  for (const row of rows) squares += scaledSquare(factor * values[row * stride + c]! - mean);
  return { min, max, mean, deviation: deviationOf(squares, rows.length) };
}

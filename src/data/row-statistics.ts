import type { Columns } from '../core/table.ts';

/** What is known of the numbers in a column. */
export interface ColumnStatistics {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Population standard deviation. */
  readonly deviation: number;
}

/** A power of two, so that no bit of a sum depends on it. Squares of numbers from 1e-260 to 3.4e38 times it are numbers of float64. */
const SCALE = 2 ** 360;

/** What a deviation from the mean adds to the sum of squares. */
export function scaledSquare(deviation: number): number {
  return (deviation * SCALE) ** 2;
}

/** The standard deviation from the sum of the squares of `count` deviations. */
export function deviationOf(squares: number, count: number): number {
  return Math.sqrt(squares / count) / SCALE;
}

/** What is known of stored patterns without looking at them again. */
export interface RowStatistics {
  readonly inputs: readonly ColumnStatistics[];
  readonly targets: readonly ColumnStatistics[];
  /** All targets are integers. */
  readonly integers: boolean;
  /** The least and the greatest sum of a pattern's targets. */
  readonly sums: { readonly min: number; readonly max: number };
}

/**
 * Least, greatest, mean and squared deviations of columns that come in pieces. A piece is measured in two passes, its mean first,
 * and then joined to those before it (Chan, Golub & LeVeque 1983, equation 2.1): no difference of large sums is ever taken.
 */
export class ColumnMoments {
  readonly #min: Float64Array;
  readonly #max: Float64Array;
  readonly #mean: Float64Array;
  readonly #squares: Float64Array;
  #rows = 0;

  constructor(size: number) {
    this.#min = new Float64Array(size).fill(Infinity);
    this.#max = new Float64Array(size).fill(-Infinity);
    this.#mean = new Float64Array(size);
    this.#squares = new Float64Array(size);
  }

  /** @param rows - how many, from the first on */
  add({ values, size, stride }: Columns, rows: number): void {
    const before = this.#rows;
    const all = before + rows;
    for (let c = 0; c < size; c++) {
      let [min, max, sum] = [this.#min[c]!, this.#max[c]!, 0];
      for (let r = 0; r < rows; r++) {
        const x = values[r * stride + c]!;
        if (x < min) min = x;
        if (x > max) max = x;
        sum += x;
      }
      const mean = sum / rows;
      let squares = 0;
      for (let r = 0; r < rows; r++) squares += scaledSquare(values[r * stride + c]! - mean);
      const apart = mean - this.#mean[c]!;
      this.#min[c] = min;
      this.#max[c] = max;
      this.#mean[c]! += (apart * rows) / all;
      this.#squares[c]! += squares + (scaledSquare(apart) * before * rows) / all;
    }
    this.#rows = all;
  }

  take(): ColumnStatistics[] {
    return Array.from(this.#mean, (mean, c) => ({
      min: this.#min[c]!,
      max: this.#max[c]!,
      mean,
      deviation: deviationOf(this.#squares[c]!, this.#rows),
    }));
  }
}

/** Gathers the statistics of patterns that come in pieces. */
export class PatternMoments {
  readonly #inputs: ColumnMoments;
  readonly #targets: ColumnMoments;
  #integers = true;
  #least = Infinity;
  #greatest = -Infinity;

  constructor(inputs: number, targets: number) {
    this.#inputs = new ColumnMoments(inputs);
    this.#targets = new ColumnMoments(targets);
  }

  add(inputs: Columns, targets: Columns, rows: number): void {
    this.#inputs.add(inputs, rows);
    this.#targets.add(targets, rows);
    const { values, size, stride } = targets;
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let k = 0; k < size; k++) {
        const d = values[r * stride + k]!;
        if (this.#integers && !Number.isInteger(d)) this.#integers = false;
        sum += d;
      }
      this.#least = Math.min(this.#least, sum);
      this.#greatest = Math.max(this.#greatest, sum);
    }
  }

  take(): RowStatistics {
    return {
      inputs: this.#inputs.take(),
      targets: this.#targets.take(),
      integers: this.#integers,
      sums: { min: this.#least, max: this.#greatest },
    };
  }
}

import { finite, integer, wrongType } from './checks.ts';
import { GradpoolError } from './errors.ts';
import { asNumericArray } from './realm.ts';
import type { NetworkSpec } from './spec.ts';
import type { Affine, Columns, NumericArray, Targets } from './table.ts';

/** Numbers in rows as the user may give them: rows of numbers, or one flat list and the size of a row. */
export type RowsInput = readonly (readonly number[] | Float32Array | Float64Array)[] | NumericArray | readonly number[];

/** Desired outputs as the user gave them; a flat list means classes or values, which the loss decides. */
export interface DesiredColumns {
  readonly flat: boolean;
  readonly columns: Columns;
}

/**
 * Checks inputs and brings them into rows. Typed arrays are not copied, but have a class of this realm afterwards.
 * @param size - numbers in a row; needed for a flat list
 * @throws TypeError, RangeError naming the row and the column
 */
export function toColumns(name: string, value: unknown, size: number | undefined, sizeName: string): Columns {
  const flat = asNumericArray(value);
  if (flat) return flatColumns(name, flat, size, sizeName);
  if (!Array.isArray(value)) throw wrongType(name, 'rows of numbers or a typed array', value);
  const rows = value as unknown[];
  if (rows.length === 0) throw new RangeError(`"${name}" expected at least one row, got none`);
  if (typeof rows[0] === 'number') {
    return flatColumns(
      name,
      Float64Array.from(rows as number[], (x, i) => element(name, x, i)),
      size,
      sizeName,
    );
  }
  return nestedColumns(name, rows, size);
}

function flatColumns(name: string, values: NumericArray, size: number | undefined, sizeName: string): Columns {
  if (size === undefined) throw new TypeError(`"${sizeName}" is needed beside a flat list of "${name}", got undefined`);
  if (values.length === 0) throw new RangeError(`"${name}" expected at least one row, got none`);
  if (values.length % size !== 0) {
    throw new RangeError(`"${name}" expected rows of ${size} numbers (${sizeName}), got ${values.length} numbers`);
  }
  checkFinite(name, values, size);
  return { values, size, stride: size };
}

function nestedColumns(name: string, rows: readonly unknown[], size: number | undefined): Columns {
  const first = rowOf(name, rows[0], 0).length;
  const width = size ?? first;
  if (width === 0) throw new RangeError(`"${name}[0]" expected at least one number, got none`);
  const values = new Float64Array(rows.length * width);
  rows.forEach((entry, r) => {
    const row = rowOf(name, entry, r);
    if (row.length !== width) throw new RangeError(`"${name}[${r}]" expected ${width} numbers, got ${row.length}`);
    for (let c = 0; c < width; c++) values[r * width + c] = element(`${name}[${r}]`, row[c], c);
  });
  return { values, size: width, stride: width };
}

/** By how much a probability may be out of [0, 1]. */
const ROUNDING = 1e-6;

/** What is computed with is float32. */
const GREATEST = 3.4028234663852886e38;

export function isSingle(value: number): boolean {
  return value >= -GREATEST && value <= GREATEST;
}

/** What was expected instead of a number that is none. */
export function singleInstead(value: number): string {
  return Number.isFinite(value) ? 'a number of at most 3.4e38' : 'a finite number';
}

function rowOf(name: string, row: unknown, r: number): ArrayLike<unknown> {
  const numbers = Array.isArray(row) ? row : asNumericArray(row);
  if (numbers) return numbers;
  throw wrongType(`${name}[${r}]`, 'row of numbers', row);
}

function element(name: string, value: unknown, i: number): number {
  if (typeof value !== 'number') throw wrongType(`${name}[${i}]`, 'number', value);
  if (!isSingle(value)) throw new RangeError(`"${name}[${i}]" expected ${singleInstead(value)}, got ${value}`);
  return value;
}

function checkFinite(name: string, values: NumericArray, size: number): void {
  if (!(values instanceof Float32Array || values instanceof Float64Array)) return;
  for (let i = 0; i < values.length; i++) {
    if (!isSingle(values[i]!)) {
      const place = size === 1 ? `[${i}]` : `[${Math.floor(i / size)}][${i % size}]`;
      throw new RangeError(`"${name}${place}" expected ${singleInstead(values[i]!)}, got ${values[i]}`);
    }
  }
}

/**
 * Checks desired outputs: rows of K values, or a flat list of one number a pattern.
 * @param size - numbers in a row, when a flat list holds rows
 */
export function toDesired(name: string, value: unknown, size: number | undefined, sizeName: string): DesiredColumns {
  const nested = Array.isArray(value) && value.length > 0 && typeof value[0] !== 'number';
  if (nested && typeof value[0] === 'string')
    throw wrongType(`${name}[0]`, 'class number, value or row of numbers (names of classes are for tables)', value[0]);
  if (nested || size !== undefined) return { flat: false, columns: toColumns(name, value, size, sizeName) };
  return { flat: true, columns: toColumns(name, value, 1, sizeName) };
}

/**
 * Checks what the loss of each of `count` patterns is to be multiplied by.
 * @throws TypeError, RangeError naming the pattern
 */
export function toWeights(value: unknown, count: number): Float32Array {
  const { values } = toColumns('weights', value, 1, 'size');
  if (values.length !== count) {
    throw new RangeError(`"weights" expected one for each of ${count} patterns, got ${values.length}`);
  }
  return Float32Array.from(values, (weight, p) => finite(`weights[${p}]`, Math.fround(weight), 0));
}

/**
 * Decides what desired outputs mean for a network and checks every row that is used.
 * @param rows - the rows to check
 * @throws RangeError naming the row
 */
export function resolveTargets(
  spec: NetworkSpec,
  { flat, columns }: DesiredColumns,
  affine: Affine | undefined,
  rows: Iterable<number>,
): Targets {
  const K = spec.layers.at(-1)!.units;
  if (flat && spec.loss === 'cross-entropy') {
    for (const row of rows) checkClass(columns.values[row * columns.stride]!, row, K);
    return { kind: 'classes', columns };
  }
  if (columns.size !== K) {
    const expected =
      spec.loss === 'cross-entropy'
        ? `class numbers, or rows of ${K} values`
        : `rows of ${K} value${K === 1 ? '' : 's'}`;
    const hint =
      spec.loss === 'cross-entropy' && !flat && columns.size === 1
        ? ': class numbers are a flat list, without "targetSize"'
        : '';
    throw new RangeError(
      `"targets" expected ${expected} for ${K} outputs, got ${flat ? 'a flat list' : `rows of ${columns.size}`}${hint}`,
    );
  }
  const shares = spec.loss !== 'mse';
  if (shares) for (const row of rows) checkProbabilities(spec, columns, affine, row);
  return { kind: 'values', columns, affine, shares };
}

/**
 * The class number of a row, where it is used: what lies in shared memory may have been changed since it was checked.
 * @throws GradpoolError ERR_BAD_DATA
 */
export function classOf({ values, stride }: Columns, row: number, K: number): number {
  const value = values[row * stride]!;
  if (!(value >= 0 && value < K && Number.isInteger(value))) throw changed(`a class number in [0, ${K - 1}]`, value);
  return value;
}

/**
 * Checks a desired value where it is used, after it was normalised.
 * @param shares - the loss takes it for a probability
 * @throws GradpoolError ERR_BAD_DATA
 */
export function checkDesired(value: number, shares: boolean | undefined): void {
  if (shares ? !(value >= -ROUNDING && value <= 1 + ROUNDING) : !isSingle(value))
    throw changed(shares ? 'a value in [0, 1]' : singleInstead(value), value);
}

function changed(expected: string, value: number): GradpoolError {
  const why = 'the data were changed after they were checked: those in use must stay as they are';
  return new GradpoolError('ERR_BAD_DATA', `"targets" expected ${expected}, got ${value}: ${why}`);
}

function checkClass(value: number, row: number, K: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= K) {
    throw new RangeError(`"targets[${row}]" expected a class number in [0, ${K - 1}], got ${value}`);
  }
}

function checkProbabilities(
  spec: NetworkSpec,
  { values, size, stride }: Columns,
  affine: Affine | undefined,
  row: number,
): void {
  let sum = 0;
  for (let k = 0; k < size; k++) {
    const raw = values[row * stride + k]!;
    const d = affine ? affine.scale[k]! * raw + affine.shift[k]! : raw;
    if (!(d >= -ROUNDING && d <= 1 + ROUNDING))
      throw new RangeError(`"targets[${row}][${k}]" expected a value in [0, 1] for ${spec.loss}, got ${d}`);
    sum += d;
  }
  if (spec.loss === 'cross-entropy' && Math.abs(sum - 1) > 1e-3) {
    throw new RangeError(`"targets[${row}]" expected probabilities that add up to 1, got a sum of ${sum}`);
  }
}

/** Checks the number of numbers in a row of inputs against the network's. */
export function checkInputSize(size: number, spec: NetworkSpec): void {
  if (size !== spec.inputs) {
    throw new RangeError(
      `"inputs" expected rows of ${spec.inputs} numbers, which the network has inputs for, got ${size}`,
    );
  }
}

/** Whole rows of both, or an error that tells how many there are of each. */
export function checkSameRows(inputs: Columns, targets: Columns): number {
  const [rows, desired] = [inputs.values.length / inputs.stride, targets.values.length / targets.stride];
  if (rows !== desired) throw new RangeError(`"targets" expected one for each of ${rows} inputs, got ${desired}`);
  return integer('inputs', rows, 1, 2 ** 32 - 1);
}

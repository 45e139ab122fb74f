// Checks of what the metrics are computed from: one number, or one row of numbers, for each of P patterns.
import { asNumericArray } from '../core/realm.ts';
import { finite, integer, wrongType } from '../core/checks.ts';

/** 2^-23, of float32. */
const SINGLE = 2 ** -23;

/**
 * How many numbers there are for each pattern.
 * @throws TypeError, RangeError if that is not the same for all, or there is no pattern
 */
export function rowSize(name: string, values: ArrayLike<unknown>, actual: ArrayLike<unknown>): number {
  if (!isList(actual)) throw wrongType('actual', 'list of numbers', actual);
  if (!isList(values)) throw wrongType(name, 'list of numbers', values);
  if (actual.length === 0) throw new RangeError('"actual" expected at least one pattern, got none');
  const size = values.length / actual.length;
  if (!Number.isInteger(size) || size === 0)
    throw new RangeError(`"${name}" expected as many for each of ${actual.length} patterns, got ${values.length}`);
  return size;
}

/** @throws TypeError, RangeError if there is not one number for each pattern */
export function checkOneEach(name: string, values: ArrayLike<unknown>, actual: ArrayLike<unknown>): void {
  if (rowSize(name, values, actual) !== 1)
    throw new RangeError(`"${name}" expected one for each of ${actual.length} patterns, got ${values.length}`);
}

/** @throws TypeError, RangeError naming the first that is not a finite number in [low, high] */
export function checkNumbers(name: string, values: ArrayLike<number>, low = -Infinity, high = Infinity): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(Number.isFinite(value) && value >= low && value <= high)) finite(`${name}[${i}]`, value, low, high);
  }
}

/** @throws TypeError, RangeError naming the first that is not an integer in [0, classes) */
export function checkClasses(name: string, values: ArrayLike<number>, classes: number): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(Number.isInteger(value) && value >= 0 && value < classes)) integer(`${name}[${i}]`, value, 0, classes - 1);
  }
}

/** By how much 1 and the next smaller number of a list differ: as in scikit-learn, half precision counts as single. */
export function precisionOf(values: unknown): number {
  const single = ArrayBuffer.isView(values) && (values as Partial<Float32Array>).BYTES_PER_ELEMENT! <= 4;
  return single ? SINGLE : Number.EPSILON;
}

function isList(values: unknown): boolean {
  return Array.isArray(values) || asNumericArray(values) !== undefined;
}

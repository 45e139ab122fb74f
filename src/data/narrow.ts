import type { NumericArray } from '../core/table.ts';

export interface NumericArrayType {
  new (buffer: ArrayBufferLike, offset?: number, length?: number): NumericArray;
  readonly BYTES_PER_ELEMENT: number;
}

interface IntegerType {
  readonly Type: NumericArrayType;
  readonly low: number;
  readonly high: number;
}

/** From narrow to wide. */
const INTEGERS: readonly IntegerType[] = [
  { Type: Uint8Array, low: 0, high: 0xff },
  { Type: Int8Array, low: -0x80, high: 0x7f },
  { Type: Uint16Array, low: 0, high: 0xffff },
  { Type: Int16Array, low: -0x8000, high: 0x7fff },
  { Type: Uint32Array, low: 0, high: 0xffffffff },
  { Type: Int32Array, low: -0x80000000, high: 0x7fffffff },
];

/** The narrowest type for numbers from 0 to below `count`. */
export function indexType(count: number): NumericArrayType {
  return count <= 2 ** 8 ? Uint8Array : count <= 2 ** 16 ? Uint16Array : Uint32Array;
}

/** What is known of numbers without looking at them again. */
export class Extent {
  low = Infinity;
  high = -Infinity;
  /** All are integers. */
  integers = true;
  /** float32 holds all of them exactly. */
  singles = true;

  add(value: number): void {
    if (value < this.low) this.low = value;
    if (value > this.high) this.high = value;
    if (this.integers && !Number.isInteger(value)) this.integers = false;
    if (this.singles && Math.fround(value) !== value) this.singles = false;
  }

  join(other: Extent): void {
    this.low = Math.min(this.low, other.low);
    this.high = Math.max(this.high, other.high);
    this.integers &&= other.integers;
    this.singles &&= other.singles;
  }

  /** The narrowest type that holds the numbers exactly. */
  get exactType(): NumericArrayType {
    if (this.low > this.high) return Uint8Array;
    const fitting = INTEGERS.find(({ low, high }) => this.low >= low && this.high <= high);
    if (this.integers && fitting !== undefined) return fitting.Type;
    return this.singles ? Float32Array : Float64Array;
  }

  /**
   * Whether float32 is good enough to learn from: rounding moves no number by more than 2^-20 of the distance between the least and
   * the greatest, a millionth of it. It would for numbers far from zero (the seconds since 1970 of one month), and for tiny ones
   * (1e-84). A constant column is only centred: there the unit is 1.
   */
  get roundsWell(): boolean {
    if (this.singles) return true;
    const moved = Math.max(Math.abs(this.low), Math.abs(this.high), LEAST_NORMAL) * 2 ** -24;
    return moved <= (this.low === this.high ? 1 : this.high - this.low) * 2 ** -20;
  }
}

/** Below it float32 is as coarse as there. */
const LEAST_NORMAL = 2 ** -126;

/** The type for a matrix of columns: exact where all are integers, float32 where that rounds well, else float64. */
export function matrixType(extents: readonly Extent[]): NumericArrayType {
  const all = new Extent();
  for (const extent of extents) all.join(extent);
  const exact = all.exactType;
  return exact === Float64Array ? floatType(extents) : exact;
}

/** float32 where it holds the numbers of each column exactly or rounds them well, else float64. */
export function floatType(extents: readonly Extent[]): typeof Float32Array | typeof Float64Array {
  return extents.every(({ roundsWell }) => roundsWell) ? Float32Array : Float64Array;
}

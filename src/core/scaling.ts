// How exact the arithmetic of a normalisation has to be. Pure: what follows from scale and shift alone.
import type { NumericArray } from './realm.ts';
import type { Affine } from './table.ts';

/**
 * scale * x + shift in float32 is wrong by some |shift| 2^-23: each of x, scale, shift and the product is rounded, and all of them are
 * as large as the shift where the sum is not. Up to 4 that is below 5e-7, what float32 loses in the layers that follow, too.
 */
const MOST_SHIFT = 4;
/** Scales with which neither they nor their products leave the normal numbers of float32. */
const [LEAST_SCALE, MOST_SCALE] = [2 ** -100, 2 ** 100];
/** Rounding to float32 moves no output by more than 2^-14 of the spread of the targets. */
const MOST_OUTPUT_SHIFT = 2 ** 10;

/**
 * Whether float32 is good enough to scale inputs with. Images are scaled so: their means are small beside their spread. Where a
 * column has an offset of more than four times its spread, or no scale that float32 holds, inputs are scaled in float64; but float32
 * loses nothing where it holds inputs and shift and the scale is 1, as of a constant column among pixels.
 */
export function scalesInSingle({ scale, shift }: Affine, inputs: NumericArray): boolean {
  const held = inputs.BYTES_PER_ELEMENT <= 2 || inputs instanceof Float32Array;
  const isExact = (c: number) => held && scale[c] === 1 && Math.fround(shift[c]!) === shift[c];
  return scale.every(isModerate) && shift.every((value, c) => Math.abs(value) <= MOST_SHIFT || isExact(c));
}

/** Outputs in the units of the targets. */
export type OutputArray = Float32Array | Float64Array;

export interface OutputType {
  new (length: number): OutputArray;
  new (buffer: ArrayBufferLike, offset: number, length: number): OutputArray;
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
}

/** The type that holds outputs of targets that are normalised so: float64 where float32 would lose what they tell. */
export function outputType(affine: Affine | undefined): OutputType {
  if (affine === undefined) return Float32Array;
  const single = affine.scale.every(isModerate) && affine.shift.every((shift) => Math.abs(shift) <= MOST_OUTPUT_SHIFT);
  return single ? Float32Array : Float64Array;
}

function isModerate(scale: number): boolean {
  const size = Math.abs(scale);
  return size === 0 || (size >= LEAST_SCALE && size <= MOST_SCALE);
}

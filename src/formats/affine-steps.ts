import type { Affine } from '../core/table.ts';

/** Additions and multiplications, column by column, one after the other. */
export type Steps = readonly { readonly kind: 'add' | 'multiply'; readonly values: Float32Array }[];

/**
 * scale * x + shift as scale * (x + shift / scale): columns far from 0 lose less in float32 if they are centred first.
 * @throws RangeError if a factor is no float32
 */
export function inputSteps({ scale, shift }: Affine): Steps {
  return [
    {
      kind: 'add',
      values: float32(
        'inputs',
        shift.map((value, i) => value / scale[i]!),
      ),
    },
    { kind: 'multiply', values: float32('inputs', scale) },
  ];
}

/**
 * (y - shift) / scale, which undoes the normalisation of the targets, as y / scale - shift / scale.
 * @throws RangeError if a factor is no float32
 */
export function outputSteps({ scale, shift }: Affine): Steps {
  return [
    {
      kind: 'multiply',
      values: float32(
        'targets',
        scale.map((value) => 1 / value),
      ),
    },
    {
      kind: 'add',
      values: float32(
        'targets',
        shift.map((value, i) => -value / scale[i]!),
      ),
    },
  ];
}

function float32(name: string, values: Float64Array): Float32Array {
  const short = Float32Array.from(values);
  const at = short.findIndex((value) => !Number.isFinite(value));
  if (at >= 0)
    throw new RangeError(`"normalization.${name}" expected factors in float32, got ${values[at]} in column ${at}`);
  return short;
}

import { describe, options, wrongType } from '../core/checks.ts';
import { type NetworkSpec, widths } from '../core/spec.ts';
import type { LayerParameters } from '../memory/arena.ts';

/** Parameters as the user may give them: W_l row-major in one list, or as n_{l-1} rows of n_l; b_l as a list. */
export interface ParametersInput {
  readonly weights: ArrayLike<number> | readonly ArrayLike<number>[];
  readonly bias: ArrayLike<number>;
}

/**
 * Checks parameters against a network and copies them to float32.
 * @throws TypeError, RangeError naming the layer and what it should hold
 */
export function readParameters(spec: NetworkSpec, input: readonly ParametersInput[]): LayerParameters[] {
  const n = widths(spec);
  if (!Array.isArray(input)) throw wrongType('parameters', 'array of { weights, bias }', input);
  if (input.length !== spec.layers.length) {
    throw new RangeError(`"parameters" expected ${spec.layers.length} layers, got ${input.length}`);
  }
  return (input as readonly ParametersInput[]).map((layer, l) => {
    const name = `parameters[${l}]`;
    if (typeof layer !== 'object' || layer === null) throw wrongType(name, '{ weights, bias }', layer);
    if (layer.weights === undefined || layer.bias === undefined) options(name, layer, ['weights', 'bias']);
    const [rows, columns] = [n[l]!, n[l + 1]!];
    const weights = nested(layer.weights)
      ? flatten(`${name}.weights`, layer.weights, rows, columns)
      : copy(`${name}.weights`, layer.weights, rows * columns);
    return { weights, bias: copy(`${name}.bias`, layer.bias, columns) };
  });
}

function nested(weights: ParametersInput['weights']): weights is readonly ArrayLike<number>[] {
  return Array.isArray(weights) && weights.length > 0 && typeof weights[0] === 'object';
}

function flatten(name: string, rows: readonly ArrayLike<number>[], count: number, columns: number): Float32Array {
  if (rows.length !== count) throw new RangeError(`"${name}" expected ${count} rows, got ${rows.length}`);
  const values = new Float32Array(count * columns);
  rows.forEach((row, r) => values.set(copy(`${name}[${r}]`, row, columns), r * columns));
  return values;
}

function copy(name: string, list: unknown, length: number): Float32Array {
  if (!Array.isArray(list) && !ArrayBuffer.isView(list)) throw wrongType(name, `list of ${length} numbers`, list);
  const numbers = list as ArrayLike<unknown>;
  if (numbers.length !== length) throw new RangeError(`"${name}" expected ${length} numbers, got ${numbers.length}`);
  return Float32Array.from({ length }, (_, i) => {
    const value = numbers[i];
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw new RangeError(`"${name}[${i}]" expected a finite number, got ${describe(value)}`);
    }
    return value;
  });
}

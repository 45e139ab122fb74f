import { checkInputSize, type RowsInput, toColumns } from '../core/columns.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { NumericArray } from '../core/table.ts';

/**
 * Checks what is to be predicted: rows of n numbers, or a flat list of rows. Typed arrays are not copied.
 * @throws TypeError, RangeError naming the input
 */
export function inputRows(
  inputs: RowsInput,
  spec: NetworkSpec,
): { readonly values: NumericArray; readonly rows: number } {
  const nested = Array.isArray(inputs) && typeof inputs[0] === 'object';
  const { values, size } = toColumns('inputs', inputs, nested ? undefined : spec.inputs, 'inputs');
  checkInputSize(size, spec);
  return { values, rows: values.length / size };
}

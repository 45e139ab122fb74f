import type { RowsInput } from '../core/columns.ts';
import type { Columns } from '../core/table.ts';
import { allocate, checkFits, isShared } from '../memory/shared.ts';
import { Extent, floatType, type NumericArrayType } from './narrow.ts';

/** Copies into shared memory, in the type that the values have; plain numbers in one that is good enough. What is there stays. */
export function share({ values, size, stride }: Columns, plain: boolean): Columns {
  const Type = plain ? typeOfPlain({ values, size, stride }) : (values.constructor as NumericArrayType);
  const rows = values.length / stride;
  // Rows of bytes and of float32 begin at multiples of 8 bytes, so that they can be copied 8 at a time.
  const width = Type.BYTES_PER_ELEMENT;
  const aligned = size > 1 && width < 8 ? (Math.ceil((size * width) / 8) * 8) / width : size;
  const bytes = rows * aligned * width;
  if (!plain && aligned === stride && isShared(values.buffer)) return { values, size, stride };
  const copy = new Type(allocate(bytes));
  if (aligned === stride) copy.set(values);
  else for (let r = 0; r < rows; r++) copy.set(values.subarray(r * stride, r * stride + size), r * aligned);
  return { values: copy, size, stride: aligned };
}

/** float32, unless it would lose what the numbers of a column tell. */
function typeOfPlain({ values, size, stride }: Columns): NumericArrayType {
  if (values.every((value) => Math.fround(value) === value)) return Float32Array;
  const extents = Array.from({ length: size }, () => new Extent());
  for (let at = 0; at < values.length; at += stride) {
    for (let c = 0; c < size; c++) extents[c]!.add(values[at + c]!);
  }
  return floatType(extents);
}

/** @throws GradpoolError ERR_DOES_NOT_FIT before anybody looks at the numbers, of which there may be too many */
export function checkSize(given: RowsInput | undefined): void {
  if (ArrayBuffer.isView(given)) checkFits(given.byteLength);
  else if (Array.isArray(given)) {
    const [first] = given as unknown[];
    const width = Array.isArray(first) || ArrayBuffer.isView(first) ? (first as unknown[]).length : 1;
    checkFits(given.length * width * Float32Array.BYTES_PER_ELEMENT);
  }
}

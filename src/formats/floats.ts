import { describe } from '../core/checks.ts';
import { half } from '../core/float16.ts';
import type { Bad } from './bad-file.ts';
import { LITTLE_ENDIAN } from '../core/endian.ts';
import type { TensorEntry } from './safetensors.ts';

type Read = (view: DataView, at: number) => number;

/** Element types that become float32, and how one is read. */
const READERS: Readonly<Record<string, { readonly bytes: number; readonly read: Read }>> = {
  F64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, read: (view, at) => half(view.getUint16(at, true)) },
  BF16: { bytes: 2, read: (view, at) => upperHalf(view.getUint16(at, true)) },
};

/** Whether {@link readFloats} can read it. */
export function isFloat({ dtype }: TensorEntry): boolean {
  return Object.hasOwn(READERS, dtype);
}

/**
 * Reads a tensor of floating-point numbers into float32.
 * @param data - the bytes that its offsets count from
 * @param transposed - the tensor is a matrix (rows x columns), and (columns x rows) is wanted
 * @returns row-major
 */
export function readFloats(bad: Bad, data: Uint8Array, entry: TensorEntry, transposed = false): Float32Array {
  const flat = decode(data, entry);
  const [rows, columns] = transposed ? [entry.shape[0]!, entry.shape[1]!] : [1, flat.length];
  const values = new Float32Array(flat.length);
  for (let r = 0, at = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, at++) {
      const value = flat[at]!;
      if (value - value !== 0) {
        throw bad(`tensor ${describe(entry.name)} has ${value} at ${at}, which is no float32 parameter`);
      }
      values[c * rows + r] = value;
    }
  }
  return values;
}

/** Reads a tensor of floating-point numbers without rounding. */
export function readDoubles(bad: Bad, data: Uint8Array, entry: TensorEntry): Float64Array {
  const values = Float64Array.from(entry.dtype === 'F64' ? readExact(data, entry) : decode(data, entry));
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw bad(`tensor ${describe(entry.name)} has ${values[at]} at ${at}, which is no finite number`);
  return values;
}

/** Reads a tensor of F32 or F64 as it is, whatever its numbers are. */
export function readExact(data: Uint8Array, entry: TensorEntry): Float32Array | Float64Array {
  if (entry.dtype === 'F32') return decode(data, entry);
  const { begin, end } = entry;
  // Offsets need not be multiples of 8.
  if (LITTLE_ENDIAN) return new Float64Array(new Uint8Array(data.subarray(begin, end)).buffer);
  const view = new DataView(data.buffer, data.byteOffset + begin, end - begin);
  return Float64Array.from({ length: (end - begin) / 8 }, (_, i) => view.getFloat64(i * 8, true));
}

function decode(data: Uint8Array, { begin, end, dtype }: TensorEntry): Float32Array {
  // A Buffer's own slice would not copy.
  if (dtype === 'F32' && LITTLE_ENDIAN) return new Float32Array(new Uint8Array(data.subarray(begin, end)).buffer);
  const { bytes, read } = READERS[dtype]!;
  const view = new DataView(data.buffer, data.byteOffset + begin, end - begin);
  return Float32Array.from({ length: (end - begin) / bytes }, (_, i) => read(view, i * bytes));
}

const WORD = new DataView(new ArrayBuffer(4));

/** bfloat16: the upper half of a float32. */
function upperHalf(bits: number): number {
  WORD.setUint32(0, bits * 65536);
  return WORD.getFloat32(0);
}

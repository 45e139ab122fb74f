import { LITTLE_ENDIAN } from '../core/endian.ts';
import { half } from '../core/float16.ts';
import type { Cell } from './cell-reader.ts';
import type { NumericArrayType } from './narrow.ts';
import { utf8Text } from './text-source.ts';
import { exact } from './wide-integers.ts';

/** What an element of an array is, in the words of NumPy: '<f4' for example. */
export interface Element {
  readonly dtype: string;
  readonly bytes: number;
  readonly little: boolean;
  /**
   * Its value; bigint for integers that a number does not hold. Undefined for what is neither a number nor a text.
   * @throws Error where the bytes are no text
   */
  readonly read: ((view: DataView, at: number) => Cell) | undefined;
  /** What holds it exactly; undefined for texts, and for 64-bit integers, which no typed array of numbers holds. */
  readonly Type: NumericArrayType | undefined;
  /** The type has the same bytes. */
  readonly direct: boolean;
}

type Reader = (view: DataView, at: number, little: boolean) => Cell;

/** By kind and bytes. */
const NUMBERS: Readonly<Record<string, readonly [Reader, Element['Type']]>> = {
  b1: [(view, at) => (view.getUint8(at) === 0 ? 0 : 1), Uint8Array],
  u1: [(view, at) => view.getUint8(at), Uint8Array],
  i1: [(view, at) => view.getInt8(at), Int8Array],
  u2: [(view, at, little) => view.getUint16(at, little), Uint16Array],
  i2: [(view, at, little) => view.getInt16(at, little), Int16Array],
  u4: [(view, at, little) => view.getUint32(at, little), Uint32Array],
  i4: [(view, at, little) => view.getInt32(at, little), Int32Array],
  f2: [(view, at, little) => half(view.getUint16(at, little)), Float32Array],
  f4: [(view, at, little) => view.getFloat32(at, little), Float32Array],
  f8: [(view, at, little) => view.getFloat64(at, little), Float64Array],
  u8: [(view, at, little) => exact(view.getBigUint64(at, little)), undefined],
  i8: [(view, at, little) => exact(view.getBigInt64(at, little)), undefined],
};

/** How many milliseconds the units of dates are, as a fraction. */
const UNITS: Readonly<Record<string, readonly [times: bigint, per: bigint]>> = {
  W: [604_800_000n, 1n],
  D: [86_400_000n, 1n],
  h: [3_600_000n, 1n],
  m: [60_000n, 1n],
  s: [1000n, 1n],
  ms: [1n, 1n],
  us: [1n, 1000n],
  ns: [1n, 1_000_000n],
};
/** Not a time. */
const NO_TIME = -(2n ** 63n);

/** Undefined where it is not written as a type. */
export function elementOf(dtype: string): Element | undefined {
  const [, order, kind, digits, unit] = /^([<>|=]?)([a-zA-Z?])(\d*)(?:\[(.*)\])?$/.exec(dtype) ?? [];
  if (kind === undefined) return undefined;
  const little = order === '<' || (order !== '>' && LITTLE_ENDIAN);
  const count = Number(digits);
  const plain = { dtype, little, Type: undefined, direct: false };
  if (kind === 'U') return { ...plain, bytes: 4 * count, read: (view, at) => wideText(view, at, count, little) };
  if (kind === 'S' || kind === 'a') return { ...plain, bytes: count, read: (view, at) => byteText(view, at, count) };
  if (kind === 'M') return { ...plain, bytes: 8, read: timeReader(unit, little) };
  const [read, Type] = NUMBERS[kind === '?' ? 'b1' : kind + digits] ?? [];
  // Of Python objects nobody knows how long they are.
  const bytes = kind === 'O' ? 8 : kind === '?' ? 1 : count;
  if (read === undefined) return { ...plain, bytes, read };
  return {
    dtype,
    little,
    bytes,
    read: (view, at) => read(view, at, little),
    Type,
    direct: isDirect(kind, digits!, little),
  };
}

function isDirect(kind: string, digits: string, little: boolean): boolean {
  return (little === LITTLE_ENDIAN || digits === '1') && !'b?'.includes(kind) && kind + digits !== 'f2';
}

function timeReader(unit: string | undefined, little: boolean): Element['read'] {
  const [, many, name] = /^(\d*)([a-zA-Z]+)$/.exec(unit ?? '') ?? [];
  const [times, per] = UNITS[name ?? ''] ?? [];
  if (times === undefined || per === undefined) return undefined;
  const step = times * BigInt(many === '' ? 1 : many!);
  return (view, at) => {
    const count = view.getBigInt64(at, little);
    if (count === NO_TIME) return undefined;
    const whole = count * step;
    return Number(whole / per) + Number(whole % per) / Number(per);
  };
}

/** A text of one number for each sign, zeros at its end not counted. */
function wideText(view: DataView, at: number, count: number, little: boolean): string {
  let end = count;
  while (end > 0 && view.getUint32(at + 4 * (end - 1), little) === 0) end--;
  let text = '';
  for (let i = 0; i < end; i++) {
    const sign = view.getUint32(at + 4 * i, little);
    if (sign > 0x10ffff) throw new Error(`expected text, got the sign ${sign}`);
    text += String.fromCodePoint(sign);
  }
  return text;
}

function byteText(view: DataView, at: number, count: number): string {
  let end = count;
  while (end > 0 && view.getUint8(at + end - 1) === 0) end--;
  return utf8Text(new Uint8Array(view.buffer, view.byteOffset + at, end).slice());
}

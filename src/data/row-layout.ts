import type { DesiredColumns } from '../core/columns.ts';
import type { Columns } from '../core/table.ts';
import type { NumericArrayType } from './narrow.ts';

/** Types of numbers, by the name that a file has for them. */
const TYPES = {
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  f4: Float32Array,
  f8: Float64Array,
} as const satisfies Record<string, NumericArrayType>;
export const TYPE_NAMES = Object.keys(TYPES) as TypeName[];
export type TypeName = keyof typeof TYPES;

/** Numbers of one type, side by side. */
export interface Field {
  readonly type: TypeName;
  /** How many. */
  readonly size: number;
}

/** What a stored pattern is: its inputs, its targets, and its weight if it has one. */
export interface RowLayout {
  readonly inputs: Field;
  /** What each input is multiplied by when it is used. */
  readonly inputScale: number;
  readonly targets: Field;
  /** One target a pattern: a class number or a value, which the loss decides. */
  readonly flat: boolean;
  /** Behind the targets stands what the loss of the pattern is multiplied by. */
  readonly weighted: boolean;
}

/** Patterns side by side, in memory. */
export interface PatternColumns {
  readonly inputs: Columns;
  readonly targets: DesiredColumns;
  /** One number each; undefined: 1. */
  readonly weights: Columns | undefined;
}

const WEIGHT: Field = { type: 'f4', size: 1 };

export function typeName({ constructor }: object): TypeName {
  return TYPE_NAMES.find((name) => TYPES[name] === constructor)!;
}

export function nameOfType(Type: NumericArrayType): TypeName {
  return TYPE_NAMES.find((name) => TYPES[name] === Type)!;
}

/** Bytes of a field with its padding: all begins at multiples of 8 bytes, so that rows can be copied 8 at a time. */
function fieldBytes({ type, size }: Field): number {
  return Math.ceil((size * TYPES[type].BYTES_PER_ELEMENT) / 8) * 8;
}

/** Bytes from one stored pattern to the next. */
export function rowBytes({ inputs, targets, weighted }: RowLayout): number {
  return fieldBytes(inputs) + fieldBytes(targets) + (weighted ? fieldBytes(WEIGHT) : 0);
}

/** The size of a buffer for patterns: all columns end with a whole stride, those behind the inputs behind the last pattern. */
export function bufferBytes(layout: RowLayout, rows: number): number {
  return rows * rowBytes(layout) + fieldBytes(layout.inputs) + (layout.weighted ? fieldBytes(layout.targets) : 0);
}

/** The patterns of a buffer as columns: a pattern's targets lie behind its inputs, its weight behind them. */
export function columnsOver(layout: RowLayout, buffer: ArrayBufferLike, rows: number): PatternColumns {
  const bytes = rowBytes(layout);
  const columns = ({ type, size }: Field, offset: number): Columns => {
    const Type: NumericArrayType = TYPES[type];
    const width = Type.BYTES_PER_ELEMENT;
    return { values: new Type(buffer, offset, (rows * bytes) / width), size, stride: bytes / width };
  };
  const behind = fieldBytes(layout.inputs);
  return {
    inputs: columns(layout.inputs, 0),
    targets: { flat: layout.flat, columns: columns(layout.targets, behind) },
    weights: layout.weighted ? columns(WEIGHT, behind + fieldBytes(layout.targets)) : undefined,
  };
}

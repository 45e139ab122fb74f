import type { SchemaElement } from 'hyparquet';
import { parseFloat16 } from 'hyparquet/src/convert.js';
import { utf8Text } from './text-source.ts';
import { exact } from './wide-integers.ts';

/** A value of a flat column; integers that float64 does not hold exactly are bigint. Dates are milliseconds since 1970. */
export type ParquetValue = number | bigint | string | boolean;

/** Turns what stands in a page into a value. */
export type ValueReader = (raw: unknown) => ParquetValue;

const DAY = 86_400_000;
/** The Julian day of 1970-01-01, in the times that Impala and Spark write as 96 bits. */
const JULIAN_1970 = 2_440_588n;
const NANOS_OF_DAY = 86_400_000_000_000n;

/** Of a decimal, behind the point; writers have at most 76. */
const MOST_DIGITS = 1000;

/** What annotations say of a column in the same words, whether in the old way or the new. */
type Meaning =
  | { readonly kind: 'plain' | 'date' | 'float16' | 'uuid' | 'text' | 'unsigned' | 'binary' }
  | { readonly kind: 'instant'; readonly perMilli: bigint }
  | { readonly kind: 'decimal'; readonly scale: number };

/** Undefined where its values are bytes that are neither numbers nor texts. */
export function valueReader(element: SchemaElement): ValueReader | undefined {
  const meaning = meaningOf(element);
  switch (meaning.kind) {
    case 'binary':
      return undefined;
    case 'text':
      return (raw) => utf8Text(raw as Uint8Array);
    case 'uuid':
      return (raw) => uuidOf(raw as Uint8Array);
    case 'float16':
      return (raw) => parseFloat16(raw as Uint8Array)!;
    case 'date':
      return (raw) => (raw as number) * DAY;
    case 'instant':
      return element.type === 'INT96'
        ? (raw) => julianTime(raw as Uint8Array)
        : (raw) => milliseconds(BigInt(raw as bigint), meaning.perMilli);
    case 'decimal':
      if (!(meaning.scale >= 0 && meaning.scale <= MOST_DIGITS)) throw new Error(`decimals of scale ${meaning.scale}`);
      return (raw) => decimal(unscaled(raw), meaning.scale);
    case 'unsigned':
      return element.type === 'INT32'
        ? (raw) => (raw as number) >>> 0
        : (raw) => exact(BigInt.asUintN(64, raw as bigint));
    case 'plain':
      return element.type === 'INT64' ? (raw) => exact(raw as bigint) : (raw) => raw as ParquetValue;
  }
}

function meaningOf({ type, converted_type: old, logical_type: logical, scale }: SchemaElement): Meaning {
  if (type === 'INT96') return { kind: 'instant', perMilli: 1_000_000n };
  if (logical?.type === 'DECIMAL') return { kind: 'decimal', scale: logical.scale };
  if (old === 'DECIMAL') return { kind: 'decimal', scale: scale ?? 0 };
  if (type === 'INT32' || type === 'INT64') return integerMeaning(old, logical);
  if (logical?.type === 'FLOAT16') return { kind: 'float16' };
  if (logical?.type === 'UUID') return { kind: 'uuid' };
  if (type === 'FIXED_LEN_BYTE_ARRAY') return { kind: 'binary' };
  if (type !== 'BYTE_ARRAY') return { kind: 'plain' };
  // Bytes that nobody explains are taken as text, as writers without annotations mean them, and have to be UTF-8 then.
  const bytes = ['BSON', 'GEOMETRY', 'GEOGRAPHY', 'VARIANT', 'FILE'];
  return { kind: old === 'BSON' || bytes.includes(logical?.type ?? '') ? 'binary' : 'text' };
}

function integerMeaning(old: SchemaElement['converted_type'], logical: SchemaElement['logical_type']): Meaning {
  if (logical?.type === 'TIMESTAMP') {
    return { kind: 'instant', perMilli: { MILLIS: 1n, MICROS: 1000n, NANOS: 1_000_000n }[logical.unit] };
  }
  if (logical?.type === 'INTEGER') return { kind: logical.isSigned ? 'plain' : 'unsigned' };
  if (logical?.type === 'DATE' || old === 'DATE') return { kind: 'date' };
  if (old === 'TIMESTAMP_MILLIS') return { kind: 'instant', perMilli: 1n };
  if (old === 'TIMESTAMP_MICROS') return { kind: 'instant', perMilli: 1000n };
  return { kind: old?.startsWith('UINT_') ? 'unsigned' : 'plain' };
}

function uuidOf(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Nanoseconds of a day and its Julian number. Spark counts in microseconds of 64 bits, and lets late years overflow. */
function julianTime(raw: Uint8Array): number {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const nanos = (BigInt(view.getInt32(8, true)) - JULIAN_1970) * NANOS_OF_DAY + view.getBigInt64(0, true);
  const micros = BigInt.asIntN(64, nanos / 1000n);
  return micros === nanos / 1000n ? milliseconds(nanos, 1_000_000n) : milliseconds(micros, 1000n);
}

function milliseconds(count: bigint, perMilli: bigint): number {
  if (perMilli === 1n) return Number(count);
  return Number(count / perMilli) + Number(count % perMilli) / Number(perMilli);
}

/** A signed integer of any length, the high byte first. */
function unscaled(raw: unknown): bigint {
  if (!(raw instanceof Uint8Array)) return BigInt(raw as number | bigint);
  return raw.length === 0 ? 0n : BigInt.asIntN(8 * raw.length, BigInt(`0x${Buffer.from(raw).toString('hex')}`));
}

function decimal(value: bigint, scale: number): number | bigint {
  const divisor = 10n ** BigInt(scale);
  if (value % divisor === 0n) return exact(value / divisor);
  // The nearest number to what the digits say.
  return Number(`${value}e-${scale}`);
}

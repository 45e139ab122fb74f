// What TensorBoard's event files consist of. Records are framed as TensorFlow's tfrecord files are:
//   length u64 │ masked CRC-32C of the length u32 │ data │ masked CRC-32C of the data u32      all little-endian
// and each record's data is an Event (tensorflow/core/util/event.proto) in Protocol Buffers:
//   Event   { 1: wall_time double, 2: step int64, 3: file_version string, 5: summary Summary, 7: session_log SessionLog }
//   SessionLog { 1: status enum, of which 1 is START }
//   Summary { 1: repeated Value }     Value { 1: tag string, 2: simple_value float }

/** What a file begins with. */
const VERSION = 'brain.Event:2';
const START = 1;

/** The polynomial of Castagnoli et al. (1993), its bits in reverse. */
const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** CRC-32C (RFC 3720, appendix B.4). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** A checksum of data that holds checksums is weak, so it is turned round and moved on. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** A record with its length and checksums. */
export function frame(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(16 + data.length);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return record;
}

/** @param seconds - since 1970 */
export function encodeVersion(seconds: number): Uint8Array {
  return Uint8Array.from([...double(1, seconds), ...bytes(3, utf8(VERSION))]);
}

/**
 * The beginning of a session: what was written before of this step and later ones does not count.
 * @param seconds - since 1970
 */
export function encodeStart(seconds: number, step: number): Uint8Array {
  return Uint8Array.from([...double(1, seconds), ...int(2, step), ...bytes(7, int(1, START))]);
}

/** @param seconds - since 1970 */
export function encodeScalars(seconds: number, step: number, values: Readonly<Record<string, number>>): Uint8Array {
  const summary = Object.entries(values).flatMap(([tag, value]) =>
    bytes(1, [...bytes(1, utf8(tag)), ...float(2, value)]),
  );
  return Uint8Array.from([...double(1, seconds), ...int(2, step), ...bytes(5, summary)]);
}

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

function key(field: number, type: number): number[] {
  return varint(field * 8 + type);
}

/** Seven bits in each byte, the lowest first; the eighth says that more follow. */
function varint(value: number): number[] {
  const out: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) out.push((left % 128) + 128);
  return [...out, left];
}

function bytes(field: number, content: readonly number[]): number[] {
  return [...key(field, LENGTH_DELIMITED), ...varint(content.length), ...content];
}

function int(field: number, value: number): number[] {
  return [...key(field, VARINT), ...varint(value)];
}

function double(field: number, value: number): number[] {
  const content = new DataView(new ArrayBuffer(8));
  content.setFloat64(0, value, true);
  return [...key(field, FIXED_64), ...new Uint8Array(content.buffer)];
}

function float(field: number, value: number): number[] {
  const content = new DataView(new ArrayBuffer(4));
  content.setFloat32(0, value, true);
  return [...key(field, FIXED_32), ...new Uint8Array(content.buffer)];
}

function utf8(characters: string): number[] {
  return Array.from(new TextEncoder().encode(characters));
}

import { crc32, inflateRawSync } from 'node:zlib';
import { badFile } from './bad-file.ts';
import { DEFLATE_LIMIT } from './file-source.ts';

/** A file within a ZIP archive; unpacked when it is asked for. */
export interface ZipEntry {
  readonly name: string;
  readonly read: () => Uint8Array;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
/** The record at the end, and the longest comment behind it. */
const END_SIZE = 22;
const LONGEST_COMMENT = 0xffff;
/** A size that stands elsewhere, because it does not fit into 32 bits. */
const ZIP64 = 0xffffffff;

/**
 * The files of a ZIP archive, stored or deflated. Sizes are checked before anything is allocated.
 * @throws GradpoolError ERR_BAD_FILE, also from `read`
 */
export function readZip(label: string, bytes: Uint8Array): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(label, view);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const entries: ZipEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL)
      throw notZip(label, `its directory is broken at byte ${at}`);
    const lengths = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const next = at + 46 + lengths.reduce((sum, length) => sum + length, 0);
    if (next > end) throw notZip(label, `its directory is broken at byte ${at}`);
    const name = Buffer.from(bytes.slice(at + 46, at + 46 + lengths[0]!)).toString();
    if (entries.some((entry) => entry.name === name)) throw notZip(label, `holds ${JSON.stringify(name)} twice`);
    const place = at;
    entries.push({ name, read: () => readEntry(`${label}, ${name}`, bytes, view, place) });
    at = next;
  }
  return entries;
}

function findEnd(label: string, view: DataView): number {
  const least = Math.max(0, view.byteLength - END_SIZE - LONGEST_COMMENT);
  for (let at = view.byteLength - END_SIZE; at >= least; at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  throw notZip(label, 'it has no directory at its end');
}

function readEntry(label: string, bytes: Uint8Array, view: DataView, at: number): Uint8Array {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  const [crc, packed, size] = [16, 20, 24].map((offset) => view.getUint32(at + offset, true)) as [
    number,
    number,
    number,
  ];
  const local = view.getUint32(at + 42, true);
  if (packed === ZIP64 || size === ZIP64 || local === ZIP64) throw badFile(label, 'is larger than 4 GiB');
  if ((flags & 1) !== 0) throw badFile(label, 'is encrypted');
  if (local + 30 > bytes.length || view.getUint32(local, true) !== LOCAL)
    throw notZip(label, `has no header at byte ${local}`);
  const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (start + packed > bytes.length) throw notZip(label, `is cut off: expected ${packed} bytes at byte ${start}`);
  const raw = bytes.subarray(start, start + packed);
  const whole = method === 0 ? raw : method === 8 ? inflated(label, raw, size) : undefined;
  if (whole === undefined) throw badFile(label, `expected it stored or deflated, got compression method ${method}`);
  if (whole.length !== size) throw notZip(label, `expected ${size} bytes, got ${whole.length}`);
  if (crc32(whole) !== crc) throw notZip(label, 'its checksum is wrong');
  return whole;
}

function inflated(label: string, raw: Uint8Array, size: number): Uint8Array {
  if (size > raw.length * DEFLATE_LIMIT)
    throw notZip(label, `${raw.length} bytes cannot hold the ${size} that it promises`);
  try {
    return inflateRawSync(raw, { maxOutputLength: Math.max(1, size) });
  } catch (cause) {
    throw badFile(label, `is not a sound ZIP archive: ${String(cause)}`, cause);
  }
}

function notZip(label: string, what: string): Error {
  return badFile(label, `is not a sound ZIP archive: ${what}`);
}

import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { badFile } from './bad-file.ts';
import { DEFLATE_LIMIT } from './file-source.ts';
import type { RandomAccess } from './random-access.ts';
import { unpackedBy } from './unpack.ts';

/** A file within a ZIP archive; unpacked when it is asked for. */
export interface ZipEntry {
  readonly name: string;
  /** All of it. @throws GradpoolError ERR_BAD_FILE */
  read(): Promise<Uint8Array>;
  /** Piece by piece; whether the checksum is right turns out at the end. @throws GradpoolError ERR_BAD_FILE */
  stream(): AsyncGenerator<Uint8Array>;
  /** Where its bytes stand in the archive; undefined where they are packed. */
  stored(): Promise<number | undefined>;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
/** The record at the end, and the longest comment behind it; before it maybe where the larger record is. */
const END_SIZE = 22;
const LONGEST_COMMENT = 0xffff;
const LOCATOR_SIZE = 20;
const END_64_SIZE = 56;
const CENTRAL_SIZE = 46;
const LOCAL_SIZE = 30;
/** Bytes that are read at a time. */
const PIECE = 2 ** 16;
/** What stands in place of a number of 16 or 32 bits that does not fit, which then stands elsewhere in 64. */
const ELSEWHERE_16 = 0xffff;
const ELSEWHERE = 0xffffffff;
/** The part of an entry in which such numbers stand. */
const SIZES_64 = 0x0001;

/**
 * The files of a ZIP archive, stored or deflated, larger than 4 GiB too. Sizes are checked before anything is allocated.
 * @throws GradpoolError ERR_BAD_FILE, also from an entry
 */
export async function readZip(label: string, file: RandomAccess): Promise<ZipEntry[]> {
  const { count, from, to } = await findDirectory(label, file);
  const view = viewOf(await file.read(from, to));
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_SIZE > view.byteLength || view.getUint32(at, true) !== CENTRAL)
      throw notZip(label, `its directory is broken at byte ${from + at}`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) => view.getUint16(at + o, true));
    const extra = at + CENTRAL_SIZE + nameLength!;
    const next = extra + extraLength! + commentLength!;
    if (next > view.byteLength) throw notZip(label, `its directory is broken at byte ${from + at}`);
    const name = textAt(view, at + CENTRAL_SIZE, extra);
    if (names.has(name)) throw notZip(label, `holds ${JSON.stringify(name)} twice`);
    names.add(name);
    entries.push(new Entry(`${label}, ${name}`, name, file, view, at, extra, extra + extraLength!));
    at = next;
  }
  return entries;
}

/** Where the directory is, and how many entries it has. */
async function findDirectory(label: string, file: RandomAccess): Promise<{ count: number; from: number; to: number }> {
  const least = Math.max(0, file.size - END_SIZE - LONGEST_COMMENT - LOCATOR_SIZE);
  const view = viewOf(await file.read(least, file.size));
  let end = view.byteLength - END_SIZE;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  if (end < 0) throw notZip(label, 'it has no directory at its end');
  const [count, size, start] = [
    view.getUint16(end + 10, true),
    view.getUint32(end + 12, true),
    view.getUint32(end + 16, true),
  ];
  const locator = end - LOCATOR_SIZE;
  const isElsewhere = count === ELSEWHERE_16 || size === ELSEWHERE || start === ELSEWHERE;
  if (isElsewhere && locator >= 0 && view.getUint32(locator, true) === LOCATOR_64) {
    const at = Number(view.getBigUint64(locator + 8, true));
    const large = at + END_64_SIZE <= least + locator ? viewOf(await file.read(at, at + END_64_SIZE)) : undefined;
    if (large?.getUint32(0, true) !== END_64) throw notZip(label, `its directory is broken at byte ${at}`);
    return { count: Number(large.getBigUint64(32, true)), ...within(label, Number(large.getBigUint64(48, true)), at) };
  }
  return { count, ...within(label, start, least + end) };
}

function within(label: string, from: number, to: number): { from: number; to: number } {
  if (from > to) throw notZip(label, `its directory is broken at byte ${from}`);
  return { from, to };
}

class Entry implements ZipEntry {
  readonly name: string;
  readonly #label: string;
  readonly #file: RandomAccess;
  readonly #flags: number;
  readonly #method: number;
  readonly #crc: number;
  readonly #size: number;
  readonly #packed: number;
  readonly #local: number;

  constructor(
    label: string,
    name: string,
    file: RandomAccess,
    view: DataView,
    at: number,
    extra: number,
    extraEnd: number,
  ) {
    this.#label = label;
    this.name = name;
    this.#file = file;
    this.#flags = view.getUint16(at + 8, true);
    this.#method = view.getUint16(at + 10, true);
    this.#crc = view.getUint32(at + 16, true);
    const small = [24, 20, 42].map((offset) => view.getUint32(at + offset, true));
    const [size, packed, local] = small.includes(ELSEWHERE) ? widened(label, small, view, extra, extraEnd) : small;
    this.#size = size!;
    this.#packed = packed!;
    this.#local = local!;
  }

  async read(): Promise<Uint8Array> {
    const { start, end } = await this.#place();
    const raw = await this.#file.read(start, end);
    const whole = this.#method === 0 ? raw : this.#inflated(raw);
    if (whole.length !== this.#size) throw notZip(this.#label, `expected ${this.#size} bytes, got ${whole.length}`);
    if (crc32(whole) !== this.#crc) throw notZip(this.#label, 'its checksum is wrong');
    return whole;
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    const { start, end } = await this.#place();
    const raw = pieces(this.#file, start, end);
    const fault = (cause: unknown) => notZip(this.#label, String(cause));
    let [size, crc] = [0, 0];
    for await (const piece of this.#method === 0 ? raw : unpackedBy(createInflateRaw(), raw, fault)) {
      size += piece.length;
      if (size > this.#size) throw notZip(this.#label, `expected ${this.#size} bytes, got more`);
      crc = crc32(piece, crc);
      yield piece;
    }
    if (size !== this.#size) throw notZip(this.#label, `expected ${this.#size} bytes, got ${size}`);
    if (crc !== this.#crc) throw notZip(this.#label, 'its checksum is wrong');
  }

  async stored(): Promise<number | undefined> {
    return this.#method === 0 ? (await this.#place()).start : undefined;
  }

  /** Where its bytes are, packed or not. */
  async #place(): Promise<{ start: number; end: number }> {
    const [label, file, local] = [this.#label, this.#file, this.#local];
    if ((this.#flags & 1) !== 0) throw badFile(label, 'is encrypted');
    if (this.#method !== 0 && this.#method !== 8)
      throw badFile(label, `expected it stored or deflated, got compression method ${this.#method}`);
    const header = viewOf(await file.read(local, Math.min(file.size, local + LOCAL_SIZE)));
    if (header.byteLength < LOCAL_SIZE || header.getUint32(0, true) !== LOCAL)
      throw notZip(label, `has no header at byte ${local}`);
    const start = local + LOCAL_SIZE + header.getUint16(26, true) + header.getUint16(28, true);
    if (start + this.#packed > file.size)
      throw notZip(label, `is cut off: expected ${this.#packed} bytes at byte ${start}`);
    if (this.#size > this.#packed * (this.#method === 0 ? 1 : DEFLATE_LIMIT))
      throw notZip(label, `${this.#packed} bytes cannot hold the ${this.#size} that it promises`);
    return { start, end: start + this.#packed };
  }

  #inflated(raw: Uint8Array): Uint8Array {
    try {
      return inflateRawSync(raw, { maxOutputLength: Math.max(1, this.#size) });
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      const why = code === 'ERR_BUFFER_TOO_LARGE' ? `expected ${this.#size} bytes, got more` : String(cause);
      throw badFile(this.#label, `is not a sound ZIP archive: ${why}`, cause);
    }
  }
}

/** The numbers that did not fit into 32 bits, from where they stand in their order. */
function widened(label: string, small: readonly number[], view: DataView, from: number, to: number): number[] {
  let at = from;
  while (at + 4 <= to && view.getUint16(at, true) !== SIZES_64) at += 4 + view.getUint16(at + 2, true);
  const end = at + 4 <= to ? Math.min(to, at + 4 + view.getUint16(at + 2, true)) : to;
  at += 4;
  return small.map((number) => {
    if (number !== ELSEWHERE) return number;
    if (at + 8 > end) throw notZip(label, 'does not say how large it is');
    at += 8;
    return Number(view.getBigUint64(at - 8, true));
  });
}

async function* pieces(file: RandomAccess, from: number, to: number): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; at += PIECE) yield await file.read(at, Math.min(to, at + PIECE));
}

function textAt(view: DataView, from: number, to: number): string {
  return Buffer.from(view.buffer, view.byteOffset + from, to - from).toString();
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function notZip(label: string, what: string): Error {
  return badFile(label, `is not a sound ZIP archive: ${what}`);
}

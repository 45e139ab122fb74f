import { badFile, LEAVE_OUT } from './bad-file.ts';
import { type FileSource, streamBytes } from './file-source.ts';

type Wide = 'utf-16le' | 'utf-16be';

/** The format of a text, from its mark at the beginning. @returns undefined for UTF-8 */
function wideFormat(first: Uint8Array): Wide | undefined {
  if (first[0] === 0xff && first[1] === 0xfe) return 'utf-16le';
  return first[0] === 0xfe && first[1] === 0xff ? 'utf-16be' : undefined;
}

/**
 * A text in UTF-8, piece by piece, without the mark at its beginning; UTF-16 with such a mark is decoded.
 * @throws GradpoolError ERR_BAD_FILE where bytes are 0, telling the line
 */
export async function* streamText(label: string, source: FileSource): AsyncGenerator<Uint8Array> {
  let decode: ((piece?: Uint8Array) => Uint8Array) | undefined;
  let first = true;
  let offset = 0;
  for await (const piece of longStart(streamBytes(label, source))) {
    const format = first ? wideFormat(piece) : undefined;
    if (format !== undefined) decode = decoder(label, format);
    const marked = first && piece[0] === 0xef && piece[1] === 0xbb && piece[2] === 0xbf;
    const text = decode === undefined ? (marked ? piece.subarray(3) : piece) : decode(piece);
    const zero = text.indexOf(0);
    if (zero >= 0) throw await zeroByte(label, source, decode === undefined, offset, piece);
    offset += piece.length;
    first = false;
    if (text.length > 0) yield text;
  }
  const last = decode?.();
  if (last !== undefined && last.length > 0) yield last;
}

/** The same bytes; the first piece has the mark in one. */
async function* longStart(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let start: Uint8Array | undefined = new Uint8Array(0);
  for await (const piece of pieces) {
    if (start === undefined) {
      yield piece;
      continue;
    }
    start = start.length === 0 ? piece : Buffer.concat([start, piece]);
    if (start.length < 4) continue;
    yield start;
    start = undefined;
  }
  if (start !== undefined && start.length > 0) yield start;
}

function decoder(label: string, format: Wide): (piece?: Uint8Array) => Uint8Array {
  const decoder = new TextDecoder(format, { fatal: true });
  return (piece) => {
    try {
      return Buffer.from(piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true }));
    } catch (cause) {
      throw badFile(label, `is not sound ${format.toUpperCase()}, as its first bytes promise`, cause);
    }
  };
}

/** What is wrong with a byte that is 0. @param offset - of the piece in which it was found */
async function zeroByte(
  label: string,
  source: FileSource,
  narrow: boolean,
  offset: number,
  piece: Uint8Array,
): Promise<Error> {
  const looked = piece.subarray(0, 1024);
  const zeros = [...looked.keys()].filter((at) => looked[at] === 0);
  const wide =
    narrow && zeros.length > 3 && 16 * zeros.length >= looked.length && zeros.every((at) => at % 2 === zeros[0]! % 2);
  const what = wide
    ? 'is UTF-16 without a byte order mark at its beginning (every other byte is 0): save it as UTF-8, or with the mark'
    : 'expected text in UTF-8, got a byte that is 0';
  const end = offset + (narrow ? piece.indexOf(0) : 0);
  return badFile(`${label}, line ${await lineAt(label, source, end)}`, what);
}

/** The line that a byte is in; counts from 1. */
async function lineAt(label: string, source: FileSource, end: number): Promise<number> {
  let line = 1;
  let before = 0;
  let offset = 0;
  for await (const piece of streamBytes(label, source)) {
    for (let at = 0; at < piece.length && offset < end; at++, offset++) {
      const byte = piece[at]!;
      if (byte === 13 || (byte === 10 && before !== 13)) line++;
      before = byte;
    }
    if (offset === end) break;
  }
  return line;
}

/** A whole text, decoded as `streamText` does. @throws Error where it is no text in UTF-8 or UTF-16 */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(wideFormat(bytes) ?? 'utf-8', { fatal: true }).decode(bytes);
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A text within a file of values. @throws Error where it is not UTF-8 */
export function utf8Text(bytes: Uint8Array): string {
  try {
    return UTF_8.decode(bytes);
  } catch {
    const some = Buffer.from(bytes.subarray(0, 8)).toString('hex');
    throw new Error(`expected text in UTF-8, got the bytes ${some}${bytes.length > 8 ? '...' : ''}: ${LEAVE_OUT}`);
  }
}

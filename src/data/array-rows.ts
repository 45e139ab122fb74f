import { type ArrayFile, arraysOf, badCell, tableOf } from './array-files.ts';
import { type ArrayStream, openArray } from './array-stream.ts';
import { badFile } from './bad-file.ts';
import type { TableVisitor } from './csv.ts';
import { isGzip, streamBytes } from './file-source.ts';
import { firstItems } from './npy.ts';
import { type Header, readerOf, widthOf } from './npy-header.ts';
import { type RandomAccess, withAccess } from './random-access.ts';
import type { ColumnChoice } from './read-options.ts';

/** An array on a disk. */
interface ArrayOnDisk extends ArrayFile {
  /** Its file from the beginning. */
  readonly pieces: () => AsyncGenerator<Uint8Array>;
  /** Where its file begins on the disk; undefined where it is packed. */
  readonly stored: () => Promise<number | undefined>;
}

/** Values that are read at a time, and bytes where those of a column stand together. */
const VALUES = 2 ** 14;
const BYTES = 2 ** 22;

/**
 * Visits the rows of an npy file, or of an npz archive; a small part of it is in memory.
 * @throws GradpoolError ERR_BAD_FILE
 */
export async function eachArrayRow(
  label: string,
  path: string | URL,
  format: 'npy' | 'npz',
  choice: ColumnChoice,
  visitor: TableVisitor,
): Promise<void> {
  await withAccess(path, async (file) => {
    const arrays = format === 'npy' ? [await npyFile(label, path, file)] : await npzFiles(label, file);
    const { rows, parts, names, notes } = tableOf(label, arrays, choice);
    visitor.begin(names, label, notes);
    const streams: ArrayStream[] = [];
    try {
      const cells: unknown[] = names.map(() => undefined);
      const readers: PieceReader[] = [];
      let [column, bytes] = [0, 0];
      for (const { array, columns } of parts) {
        const used = columns.flatMap((one, c) => (visitor.wanted[column + c] ? [{ at: column + c, one }] : []));
        column += columns.length;
        if (used.length === 0) continue;
        const { header } = array;
        const rowBytes = widthOf(header.shape) * header.itemBytes;
        bytes += header.fortran ? rowBytes : 0;
        const stream = await rowsOf(array, file);
        streams.push(stream);
        const fills = used.map(({ at, one }) => {
          const [read, place] = [readerOf(array.label, one), one.item * header.itemBytes + one.offset];
          return (view: DataView, row: number) => (cells[at] = read(view, row * rowBytes + place));
        });
        readers.push({ stream, names: used.map(({ one }) => one.name), fills });
      }
      const step = Math.max(1, bytes > 0 ? Math.floor(BYTES / bytes) : Math.floor(VALUES / names.length));
      await eachPiece(label, rows, step, readers, (row) => visitor.row(cells, row));
    } finally {
      for (const stream of streams) await stream.close();
    }
  });
}

/** One array while it is read. */
interface PieceReader {
  readonly stream: ArrayStream;
  readonly names: readonly string[];
  /** Put the values of a row into its cells. */
  readonly fills: readonly ((view: DataView, row: number) => unknown)[];
}

async function eachPiece(
  label: string,
  rows: number,
  step: number,
  readers: readonly PieceReader[],
  visit: (row: number) => boolean,
): Promise<void> {
  for (let before = 0; before < rows; before += step) {
    const views: DataView[] = [];
    for (const { stream } of readers) {
      const { buffer, byteOffset, byteLength } = await stream.next(step);
      views.push(new DataView(buffer, byteOffset, byteLength));
    }
    for (let r = 0; r < Math.min(step, rows - before); r++) {
      for (const [i, { names, fills }] of readers.entries()) fillRow(label, before + r + 1, r, views[i]!, names, fills);
      if (!visit(before + r + 1)) return;
    }
  }
}

function fillRow(
  label: string,
  number: number,
  row: number,
  view: DataView,
  names: readonly string[],
  fills: PieceReader['fills'],
): void {
  let c = 0;
  try {
    for (; c < fills.length; c++) fills[c]!(view, row);
  } catch (error) {
    throw badCell(label, number, names[c]!, error);
  }
}

async function npyFile(label: string, path: string | URL, file: RandomAccess): Promise<ArrayOnDisk> {
  const packed = isGzip(await file.read(0, 2));
  const pieces = () => streamBytes(label, path);
  return { ...(await headed(undefined, label, pieces)), stored: () => Promise.resolve(packed ? undefined : 0) };
}

function npzFiles(label: string, file: RandomAccess): Promise<ArrayOnDisk[]> {
  return arraysOf(label, file, async (name, where, entry) => {
    const array = await headed(name, where, () => entry.stream());
    return { ...array, stored: () => entry.stored() };
  });
}

async function headed(name: string | undefined, label: string, pieces: () => AsyncGenerator<Uint8Array>) {
  const stream = await openArray(label, pieces());
  await stream.close();
  return { name, label, header: stream.header, pieces };
}

/** The rows of an array, whichever way it is stored. */
async function rowsOf(array: ArrayOnDisk, file: RandomAccess): Promise<ArrayStream> {
  const { label, header, pieces, stored } = array;
  if (!header.fortran) return openArray(label, pieces());
  const start = await stored();
  if (start === undefined)
    throw badFile(
      label,
      'a packed array that is stored column by column cannot be read in pieces: save np.ascontiguousarray(array), ' +
        'or read it into memory (--stream never in the program)',
    );
  // Of an archive the checksum, of any file the length.
  let length = 0;
  for await (const piece of pieces()) length += piece.length;
  if (length !== header.total) throw badFile(label, `expected ${header.total} bytes in all, got ${length}`);
  return columnRows(header, start, file);
}

/** Brings arrays that are stored column by column into rows. */
function columnRows(header: Header, start: number, file: RandomAccess): ArrayStream {
  const { shape, itemBytes, length } = header;
  const first = firstItems(header);
  let row = 0;
  const next = async (wanted: number) => {
    const rows = Math.min(wanted, shape[0]! - row);
    const bytes = new Uint8Array(rows * first.length * itemBytes);
    for (const [item, place] of first.entries()) {
      const from = start + length + (place + row) * itemBytes;
      const column = await file.read(from, from + rows * itemBytes);
      for (let r = 0; r < rows; r++) {
        const at = (r * first.length + item) * itemBytes;
        for (let b = 0; b < itemBytes; b++) bytes[at + b] = column[r * itemBytes + b]!;
      }
    }
    row += rows;
    return bytes;
  };
  return { header, next, close: () => Promise.resolve() };
}

import { openArray } from './array-stream.ts';
import { badFile } from './bad-file.ts';
import { numberedNames } from './choose-columns.ts';
import type { Cell, CellTarget } from './column-builder.ts';
import { eachRow, type RowVisitor } from './csv.ts';
import { headerOf, LONGEST_HEADER, npyElements, notNpy } from './npy.ts';
import { addValue, eachParquetRow } from './parquet.ts';
import type { ResolvedReadOptions } from './read-options.ts';

/** A table in a file whose rows can be visited again and again; a small part of it is in memory. */
export interface TableRows {
  /** As it is called in messages. */
  readonly label: string;
  /** What rows are counted by in messages: lines of a text, or rows. */
  readonly unit: 'line' | 'row';
  /** Hands a cell, as the file's reader gives it, to a column. @returns what is wrong with it, if anything */
  readonly put: (target: CellTarget, cell: unknown) => string | undefined;
  readonly visit: (visitor: TableVisitor) => Promise<void>;
}

export interface TableVisitor extends RowVisitor {
  /** Which columns' cells are looked at, after `begin`. */
  readonly wanted: readonly boolean[];
}

/** Numbers of an array that are in memory at a time. */
const NUMBERS = 2 ** 14;

/**
 * @param path - of a file: bytes that are in memory already need not be read in pieces
 * @throws GradpoolError ERR_BAD_FILE, also from `visit`
 */
export function tableRows(label: string, path: string | URL, options: ResolvedReadOptions): TableRows {
  const add = (target: CellTarget, cell: unknown) => target.add(cell as Cell);
  switch (options.format) {
    case 'csv':
    case 'tsv':
      return { label, unit: 'line', put: add, visit: (visitor) => eachRow(label, path, options.layout, visitor) };
    case 'parquet':
      return { label, unit: 'row', put: addValue, visit: (visitor) => visitParquet(label, path, visitor) };
    case 'npy':
      return { label, unit: 'row', put: add, visit: (visitor) => visitNpy(label, path, visitor) };
    case 'npz':
      throw badFile(label, 'an npz archive cannot be read in pieces: store each array as npy, or read it into memory');
  }
}

function visitParquet(label: string, path: string | URL, visitor: TableVisitor): Promise<void> {
  const wanted = (names: readonly string[]) => {
    visitor.begin(names, label, []);
    return visitor.wanted;
  };
  return eachParquetRow(label, path, wanted, (cells, row) => visitor.row(cells, row));
}

async function visitNpy(label: string, path: string | URL, visitor: TableVisitor): Promise<void> {
  const array = await openArray(label, path, LONGEST_HEADER, (first) => {
    const header = headerOf(label, first);
    if (header?.fortran) throw notNpy(label, 'an array stored column by column cannot be read in pieces');
    return header && { ...header, elementBytes: header.element.bytes, decode: npyElements(header) };
  });
  try {
    visitor.begin(numberedNames(array.width), label, []);
    const step = Math.max(1, Math.floor(NUMBERS / Math.max(1, array.width)));
    for (let row = 0; row < array.rows; row += step) {
      const values = await array.next(step);
      for (let r = 0; r < values.length / array.width; r++) {
        const cells = Array.from(values.subarray(r * array.width, (r + 1) * array.width));
        if (!visitor.row(cells, row + r + 1)) return;
      }
    }
  } finally {
    await array.close();
  }
}

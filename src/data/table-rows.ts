import { addElement } from './array-files.ts';
import { eachArrayRow } from './array-rows.ts';
import { badFile, inColumn } from './bad-file.ts';
import type { Cell, CellTarget } from './cell-reader.ts';
import { eachRow, type TableVisitor } from './csv.ts';
import { addValue, eachParquetRow } from './parquet.ts';
import type { ColumnChoice, ResolvedReadOptions } from './read-options.ts';

/** A table in a file whose rows can be visited again and again; a small part of it is in memory. */
export interface TableRows {
  /** As it is called in messages. */
  readonly label: string;
  /** A row by its number, as it is called in messages. */
  readonly place: (number: number) => string;
  /** Hands a cell, as the file's reader gives it, to a column. @returns what is wrong with it, if anything */
  readonly put: (target: CellTarget, cell: unknown) => string | undefined;
  readonly visit: (visitor: TableVisitor) => Promise<void>;
}

/**
 * @param path - of a file: bytes that are in memory already need not be read in pieces
 * @throws GradpoolError ERR_BAD_FILE, also from `visit`
 */
export function tableRows(label: string, path: string | URL, options: ResolvedReadOptions): TableRows {
  const named = (unit: string) => ({ label, place: (number: number) => `${label}, ${unit} ${number}` });
  const add = (target: CellTarget, cell: unknown) => target.add(cell as Cell);
  switch (options.format) {
    case 'csv':
    case 'tsv':
      return { ...named('line'), put: add, visit: (visitor) => eachRow(label, path, options.layout, visitor) };
    case 'parquet':
      return { ...named('row'), put: addValue, visit: (visitor) => visitParquet(label, path, options, visitor) };
    case 'npy':
    case 'npz': {
      const { format } = options;
      const visit = (visitor: TableVisitor) => eachArrayRow(label, path, format, options, visitor);
      return { ...named('row'), put: addElement, visit };
    }
  }
}

function visitParquet(label: string, path: string | URL, choice: ColumnChoice, visitor: TableVisitor): Promise<void> {
  const wanted = (names: readonly string[], notes: readonly string[]) => {
    visitor.begin(names, label, notes);
    return visitor.wanted;
  };
  return eachParquetRow(label, path, choice, wanted, (cells, row) => visitor.row(cells, row));
}

/** Hands the cells of a row to the columns that are there for them. @throws GradpoolError ERR_BAD_FILE */
export function putRow(
  { place, put }: TableRows,
  columns: readonly (CellTarget | undefined)[],
  cells: readonly unknown[],
  number: number,
): void {
  for (let c = 0; c < cells.length; c++) {
    const column = columns[c];
    const problem = column && put(column, cells[c]);
    if (problem !== undefined) throw badFile(inColumn(place(number), column!.name), problem);
  }
}

import { addElement, type ArrayFile, arraysOf, badCell, rowsOf, tableOf } from './array-files.ts';
import { chooseColumns } from './choose-columns.ts';
import type { Cell } from './cell-reader.ts';
import type { ColumnBuilder } from './column-builder.ts';
import { DataTable } from './data-table.ts';
import type { FileSource } from './file-source.ts';
import { firstItems, npyBytes, readNpyBytes } from './npy.ts';
import { type ArrayColumn, readerOf, widthOf } from './npy-header.ts';
import { withAccess } from './random-access.ts';
import type { ColumnChoice } from './read-options.ts';

interface ArrayInMemory extends ArrayFile {
  /** The array without its header. */
  readonly body: Uint8Array;
}

/** The table of an array of P x any shape: columns c1, c2, ..., or the fields of records. */
export async function readNpyTable(label: string, source: FileSource, choice: ColumnChoice): Promise<DataTable> {
  const array = { name: undefined, label, ...(await readNpyBytes(label, source)) };
  return arraysTable(label, [array], choice);
}

/** The table of an archive of arrays of P x any shape: columns a for an array a of P values, a_1, a_2, ... for others. */
export async function readNpzTable(label: string, source: FileSource, choice: ColumnChoice): Promise<DataTable> {
  const arrays = await withAccess(source, (file) =>
    arraysOf(label, file, async (name, where, entry) => ({
      name,
      label: where,
      ...npyBytes(where, await entry.read()),
    })),
  );
  return arraysTable(label, arrays, choice);
}

function arraysTable(label: string, arrays: readonly ArrayInMemory[], choice: ColumnChoice): DataTable {
  const { rows, parts, names, notes } = tableOf(label, arrays, choice);
  const builders = chooseColumns(label, names, choice);
  let column = 0;
  const columns = parts.flatMap(({ array, columns: own }) =>
    own.flatMap((one) => {
      const builder = builders[column++];
      if (builder === undefined) return [];
      build(label, builder, rowsOf(array), cellsOf(array, one));
      return [builder.finish()];
    }),
  );
  return new DataTable(label, rows, columns, choice, (row) => `${label}, row ${row + 1}`, notes);
}

function build(label: string, builder: ColumnBuilder, rows: number, cell: (row: number) => Cell): void {
  let row = 0;
  const check = (problem: string | undefined) => {
    if (problem !== undefined) throw new Error(problem);
  };
  try {
    for (; row < rows; row++) check(addElement(builder, cell(row)));
    // Where numbers turn out to be names, those before are read once more.
    for (row = 0; row < builder.reread; row++) check(builder.addAgain(cell(row)));
  } catch (error) {
    throw badCell(label, row + 1, builder.name, error);
  }
}

/** The values of a column by their rows, wherever those stand. */
function cellsOf({ label, header, body }: ArrayInMemory, column: ArrayColumn): (row: number) => Cell {
  const { itemBytes, fortran, shape } = header;
  const read = readerOf(label, column);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const first = (fortran ? firstItems(header)[column.item]! : column.item) * itemBytes + column.offset;
  const step = (fortran ? 1 : widthOf(shape)) * itemBytes;
  return (row) => read(view, first + row * step);
}

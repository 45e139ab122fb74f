import { badFile, inColumn } from './bad-file.ts';
import { chooseColumns } from './choose-columns.ts';
import type { Cell, CellTarget } from './cell-reader.ts';
import { DataTable } from './data-table.ts';
import type { FileSource } from './file-source.ts';
import { type Content, withContent } from './parquet-file.ts';
import type { ColumnChoice } from './read-options.ts';

/**
 * Reads the flat columns of a Parquet file, one column of one row group at a time.
 * @throws GradpoolError ERR_BAD_FILE
 */
export async function readParquet(label: string, source: FileSource, choice: ColumnChoice): Promise<DataTable> {
  return withContent(label, source, (content) => readColumns(label, content, choice));
}

async function readColumns(label: string, content: Content, choice: ColumnChoice): Promise<DataTable> {
  const { names, places, notes } = withoutIndex(content, choice);
  const columns = [];
  const place = (row: number) => `${label}, row ${row + 1}`;
  for (const [i, builder] of chooseColumns(label, names, choice).entries()) {
    if (builder === undefined) continue;
    const check = (row: number, problem: string | undefined) => {
      if (problem !== undefined) throw badFile(inColumn(place(row), builder.name), problem);
    };
    await eachValue(content, places[i]!, Infinity, (value, row) => check(row, addValue(builder, value)));
    // Where numbers turn out to be names, those before are read once more.
    const again = (value: unknown, row: number) => check(row, builder.addAgain(cellOf(value)));
    if (builder.reread > 0) await eachValue(content, places[i]!, builder.reread, again);
    columns.push(builder.finish());
  }
  return new DataTable(label, content.rows, columns, choice, place, notes);
}

/** The first values of a column. */
async function eachValue(
  { groups, values }: Content,
  column: number,
  most: number,
  visit: (value: unknown, row: number) => void,
): Promise<void> {
  for (let group = 0, row = 0; group < groups && row < most; group++) {
    const found = await values(column, group);
    for (let i = 0; i < found.length && row < most; i++) visit(found[i], row++);
  }
}

/**
 * Visits the rows of a file; the columns of one row group are in memory at a time.
 * @param wanted - the columns that are read, by the names of all; the cells of the others are undefined
 */
export async function eachParquetRow(
  label: string,
  path: string | URL,
  choice: ColumnChoice,
  wanted: (names: readonly string[], notes: readonly string[]) => readonly boolean[],
  visit: (cells: readonly unknown[], row: number) => boolean,
): Promise<void> {
  await withContent(label, path, async (content) => {
    const { names, places, notes } = withoutIndex(content, choice);
    const chosen = wanted(names, notes);
    const cells: unknown[] = names.map(() => undefined);
    for (let group = 0, before = 0; group < content.groups; group++) {
      const columns: (readonly unknown[] | undefined)[] = [];
      for (const [i, isChosen] of chosen.entries())
        columns.push(isChosen ? await content.values(places[i]!, group) : undefined);
      const rows = columns.find((column) => column !== undefined)?.length ?? 0;
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns.length; c++) cells[c] = columns[c]?.[r];
        if (!visit(cells, before + r + 1)) return;
      }
      before += rows;
    }
  });
}

/** The columns of a file without the row index of pandas, unless that was asked for by name. */
function withoutIndex({ names, index }: Content, { asked, columns }: ColumnChoice) {
  const left = index.filter((name) => !asked.has(name));
  const places = [...names.keys()].filter((i) => !left.includes(names[i]!));
  const quoted = left.map((name) => JSON.stringify(name)).join(', ');
  const notes =
    columns === undefined && left.length > 0
      ? [
          `left out ${quoted}, the row index of pandas: name it in "columns" or "features" (--features in the program) to use it`,
        ]
      : [];
  return { names: places.map((i) => names[i]!), places, notes };
}

/** Takes a value as the decoder gives it. */
export function addValue(builder: CellTarget, value: unknown): string | undefined {
  if (typeof value === 'boolean') return builder.addBoolean(value);
  return typeof value === 'string' ? builder.addCategory(value) : builder.add(cellOf(value));
}

function cellOf(value: unknown): Cell {
  if (value === null) return undefined;
  return typeof value === 'boolean' ? Number(value) : (value as Cell);
}

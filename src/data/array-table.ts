import { badFile, inColumn } from './bad-file.ts';
import { chooseColumns, numberedNames } from './choose-columns.ts';
import { DataTable } from './data-table.ts';
import { type FileSource, readShared } from './file-source.ts';
import { type NpyArray, parseNpy, readNpy } from './npy.ts';
import type { ColumnChoice } from './read-options.ts';
import { readZip } from './zip.ts';

/** The table of an array of P x any shape: columns c1, c2, ... */
export async function readNpyTable(label: string, source: FileSource, choice: ColumnChoice): Promise<DataTable> {
  const array = await readNpy('path', source);
  return arraysTable(label, [{ array, names: numberedNames(width(array)) }], choice);
}

/** The table of an archive of arrays of P x any shape: columns a for an array a of P numbers, a_1, a_2, ... for others. */
export async function readNpzTable(label: string, source: FileSource, choice: ColumnChoice): Promise<DataTable> {
  const entries = readZip(label, await readShared(source));
  if (entries.length === 0) throw badFile(label, 'expected at least one array, got none');
  const parts = entries.map(({ name, read }) => {
    const array = parseNpy(`${label}, ${name}`, read());
    const stem = name.replace(/\.npy$/, '');
    return { array, names: array.shape.length < 2 ? [stem] : numberedNames(width(array), `${stem}_`) };
  });
  return arraysTable(label, parts, choice);
}

/** Numbers in a row. */
function width({ shape }: NpyArray): number {
  return shape.slice(1).reduce((product, size) => product * size, 1);
}

interface Part {
  readonly array: NpyArray;
  readonly names: readonly string[];
}

function arraysTable(label: string, parts: readonly Part[], choice: ColumnChoice): DataTable {
  const rows = parts[0]!.array.shape[0] ?? 1;
  const names = parts.flatMap((part) => part.names);
  for (const { array, names } of parts) {
    const own = array.shape[0] ?? 1;
    if (own !== rows) throw badFile(label, `expected arrays of ${rows} rows each, got ${own} of ${names[0] ?? 'one'}`);
  }
  if (rows === 0 || names.length === 0) throw badFile(label, 'expected at least one row of numbers, got none');
  const builders = chooseColumns(label, names, choice);
  let column = 0;
  const columns = parts.flatMap(({ array, names }) =>
    names.flatMap((name, c) => {
      const builder = builders[column++];
      if (builder === undefined) return [];
      for (let r = 0; r < rows; r++) {
        const value = array.values[r * names.length + c]!;
        const problem = builder.add(value);
        if (problem !== undefined) throw badFile(inColumn(`${label}, row ${r + 1}`, name), problem);
      }
      return [builder.finish()];
    }),
  );
  return new DataTable(label, rows, columns, choice, (row) => `${label}, row ${row + 1}`);
}

import type { FileMetaData } from 'hyparquet';

/**
 * The columns in which pandas keeps the row index of a frame: those are numbers or names of rows, not a measurement. An index that
 * only counts is no column.
 */
export function pandasIndex({ key_value_metadata: entries }: FileMetaData, names: readonly string[]): string[] {
  const text = entries?.find(({ key }) => key === 'pandas')?.value;
  if (text === undefined) return [];
  const { index_columns: index, columns } = entriesOf(text);
  if (!Array.isArray(index)) return [];
  // What stands there is the name in the file; in files of 2017 that of the frame.
  const named = new Map<unknown, unknown>(
    (Array.isArray(columns) ? columns : []).map((one: PandasColumn | null) => [one?.name, one?.field_name]),
  );
  const there = (name: unknown) => typeof name === 'string' && names.includes(name);
  const found = index.map((name: unknown) => (there(name) ? name : named.get(name))).filter(there) as string[];
  // A table of nothing but its index was meant.
  return found.length < names.length ? found : [];
}

interface PandasColumn {
  readonly name?: unknown;
  readonly field_name?: unknown;
}

/** What cannot be read says nothing. */
function entriesOf(text: string): { index_columns?: unknown; columns?: unknown } {
  try {
    return (JSON.parse(text) as object | null) ?? {};
  } catch {
    return {};
  }
}

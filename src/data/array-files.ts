import { GradpoolError } from '../core/errors.ts';
import { badFile, inColumn } from './bad-file.ts';
import { firstOf, listed } from './choose-columns.ts';
import type { Cell, CellTarget } from './cell-reader.ts';
import { type ArrayColumn, columnsOf, type Header } from './npy-header.ts';
import type { RandomAccess } from './random-access.ts';
import type { ColumnChoice } from './read-options.ts';
import { readZip, type ZipEntry } from './zip.ts';

/** An array of an archive, or the only one of a file, of which the header has been read. */
export interface ArrayFile {
  /** In its archive; undefined for the only one. */
  readonly name: string | undefined;
  /** As it is called in messages. */
  readonly label: string;
  readonly header: Header;
}

/** The arrays of a table, and its columns. */
export interface ArrayTable<A extends ArrayFile> {
  readonly rows: number;
  readonly parts: readonly { readonly array: A; readonly columns: readonly ArrayColumn[] }[];
  /** Of all columns, in order. */
  readonly names: readonly string[];
  /** What was left out, for people to read. */
  readonly notes: readonly string[];
}

/**
 * Makes a table of arrays of P x any shape. Where columns are asked for by name, their arrays say how many rows there are, and arrays
 * with other numbers of rows are left out; else all have to have as many. Single numbers and texts are left out.
 * @throws GradpoolError ERR_BAD_FILE
 */
export function tableOf<A extends ArrayFile>(label: string, arrays: readonly A[], choice: ColumnChoice): ArrayTable<A> {
  refuseSparse(label, arrays);
  const many = arrays.filter(({ name, header }) => name === undefined || header.shape.length > 0);
  if (many.length === 0) throw badFile(label, 'expected at least one array, got none');
  const parts = many.map((array) => ({ array, columns: columnsOf(array.label, array.header, array.name) }));
  const isAsked = ({ columns }: (typeof parts)[number], optional: boolean) =>
    columns.some(({ name }) => choice.asked.has(name) && optional === choice.optional.has(name));
  // What may be absent does not decide.
  const decisive = [false, true].map((optional) => parts.filter((part) => isAsked(part, optional)));
  const asked = decisive.find((list) => list.length > 0);
  const [absent] = [...choice.asked].filter((name) => !choice.optional.has(name));
  if (asked === undefined && absent !== undefined) {
    const all = parts.flatMap(({ columns }) => columns.map(({ name }) => name));
    throw badFile(label, `has no column ${JSON.stringify(absent)}; it has ${listed(all)}`);
  }
  const [first, ...others] = asked ?? parts;
  const rows = rowsOf(first!.array);
  const other = others.find(({ array }) => rowsOf(array) !== rows);
  if (other !== undefined) throw otherRows(label, first!.array, other.array, asked !== undefined);
  const used = parts.filter(({ array }) => rowsOf(array) === rows);
  const names = used.flatMap(({ columns }) => columns.map(({ name }) => name));
  if (rows === 0 || names.length === 0) throw badFile(label, 'expected at least one row of numbers, got none');
  const left = arrays.filter((array) => !used.some((part) => part.array === array));
  // Where columns are listed, all others are left out as was asked for.
  const notes = choice.columns === undefined && left.length > 0 ? [leftOut(left, rows)] : [];
  return { rows, parts: used, names, notes };
}

export function rowsOf({ header }: ArrayFile): number {
  return header.shape[0] ?? 1;
}

function otherRows(label: string, first: ArrayFile, other: ArrayFile, asked: boolean): Error {
  const counts = `got ${rowsOf(first)} of ${first.name} and ${rowsOf(other)} of ${other.name}`;
  const hint = asked
    ? ''
    : ': name those that belong together with "columns" or "features" (--features in the program)';
  return badFile(label, `expected arrays of as many rows each, ${counts}${hint}`);
}

function leftOut(left: readonly ArrayFile[], rows: number): string {
  const shapes = left.map(
    ({ name, header }) => `${JSON.stringify(name)} (${header.shape.join(' x ') || 'a single value'})`,
  );
  return `left out ${firstOf(shapes)}: expected an array of ${rows} rows`;
}

/** The names under which SciPy stores the parts of a sparse matrix. */
const SPARSE = ['format', 'shape', 'data'];

function refuseSparse(label: string, arrays: readonly ArrayFile[]): void {
  const names = new Set(arrays.map(({ name }) => name));
  if (!SPARSE.every((name) => names.has(name))) return;
  throw badFile(
    label,
    'holds a sparse matrix of SciPy, which cannot be read: save it dense, with its targets, as ' +
      'np.savez(path, X=matrix.toarray(), y=targets)',
  );
}

/**
 * The arrays of an archive.
 * @param open - reads the beginning of one, or all of it
 * @throws GradpoolError ERR_BAD_FILE where there are none
 */
export async function arraysOf<A>(
  label: string,
  file: RandomAccess,
  open: (name: string, label: string, entry: ZipEntry) => Promise<A>,
): Promise<A[]> {
  const entries = await readZip(label, file);
  const arrays: A[] = [];
  for (const entry of entries) {
    const name = arrayName(entry.name);
    if (name !== undefined) arrays.push(await open(name, `${label}, ${entry.name}`, entry));
  }
  if (arrays.length > 0) return arrays;
  const got = entries.length === 0 ? 'none' : listed(entries.map(({ name }) => name));
  throw badFile(label, `expected at least one array, got ${got}`);
}

/** What macOS adds to archives looks as if it were some. */
function arrayName(entry: string): string | undefined {
  return /^(?!__MACOSX\/)(?:.*\/)?(?!\._)[^/]*(?=\.npy$)/.exec(entry)?.[0];
}

/** Hands a value, as an element is read, to a column: a text is a category whatever it looks like. */
export function addElement(target: CellTarget, cell: unknown): string | undefined {
  return typeof cell === 'string' ? target.addCategory(cell) : target.add(cell as Cell);
}

/** What is wrong with a value. @param row - from 1 */
export function badCell(label: string, row: number, name: string, error: unknown): Error {
  if (error instanceof GradpoolError || !(error instanceof Error)) return error as Error;
  return badFile(inColumn(`${label}, row ${row}`, name), error.message, error);
}

import { describe } from '../core/checks.ts';
import type { DesiredColumns } from '../core/columns.ts';
import type { Columns, NumericArray } from '../core/table.ts';
import { allocate } from '../memory/shared.ts';
import { badData, columnOf } from './bad-data.ts';
import { inColumn } from './bad-file.ts';
import { firstOf } from './choose-columns.ts';
import { numbersOf, placesOf, type RowReader, textAt } from './column-view.ts';
import { type DataTable, missingMask } from './data-table.ts';
import {
  type CategoricalEncoding,
  type ColumnEncoding,
  type Encoding,
  type UnknownPolicy,
  widthOf,
} from './encoding.ts';
import { Extent, indexType, matrixType, type NumericArrayType } from './narrow.ts';
import type { TableColumn } from './table-column.ts';
import { kindOfText } from './text-kind.ts';

/** A column ready to be written into a matrix. */
interface Source {
  readonly width: number;
  readonly extent: Extent;
  /** Writes the value of a row, or a 1 at the place of its category. */
  readonly write: (values: NumericArray, at: number, row: number) => void;
}

/**
 * The rows that are kept as inputs.
 * @param Type - of the numbers; by default the narrowest that is good enough, rows beginning at multiples of 8 bytes
 * @throws GradpoolError ERR_BAD_DATA
 */
export function encodeInputs(
  encoding: Encoding,
  table: DataTable,
  kept: Uint32Array,
  Type?: NumericArrayType,
): Columns {
  const sources = encoding.inputs.map((column) => sourceOf(encoding, table, column, kept, encoding.unknown));
  return matrixOf(sources, kept, Type);
}

/** The targets of the rows that are kept: class numbers, or numbers in rows. */
export function encodeTargets(
  encoding: Encoding,
  table: DataTable,
  kept: Uint32Array,
  Type?: NumericArrayType,
): DesiredColumns {
  const { task, targets } = encoding;
  const [first] = targets;
  if (first?.kind === 'categorical') return { flat: true, columns: classNumbers(first, table, kept) };
  if (task === 'multi-label') for (const { name } of targets) checkLabels(table, columnOf(table, name), kept);
  const sources = targets.map((column) => sourceOf(encoding, table, column, kept, 'error'));
  return { flat: targets.length === 1, columns: matrixOf(sources, kept, Type) };
}

function matrixOf(sources: readonly Source[], kept: Uint32Array, Exact?: NumericArrayType): Columns {
  const size = sources.reduce((sum, { width }) => sum + width, 0);
  const Type = Exact ?? matrixType(sources.map(({ extent }) => extent));
  // Rows begin where a data set wants them, so that it need not copy them.
  const step = size > 1 ? 8 / Type.BYTES_PER_ELEMENT : 1;
  const stride = Math.ceil(size / step) * step;
  const values = new Type(allocate(kept.length * stride * Type.BYTES_PER_ELEMENT));
  let left = 0;
  for (const { width, write } of sources) {
    for (let r = 0; r < kept.length; r++) write(values, r * stride + left, kept[r]!);
    left += width;
  }
  return { values, size, stride };
}

function sourceOf(
  { training }: Encoding,
  table: DataTable,
  encoding: ColumnEncoding,
  kept: Uint32Array,
  unknown: UnknownPolicy,
): Source {
  const column = columnOf(table, encoding.name);
  const width = widthOf(encoding);
  const extent = new Extent();
  if (encoding.kind === 'categorical') {
    extent.add(0);
    extent.add(1);
    const fill = encoding.fill === null ? null : encoding.categories.indexOf(encoding.fill);
    const place = filled(table, column, placesOf(column, encoding), fill);
    const write: Source['write'] = (values, at, row) => {
      const k = place(row);
      if (k >= 0) values[at + k] = 1;
      else if (unknown === 'error')
        throw unknownCategory(table, column, encoding, row, whatToDo(encoding, textAt(column, row), training.rows));
    };
    return { width, extent, write };
  }
  const read = filled(table, column, numbersOf(table, column, encoding.dates), encoding.fill);
  for (const row of kept) extent.add(read(row));
  return { width, extent, write: (values, at, row) => (values[at] = read(row)) };
}

/** Reads what stands in for a value where it is missing. */
function filled(table: DataTable, column: TableColumn, read: RowReader, fill: number | null): RowReader {
  const gone = missingMask(column, table.rows);
  if (gone === undefined) return read;
  return (row) => {
    if (gone[row] === 0) return read(row);
    if (fill === null)
      throw badData(
        inColumn(table.place(row), column.name),
        `has no value, and none to fill in was measured in training; "missing" can be 'drop'`,
      );
    return fill;
  };
}

function classNumbers(target: CategoricalEncoding, table: DataTable, kept: Uint32Array): Columns {
  const column = columnOf(table, target.name);
  const place = placesOf(column, target);
  const Type = indexType(target.categories.length);
  const values = new Type(allocate(kept.length * Type.BYTES_PER_ELEMENT));
  for (let r = 0; r < kept.length; r++) {
    const k = place(kept[r]!);
    if (k < 0) throw unknownCategory(table, column, target, kept[r]!);
    values[r] = k;
  }
  return { values, size: 1, stride: 1 };
}

/** What the losses of the rows that are kept are multiplied by. */
export function weightsOf(table: DataTable, column: TableColumn, kept: Uint32Array): Float64Array {
  const read = numbersOf(table, column);
  return Float64Array.from(kept, (row) => {
    const weight = read(row);
    if (weight < 0)
      throw badData(inColumn(table.place(row), column.name), `expected a weight of at least 0, got ${weight}`);
    return weight;
  });
}

function checkLabels(table: DataTable, column: TableColumn, kept: Uint32Array): void {
  const read = numbersOf(table, column);
  for (const row of kept) {
    const value = read(row);
    if (value !== 0 && value !== 1)
      throw badData(inColumn(table.place(row), column.name), `expected 0 or 1, got ${value}`);
  }
}

function unknownCategory(
  table: DataTable,
  column: TableColumn,
  { categories }: CategoricalEncoding,
  row: number,
  hint = '',
): Error {
  const what = `expected one of ${firstOf(categories.map(describe))}, got ${describe(textAt(column, row))}, which is not among the categories of the training rows`;
  return badData(inColumn(table.place(row), column.name), what + hint);
}

/** More categories than so many are probably none, and more than a few where hardly any two rows have the same. */
const MANY = 50;
const FEW = 5;

/** What an unknown category tells of a column that was perhaps not meant to be one of categories. */
function whatToDo({ categories, numbers }: CategoricalEncoding, text: string, rows: number): string {
  const many = categories.length;
  if (!numbers && kindOfText(text) !== 'number' && categories.every((one) => kindOfText(one) === 'number'))
    return ': the others are numbers; correct it, or list it in "missingValues"';
  if (many <= MANY && (many < FEW || 2 * many <= rows)) return '';
  const what = `: the column is ${numbers ? 'one of names' : 'text'} with ${many} different values`;
  return `${what}; if it is a date, an id or free text, leave it out with "features" (--features in the program)`;
}

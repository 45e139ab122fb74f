import { integer, wrongType } from '../core/checks.ts';
import { asArrayOf, numericArray, numericType } from '../core/realm.ts';
import type { NumericArray } from '../core/table.ts';
import { allocate } from '../memory/shared.ts';
import type { NumberFormat } from './number-text.ts';
import { partsOf } from './parts.ts';
import { tableSplitKeys, type TableSplitOptions } from './table-split.ts';
import type { TableColumn } from './table-column.ts';

/** How a row is called in messages, from its number, which counts from 0. */
export type Place = (row: number) => string;

/** How the texts of a table were read. */
interface TextRules {
  readonly missing: Iterable<string>;
  readonly numberFormat?: NumberFormat | undefined;
}

/** Named columns of numbers and categories, as a file holds them; see `readTable`. */
export class DataTable {
  /** The number of rows. */
  readonly rows: number;
  readonly columns: readonly TableColumn[];
  /** @internal */
  readonly place: Place;
  /** The table as a whole, as it is called in messages. */
  readonly source: string;
  /** The texts that meant that a value is not known. */
  readonly missingValues: readonly string[];
  /** How numbers were written in texts; undefined for digits and a decimal point. */
  readonly numberFormat: NumberFormat | undefined;
  /** What was decided while it was read, such as columns that were left out; for people to read. */
  readonly notes: readonly string[];

  /** @internal */
  constructor(
    source: string,
    rows: number,
    columns: readonly TableColumn[],
    { missing, numberFormat }: TextRules,
    place: Place,
    notes: readonly string[] = [],
  ) {
    this.source = source;
    this.rows = rows;
    this.columns = columns;
    this.missingValues = [...missing];
    this.numberFormat = numberFormat;
    this.place = place;
    this.notes = notes;
  }

  /** The names of the columns, in order. */
  get names(): string[] {
    return this.columns.map(({ name }) => name);
  }

  /** The column of that name, if there is one. */
  column(name: string): TableColumn | undefined {
    return this.columns.find((column) => column.name === name);
  }

  /** One row, by column name; null where a value is missing. */
  row(index: number): Record<string, number | string | null> {
    integer('index', index, 0, this.rows - 1);
    return Object.fromEntries(this.columns.map((column) => [column.name, valueAt(column, index)]));
  }

  /** A table of these rows, copied. */
  select(rows: Uint32Array): DataTable {
    if (!asArrayOf('Uint32Array', rows)) throw wrongType('rows', 'Uint32Array', rows);
    for (const row of rows) integer('rows', row, 0, this.rows - 1);
    const columns = this.columns.map((column) => selectRows(column, rows, this.rows));
    const place = (row: number) => this.place(rows[row]!);
    const how = { missing: this.missingValues, numberFormat: this.numberFormat };
    return new DataTable(this.source, rows.length, columns, how, place, this.notes);
  }

  /**
   * Divides the rows at random, by class, by group or by time, so that what is measured on one part (means, categories) knows nothing of the others.
   * @param share - in (0, 1), or a list of shares that add up to at most 1, the rest being the last part
   * @example
   * const [train, test] = table.split(0.8, { seed: 1, stratify: 'species' });
   */
  split(share: number | readonly number[], given: TableSplitOptions = {}): [DataTable, DataTable, ...DataTable[]] {
    const { how, keys } = tableSplitKeys(this, given);
    return partsOf(share, how, this.rows, keys).map((rows) => this.select(rows)) as [DataTable, DataTable];
  }
}

function valueAt(column: TableColumn, row: number): number | string | null {
  if (isMissing(column.missing, row)) return null;
  return column.kind === 'numeric' ? column.values[row]! : column.categories[column.codes[row]!]!;
}

function isMissing(missing: Uint32Array, row: number): boolean {
  let [low, high] = [0, missing.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (missing[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return missing[low] === row;
}

function selectRows(column: TableColumn, rows: Uint32Array, all: number): TableColumn {
  const gone = missingMask(column, all);
  const missing = Uint32Array.from(gone === undefined ? [] : [...rows.keys()].filter((r) => gone[rows[r]!] === 1));
  if (column.kind === 'numeric') return { ...column, values: picked(column.values, rows), missing };
  return { ...column, codes: picked(column.codes, rows), missing };
}

function picked(values: NumericArray, rows: Uint32Array): NumericArray {
  const copy = numericArray(numericType(values), allocate(rows.length * values.BYTES_PER_ELEMENT));
  for (let r = 0; r < rows.length; r++) copy[r] = values[rows[r]!]!;
  return copy;
}

/** For each row 1 where the column has no value; undefined where it has all. */
export function missingMask({ missing }: TableColumn, rows: number): Uint8Array | undefined {
  if (missing.length === 0) return undefined;
  const mask = new Uint8Array(rows);
  for (const row of missing) mask[row] = 1;
  return mask;
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTable } from 'gradpool';
import { describe, expect, it } from 'vitest';
import { resolveReadOptions } from '#src/data/read-options.js';
import { tableRows } from '#src/data/table-rows.js';
import { badFile } from './bad.ts';

/** The flat files of apache/parquet-testing, and what PyArrow reads in them: test/fixtures/make/parquet_testing.py. */
const FOLDER = join(import.meta.dirname, '../fixtures/parquet-testing');
const file = (name: string) => join(FOLDER, name);

type Value = number | string | boolean | null | { readonly integer: string } | { readonly decimal: string };
type Column = { readonly rows: number; readonly values: readonly Value[] } | { readonly refused: string } | null;
const FILES = JSON.parse(readFileSync(file('pyarrow.json'), 'utf8')) as Record<string, Record<string, Column>>;
const COLUMNS = Object.entries(FILES).flatMap(([name, columns]) =>
  Object.entries(columns).map(([column, found]) => ({ name, column, found })),
);

/** As a table has it: booleans are numbers, NaN and an empty text are missing, integers are rounded where none of the column merge. */
function cell(value: Value): number | string | null {
  if (value === null || Number.isNaN(value)) return null;
  if (typeof value === 'number') return value + 0;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string') return value.trim() === '' ? null : value.trim();
  return Number('decimal' in value ? value.decimal : value.integer);
}

/** A year of 290,000 in microseconds does not fit; Spark, which wrote it, reads this again (int96_from_spark.md), PyArrow does not. */
(FILES['int96_from_spark.parquet']!.a as unknown as { values: Value[] }).values[5] = 9_089_380_393_200_000;

function ends<T>(values: readonly T[]): readonly T[] {
  return values.length <= 100 ? values : [...values.slice(0, 50), ...values.slice(-50)];
}

/** The same values from a file that is read in pieces. */
async function streamed(name: string, column: string): Promise<unknown[]> {
  const options = resolveReadOptions(file(name), { columns: [column] });
  const values: unknown[] = [];
  const visitor = {
    wanted: [] as boolean[],
    begin: (names: readonly string[]) => void (visitor.wanted = names.map((one) => one === column)),
    row: (cells: readonly unknown[]) => values.push(cells[visitor.wanted.indexOf(true)]) > 0,
  };
  await tableRows(file(name), file(name), options).visit(visitor);
  return values;
}

it('there are files, and values for each', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.parquet'));
  expect(Object.keys(FILES).sort()).toEqual(files.sort());
  expect(COLUMNS.length).toBeGreaterThan(150);
});

describe('is read as PyArrow reads it', () => {
  const read = COLUMNS.filter(({ found }) => found !== null && 'rows' in found && found.rows > 0);
  it.each(read)('$name, column $column', async ({ name, column, found }) => {
    const { rows, values } = found as { rows: number; values: readonly Value[] };
    const expected = values.map(cell);
    const table = await readTable(file(name), { columns: [column] });
    expect(table.rows).toBe(rows);
    const all = Array.from({ length: rows }, (_, row) => cell(table.row(row)[column]!));
    expect(ends(all)).toEqual(expected);
    const pieces = (await streamed(name, column)) as Value[];
    expect(ends(pieces.map(cell))).toEqual(expected);
  });
});

describe('is refused', () => {
  // The page that PyArrow stumbles over comes after the last value of this column.
  const refused = COLUMNS.filter(
    ({ found, column }) => found !== null && 'refused' in found && column !== 'nation_key',
  );
  it.each(refused)('$name, column $column', async ({ name, column }) => {
    const columns = column === '' ? undefined : [column];
    await expect(readTable(file(name), { columns })).rejects.toEqual(badFile(name));
    if (columns) await expect(streamed(name, column)).rejects.toEqual(badFile(name));
  });

  it.each([
    [
      'datapage_v1-corrupt-checksum.parquet',
      'a',
      'the checksum of a page is wrong: expected 3150855069, got 256863498',
    ],
    ['rle-dict-uncompressed-corrupt-checksum.parquet', 'long_field', 'the checksum of a page is wrong'],
    [
      'fixed_length_byte_array.parquet',
      'flba_field',
      'is binary data, which cannot be read: leave it out with "columns"',
    ],
    ['binary_truncated_min_max.parquet', 'binary_partial_truncation', 'got the bytes ffff0102: leave it out with'],
    ['list_columns.parquet', 'int64_list', 'is a list or a structure, which cannot be read: leave it out with'],
  ])('%s says why', async (name, column, message) => {
    await expect(readTable(file(name), { columns: [column] })).rejects.toEqual(badFile(message));
  });

  it('files without rows, of an unknown type, and encrypted ones say so', async () => {
    const none = 'expected at least one row, got none';
    await expect(readTable(file('column_chunk_key_value_metadata.parquet'))).rejects.toEqual(badFile(none));
    const unknown = 'cannot be read as Parquet: its bytes are damaged, or mean what is not known here';
    await expect(readTable(file('PARQUET-1481.parquet'))).rejects.toEqual(badFile(unknown));
    const open = (name: string, columns?: string[]) =>
      readTable(file(`${name}.parquet.encrypted`), { format: 'parquet', columns });
    await expect(open('uniform_encryption')).rejects.toEqual(badFile('is an encrypted Parquet file'));
    await expect(open('encrypt_columns_plaintext_footer', ['float_field'])).rejects.toEqual(
      badFile('column "float_field": cannot be read as Parquet: it is encrypted: leave it out with'),
    );
    // Columns that are not encrypted are read where the names of all can be.
    expect((await open('encrypt_columns_plaintext_footer', ['int32_field'])).rows).toBe(50);
  });
});

it('integers beyond 2^53 keep their digits as texts', async () => {
  const name = 'plain-dict-uncompressed-checksum.parquet';
  const table = await readTable(file(name), { columns: ['long_field'], categorical: ['long_field'] });
  expect(table.column('long_field')).toMatchObject({ kind: 'categorical' });
});

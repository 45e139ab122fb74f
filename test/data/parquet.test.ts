import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { readTable } from 'gradpool';
import { describe, expect, it } from 'vitest';
import { badFile } from './bad.ts';

/** Written by arrow-rs: test/fixtures/make/make-parquet.mjs. */
const fixture = (name: string) => join(import.meta.dirname, `../fixtures/tables/${name}.parquet`);
const sparse = <T>(i: number, value: T) => (i % 7 === 3 ? null : value);
const EXPECTED = Array.from({ length: 50 }, (_, i) => ({
  id: i,
  count: sparse(i, (i % 5) - 2),
  ratio: i / 8,
  length: sparse(i, i / 10),
  yes: sparse(i, Number(i % 3 === 0)),
  city: sparse(i, ['Bern', 'Basel', 'Zürich'][i % 3]),
  note: `row ${i}`,
  day: Date.UTC(2020, 0, 1 + (i % 28)),
  same: 7,
  none: null,
}));
const rowsOf = (table: Awaited<ReturnType<typeof readTable>>) =>
  Array.from({ length: table.rows }, (_, i) => table.row(i));

it.each([
  ...['uncompressed', 'snappy', 'gzip', 'brotli', 'zstd', 'lz4_raw'],
  ...['plain', 'groups', 'version-2', 'delta'],
])('%s', async (name) => {
  expect(rowsOf(await readTable(fixture(name)))).toEqual(EXPECTED);
  const bytes = new Uint8Array(readFileSync(fixture(name)));
  const part = await readTable(bytes, { format: 'parquet', columns: ['city', 'id'] });
  expect(rowsOf(part)).toEqual(EXPECTED.map(({ id, city }) => ({ id, city })));
});

it('texts that begin as the one before', async () => {
  expect(rowsOf(await readTable(fixture('front-coded')))).toEqual(EXPECTED.map(({ note }) => ({ note })));
});

it('numbers are kept in the narrowest type; kinds can be forced', async () => {
  const table = await readTable(fixture('snappy'), { categorical: ['same'], missingValues: ['Bern'] });
  const types = table.columns.map((c) => (c.kind === 'numeric' ? c.values.constructor.name : c.categories.length));
  const numeric = ['Uint8Array', 'Int8Array', 'Float32Array', 'Float64Array', 'Uint8Array'];
  expect(types).toEqual([...numeric, 2, 50, 'Float64Array', 1, 'Uint8Array']);
  await expect(readTable(fixture('snappy'), { numeric: ['city'] })).rejects.toEqual(
    badFile('snappy.parquet, row 1, column "city": expected a number, got "Bern"'),
  );
  expect(table.place(4)).toBe(`${fixture('snappy')}, row 5`);
});

it('lists are refused, and can be left out', async () => {
  await expect(readTable(fixture('nested'))).rejects.toEqual(badFile('column "list": is a list or a structure'));
  expect(rowsOf(await readTable(fixture('nested'), { columns: ['x'] }))).toEqual([{ x: 1 }, { x: 2 }]);
});

it('many rows, many row groups, a text column of digits', async () => {
  const length = 30_000;
  const data = {
    x: Float64Array.from({ length }, (_, i) => i / 4),
    code: Array.from({ length }, (_, i) => `0${i % 50}`),
  };
  const file = parquetWriteBuffer({
    columnData: [
      { name: 'x', data: data.x, type: 'DOUBLE' },
      { name: 'code', data: data.code, type: 'STRING' },
    ],
    rowGroupSize: [1000, 7000],
  });
  const table = await readTable(new Uint8Array(file), { format: 'parquet' });
  expect(table.rows).toBe(length);
  expect(table.row(29_999)).toEqual({ x: 29_999 / 4, code: '049' });
  expect(table.column('code')).toMatchObject({ kind: 'categorical', codes: expect.any(Uint8Array) as Uint8Array });
});

describe('broken files', () => {
  const good = new Uint8Array(readFileSync(fixture('uncompressed')));
  const read = (bytes: Uint8Array) => readTable(bytes, { format: 'parquet' });

  it.each([
    ['empty', new Uint8Array(0), 'expected it to end in PAR1'],
    ['cut', good.subarray(0, -10), 'expected it to end in PAR1'],
    ['nothing but an end', Buffer.from('\xff\xff\xff\x7fPAR1', 'latin1'), 'promises 2147483647 bytes of metadata'],
    ['no metadata', Buffer.from('PAR1\x00\x00\x00\x00PAR1', 'latin1'), 'cannot be read as Parquet'],
  ])('%s', async (_, bytes, message) => expect(read(bytes)).rejects.toEqual(badFile(message)));

  it('a column is named', async () => {
    const wrong = good.slice();
    wrong.fill(0xff, 4, 40);
    await expect(read(wrong)).rejects.toEqual(badFile('"path", column "id": cannot be read as Parquet'));
  });

  it('a run of 2^30 values in five bytes is not believed', async () => {
    const file = parquetWriteBuffer({
      columnData: [{ name: 'x', data: Array.from({ length: 64 }, (_, i) => (i < 40 ? 1.5 : null)), type: 'DOUBLE' }],
      codec: 'UNCOMPRESSED',
      statistics: false,
    });
    const bytes = new Uint8Array(file);
    // The null marks begin with their length, then a run of 40 ones: 80, 1.
    const at = Buffer.from(bytes).indexOf(Buffer.of(80, 1));
    expect(at).toBeGreaterThan(0);
    bytes.set([0xfe, 0xff, 0xff, 0xff, 0x07], at);
    await expect(read(bytes)).rejects.toEqual(badFile('a run of 1073741823 values where 64 are left'));
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EncodeOptions, readDataset, type ReadOptions, readTable, streamDataset } from 'gradpool';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pandasIndex } from '#src/data/parquet-index.js';
import { badData, badFile } from './bad.ts';

/** Written by pandas: test/fixtures/make/pandas_parquet.py. */
const file = (name: string) => join(import.meta.dirname, `../fixtures/tables/${name}.parquet`);
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'pandas-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** What becomes of a file in memory and on the disk, which has to be the same. */
async function encoded(name: string, encode: EncodeOptions, read: ReadOptions = {}) {
  const { encoding, notes } = await readDataset(file(name), encode, read);
  const { datasets, ...streamed } = await streamDataset(file(name), encode, read, { folder });
  await datasets[0].close();
  expect(streamed).toEqual({ encoding, notes });
  return { inputs: encoding.inputs.map((column) => column.name), classes: encoding.classes, notes };
}

describe('the row index of pandas', () => {
  it.each([
    ['index-range', []],
    ['index-sorted', ['left out "__index_level_0__", the row index of pandas']],
    ['index-named', ['left out "id", "__index_level_1__", the row index of pandas']],
  ])('%s is no feature, and that is said', async (name, notes) => {
    const result = await encoded(name, { target: 'kind' });
    expect(result).toMatchObject({ inputs: ['a'], classes: ['x', 'y'] });
    expect(result.notes.map((note) => note.split(':')[0])).toEqual(notes);
    const table = await readTable(file(name));
    expect(table.names).toEqual(['a', 'kind']);
    expect(table.notes.length).toBe(notes.length);
  });

  it('is read where it is named', async () => {
    expect((await readTable(file('index-named'), { columns: ['id', 'a'] })).names).toEqual(['a', 'id']);
    expect((await readTable(file('index-named'), { categorical: ['id'] })).names).toEqual(['a', 'kind', 'id']);
    expect(await encoded('index-named', { target: 'kind', features: ['id'] })).toMatchObject({
      inputs: ['id'],
      notes: [],
    });
    const target = await encoded('index-named', { target: 'id' });
    expect(target).toMatchObject({ inputs: ['a', 'kind'] });
    expect(target.notes).toEqual([expect.stringContaining('left out "__index_level_1__"')]);
    expect((await readTable(file('index-only'))).names).toEqual(['id']);
  });

  it.each([
    ['nothing', undefined, []],
    ['no JSON', '{', []],
    ['another JSON', 'null', []],
    ['columns that are none', '{"index_columns": ["i"], "columns": [null, 3]}', ['i']],
    ['a list of anything', '{"index_columns": [null, {"kind": "range"}, 7, "x", "i"]}', ['i']],
    ['names of the frame', '{"index_columns": ["id"], "columns": [{"name": "id", "field_name": "i"}]}', ['i']],
    ['all columns', '{"index_columns": ["i", "a"]}', []],
  ])('metadata: %s', (_, value, expected) => {
    const entries = value === undefined ? [] : [{ key: 'pandas', value }];
    expect(pandasIndex({ key_value_metadata: entries } as never, ['i', 'a'])).toEqual(expected);
  });
});

describe('columns that nobody asked for do not stop reading', () => {
  it.each(['tags', 'pos', 'blob', 'fixed'])('%s', async (name) => {
    expect(await encoded('odd-columns', { target: 'kind', features: ['num'] })).toMatchObject({ inputs: ['num'] });
    const message = badFile(`column "${name}": `);
    await expect(readTable(file('odd-columns'), { columns: ['num', name] })).rejects.toEqual(message);
    const hint = badFile('leave it out with "columns" (--features in the program)');
    await expect(readDataset(file('odd-columns'), { target: 'kind', features: [name] })).rejects.toEqual(hint);
    await expect(
      streamDataset(file('odd-columns'), { target: 'kind', features: [name] }, {}, { folder }),
    ).rejects.toEqual(hint);
  });
});

describe('integers beyond 2^53', () => {
  it('are texts with all digits where float64 does not tell them apart', async () => {
    const table = await readTable(file('wide-integers'));
    expect(table.column('user')).toMatchObject({
      kind: 'categorical',
      categories: ['1400000000000000001', '1400000000000000002', '1400000000000000003', '1400000000000000004'],
    });
    expect(table.column('hash')).toMatchObject({ categories: ['18446744073709551614', '18446744073709551615'] });
    expect(table.column('decimal')).toMatchObject({ categories: ['100000000000000000000', '100000000000000000001'] });
    expect(table.row(38)).toMatchObject({ user: '1400000000000000003', hash: '18446744073709551615' });
    expect(table.column('nanos')).toMatchObject({ kind: 'numeric' });
  });

  it('are classes and categories in memory and on a disk alike', async () => {
    expect(await encoded('wide-integers', { target: 'user', features: ['num'] })).toMatchObject({
      classes: [1, 2, 3, 4].map((digit) => `140000000000000000${digit}`),
    });
    const { inputs } = await encoded('wide-integers', { target: 'kind', features: ['hash', 'nanos'] });
    expect(inputs).toEqual(['hash', 'nanos']);
  });

  it('are refused where numbers are asked for', async () => {
    const message = 'expected numbers that stay apart as float64, got 1400000000000000001 and 1400000000000000002';
    await expect(readTable(file('wide-integers'), { numeric: ['user'] })).rejects.toEqual(
      badFile(`wide-integers.parquet, row 2, column "user": ${message}`),
    );
    const read = { numeric: ['user'] };
    await expect(
      streamDataset(file('wide-integers'), { target: 'kind', features: ['user'] }, read, { folder }),
    ).rejects.toEqual(badFile(message));
  });

  it('become names only with all of their digits', async () => {
    const encode = { target: 'kind', features: ['nanos'], categorical: ['nanos'] };
    const message = badData(
      'beyond 2^53, where numbers lose their last digits: list it in "categorical" when it is read',
    );
    await expect(readDataset(file('wide-integers'), encode)).rejects.toEqual(message);
    await expect(streamDataset(file('wide-integers'), encode, {}, { folder })).rejects.toEqual(message);
    const { encoding } = await readDataset(file('wide-integers'), encode, { categorical: ['nanos'] });
    expect(encoding.inputs[0]).toMatchObject({ numbers: false });
    expect((encoding.inputs[0] as { categories: string[] }).categories[1]).toBe('1700000000001000000');
  });
});

it('dates, decimals and unsigned integers are what they are', async () => {
  const table = await readTable(file('kinds'));
  const values = (name: string) => [0, 1, 2].map((row) => table.row(row)[name]);
  expect(values('date')).toEqual([-86_400_000, 1_709_164_800_000, null]);
  expect(values('micros')).toEqual([0.001, -0.001, 1_700_000_000_123.456]);
  expect(values('nanos')).toEqual([1e-6, -1e-6, Number('1700000000123.456789')]);
  expect(values('far')).toEqual([2 ** 62, -(2 ** 62), 0]);
  expect(values('u32')).toEqual([0, 2 ** 32 - 1, 2 ** 31]);
  expect(values('u64')).toEqual([0, 2 ** 53, 2 ** 63]);
  expect(values('d9')).toEqual([-12.34, 0.01, null]);
  expect(values('d38')).toEqual([Number('-12345678901234567890.125'), 0.001, null]);
  expect(values('text')).toEqual(['\uFFFD is a sign like others', 'b', null]);
});

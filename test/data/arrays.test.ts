// Arrays of NumPy as they are: types and headers of all times, archives of several shapes, and read in pieces as in memory.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Dataset, type EncodeOptions, readDataset, type ReadOptions, readTable, streamDataset } from 'gradpool';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseLiteral } from '#src/data/python-literal.js';
import { resolveReadOptions } from '#src/data/read-options.js';
import { tableRows } from '#src/data/table-rows.js';
import { badFile } from './bad.ts';

/** Written by NumPy: test/fixtures/make/make_npy.py. */
const file = (name: string) => join(import.meta.dirname, '../fixtures/tables', name);
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'arrays-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** The rows of a file in memory and in pieces, which have to be the same. */
async function rowsOf(path: string, options: ReadOptions = {}) {
  const table = await readTable(path, options);
  const rows = Array.from({ length: table.rows }, (_, row) => Object.values(table.row(row)));
  const pieces: unknown[][] = [];
  const visitor = {
    wanted: [] as boolean[],
    begin: (names: readonly string[]) => void (visitor.wanted = names.map((name) => table.names.includes(name))),
    row: (cells: readonly unknown[]) => pieces.push(cells.filter((_, c) => visitor.wanted[c])) > 0,
  };
  await tableRows(path, path, resolveReadOptions(path, options)).visit(visitor);
  const plain = (cell: unknown) =>
    typeof cell === 'bigint' ? String(cell) : cell === undefined || cell === '' || Number.isNaN(cell) ? null : cell;
  expect(pieces.map((cells) => cells.map(plain).map(String))).toEqual(rows.map((cells) => cells.map(String)));
  return { rows, names: table.names, notes: table.notes };
}

/** What becomes of a file in memory and on the disk, which has to be the same. */
async function encoded(name: string, encode: EncodeOptions) {
  const { encoding, notes } = await readDataset(file(name), encode);
  const { datasets, ...streamed } = await streamDataset(file(name), encode, {}, { folder });
  await datasets[0].close();
  expect(streamed).toEqual({ encoding, notes });
  return { rows: datasets[0].length, inputs: encoding.inputs.map((c) => c.name), classes: encoding.classes, notes };
}

describe('types and headers', () => {
  it('of Python 2', async () => {
    expect((await rowsOf(file('python-2.npy'))).rows[3]).toEqual([1.125, 1.25, 1.375]);
  });

  it.each(['half.npy', 'half-big.npy'])('half precision: %s', async (name) => {
    const { rows } = await rowsOf(file(name));
    expect(rows).toEqual([
      [0.5, -2, 65504, 2 ** -24],
      [null, 0, 1, -0.25],
    ]);
    const targets = await Dataset.fromNpy({ inputs: file('vector.npy'), targets: file('vector.npy') });
    expect(targets.length).toBe(3);
  });

  it('records are columns: texts, dates, fields in fields, and integers that float64 does not hold', async () => {
    const { names, rows } = await rowsOf(file('fields.npy'));
    expect(names).toEqual(['id', 'name', 'code', 'at', 'pair_1', 'pair_2', 'in.x', 'in.y']);
    expect(rows).toEqual([
      ['4611686018427387905', 'Zoë', 'a', Date.UTC(2020, 0, 1), 1, 2, 3, 1],
      ['4611686018427387906', null, 'bc', null, 3, 4.5, 255, 0],
      ['5', 'b d', 'abc', -1000, -1, 0, 0, 1],
    ]);
    const numbers = await readTable(file('fields.npy'), { columns: ['pair_2', 'code'] });
    expect(numbers.row(2)).toEqual({ code: 'abc', pair_2: 0 });
    await expect(Dataset.fromNpy({ inputs: file('fields.npy'), targets: file('vector.npy') })).rejects.toEqual(
      badFile('holds records, where plain numbers are expected; readTable reads their fields as columns'),
    );
  });

  it('an array stored column by column, plain and packed', async () => {
    const { rows } = await rowsOf(file('matrix-fortran.npy'));
    expect(rows[9]).toEqual([36, 37, 38, 39]);
    expect((await rowsOf(file('cube-fortran.npy'))).rows[1]).toEqual(Array.from({ length: 12 }, (_, i) => 12 + i));
    const packed = join(folder, 'packed.npy.gz');
    writeFileSync(packed, gzipSync(readFileSync(file('matrix-fortran.npy'))));
    expect((await readTable(packed)).row(9)).toEqual({ c1: 36, c2: 37, c3: 38, c4: 39 });
    await expect(streamDataset(packed, { target: 'c1' }, {}, { folder })).rejects.toEqual(
      badFile('save np.ascontiguousarray(array), or read it into memory (--stream never in the program)'),
    );
  });

  it('64-bit integers that would merge are refused where there are no names', async () => {
    const header = "{'descr': '<i8', 'fortran_order': False, 'shape': (2,)}".padEnd(118);
    const bytes = Buffer.concat([Buffer.from(`\x93NUMPY\x01\x00v\x00${header}`, 'latin1'), Buffer.alloc(16)]);
    bytes.writeBigInt64LE(2n ** 60n, 128);
    bytes.writeBigInt64LE(2n ** 60n + 1n, 136);
    await expect(Dataset.fromNpy({ inputs: bytes, targets: bytes })).rejects.toEqual(
      badFile('expected numbers that stay apart as float64, got 1152921504606846976 and 1152921504606846977'),
    );
    expect((await readTable(bytes, { format: 'npy' })).column('c1')).toMatchObject({ kind: 'categorical' });
  });

  it.each([
    [
      "{'a': (1L, -2), \"b\": [u'x', b'y',], }",
      new Map([
        ['a', [1, -2]],
        ['b', ['x', 'y']],
      ] as never),
    ],
    ["'it\\'s'", "it's"],
    ['()', []],
    ['(1 2)', undefined],
    ['[', undefined],
    ['{1: 2}', undefined],
    ['__import__("os")', undefined],
    ['[None, True] x', undefined],
    ['['.repeat(20_000), undefined],
  ])('literals of Python: %s', (text, value) => expect(parseLiteral(text)).toEqual(value));
});

describe('archives', () => {
  it.each(['shapes.npz', 'shapes-packed.npz', 'shapes-fortran.npz'])('of several shapes: %s', async (name) => {
    const found = await encoded(name, { target: 'y' });
    expect(found).toMatchObject({ rows: 10, inputs: ['X_1', 'X_2', 'X_3', 'X_4'], classes: ['cat', 'dog'] });
    expect(found.notes).toEqual([
      'left out "version" (a single value), "names" (4), "meta" (a single value): expected an array of 10 rows',
    ]);
    const columns = ['X_2', 'y'];
    const { rows, notes } = await rowsOf(file(name), { columns });
    expect([rows[9], notes]).toEqual([[37, 'dog'], []]);
    await expect(readTable(file(name))).rejects.toEqual(
      badFile('got 10 of X and 4 of names: name those that belong together with "columns" or "features"'),
    );
    await expect(readDataset(file(name), { target: 'z' })).rejects.toEqual(badFile('has no column "z"; it has "X_1"'));
    await expect(readTable(file(name), { columns: ['y', 'names'] })).rejects.toEqual(
      badFile('expected arrays of as many rows each, got 10 of y and 4 of names'),
    );
  });

  it('of two parts: the target says which', async () => {
    expect(await encoded('halves.npz', { target: 'y_train' })).toMatchObject({ rows: 6, inputs: { length: 4 } });
    expect(await encoded('halves.npz', { target: 'y_test', features: ['x_test_2'] })).toMatchObject({ rows: 4 });
    // Rows to predict: those of the inputs, even where the target stands in an array of another shape.
    const { encoding } = await readDataset(file('halves.npz'), { target: 'y_train' });
    expect((await readTable(file('halves.npz'), { encoding })).rows).toBe(6);
  });

  it.each(['zip64.npz', 'stored.npz'])('in 64 bits and in 32: %s', async (name) => {
    const { rows } = await rowsOf(file(name), { columns: ['x_1', 'x_2', 'y'] });
    expect(rows).toEqual([
      [0, 0.25, 0],
      [0.5, 0.75, 1],
      [1, 1.25, 1],
    ]);
  });

  it('what is no array does not count', async () => {
    expect((await rowsOf(file('mac.npz'))).names).toEqual(['x', 'y']);
  });

  it('names in 64 bits stay apart', async () => {
    expect(await encoded('ids.npz', { target: 'id' })).toMatchObject({
      classes: ['9223372036854775808', '9223372036854775809'],
    });
  });

  it('Python objects, sparse matrices and packed columns are named', async () => {
    await expect(readTable(file('shapes.npz'), { columns: ['meta'] })).rejects.toEqual(badFile('has no column "meta"'));
    await expect(readTable(file('sparse.npz'))).rejects.toEqual(
      badFile('holds a sparse matrix of SciPy, which cannot be read: save it dense, with its targets, as np.savez('),
    );
    await expect(readTable(file('complex.npy'))).rejects.toEqual(badFile('column "c1": holds complex numbers'));
    await expect(streamDataset(file('packed-fortran.npz'), { target: 'y' }, {}, { folder })).rejects.toEqual(
      badFile('packed-fortran.npz, X.npy: a packed array that is stored column by column cannot be read in pieces'),
    );
    expect((await readTable(file('packed-fortran.npz'))).row(9)).toMatchObject({ X_4: 39, y: 'dog' });
  });

  it('a wrong checksum, and a cut archive, are found in pieces too', async () => {
    for (const name of ['shapes.npz', 'shapes-packed.npz', 'shapes-fortran.npz']) {
      const path = join(folder, name);
      const bytes = Uint8Array.from(readFileSync(file(name)));
      bytes[300]! ^= 1;
      writeFileSync(path, bytes);
      await expect(readTable(path)).rejects.toEqual(badFile('.npy: is not a sound ZIP archive'));
      await expect(streamDataset(path, { target: 'y' }, {}, { folder })).rejects.toEqual(
        badFile('.npy: is not a sound ZIP archive'),
      );
    }
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Dataset, readTable } from 'gradpool';
import { describe, expect, it } from 'vitest';
import { badFile } from './bad.ts';
import { npyBytes, numbersOf, readNpy } from '#src/data/npy.js';
import { withAccess } from '#src/data/random-access.js';
import { readZip } from '#src/data/zip.js';

/** Written by NumPy: test/fixtures/make/make_npy.py. */
const TABLES = join(import.meta.dirname, '../fixtures/tables');
const fixture = (name: string) => join(TABLES, name);

const top = (bits: number) => 2 ** bits - 1;
const FLOATS = [0, 1.5, -2.25, 3e5, 1e-3, 7];
const TYPES: Record<string, [new (...args: never[]) => unknown, number[]]> = {
  b1: [Uint8Array, [1, 0, 0, 1, 1, 1]],
  u1: [Uint8Array, [0, 1, 0, top(8), 2, 100]],
  u2: [Uint16Array, [0, 1, 0, top(16), 2, 100]],
  u4: [Uint32Array, [0, 1, 0, top(32), 2, 100]],
  u8: [Float64Array, [0, 1, 0, top(53), 2, 100]],
  i1: [Int8Array, [0, 1, -128, top(7), 2, 100]],
  i2: [Int16Array, [0, 1, -(2 ** 15), top(15), 2, 100]],
  i4: [Int32Array, [0, 1, -(2 ** 31), top(31), 2, 100]],
  i8: [Float64Array, [0, 1, -top(53), top(53), 2, 100]],
  f4: [Float32Array, FLOATS.map(Math.fround)],
  f8: [Float64Array, FLOATS],
};

/** A file of the first version around a header of any text. */
function npy(header: string, data = new Uint8Array(0)): Uint8Array {
  const head = Buffer.from(`\x93NUMPY\x01\x00..${header}`, 'latin1');
  head.writeUInt16LE(header.length, 8);
  return Buffer.concat([head, data]);
}
const plain = (descr: string, shape: string) =>
  npy(`{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }\n`);

describe('every type that NumPy wrote', async () => {
  const entries = await withAccess(readFileSync(fixture('types.npz')), (file) => readZip('types', file));

  it('all are there', () => expect(entries.length).toBe(2 * (3 + 2 * 8)));

  it.each(entries.map((entry) => [entry.name, entry] as const))('%s', async (name, entry) => {
    const [Type, expected] = TYPES[/-(\w\d)/.exec(name)![1]!]!;
    const { values, shape } = numbersOf(name, npyBytes(name, await entry.read()));
    expect(shape).toEqual([3, 2]);
    expect(values).toBeInstanceOf(Type);
    expect(values.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(Array.from(values)).toEqual(expected);
  });
});

describe('every layout that NumPy wrote', () => {
  const cube = Array.from({ length: 24 }, (_, i) => i);
  it.each([
    ['version-2.npy', [2, 3, 4], cube],
    ['version-3.npy', [2, 3, 4], cube],
    ['cube-fortran.npy', [2, 3, 4], cube],
    ['vector.npy', [3], [3, 1, 2]],
    ['scalar.npy', [], [5.5]],
  ])('%s, plain and gzip', async (name, shape, values) => {
    for (const source of [fixture(name), readFileSync(fixture(name)), gzipSync(readFileSync(fixture(name)))]) {
      const array = await readNpy('inputs', source);
      expect(array.shape).toEqual(shape);
      expect(Array.from(array.values)).toEqual(values);
    }
  });

  it('64-bit integers take no more room than they need', async () => {
    expect((await readNpy('inputs', fixture('vector.npy'))).values).toBeInstanceOf(Uint8Array);
  });

  it('an array that is in shared memory as it is used is not copied', async () => {
    const { values } = await readNpy('inputs', fixture('version-2.npy'));
    expect(values.buffer.byteLength).toBe(readFileSync(fixture('version-2.npy')).length);
  });
});

describe('hostile files are ERR_BAD_FILE', () => {
  const good = readFileSync(fixture('version-2.npy'));
  it.each([
    ['empty', new Uint8Array(0), 'its header is cut off after 0 bytes'],
    ['text', Buffer.from('hello world'), 'expected it to begin with "\\x93NUMPY", got "hello "'],
    ['a cut magic', good.subarray(0, 4), 'its header is cut off after 4 bytes'],
    ['a cut header', good.subarray(0, 40), 'its header is cut off after 40 bytes'],
    ['cut data', good.subarray(0, -1), '2 x 3 x 4 of type <f4 expected'],
    ['data left over', Buffer.concat([good, good]), 'bytes in all, got'],
    [
      'another version',
      Buffer.from('\x93NUMPY\x04\x00\x00\x00\x00\x00', 'latin1'),
      'expected version 1, 2 or 3, got 4',
    ],
    [
      'a giant header',
      Buffer.from('\x93NUMPY\x02\x00\xff\xff\xff\x7f', 'latin1'),
      'at most 65536 bytes, got 2147483647',
    ],
    ['a giant', plain('<f8', '4294967296, 1048576'), 'expected at most 32 dimensions that can be counted'],
    ['a large array', plain('<f8', '4294967296, 1024'), 'expected 35184372088'],
    ['endless dimensions', plain('<f8', '1, '.repeat(33)), 'expected at most 32 dimensions'],
    ['sizes that are no numbers', plain('<f8', '1 2'), 'expected descr, fortran_order and shape'],
    ['a size below nothing', plain('<f8', '-1,'), 'expected at most 32 dimensions that can be counted'],
    ['objects', plain('|O', '1,'), 'expected elements of type f2 to f8, i1 to i8, u1 to u8 or b1, got "|O"'],
    ['texts', plain('<U1', '1,').subarray(0), 'of type <U1 expected'],
    ['a type that is none', plain('<q9!', '1,'), 'elements of a type that is not known'],
    ['lists within lists', npy(`{'descr': ${'['.repeat(5000)}`), 'expected descr, fortran_order and shape'],
    [
      'code',
      npy("{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,)}"),
      'expected descr, fortran_order',
    ],
    ['no shape', npy("{'descr': '<f4', 'fortran_order': False}"), 'expected descr, fortran_order and shape'],
    ['an endless gap', npy(`{'descr': '<f4'${' '.repeat(60_000)}x}`), 'expected descr, fortran_order and shape'],
    ['a gzip that promises too much', gzipSync(plain('<f8', '99999999,')), 'its header promises 800000067 bytes'],
    ['gzip of text', gzipSync('hello world'), 'expected it to begin with'],
    ['cut gzip', gzipSync(good).subarray(0, 50), 'is not sound gzip'],
  ])('%s', async (_, file, message) => expect(readNpy('inputs', file)).rejects.toEqual(badFile(message)));

  it('records and complex numbers', async () => {
    await expect(readNpy('inputs', fixture('records.npy'))).rejects.toEqual(badFile('holds records, where plain'));
    await expect(readNpy('inputs', fixture('complex.npy'))).rejects.toEqual(badFile('got "<c16"'));
  });
});

describe('tables', () => {
  it('of an array', async () => {
    const table = await readTable(fixture('version-3.npy'));
    expect(table.names).toEqual(Array.from({ length: 12 }, (_, i) => `c${i + 1}`));
    expect(table.rows).toBe(2);
    expect(Object.values(table.row(1))).toEqual(Array.from({ length: 12 }, (_, i) => 12 + i));
    expect((await readTable(fixture('vector.npy'), { columns: ['c1'] })).row(0)).toEqual({ c1: 3 });
    await expect(readTable(fixture('vector.npy'), { columns: ['c2'] })).rejects.toEqual(badFile('has no column "c2"'));
  });

  it.each(['stored.npz', 'deflated.npz'])('of an archive: %s', async (name) => {
    const table = await readTable(fixture(name));
    expect(table.names).toEqual(['x_1', 'x_2', 'y', 'flag']);
    expect(table.row(2)).toEqual({ x_1: 1, x_2: 1.25, y: 1, flag: 1 });
    expect(table.place(2)).toBe(`${fixture(name)}, row 3`);
    const bytes = new Uint8Array(readFileSync(fixture(name)));
    expect((await readTable(bytes, { format: 'npz', categorical: ['y'] })).column('y')).toMatchObject({
      categories: ['0', '1'],
    });
  });

  it('NaN is a missing value', async () => {
    const file = npy(
      "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }",
      new Uint8Array(Float64Array.of(1, NaN).buffer),
    );
    expect((await readTable(file, { format: 'npy' })).column('c1')!.missing).toEqual(Uint32Array.of(1));
  });

  it('archives that are no tables, and broken ones', async () => {
    await expect(readTable(fixture('ragged.npz'))).rejects.toEqual(
      badFile('expected arrays of as many rows each, got 3 of a and 4 of b: name those that belong together'),
    );
    const good = readFileSync(fixture('deflated.npz'));
    const read = (bytes: Uint8Array) => readTable(bytes, { format: 'npz' });
    await expect(read(good.subarray(0, -30))).rejects.toEqual(badFile('it has no directory at its end'));
    const wrong = Uint8Array.from(good);
    const central = good.indexOf(Buffer.of(0x50, 0x4b, 1, 2));
    wrong[central + 16]! ^= 1;
    await expect(read(wrong)).rejects.toEqual(badFile('x.npy: is not a sound ZIP archive: its checksum is wrong'));
    const bomb = Uint8Array.from(good);
    new DataView(bomb.buffer).setUint32(central + 24, 2 ** 31, true);
    await expect(read(bomb)).rejects.toEqual(badFile('cannot hold the 2147483648 that it promises'));
  });
});

describe('Dataset.fromNpy', () => {
  it('takes a pair of files', async () => {
    const targets = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", Uint8Array.of(1, 0));
    const data = await Dataset.fromNpy({ inputs: fixture('version-2.npy'), targets, scale: 0.5 });
    expect([data.length, data.inputSize]).toEqual([2, 12]);
    expect(data.pattern(1)).toEqual({ inputs: Array.from({ length: 12 }, (_, i) => (12 + i) / 2), targets: [0] });
    expect(data.storage.inputs.values.buffer).toBeInstanceOf(SharedArrayBuffer);
    const rows = await Dataset.fromNpy({ inputs: fixture('version-2.npy'), targets: fixture('cube-fortran.npy') });
    expect(rows.pattern(1).targets.length).toBe(12);
  });

  it('refuses what does not go together', async () => {
    const inputs = fixture('version-2.npy');
    await expect(Dataset.fromNpy({ inputs, targets: fixture('vector.npy') })).rejects.toThrow(
      'one for each of 2 inputs, got 3',
    );
    await expect(Dataset.fromNpy({ inputs, target: inputs } as never)).rejects.toThrow('has no option "target"');
    await expect(Dataset.fromNpy({ inputs, targets: plain('<f4', '0,') })).rejects.toThrow(RangeError);
  });
});

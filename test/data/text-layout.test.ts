import { gzipSync } from 'node:zlib';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataTable, encodeTable, type ReadOptions, readTable, streamDataset } from 'gradpool';
import { afterAll, describe, expect, it } from 'vitest';
import { badFile } from './bad.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-layout-'));
afterAll(() => rmSync(folder, { recursive: true }));

const read = (text: string | Uint8Array, options: ReadOptions = {}) =>
  readTable(typeof text === 'string' ? Buffer.from(text) : text, { format: 'csv', ...options });
const rowsOf = (table: DataTable) => Array.from({ length: table.rows }, (_, i) => table.row(i));

describe('UTF-16', () => {
  const TEXT = 'имя,b\nРоссия,1\nČ一😀,2\n';
  const EXPECTED = [
    { имя: 'Россия', b: 1 },
    { имя: 'Č一😀', b: 2 },
  ];
  const wide = (text: string, swap = false, mark = '\uFEFF') => {
    const bytes = Buffer.from(mark + text, 'utf16le');
    return swap ? bytes.swap16() : bytes;
  };

  it.each([
    ['little-endian', wide(TEXT)],
    ['big-endian', wide(TEXT, true)],
    ['packed', gzipSync(wide(TEXT, true))],
  ])('%s, with a mark, is read as the same text in UTF-8', async (_, bytes) =>
    expect(rowsOf(await read(bytes))).toEqual(EXPECTED),
  );

  it('has no gaps where pieces of it meet', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `Ж${'x'.repeat(i % 7)}😀,${i}`);
    const path = join(folder, 'wide.csv');
    writeFileSync(path, wide(`a,b\n${lines.join('\n')}\n`));
    const table = await readTable(path, { categorical: ['a'] });
    expect(rowsOf(table).map(({ a, b }) => `${a},${b}`)).toEqual(lines);
  });

  it('without a mark is an error, as are bytes that are 0, with their line', async () => {
    for (const swap of [false, true])
      await expect(read(wide('a,b\nя,1\n', swap, ''))).rejects.toEqual(
        badFile('line 1: is UTF-16 without a byte order mark'),
      );
    await expect(read('a,b\r\n1,x\r\n2,a\0\r\n')).rejects.toEqual(
      badFile('line 3: expected text in UTF-8, got a byte'),
    );
    const late = `a,b\n${'1,x\n'.repeat(40_000)}2,\0\n`;
    const bytes = Uint8Array.from({ length: 1024 }, (_, i) => i % 256);
    await expect(read(bytes)).rejects.toEqual(badFile('line 1: expected text in UTF-8, got a byte'));
    await expect(read(gzipSync(late))).rejects.toEqual(badFile('line 40002: expected text in UTF-8, got a byte'));
  });

  it('that breaks off is an error', async () => {
    await expect(read(wide('a,b\n1,x').subarray(0, -1))).rejects.toEqual(badFile('is not sound UTF-16LE'));
  });

  it('of one byte and of none', async () => {
    await expect(read(Buffer.from([0xff]))).rejects.toThrow('expected');
    await expect(read('\uFEFF')).rejects.toEqual(badFile('expected at least one row'));
  });
});

describe('the delimiter is found', () => {
  const expected = [
    { a: 1, b: 'x y' },
    { a: 2.5, b: 'z' },
  ];

  it.each([
    ['semicolons', 'a;b\n1;x y\n2.5;z\n', '";"'],
    ['bars', 'a|b\n1|x y\n2.5|z\n', '"|"'],
    ['tabs', 'a\tb\n1\tx y\n2.5\tz\n', 'tabs'],
    ['blanks', 'a b\n1  "x y"\n2.5\t z \n', 'blanks'],
    ['blanks around', '  a  b\n  1 "x y"\r\n2.5  z', 'blanks'],
  ])('%s', async (_, text, called) => {
    const table = await read(text);
    expect(rowsOf(table)).toEqual(expected);
    expect(table.notes).toEqual([`"path": values are divided by ${called}`]);
  });

  it('a comma, in a file whose name ends in .tsv', async () =>
    expect(rowsOf(await read('a,b\n1,x y\n2.5,z\n', { format: 'tsv' }))).toEqual(expected));

  it('where numbers have commas', async () => {
    const text = '1,5;2,5\n3,5;4,5\n';
    const table = await read(text, { header: false, decimal: ',' });
    expect(rowsOf(table)).toEqual([
      { c1: 1.5, c2: 2.5 },
      { c1: 3.5, c2: 4.5 },
    ]);
    expect(rowsOf(await read('x;y, z\n1,5;2\n', { decimal: ',' }))).toEqual([{ x: 1.5, 'y, z': 2 }]);
  });

  it.each([
    ['what is usual, wherever it fits', 'a,b;c\n1,x;y\n', ['a', 'b;c']],
    ['nothing, where there is one column of texts', 'full name\nJohn Doe\nJane Roe\n', ['full name']],
    ['nothing, where dates have times', 'date time\n2020-01-01 10:00\n', ['date time']],
  ])('not in %s', async (_, text, names) => {
    const table = await read(text);
    expect(table.names).toEqual(names);
    expect(table.notes).toEqual([]);
  });

  it('in the line that spreadsheets write before the names', async () => {
    for (const text of [
      'sep=;\r\na;b\r\n1;x y\r\n2.5;z\r\n',
      '"sep=|"\na|b\n1|x y\n2.5|z\n',
      'sep=\t\na\tb\n1\tx y\n2.5\tz',
    ]) {
      const table = await read(text);
      expect(rowsOf(table)).toEqual(expected);
      expect(table.place(0)).toBe('"path", line 3');
    }
    expect(rowsOf(await read('sep=;\n1;2\n', { header: false }))).toEqual([{ c1: 1, c2: 2 }]);
  });

  it('with lines that do not fit, which are an error', async () => {
    await expect(read('a b\n1  2\n3\n', { delimiter: ' ' })).rejects.toEqual(
      badFile('line 3: expected 2 values, got 1'),
    );
    await expect(read('a;b\n1;2\n3;4;5\n', { delimiter: ';' })).rejects.toEqual(badFile('line 3: expected 2 values'));
  });
});

describe('quotes', () => {
  it('are single ones where names stand in those', async () => {
    const table = await read(`'a','b, c'\n1,'x, y'\n2,z\n`);
    expect(rowsOf(table)).toEqual([
      { a: 1, 'b, c': 'x, y' },
      { a: 2, 'b, c': 'z' },
    ]);
    expect(table.notes).toEqual([`"path": values are quoted with '`]);
  });

  it('that are signs like others are an error that says how to read them', async () => {
    const text = 'name,size\nscreen 5.0" wide,1\n"big" one,2\n';
    await expect(read(text)).rejects.toEqual(badFile('line 2: a quote stands inside a value'));
    await expect(read(text)).rejects.toThrow('"quote": false (--quote none in the program)');
    expect(rowsOf(await read(text, { quote: false })).map(({ name }) => name)).toEqual([
      'screen 5.0" wide',
      '"big" one',
    ]);
  });
});

describe('columns without a name', () => {
  it.each([
    ['the first, of pandas', ',a,b\n0,1,x\n1,2,y\n', 'the first column has no name: it is taken for an index'],
    ['the first, of R', '"a","b"\n"r1",1,"x"\n"r2",2,"y"\n', 'there is one name fewer than values'],
    ['names of rows between blanks', 'a b\nr1 1 x\nr2 2 y\n', 'there is one name fewer than values'],
    ['another', 'a,,b\n1,5,x\n2,6,y\n', 'column 2 without a name, left out'],
  ])('%s: left out, and said', async (_, text, note) => {
    const table = await read(text);
    expect(rowsOf(table)).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
    ]);
    expect(table.notes.at(-1)).toContain(note);
  });

  it.each([
    ['after names and values', 'a,b,\n1,x,\n2,y,\n'],
    ['after values', 'a,b\n1,x,\n2,y,\n'],
    ['after names', 'a,b,\n1,x\n2,y\n'],
  ])('a delimiter at the end of lines, %s, is no column', async (_, text) => {
    const table = await read(text);
    expect(table.names).toEqual(['a', 'b']);
    expect(table.notes).toEqual([]);
  });

  it('a value behind it is an error', async () => {
    const lines = Array.from({ length: 300 }, () => '1,x,\n').join('');
    await expect(read(`a,b\n${lines}2,y,z\n`)).rejects.toEqual(badFile('line 302: expected 2 values, got 3'));
  });

  it('names of rows that stand twice are lines that do not fit', async () =>
    expect(read('a,b\nr,1,x\nr,2,y\n')).rejects.toEqual(badFile('line 2: expected 2 values, got 3')));
});

describe('a first line that may hold values', () => {
  it.each([
    ['numbers', '1,2\n3,4\n'],
    ['numbers and a word of that column', '5.1,3.5,setosa\n4.9,3.0,setosa\n6.3,3.3,virginica\n'],
    ['words of their columns', 'p,x\ne,x\np,y\n'],
    ['a number that is no year', 'Braund,22.5,1\nHeikkinen,26,0\n'],
  ])('%s: has to be asked for', async (_, text) => {
    await expect(read(text)).rejects.toEqual(badFile('line 1: expected names, got what may be values: '));
    await expect(read(text)).rejects.toThrow('for values say "header": false (--no-header in the program), for names');
    expect((await read(text, { header: true })).rows).toBe((await read(text, { header: false })).rows - 1);
  });

  it.each([
    ['years beside a name', 'country,1990,1991\nCH,1.5,2\nIT,,3\n'],
    ['the numbers of columns, as pandas writes them', ',0,1\n0,1.5,2\n1,2.5,3\n'],
    ['words above numbers', 'a,2\n1,2\n'],
    ['a number above words', 'a,2\nx,y\n'],
    ['words', 'a,b\nx,y\n'],
  ])('%s: names', async (_, text) => expect((await read(text)).rows).toBeGreaterThan(0));

  it('names that are known from elsewhere', async () => {
    const table = await read('1,2,y\n3,4,5\n', { header: true });
    const { encoding } = encodeTable(table, { target: 'y', features: ['1', '2'], task: 'regression' });
    expect((await read('1,2\n3,4\n', { encoding })).names).toEqual(['1', '2']);
    expect((await read('1,2\n3,4\n', { columns: ['2'] })).names).toEqual(['2']);
  });
});

describe('columns that nobody asks for', () => {
  const latin1 = Buffer.from(
    'name,\xfc,width,kind,width2,width2\nZ\xfcrich,1,0.5,a,1,1\nGen\xe8ve,2,1.5,b,1,1\n',
    'latin1',
  );

  it('may be in any encoding, and have any name', async () => {
    await expect(read(latin1)).rejects.toMatchObject({ code: 'ERR_BAD_FILE' });
    expect(rowsOf(await read(latin1, { columns: ['width', 'kind'] }))).toEqual([
      { width: 0.5, kind: 'a' },
      { width: 1.5, kind: 'b' },
    ]);
    await expect(read(latin1, { columns: ['width2'] })).rejects.toEqual(badFile('"width2": the name stands twice'));
  });

  it('of a file on disk, too', async () => {
    const path = join(folder, 'latin1.csv');
    writeFileSync(path, latin1);
    const { datasets, encoding } = await streamDataset(path, { target: 'kind', features: ['width'] });
    await using dataset = datasets[0];
    expect(dataset.length).toBe(2);
    expect(encoding.inputs).toMatchObject([{ name: 'width', kind: 'numeric' }]);
  });
});

it('a table on disk tells the same notes', async () => {
  const path = join(folder, 'index.csv');
  writeFileSync(path, ';a;b\n0;1;x\n1;2;y\n');
  const { datasets, encoding, notes } = await streamDataset(path, { target: 'b' });
  await using dataset = datasets[0];
  const table = await readTable(path);
  expect(dataset.length).toBe(2);
  expect(notes).toEqual(table.notes);
  expect(notes).toHaveLength(2);
  expect(encoding).toEqual(encodeTable(table, { target: 'b' }).encoding);
});

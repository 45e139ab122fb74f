import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type DataTable, encodeTable, type ReadOptions, readTable } from 'gradpool';
import { afterAll, describe, expect, it } from 'vitest';
import { badFile } from './bad.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-csv-'));
afterAll(() => rmSync(folder, { recursive: true }));

const read = (text: string | Uint8Array, options: ReadOptions = {}) =>
  readTable(typeof text === 'string' ? Buffer.from(text) : text, { format: 'csv', ...options });
const rowsOf = (table: DataTable) => Array.from({ length: table.rows }, (_, i) => table.row(i));
const places = (table: DataTable) => rowsOf(table).map((_, i) => table.place(i));

describe('the format', () => {
  const expected = [
    { a: 1, b: 'x' },
    { a: 2, b: 'y' },
  ];

  it.each([
    ['plain', 'a,b\n1,x\n2,y\n'],
    ['no end of the last line', 'a,b\n1,x\n2,y'],
    ['CR LF', 'a,b\r\n1,x\r\n2,y\r\n'],
    ['CR', 'a,b\r1,x\r2,y\r'],
    ['ends of lines mixed', 'a,b\r\n1,x\n2,y\r\n'],
    ['a byte order mark', '\uFEFFa,b\n1,x\n2,y\n'],
    ['empty lines', '\n\na,b\n\n1,x\n\n\n2,y\n\n'],
    ['spaces', ' a , b\n 1,x \n 2 ,\ty\n'],
    ['quotes', '"a","b"\n"1","x"\n"2",y\n'],
    ['quotes after spaces', '"a", "b"\n1, "x" \n2, y\n'],
    ['gzip', gzipSync('a,b\n1,x\n2,y\n')],
    ['gzip of two members', Buffer.concat([gzipSync('a,b\n1,x\n'), gzipSync('2,y\n')])],
    ['UTF-16', Buffer.from('\uFEFFa,b\n1,x\n2,y\n', 'utf16le')],
  ])('%s', async (_, text) => expect(rowsOf(await read(text))).toEqual(expected));

  it('quoted values hold delimiters, quotes, ends of lines, spaces between words and comment signs', async () => {
    const table = await read('a,"b\nc"\n"1,5","say ""hi""\r\n# no comment"\n"  ",x\n" y z ",x\n');
    expect(rowsOf(table)).toEqual([
      { a: '1,5', 'b\nc': 'say "hi"\r\n# no comment' },
      { a: null, 'b\nc': 'x' },
      { a: 'y z', 'b\nc': 'x' },
    ]);
  });

  it('other delimiters, quotes and comments', async () => {
    const options = { delimiter: ';', quote: "'", comment: '#' };
    expect(rowsOf(await read("# head\na;b\n'1';'x;#'\n# a;b\n2;y#\n", options))).toEqual([
      { a: 1, b: 'x;#' },
      { a: 2, b: 'y#' },
    ]);
    expect(rowsOf(await read('a,b\n1,"x\n2,y"z\n', { quote: false })).map(({ b }) => b)).toEqual(['"x', 'y"z']);
    expect(rowsOf(await read('a||b\n1||x|\n2||y\n', { delimiter: '||' }))).toEqual([
      { a: 1, b: 'x|' },
      { a: 2, b: 'y' },
    ]);
  });

  it('tab-separated values, with values missing anywhere', async () => {
    const table = await read('a\tb\tc\n1\t\t3\n\t2, 5\t\n', { format: 'tsv' });
    expect(rowsOf(table)).toEqual([
      { a: 1, b: null, c: 3 },
      { a: null, b: '2, 5', c: null },
    ]);
  });

  it('names: in the first row, given, or c1, c2, ...', async () => {
    expect((await read('1,x\n2,y\n', { header: false })).names).toEqual(['c1', 'c2']);
    const named = await read('1,x\n2,y\n', { header: ['a', 'b'] });
    expect(rowsOf(named)).toEqual(expected);
    expect(places(named)).toEqual(['"path", line 1', '"path", line 2']);
  });

  it('by the ending of a path or a file URL', async () => {
    writeFileSync(join(folder, 'a.csv'), 'a,b\n1,x\n2,y\n');
    writeFileSync(join(folder, 'b.TSV.gz'), gzipSync('a\tb\n1\tx\n2\ty\n'));
    writeFileSync(join(folder, 'c.txt'), 'a,b\n1,x\n2,y\n');
    for (const source of [join(folder, 'a.csv'), join(folder, 'b.TSV.gz'), pathToFileURL(join(folder, 'a.csv'))]) {
      expect(rowsOf(await readTable(source))).toEqual(expected);
    }
    expect(rowsOf(await readTable(join(folder, 'c.txt'), { format: 'csv' }))).toEqual(expected);
    await expect(readTable(join(folder, 'c.txt'))).rejects.toThrow(/"path" expected a name that ends in .csv, .tsv/);
    await expect(readTable(Buffer.from('a\n1'))).rejects.toThrow('"format" is needed for bytes');
    await expect(readTable(join(folder, 'none.csv'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(readTable(folder, { format: 'csv' })).rejects.toMatchObject({ code: 'EISDIR' });
  });
});

describe('columns', () => {
  it.each([
    ['bytes', '0,255', Uint8Array],
    ['signed bytes', '-128,127', Int8Array],
    ['16 bits', '0,65535', Uint16Array],
    ['16 bits with sign', '-1,32767', Int16Array],
    ['32 bits', '0,4294967295', Uint32Array],
    ['32 bits with sign', '-1,2147483647', Int32Array],
    ['large integers', '-1,4294967295', Float64Array],
    ['halves', '-0.5,1e3', Float32Array],
    ['tenths', '0.1,1', Float64Array],
  ])('%s are kept as such, in shared memory', async (_, values, Type) => {
    const column = (await read(`a\n${values.replace(',', '\n')}\n`)).column('a')!;
    if (column.kind !== 'numeric') throw new Error('numeric');
    expect(column.values).toBeInstanceOf(Type);
    expect(column.values.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(Array.from(column.values)).toEqual(values.split(',').map(Number));
  });

  it.each(['0x1F', '0b1', 'Infinity', '1e999', '1,5', "1'000", '1_000', '--1', '1e', 'true', '1 2'])(
    '%s is no number',
    async (text) => expect((await read(`a\n1\n"${text}"\n`)).column('a')!.kind).toBe('categorical'),
  );

  it.each([' 1.5', '+1.5', '15e-1', '.15E1', '1.50'])('%s is one', async (text) =>
    expect(rowsOf(await read(`a,b\n"${text}",\n`))[0]!.a).toBe(1.5),
  );

  it('a column that turns out late not to be numeric keeps the texts of its numbers', async () => {
    const many = Array.from({ length: 5000 }, (_, i) => `0${i % 3}`);
    const text = ['a,b', ',', ...many.map((x) => `${x},1`), 'NA,2', 'x,3', '7,4'].join('\n');
    const { columns } = await read(text);
    expect(columns.map(({ kind }) => kind)).toEqual(['categorical', 'numeric']);
    const table = await read(text);
    expect(rowsOf(table).map(({ a }) => a)).toEqual([null, ...many, null, 'x', '7']);
    expect(columns[0]).toMatchObject({ categories: ['00', '01', '02', '7', 'x'] });
  });

  it('kinds can be forced, columns left out, missing values named', async () => {
    const text = 'zip,n,note\n007,1,x\n008,none,y\n';
    expect(rowsOf(await read(text, { categorical: ['zip'], missingValues: ['none'], columns: ['n', 'zip'] }))).toEqual([
      { zip: '007', n: 1 },
      { zip: '008', n: null },
    ]);
    await expect(read(text, { numeric: ['n'] })).rejects.toEqual(
      badFile('"path", line 3, column "n": expected a number, got "none"'),
    );
  });

  const PANDAS = ['#N/A', '#N/A N/A', '#NA', '-1.#IND', '-1.#QNAN', '-NaN', '-nan', '1.#IND', '1.#QNAN', '<NA>'].concat(
    ['N/A', 'NA', 'NULL', 'NaN', 'None', 'n/a', 'nan', 'null', ''],
  );
  it.each([...PANDAS, '?', '-', '.', '""'])('%s means missing', async (text) => {
    const { columns } = await read(`a,b\n1,x\n${text},${text}\n3,z\n`);
    expect(columns.map(({ kind, missing }) => [kind, ...missing])).toEqual([
      ['numeric', 1],
      ['categorical', 1],
    ]);
  });

  it('a column of missing values only is numeric, and categorical where that is asked for', async () => {
    const options = { categorical: ['b'] };
    expect((await read('a,b,c\n,NA,1\n?,,2\n', options)).columns).toMatchObject([
      { kind: 'numeric', missing: Uint32Array.of(0, 1) },
      { kind: 'categorical', categories: [], missing: Uint32Array.of(0, 1) },
      { kind: 'numeric' },
    ]);
  });
});

it('every row knows its line', async () => {
  const text = 'a,b\r\n1,x\r\n\r\n#\r\n2,"y\r\n\r\nz"\r\n"3\n",u\r\n4,v\r\n';
  expect(places(await read(text, { comment: '#' }))).toEqual([2, 5, 8, 10].map((line) => `"path", line ${line}`));
});

describe('what is wrong is told with file, line and column', () => {
  it.each([
    ['a,b\n1,2\n\n1,2,3\n', 'line 4: expected 2 values, got 3'],
    ['a,b\n1,"2\n3"\n1\n', 'line 4: expected 2 values, got 1'],
    ['a,b,a\n1,2,3\n', 'line 1, column "a": the name stands twice, again at column 3'],
    [',\n1,2\n', 'line 1: expected names, got 2 empty ones'],
    ['a,b\n1,2\n1,"2\n3,4\n', 'line 3: a quote is opened and never closed'],
    ['a,b\n1,"2"3\n', 'line 2: a closing quote is followed by neither a delimiter nor the end of the line'],
    ['a,b\n1,2"3"\n', 'line 2: a quote stands inside a value'],
    ['a,b\n', 'expected at least one row of values, got none'],
    ['', 'expected at least one row of values, got none'],
  ])('%j', async (text, message) => expect(read(text)).rejects.toEqual(badFile(message)));

  it.each([
    ['a;b\n1,5;2\n', 'line 2: expected 1 value, got 2; is ";" between the values? That is said with "delimiter"'],
    ['a|b\n1,5|2\n', 'expected 1 value, got 2; is "|" between the values? That is said with "delimiter" (--delimiter'],
    ['a\tb\n1,5\t2\n', `expected 1 value, got 2; are there tabs between the values? That is "format" 'tsv' (--format`],
  ])('%j where the delimiter was said', async (text, message) =>
    expect(read(text, { delimiter: ',' })).rejects.toEqual(badFile(message)),
  );

  it('the delimiter, where the only column has a name that holds one', async () => {
    const table = await read('a;b\n1;2\n', { delimiter: ',' });
    expect(() => encodeTable(table, { target: 'b' })).toThrow(
      'has no column "b"; it has "a;b"; is ";" between the values?',
    );
    await expect(read('a,b;c\n1;2;3\n', { delimiter: ';' })).rejects.toEqual(
      badFile('expected 2 values, got 3; is "," between'),
    );
  });

  it('in the encoding and the packing', async () => {
    await expect(read(Buffer.from('a\nZürich\n', 'latin1'))).rejects.toEqual(
      badFile('line 2, column "a": expected text in UTF-8'),
    );
    await expect(read(gzipSync('a,b\n1,2\n').subarray(0, 20))).rejects.toEqual(badFile('is not sound gzip'));
    const path = join(folder, 'bad.csv.gz');
    writeFileSync(path, gzipSync('a,b\n1,2\n'.repeat(1000)).subarray(0, 30));
    await expect(readTable(path)).rejects.toEqual(badFile(`${path}: is not sound gzip`));
  });

  it('a quote that is not closed does not take the whole file', async () => {
    const text = `a,b\n1,"${'x'.repeat(2 ** 24 + 2 ** 17)}`;
    await expect(read(text)).rejects.toEqual(badFile('line 2: a row is longer than'));
  });

  it('columns that are asked for and are not there', async () => {
    for (const options of [{ columns: ['c'] }, { numeric: ['c'] }, { categorical: ['c'] }]) {
      await expect(read('a,b\n1,2\n', options)).rejects.toEqual(badFile('has no column "c"; it has "a", "b"'));
    }
  });

  it('wrong options', async () => {
    await expect(read('a\n1', { colums: ['a'] } as never)).rejects.toThrow('has no option "colums"');
    await expect(read('a\n1', { columns: [] })).rejects.toThrow(RangeError);
    await expect(read('a\n1', { columns: ['a', 'a'] })).rejects.toThrow('"columns" expected names that differ');
    await expect(read('a\n1', { numeric: ['a'], categorical: ['a'] })).rejects.toThrow('not in "numeric" too');
    await expect(read('a\n1', { delimiter: '\n' })).rejects.toThrow('"delimiter" expected string without an end');
    await expect(read('a\n1', { format: 'parquet', quote: false })).rejects.toThrow('"quote" is for csv and tsv');
    await expect(readTable(5 as never)).rejects.toThrow('"path" expected path, file URL or Uint8Array, got 5');
  });
});

it('200,000 rows are read without their text staying in memory', { timeout: 60_000 }, async () => {
  const path = join(folder, 'large.csv');
  const file = createWriteStream(path);
  const filler = 'x'.repeat(100);
  file.write('i,half,city,note\n');
  for (let i = 0; i < 200_000; i += 1000) {
    const rows = Array.from({ length: 1000 }, (_, r) => `${i + r},${(i + r) / 2},city ${r % 7},${filler}`);
    file.write(rows.join('\n') + '\n');
  }
  await new Promise<void>((resolve) => file.end(resolve));
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage();
  let most = 0;
  const timer = setInterval(() => {
    // What nobody holds does not count.
    collect();
    const { heapUsed, external } = process.memoryUsage();
    most = Math.max(most, heapUsed + external - before.heapUsed - before.external);
  }, 20);
  const table = await readTable(path);
  clearInterval(timer);
  expect(table.rows).toBe(200_000);
  expect(table.row(199_999)).toEqual({ i: 199_999, half: 99_999.5, city: 'city 5', note: filler });
  expect(table.columns.map((c) => (c.kind === 'numeric' ? c.values : c.codes).BYTES_PER_ELEMENT)).toEqual([4, 4, 1, 1]);
  // The file has 25 MB, a list of its values some 100 MB, what is kept 2 MB.
  expect(most).toBeLessThan(60e6);
});

it('whatever is written comes back, but for spaces around', async () => {
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => (x === 0 ? '0' : String(x))),
    fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', '#', 'é', '1') }),
  );
  const rows = fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 20 });
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom('\n', '\r\n'), async (given, end) => {
      const lines = [['p', 'q'], ...given].map((row) => row.map(quoted).join(','));
      const table = await read(lines.join(end), { categorical: ['p', 'q'], missingValues: [] });
      expect(rowsOf(table)).toEqual(given.map(([p, q]) => ({ p: p.trim(), q: q.trim() })));
      const line = given.map(
        (_, i) =>
          lines
            .slice(0, i + 1)
            .join(end)
            .split(/\r\n|\r|\n/).length + 1,
      );
      expect(places(table)).toEqual(line.map((l) => `"path", line ${l}`));
    }),
    { numRuns: 150 },
  );
});

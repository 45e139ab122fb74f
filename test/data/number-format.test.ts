import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  applyEncoding,
  encodeRows,
  encodeTable,
  type ReadOptions,
  readDataset,
  readTable,
  streamDataset,
  tableFromRows,
} from 'gradpool';
import { afterAll, describe, expect, it } from 'vitest';
import { badData, badFile } from './bad.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-numbers-'));
afterAll(() => rmSync(folder, { recursive: true }));

const read = (text: string, options: ReadOptions = {}) => readTable(Buffer.from(text), { format: 'csv', ...options });
const column = async (texts: readonly string[], options: ReadOptions) => {
  const table = await read(`a\n${texts.map((text) => `"${text}"`).join('\n')}\n`, options);
  return texts.map((_, i) => table.row(i).a);
};

describe('numbers in another notation', () => {
  it.each([
    [
      { decimal: ',' },
      ['1,5', '-0,25', ',5', '7', '1e3', '\u22121,5e\u22122', '1,5D+03'],
      [1.5, -0.25, 0.5, 7, 1000, -0.015, 1500],
    ],
    [{ thousands: ',' }, ['1,000', '12,345,678.5', '900', '1,23,456'], [1000, 12345678.5, 900, 123456]],
    [{ decimal: ',', thousands: '.' }, ['1.200.000', '1.234,5', '-12,5'], [1200000, 1234.5, -12.5]],
    [{ thousands: ' ' }, ['12 000', '12\u00A0000', '12\u202F000', '12\u2009000.5'], [12000, 12000, 12000, 12000.5]],
    [{ thousands: "'" }, ["1'234'567", '1’234'], [1234567, 1234]],
    [{ thousands: '_' }, ['1_000'], [1000]],
  ] as const)('%j', async (options, texts, values) => expect(await column(texts, options)).toEqual(values));

  it.each([
    [{ decimal: ',' }, '1.5'],
    [{ decimal: ',' }, '1.200,5'],
    [{ thousands: ',' }, '1,5'],
    [{ thousands: ',' }, '1,0000'],
    [{ thousands: '.', decimal: ',' }, '1.5'],
    [{ thousands: ' ' }, '1 2'],
  ] as const)('%j: %s is none', async (options, text) => {
    expect(await column([text], options)).toEqual([text]);
    await expect(read(`a\n"${text}"\n`, { ...options, numeric: ['a'] })).rejects.toEqual(badFile('expected a number'));
  });

  it.each([
    [{ thousands: '.' }, 'thousands'],
    [{ thousands: ', ' }, 'thousands'],
    [{ thousands: '5' }, 'thousands'],
    [{ decimal: ';' }, 'decimal'],
  ])('%j is no such notation', async (options, name) =>
    expect(read('a\n1\n', options as ReadOptions)).rejects.toThrow(`"${name}" expected`),
  );

  const lines = Array.from({ length: 40 }, (_, i) => `1.${100 + i},5;${i % 2 ? 'u' : 'v'}`);
  const text = `x;y\n${lines.join('\n')}\n`;
  const german = { decimal: ',', thousands: '.' } as const;

  it('are what the encoding says, for other files and for rows', async () => {
    const table = await read(text, german);
    const { dataset, encoding } = encodeTable(table, { target: 'y' });
    expect(encoding.numberFormat).toEqual(german);
    expect(dataset.pattern(3).inputs).toEqual([1103.5]);
    const again = await read(text, { encoding: JSON.parse(JSON.stringify(encoding)) as typeof encoding });
    expect(applyEncoding(encoding, again).pattern(3)).toEqual(dataset.pattern(3));
    expect(Array.from(encodeRows(encoding, [{ x: '2.000,5' }, { x: 3.5 }]).inputs)).toEqual([2000.5, 3.5]);
    expect(() => encodeRows(encoding, [{ x: '2.5' }])).toThrow('expected a number, got "2.5"');
    const points = await read('x;y\n1,100.5;u\n', { decimal: '.', thousands: ',', encoding });
    expect(points.row(0)).toEqual({ x: 1100.5, y: 'u' });
    // Rows in a program as well.
    expect(tableFromRows([{ x: '1.100,5' }], german).row(0)).toEqual({ x: 1100.5 });
  });

  it('on disk are the same', async () => {
    const path = join(folder, 'german.csv');
    writeFileSync(path, text);
    const expected = await readDataset(path, { target: 'y' }, german);
    const { datasets, encoding } = await streamDataset(path, { target: 'y' }, german);
    await using dataset = datasets[0];
    expect(encoding).toEqual(expected.encoding);
    const again = await streamDataset(path, encoding);
    await using known = again.datasets[0];
    for (const set of [dataset, known]) expect(set.length).toBe(40);
  });
});

describe('a column in a notation that is not read is an error that names it', () => {
  const RATES: [string, (i: number) => string, string][] = [
    ['currency', (i) => `$${1000 + i}`, 'currencies are not read'],
    ['currency behind', (i) => `${i},50 €`, 'currencies are not read'],
    ['percent', (i) => `${i / 2}%`, 'percent signs are not read'],
    ['units', (i) => `${i} kg`, 'units are not read'],
    ['thousands by points', (i) => `1.200.${100 + i}`, 'numbers need a decimal point'],
    ['thousands by spaces', (i) => `12\u202F${100 + i}`, '"thousands"'],
    ['thousands by apostrophes', (i) => `1'${100 + i}`, '--thousands'],
    ['parentheses', (i) => (i % 2 ? `(${i})` : `${i}`), 'write a minus'],
    ['formulas', (i) => `=""${i}""`, 'formula of a spreadsheet'],
    ['times', (i) => `${String(i % 24).padStart(2, '0')}:30`, 'times are not read'],
    ['few, beside plain ones', (i) => (i % 5 ? `${900 - i}` : `1,${300 + i}`), 'said with "decimal"'],
  ];
  const table = (value: (i: number) => string) =>
    `x|y\n${Array.from({ length: 60 }, (_, i) => `"${value(i)}"|${i}.5`).join('\n')}\n`;

  it.each(RATES)('%s', async (_, value, message) => {
    const path = join(folder, 'notation.csv');
    writeFileSync(path, table(value));
    for (const target of ['x', 'y']) {
      const problem = await readDataset(path, { target, task: target === 'y' ? 'regression' : undefined }).then(
        () => undefined,
        (error: unknown) => error as Error,
      );
      expect(problem).toEqual(badData('"x": expected numbers'));
      expect(problem!.message).toContain(message);
      expect(problem!.message).toMatch(/line \d+, /);
      await expect(streamDataset(path, { target, task: 'regression' })).rejects.toThrow(problem!.message);
    }
    const { encoding } = await readDataset(path, { target: 'y', categorical: ['x'] });
    expect(encoding.inputSize).toBeGreaterThan(1);
  });

  it.each([
    ['the minus of typesetters', '\u22120.5', -0.5],
    ['full-width digits', '１２', 12],
    ['exponents of Fortran', '0.50D+03', 500],
  ])('%s cannot be anything else', async (_, text, value) => expect(await column([text], {})).toEqual([value]));

  it.each([
    ['a few with the same unit', (i: number) => ['2D', '3D'][i % 2]!, 2],
    ['ranks', (i: number) => ['1st', '2nd', '3rd'][i % 3]!, 3],
    ['words', (i: number) => ['5 kg or more', 'less'][i % 2]!, 2],
  ])('%s are categories', async (_, value, inputs) => {
    const { encoding } = encodeTable(await read(table(value)), { target: 'y' });
    expect(encoding.inputSize).toBe(inputs);
  });
});

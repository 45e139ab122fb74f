import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  applyEncoding,
  type EncodeOptions,
  encodeRows,
  encodeTable,
  type Encoding,
  readTable,
  streamDataset,
  tableFromRows,
} from 'gradpool';
import { afterAll, describe, expect, it } from 'vitest';
import { badData } from './bad.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-places-'));
afterAll(() => rmSync(folder, { recursive: true }));
const read = (text: string, encoding?: Encoding) => readTable(Buffer.from(text), { format: 'csv', encoding });
const encode = async (text: string, options: EncodeOptions) => encodeTable(await read(text), options);
const inputsOf = (encoding: Encoding, values: readonly unknown[]) =>
  values.map((a) => [...encodeRows(encoding, [{ a } as never]).inputs]);

describe('spaces around a category', () => {
  it('are no part of it, quoted or not, in files and in rows', async () => {
    const { encoding, dataset } = await encode('a,y\n"M   ",0\n"\u00a0F",1\n M ,0\n"  ",1\n', {
      target: 'y',
      missing: 'drop',
    });
    expect(encoding.inputs).toMatchObject([{ categories: ['F', 'M'] }]);
    expect(dataset.length).toBe(3);
    expect(inputsOf(encoding, ['M', ' M', 'M     '])).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
    const again = await read('a,y\n"M     ",0\nF,1\n', encoding);
    expect(applyEncoding(encoding, again).pattern(0).inputs).toEqual([0, 1]);
    const path = join(folder, 'padded.csv');
    writeFileSync(path, 'a,y\n"M   ",0\n"F ",1\nM,0\n');
    const streamed = await streamDataset(path, { target: 'y', task: 'regression' }, {}, { folder });
    await streamed.datasets[0].close();
    expect(streamed.encoding.inputs).toMatchObject([{ categories: ['F', 'M'] }]);
  });

  it('in an encoding of before are the same as none', async () => {
    const { encoding } = await encode('a,y\nM,0\nF,1\n', { target: 'y' });
    const old = JSON.parse(
      JSON.stringify(encoding).replaceAll('"M"', '"M   "').replaceAll('"F"', '"F   "'),
    ) as Encoding;
    expect(inputsOf(old, ['M   ', 'M', 'F'])).toEqual([
      [0, 1],
      [0, 1],
      [1, 0],
    ]);
    expect(applyEncoding(old, await read('a,y\n"F   ",1\n', old)).pattern(0).inputs).toEqual([1, 0]);
  });
});

describe('true and false', () => {
  const ALL = [true, 'True', 'true', 'TRUE', ' true ', 1, '1', 1n];
  const NONE = [false, 'False', 'FALSE', 0, '0'];

  it.each([
    ['as Python writes them', 'a,y\nTrue,0\nFalse,1\n', ['False', 'True']],
    ['as R writes them', 'a,y\nTRUE,0\nFALSE,1\n', ['FALSE', 'TRUE']],
    ['in several ways', 'a,y\nTRUE,0\nFalse,1\ntrue,1\nfalse,0\n1,0\n', ['false', 'true']],
  ])('%s are one category each, whatever they come from', async (_, text, categories) => {
    const { encoding, dataset } = await encode(text, { target: 'y', missing: 'mean' });
    expect(encoding.inputs).toMatchObject([{ categories }]);
    expect([dataset.pattern(0).inputs, dataset.pattern(1).inputs]).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(inputsOf(encoding, ALL)).toEqual(ALL.map(() => [0, 1]));
    expect(inputsOf(encoding, NONE)).toEqual(NONE.map(() => [1, 0]));
    const numbers = tableFromRows([{ a: true, y: 0 }]);
    expect(applyEncoding(encoding, numbers).pattern(0).inputs).toEqual([0, 1]);
    expect(() => inputsOf(encoding, ['yes'])).toThrow(badData('got "yes"'));
    expect(() => inputsOf(encoding, [2])).toThrow(badData('got "2"'));
  });

  it('are 1 and 0 where the column was one of numbers', async () => {
    const rows = [
      { a: true, y: 'u' },
      { a: false, y: 'v' },
    ];
    const { encoding } = encodeTable(tableFromRows(rows), { target: 'y' });
    expect(encoding.inputs).toMatchObject([{ kind: 'numeric' }]);
    expect(inputsOf(encoding, ALL)).toEqual(ALL.map(() => [1]));
    expect(applyEncoding(encoding, await read('a,y\nTRUE,u\nfalse,v\n', encoding)).pattern(0).inputs).toEqual([1]);
    expect(applyEncoding(encoding, await read('a,y\nTRUE,u\nfalse,v\n')).pattern(1).inputs).toEqual([0]);
  });

  it('as classes', async () => {
    const { encoding } = await encode('a,y\n1,True\n2,False\n', { target: 'y' });
    expect(encoding.classes).toEqual(['False', 'True']);
    const other = tableFromRows([
      { a: 1, y: true },
      { a: 1, y: false },
    ]);
    expect([0, 1].map((i) => applyEncoding(encoding, other).pattern(i).targets[0])).toEqual([1, 0]);
    const numbers = encodeTable(tableFromRows([1, 2, 3, 4].map((a) => ({ a, y: a > 2 }))), { target: 'y' });
    expect(numbers.encoding.classes).toEqual(['0', '1']);
    expect(applyEncoding(numbers.encoding, await read('a,y\n1,True\n')).pattern(0).targets).toEqual([1]);
  });

  it('among other texts are known by their words alone', async () => {
    const { encoding } = await encode('a,y\nTrue,0\nFalse,1\nunknown,1\n', { target: 'y' });
    expect(inputsOf(encoding, [true, 'TRUE'])).toEqual([
      [0, 1, 0],
      [0, 1, 0],
    ]);
    expect(() => inputsOf(encoding, [1])).toThrow(badData('got "1"'));
  });
});

import { applyEncoding, encodeRows, encodeTable, readDataset, readTable, tableFromRows } from 'gradpool';
import { describe, expect, it } from 'vitest';
import { badData, badFile } from './bad.ts';
import { isWide, WideIntegers } from '#src/data/wide-integers.js';

const [A, B] = ['1400000000000000001', '1400000000000000002'];
const csv = (text: string) => Buffer.from(text);

describe('different integers that are the same number', () => {
  it.each([
    ['9007199254740992', '9007199254740993'],
    ['-9007199254740992', '-9007199254740993'],
    ['18446744073709551614', '18446744073709551615'],
    ['1'.repeat(40), `${'1'.repeat(39)}2`],
    ['+9007199254740992', '9007199254740993.0'],
    ['1 400 000 000 000 000 001', '1 400 000 000 000 000 002'],
    ['1,400,000,000,000,000,001', '1400000000000000002'],
    ['\u2212\uff11400000000000000001', '-1400000000000000002'],
  ])('%s and %s', (one, other) => {
    const number = (text: string) =>
      Number(
        BigInt(
          text
            .normalize('NFKC')
            .replace('\u2212', '-')
            .replace(/\.0|[ ,+]/g, ''),
        ),
      );
    expect(number(one)).toBe(number(other));
    expect(isWide(number(one))).toBe(true);
    const seen = new WideIntegers();
    expect([one, one, other].map((text) => typeof seen.add(text, number(text)))).toEqual([
      'undefined',
      'undefined',
      'bigint',
    ]);
  });

  it.each([
    ['the same in other words', '1400000000000000001', '01400000000000000001.'],
    ['with an exponent', '1.400000000000000001e18', '1.400000000000000002e18'],
    ['with a fraction', '9007199254740993.5', '9007199254740993.25'],
    ['as numbers', 1.4e18, 1.4e18],
  ])('not %s', (_, one, other) => {
    const seen = new WideIntegers();
    expect(seen.add(one, Number(one))).toBeUndefined();
    expect(seen.add(other, Number(other))).toBeUndefined();
  });

  it('are compared up to a limit, which is told', () => {
    const seen = new WideIntegers(2);
    const answers = [1n, 2n, 1n, 3n].map((i) => seen.add(i * 2n ** 60n, Number(i) * 2 ** 60));
    expect(answers).toEqual([undefined, undefined, undefined, 'many']);
  });
});

describe('a column of them', () => {
  it('is one of texts in a file, whichever row it turns out in', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => `${i < 2500 ? `00${i}` : i % 2 ? A : B},${i % 3}`);
    const table = await readTable(csv(`id,x\n${rows.join('\n')}\n`), { format: 'csv' });
    expect(table.row(7)).toEqual({ id: '007', x: 1 });
    expect(table.row(2999)).toEqual({ id: A, x: 2 });
    expect(table.column('id')).toMatchObject({ kind: 'categorical', categories: { length: 2502 } });
  });

  it('is one of numbers where all of them stay apart', async () => {
    const table = await readTable(csv(`ns\n1700000000000000000\n1700000000000000256\n`), { format: 'csv' });
    expect(table.column('ns')).toMatchObject({ kind: 'numeric' });
  });

  it('is an error where numbers are asked for', async () => {
    const message =
      `line 3, column "id": expected numbers that stay apart as float64, got ${A} and ${B}, which become the same: ` +
      'if they are names, list the column in "categorical" (--categorical in the program), else leave it out';
    await expect(readTable(csv(`id\n${A}\n${B}\n`), { format: 'csv', numeric: ['id'] })).rejects.toEqual(
      badFile(message),
    );
  });

  it('in rows of a program: bigint has all of its digits', () => {
    const ids = [BigInt(A), BigInt(B), 3n];
    const table = tableFromRows(ids.map((id) => ({ id })));
    expect(table.column('id')).toMatchObject({ categories: [A, B, '3'] });
    expect(tableFromRows([{ id: 2n ** 53n }, { id: 5n }]).column('id')).toMatchObject({ kind: 'numeric' });
    expect(tableFromRows([{ id: BigInt(A) }], { categorical: ['id'] }).row(0)).toEqual({ id: A });
    expect(() => tableFromRows([{ id: BigInt(A) }, { id: B }], { numeric: ['id'] })).toThrow(
      'rows[1], column "id": expected numbers that stay apart as float64',
    );
  });
});

describe('as classes and categories', () => {
  const rows = Array.from({ length: 12 }, (_, i) => ({ id: i % 2 ? BigInt(A) : BigInt(B), x: i }));

  it('are known again, in files and in rows', async () => {
    const { encoding } = encodeTable(tableFromRows(rows), { target: 'x', task: 'regression' });
    expect(encoding.inputs[0]).toMatchObject({ kind: 'categorical', numbers: false, categories: [A, B] });
    const { inputs } = encodeRows(encoding, [{ id: BigInt(B) }, { id: A }]);
    expect(Array.from(inputs)).toEqual([0, 1, 1, 0]);
    const file = await readTable(csv(`id,x\n${B},1\n${A},2\n`), { format: 'csv', encoding });
    expect(applyEncoding(encoding, file).pattern(0).inputs).toEqual([0, 1]);
    // A number of JavaScript has lost the digits before it gets here.
    expect(() => encodeRows(encoding, [{ id: Number(A) }])).toThrow('which is not among the categories');
  });

  it('are a classification', async () => {
    const text = csv(`x,id\n${rows.map(({ id, x }) => `${x},${id}`).join('\n')}\n`);
    const { encoding } = await readDataset(text, { target: 'id' }, { format: 'csv' });
    expect(encoding).toMatchObject({ task: 'classification', classes: [A, B] });
  });

  it('need all of their digits: as numbers they are no names', async () => {
    const text = csv(`x,id\n${rows.map(({ id, x }) => `${x},${id === BigInt(A) ? id : id + 999n}`).join('\n')}\n`);
    await expect(readDataset(text, { target: 'id' }, { format: 'csv' })).rejects.toEqual(
      badData('column "id": is to be names, of which 1400000000000000000 is beyond 2^53'),
    );
    const { encoding } = await readDataset(text, { target: 'id' }, { format: 'csv', categorical: ['id'] });
    expect(encoding.classes).toEqual([A, '1400000000000001001']);
    expect((await readDataset(text, { target: 'id', task: 'regression' }, { format: 'csv' })).encoding.classes).toEqual(
      [],
    );
  });
});

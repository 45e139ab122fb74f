import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  applyEncoding,
  type EncodedTable,
  type EncodeOptions,
  encodeRows,
  encodeTable,
  type Encoding,
  readTable,
  streamDataset,
} from 'gradpool';
import { afterAll, describe, expect, it } from 'vitest';
import { badData } from './bad.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-choose-'));
afterAll(() => rmSync(folder, { recursive: true }));

const csv = (rows: number, names: string, row: (i: number) => string) =>
  `${names}\n${Array.from({ length: rows }, (_, i) => row(i)).join('\n')}\n`;
const inMemory = async (text: string, options: EncodeOptions) =>
  encodeTable(await readTable(Buffer.from(text), { format: 'csv' }), options);
const fromDisk = async (text: string, options: EncodeOptions, split: number[] = []) => {
  const path = join(folder, 'table.csv');
  writeFileSync(path, text);
  const { datasets, ...rest } = await streamDataset(path, options, {}, { folder, split });
  await Promise.all(datasets.map((dataset) => dataset.close()));
  return { ...rest, lengths: datasets.map(({ length }) => length) };
};

/** The same from memory and from a disk. */
async function both(text: string, options: EncodeOptions): Promise<EncodedTable> {
  const table = await inMemory(text, options);
  const { encoding, notes, lengths } = await fromDisk(text, options);
  expect({ encoding, notes, lengths }).toEqual({
    encoding: table.encoding,
    notes: table.notes,
    lengths: [table.dataset.length],
  });
  return table;
}

async function bothRefuse(text: string, options: EncodeOptions, message: string): Promise<void> {
  await expect(inMemory(text, options)).rejects.toEqual(badData(message));
  await expect(fromDisk(text, options)).rejects.toEqual(badData(message));
}

const inputs = ({ encoding }: { encoding: Encoding }) => encoding.inputs.map(({ name }) => name);
const day = (i: number) => new Date(Date.UTC(2020, 0, 1 + i)).toISOString().slice(0, 10);

describe('columns that are no inputs', () => {
  const people = csv(
    40,
    'id,name,when,empty,x,y',
    (i) => `${i % 7},person ${i},${day(i)},,${i / 8},${i % 2 ? 'a' : 'b'}`,
  );

  it('are left out, and it is said why', async () => {
    const table = await both(people, { target: 'y' });
    expect(inputs(table)).toEqual(['id', 'x']);
    expect(table.notes).toEqual([
      'column "name" is left out: it has a text of its own in each of 40 rows; "categorical" makes an input of each (--categorical in the program)',
      'column "when" is left out: it has dates, such as "2020-01-01"; "dates" reads them as numbers (--dates number in the program)',
      'column "empty" is left out: it has no value in any row',
    ]);
  });

  it('are obeyed or refused where they are asked for', async () => {
    expect((await both(people, { target: 'y', features: ['x', 'name'] })).encoding.inputSize).toBe(41);
    const named = await inMemory(people.replaceAll(/,,/g, ',0,'), { target: 'y', categorical: ['name', 'when'] });
    expect(named.encoding.inputSize).toBe(1 + 40 + 40 + 1 + 1);
    await bothRefuse(
      people,
      { target: 'y', features: ['x', 'when'] },
      'column "when": has dates, such as "2020-01-01"',
    );
    await bothRefuse(people, { target: 'y', features: ['x', 'empty'] }, 'column "empty": has no value in any row');
    await bothRefuse(people, { target: 'empty' }, 'column "empty": is the target and has no value in any row');
    await bothRefuse(people, { target: 'y', weights: 'empty' }, 'column "empty": has the weights and no value');
    await bothRefuse(
      people,
      { target: 'name' },
      'expected classes or numbers to predict, got a text of its own in each of 40 rows',
    );
    await bothRefuse(
      people,
      { target: 'when' },
      'expected classes or numbers to predict, got dates, such as "2020-01-01"',
    );
    await bothRefuse(
      csv(20, 'name,y', (i) => `n ${i},${i % 2}`),
      { target: 'y' },
      'got none: column "name" is left out',
    );
  });

  it.each(['drop', 'error', 'mean'] as const)('do not leave rows out for their gaps (%s)', async (missing) => {
    const text = csv(
      40,
      'name,empty,x,y',
      (i) => `${i % 3 ? `person ${i}` : ''},,${missing === 'error' || i !== 5 ? i : ''},${i % 2}`,
    );
    const { dataset, encoding } = await both(text, { target: 'y', missing });
    expect(dataset.length).toBe(missing === 'drop' ? 39 : 40);
    expect(encoding.training.filled).toEqual(missing === 'mean' ? { x: 1 } : {});
  });

  it('with gaps in another column: the first of those that are used is named', async () => {
    const text = csv(
      40,
      'name,x,z,y',
      (i) => `${i === 2 ? '' : `n ${i}`},${i === 9 ? '' : i},${i === 7 ? '' : i},${i % 2}`,
    );
    await expect(inMemory(text, { target: 'y' })).rejects.toThrow('line 9, column "z": has no value');
    await expect(fromDisk(text, { target: 'y' })).rejects.toThrow('line 9, column "z": has no value');
  });

  it('with more texts than are counted', async () => {
    const table = await both(
      csv(1500, 'c,x,y', (i) => `n ${i % 1100},${i},${i % 2}`),
      { target: 'y' },
    );
    expect(table.notes).toEqual(['column "c" is left out: it has 1100 different texts, more than 1000 categories']);
    const many = csv(70_000, 'c,x,y', (i) => `n ${i},${i},${i % 2}`);
    const notes = [(await inMemory(many, { target: 'y' })).notes, (await fromDisk(many, { target: 'y' })).notes];
    for (const [note] of notes) expect(note).toMatch(/^column "c" is left out: it has more than 65536 different texts/);
  });

  it('without a value in a row to train on', async () => {
    const all = await readTable(Buffer.from('a,b,y\n1,,0\n2,,1\n3,5,1\n'), { format: 'csv' });
    const [train, test] = [all.select(Uint32Array.of(0, 1)), all.select(Uint32Array.of(2))];
    const { encoding, notes } = encodeTable(train, { target: 'y', missing: 'mean', categoriesFrom: all });
    expect(inputs({ encoding })).toEqual(['a']);
    expect(notes).toEqual(['column "b" is left out: it has values, but none in a row to train on']);
    expect(applyEncoding(encoding, test).length).toBe(1);
  });
});

describe('dates', () => {
  it('are numbers where there is nothing else, and nobody said otherwise', async () => {
    const text = csv(30, 'name,when,y', (i) => `n ${i},${day(i)},${i / 7}`);
    const { encoding, notes } = await both(text, { target: 'y' });
    expect(encoding.inputs).toMatchObject([{ name: 'when', kind: 'numeric', dates: 'year-first' }]);
    expect(notes).toEqual([
      expect.stringContaining('column "name" is left out'),
      'column "when" is read as dates: milliseconds since 1970',
    ]);
    await bothRefuse(text, { target: 'y', dates: 'leave-out' }, 'got none: column "name" is left out: it has a text');
  });

  const table = (date: (i: number) => string) => csv(30, 'when,y', (i) => `"${date(i)}",${i / 7}`);

  it.each([
    ['year first', day, 'year-first', ''],
    ['day first', (i: number) => `${String(i + 1).padStart(2, '0')}.01.2020`, 'day-first', ', days before months'],
    ['month first', (i: number) => `1/${i + 1}/20`, 'month-first', ', months before days'],
    ['named', (i: number) => `Jan ${i + 1}, 2020`, 'year-first', ''],
  ] as const)('are numbers where that is wanted: %s', async (_, date, order, how) => {
    const { encoding, dataset, notes } = await both(table(date), { target: 'y', dates: 'number', missing: 'mean' });
    expect(encoding.inputs).toEqual([
      { name: 'when', kind: 'numeric', fill: expect.closeTo(Date.UTC(2020, 0, 15, 12), 0) as number, dates: order },
    ]);
    expect(notes).toEqual([`column "when" is read as dates: milliseconds since 1970${how}`]);
    expect(dataset.pattern(2).inputs[0]).toBeCloseTo(Date.UTC(2020, 0, 3), -6);
    const known = JSON.parse(JSON.stringify(encoding)) as Encoding;
    const rows = [{ when: date(4) }, { when: new Date(Date.UTC(2020, 0, 5)) }, { when: Date.UTC(2020, 0, 5) }];
    expect([...encodeRows(known, rows).inputs]).toEqual(rows.map(() => Date.UTC(2020, 0, 5)));
    const again = await readTable(Buffer.from(table(date)), { format: 'csv', encoding: known });
    expect(applyEncoding(known, again).pattern(2)).toEqual(dataset.pattern(2));
    expect(() => encodeRows(known, [{ when: 'soon' }])).toThrow(badData('column "when": expected a date, got "soon"'));
  });

  it('of which nothing tells the order', async () => {
    const monthly = csv(12, 'when,y', (i) => `1/${i + 1}/2020,${i / 7}`);
    await bothRefuse(monthly, { target: 'y', dates: 'number' }, 'whether days or months come first cannot be told');
    const { dataset } = await both(monthly, { target: 'y', dates: 'day-first' });
    expect(dataset.pattern(3).inputs[0]).toBeCloseTo(Date.UTC(2020, 3, 1), -6);
    const other = await both(monthly, { target: 'y', dates: 'month-first' });
    expect(other.dataset.pattern(3).inputs[0]).toBeCloseTo(Date.UTC(2020, 0, 4), -6);
  });

  it('with a text among them are an error with its line', async () => {
    const text = table((i) => (i === 3 ? 'soon' : day(i)));
    await expect(inMemory(text, { target: 'y', dates: 'number' })).rejects.toThrow(
      'line 5, column "when": expected a date, got "soon"',
    );
    await expect(fromDisk(text, { target: 'y', dates: 'number' })).rejects.toThrow(
      'line 5, column "when": expected a date, got "soon"',
    );
    expect(
      (
        await inMemory(
          csv(30, 'when,x,y', (i) => `${i === 3 ? 'soon' : day(i)},1,${i}`),
          { target: 'y' },
        )
      ).notes,
    ).toEqual([expect.stringContaining('it has dates')]);
  });

  it('can be predicted', async () => {
    const { encoding, dataset } = await both(
      csv(30, 'x,when', (i) => `${i},${day(i)}`),
      { target: 'when', dates: 'number' },
    );
    expect(encoding.task).toBe('regression');
    expect(dataset.pattern(1).targets[0]).toBeCloseTo(Date.UTC(2020, 0, 2), -6);
  });
});

describe('categories that only some rows have', () => {
  const text = csv(200, 'c,y', (i) => `${i === 199 ? 'rare' : 'uv'[i % 2]},${i === 198 ? 'odd' : 'pq'[i % 2]}`);

  it('are those of the table that the rows are a part of', async () => {
    const all = await readTable(Buffer.from(text), { format: 'csv' });
    const rows = Uint32Array.from({ length: 200 }, (_, i) => i);
    const [train, test] = [all.select(rows.subarray(0, 190)), all.select(rows.subarray(190))];
    const { encoding, notes } = encodeTable(train, { target: 'y', categoriesFrom: all });
    expect(encoding.inputs).toMatchObject([{ categories: ['rare', 'u', 'v'] }]);
    expect(encoding).toMatchObject({ classes: ['odd', 'p', 'q'], training: { rows: 190, dropped: 0 } });
    expect(notes).toEqual([
      'column "c": no training row has "rare", which other rows have',
      'column "y": no training row has "odd", which other rows have',
    ]);
    expect(applyEncoding(encoding, test).pattern(9)).toEqual({ inputs: [1, 0, 0], targets: [2] });
    const alone = encodeTable(train, { target: 'y' });
    expect(alone.encoding.classes).toEqual(['p', 'q']);
    expect(() => applyEncoding(alone.encoding, test)).toThrow(badData('expected one of "u", "v", got "rare"'));
    expect(() => encodeTable(train, { target: 'y', categoriesFrom: 5 as never })).toThrow(
      '"categoriesFrom" expected DataTable',
    );
    const numbers = await readTable(Buffer.from('c,y\n1,p\n'), { format: 'csv' });
    expect(() => encodeTable(numbers, { target: 'y', categoriesFrom: all })).toThrow(
      badData('column "c": has numbers only here'),
    );
  });

  it('are those of the whole file where it is split on the way to a disk', async () => {
    const { encoding, notes } = await fromDisk(text, { target: 'y' }, [0.02]);
    expect(encoding.inputs).toMatchObject([{ categories: ['rare', 'u', 'v'] }]);
    expect(encoding.classes).toEqual(['odd', 'p', 'q']);
    expect(notes).toContain('column "c": no training row has "rare", which other rows have');
    await expect(
      streamDataset(join(folder, 'table.csv'), { target: 'y', categoriesFrom: {} as never }, {}, { folder }),
    ).rejects.toThrow(/"categoriesFrom"/);
  });
});

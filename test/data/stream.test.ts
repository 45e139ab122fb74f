// Sets on a disk: what is stored, what a table that memory does not hold becomes, what is left behind.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Dataset,
  type EncodeOptions,
  Network,
  Normalization,
  readDataset,
  type ReadOptions,
  StreamedDataset,
  streamDataset,
} from 'gradpool';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { layoutOf, RowWriter } from '#src/data/row-writer.js';
import { child } from '../train/problem.ts';
import { badData, badFile } from './bad.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'stream-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const TABLES = join(import.meta.dirname, '../fixtures/tables');

function numbers(rows: number, first = 0): Dataset {
  const value = (i: number) => Math.sin((first * 3 + i) * 12.9898);
  return Dataset.fromArrays({
    inputs: Float32Array.from({ length: rows * 3 }, (_, i) => value(i)),
    inputSize: 3,
    targets: Float64Array.from({ length: rows }, (_, r) => first + r),
  });
}

async function patterns(dataset: StreamedDataset) {
  const all = [];
  for await (const piece of dataset.pieces()) for (let i = 0; i < piece.length; i++) all.push(piece.pattern(i));
  return all;
}

function csv(text: string, name = 'table.csv'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('StreamedDataset.store', () => {
  it('stores the rows of views, one piece after the other, and leaves no file', async () => {
    const whole = numbers(50);
    await using stored = await StreamedDataset.store([whole.slice(0, 20), whole.slice(20).select([3, 1])], { folder });
    expect(stored).toMatchObject({ length: 22, inputSize: 3, bytes: 22 * 24, encoding: undefined });
    const expected = [...Array.from({ length: 20 }, (_, i) => whole.pattern(i)), whole.pattern(23), whole.pattern(21)];
    expect(await patterns(stored)).toEqual(expected);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keeps a file that can be opened again, with the same numbers and the same statistics', async () => {
    const path = join(folder, 'rows');
    const first = await StreamedDataset.store([numbers(30), numbers(12, 30)], { path });
    const options = { inputs: 'z-score', targets: 'min-max' } as const;
    const normalization = Normalization.fit(first, options);
    const rows = await patterns(first);
    await first.close();
    expect(readdirSync(folder)).toEqual(['rows']);
    await using again = await StreamedDataset.open(path);
    expect(await patterns(again)).toEqual(rows);
    expect(Normalization.fit(again, options)).toEqual(normalization);
  });

  it('keeps the weights of patterns', async () => {
    const path = join(folder, 'rows');
    const set = numbers(20).withWeights(Array.from({ length: 20 }, (_, r) => r / 3));
    const first = await StreamedDataset.store([set.slice(5), set.slice(0, 5)], { path });
    await first.close();
    await using again = await StreamedDataset.open(path);
    expect(again.bytes).toBe(20 * 32);
    const rows = Array.from({ length: 20 }, (_, i) => set.pattern((i + 5) % 20));
    expect(await patterns(again)).toEqual(rows);
    await expect(StreamedDataset.store([set, numbers(3)], { folder })).rejects.toThrow(
      '"pieces[1]" expected 3 inputs (f4, scale 1) and a flat target (f8), with a weight, as the first piece has, got 3 inputs (f4, scale 1) and a flat target (f8)',
    );
  });

  it('measures as well as two passes do, where a sum of squares would lose everything', async () => {
    const inputs = Float64Array.from({ length: 30_000 }, (_, i) => 1e9 + (i % 7));
    const whole = Dataset.fromArrays({ inputs, inputSize: 1, targets: inputs });
    const pieces = [whole.slice(0, 1), whole.slice(1, 20_000), whole.slice(20_000)];
    await using stored = await StreamedDataset.store(pieces, { folder });
    for (const method of ['z-score', 'min-max'] as const) {
      const { inputs: expected } = Normalization.fit(whole, { inputs: method });
      const { inputs: measured } = Normalization.fit(stored, { inputs: method });
      expect(measured!.scale[0]! / expected!.scale[0]!).toBeCloseTo(1, 12);
      expect(measured!.shift[0]! / expected!.shift[0]!).toBeCloseTo(1, 12);
    }
  });

  it('pieces of plain rows may need float64 or not', async () => {
    const [near, far] = [0, 1.7e12].map((offset) =>
      Dataset.fromArrays({ inputs: [0.5, 1.25].map((x) => [offset + x, 1]), targets: [0, 1] }),
    ) as [Dataset, Dataset];
    await using stored = await StreamedDataset.store([far, near], { folder });
    expect((await patterns(stored)).map(({ inputs }) => inputs[0])).toEqual([1.7e12 + 0.5, 1.7e12 + 1.25, 0.5, 1.25]);
    await expect(StreamedDataset.store([near, far], { folder })).rejects.toThrow(
      /"pieces\[1\]" expected 2 inputs \(f4.*, got 2 inputs \(f8.*: give the inputs of all pieces as Float64Array$/,
    );
  });

  it('refuses pieces that do not go together, and leaves nothing', async () => {
    const other = Dataset.fromArrays({ inputs: new Uint8Array(6), inputSize: 3, targets: [1, 2] });
    const path = join(folder, 'rows');
    const store = (pieces: Iterable<Dataset>) => StreamedDataset.store(pieces, { path });
    await expect(store([numbers(3), other])).rejects.toThrow(
      '"pieces[1]" expected 3 inputs (f4, scale 1) and a flat target (f8), as the first piece has, got 3 inputs (u1, scale 1) and a flat target (f4)',
    );
    await expect(store([])).rejects.toThrow('"pieces" expected at least one data set, got none');
    await expect(store([5 as unknown as Dataset])).rejects.toThrow('"pieces[0]" expected Dataset, got 5');
    await expect(StreamedDataset.store([numbers(3)], { path, memory: 100 })).rejects.toThrow(
      '"memory" expected at least 704, for rows of 24 bytes, got 100',
    );
    await expect(StreamedDataset.store([numbers(3)], {})).rejects.toThrow('"options" expected a folder or a path');
    function* failing() {
      yield numbers(3);
      throw new Error('no more');
    }
    await expect(store(failing())).rejects.toThrow('no more');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a damaged file is ERR_BAD_FILE, wherever the damage is', async () => {
    const path = join(folder, 'rows');
    await (await StreamedDataset.store([numbers(40)], { path })).close();
    const whole = readFileSync(path);
    const opened = async (bytes: Uint8Array) => {
      writeFileSync(path, bytes);
      const dataset = await StreamedDataset.open(path);
      await dataset.close();
      return dataset.length;
    };
    expect(await opened(whole)).toBe(40);
    for (let length = 0; length < whole.length; length += 37)
      await expect(opened(whole.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({
        code: 'ERR_BAD_FILE',
      });
    const text = whole.toString('latin1');
    for (const [a, b] of [
      ['"rows":40', '"rows":41'],
      ['"size":3', '"size":4'],
      ['"type":"f4"', '"type":"f8"'],
      ['"version":1', '"version":2'],
      ['"integers":true', '"integers":null'],
      ['"inputs":[{', '"inputs":[[['],
    ] as const) {
      expect(text).toContain(a);
      await expect(opened(Buffer.from(text.replace(a, b), 'latin1')), a).rejects.toMatchObject({
        code: 'ERR_BAD_FILE',
      });
    }
  });

  it('closed, it cannot be read', async () => {
    const stored = await StreamedDataset.store([numbers(3)], { folder });
    await stored.close();
    await stored.close();
    await expect(patterns(stored)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });
});

describe('streamDataset makes of a file what readDataset makes of it', () => {
  const LINES = Array.from(
    { length: 9000 },
    (_, i) => `${i % 97},c${i % 5},${(i * 0.37) % 11},${i % 3 ? 'yes' : 'no'}`,
  );
  const CASES: [string, () => string, EncodeOptions, ReadOptions?][] = [
    ['numbers and texts', () => csv(`a,b,c,y\n${LINES.join('\n')}\n`), { target: 'y' }],
    ['a target of values', () => csv(`a,b,c,y\n${LINES.join('\n')}\n`), { target: 'c', features: ['a', 'b'] }],
    ['few integers are classes', () => csv(`a,b\n${LINES.map((_, i) => `${i},${i % 7}`).join('\n')}`), { target: 'b' }],
    [
      'texts at the end',
      () =>
        csv(`a,y\n${LINES.map((_, i) => `${3 * i < LINES.length ? `0${i % 9}` : `x${i % 3}`},${i % 2}`).join('\n')}\n`),
      { target: 'y' },
    ],
    ['labels', () => csv(`a,p,q\n1.5,0,1\n2.5,1,1\n3,0,0\n`), { target: ['p', 'q'] }],
    ['gaps, dropped', () => csv('a,b,y\n1,u,0\n,v,1\n3,,1\n4,u,\n5,u,0\n6,w,1\n'), { target: 'y', missing: 'drop' }],
    ['gaps, filled', () => csv('a,b,y\n1,u,0\n,v,1\n3,,1\n4,u,\n5,u,0\n7,w,1\n'), { target: 'y', missing: 'mean' }],
    ['names that are numbers', () => csv('a,y\n7,1\n8,2.5\n07,3\n'), { target: 'y', categorical: ['a'] }],
    ['a type for large numbers', () => csv('t,y\n1700000000001.5,0.5\n1700000000002.5,0.25\n'), { target: 'y' }],
    [
      'a column of weights',
      () => csv('a,w,y\n1,0.5,u\n2,,v\n3,2,u\n4,0,v\n'),
      { target: 'y', weights: 'w', missing: 'drop' },
    ],
    ['no header', () => csv('1;2\n3;4.5\n'), { target: 'c2' }, { header: false, delimiter: ';' }],
    [
      'Parquet',
      () => join(TABLES, 'groups.parquet'),
      { target: 'ratio', missing: 'mean' },
      { columns: ['count', 'ratio', 'city', 'yes'] },
    ],
    ['npy', () => join(TABLES, 'version-2.npy'), { target: 'c1', task: 'regression' }],
  ];

  it.each(CASES)('%s', async (_, file, encode, read = {}) => {
    const path = file();
    const expected = await readDataset(path, encode, read);
    const before = readdirSync(folder);
    const { datasets, encoding } = await streamDataset(path, encode, read, { folder });
    await using dataset = datasets[0];
    expect(encoding).toEqual(expected.encoding);
    expect(dataset.length).toBe(expected.dataset.length);
    const rows = Array.from({ length: expected.dataset.length }, (_, i) => expected.dataset.pattern(i));
    expect(await patterns(dataset)).toEqual(rows);
    expect(readdirSync(folder)).toEqual(before);
    // With the encoding that is known the rows are the same.
    const { weights } = encode;
    const again = await streamDataset(path, encoding, { ...read, columns: undefined }, { folder, weights });
    await using known = again.datasets[0];
    expect(await patterns(known)).toEqual(rows);
  });

  it('a split deals all rows out, the same every time; measured is the first part', async () => {
    const path = csv(`a,y\n${Array.from({ length: 5000 }, (_, i) => `${i},${i % 2}`).join('\n')}`);
    const paths = ['p', 'q', 'r'].map((name) => join(folder, name));
    const split = [0.7, 0.2];
    const first = await streamDataset(path, { target: 'y' }, {}, { split, seed: 3, paths });
    const parts = await Promise.all(
      first.datasets.map(async (part) => (await patterns(part)).map((p) => p.inputs[0]!)),
    );
    expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    expect(parts.map(({ length }) => length / 5000)).toEqual([0.7, 0.2, 0.1].map((s): unknown => expect.closeTo(s, 1)));
    expect(first.encoding.training.rows).toBe(parts[0]!.length);
    await Promise.all(first.datasets.map((part) => part.close()));
    await using kept = await StreamedDataset.open(paths[1]!);
    expect(kept.encoding).toEqual(first.encoding);
    expect((await patterns(kept)).map((p) => p.inputs[0])).toEqual(parts[1]);
  });
});

it('rows that are complete, down to their description, have no name yet: all parts of a table get theirs after the last is complete', async () => {
  const path = join(folder, 'part');
  const { inputs, inputScale, targets } = numbers(5).storage;
  const writer = await RowWriter.create(layoutOf({ inputs, targets, weights: undefined }, inputScale), { path }, 5);
  writer.append({ inputs, targets, weights: undefined }, Uint32Array.of(0, 1, 2, 3, 4));
  await writer.complete(undefined);
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^part\..*\.tmp$/)]);
  await (await writer.publish()).close();
  expect(readdirSync(folder)).toEqual(['part']);
  await using kept = await StreamedDataset.open(path);
  expect(kept.length).toBe(5);
});

it.each([5, 12, 20])('a split of %d rows leaves no set without one', async (rows) => {
  const path = join(folder, 'few.csv');
  writeFileSync(path, `a,y\n${Array.from({ length: rows }, (_, i) => `${i},${i / 7}`).join('\n')}\n`);
  for (const seed of [0, 1, 2, 3])
    for (const stratify of [false, true]) {
      const how = { folder, split: [0.8, 0.1], seed, stratify };
      const { datasets } = await streamDataset(path, { target: 'y' }, {}, how);
      const lengths = datasets.map(({ length }) => length);
      expect(Math.min(...lengths)).toBeGreaterThan(0);
      expect(lengths.reduce((a, b) => a + b)).toBe(rows);
      const all = (await Promise.all(datasets.map(patterns))).flat().map(({ inputs }) => inputs[0]!);
      expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i));
      await Promise.all(datasets.map((dataset) => dataset.close()));
    }
});

it('a split of few rows by class leaves no set without one, and trains on each class', async () => {
  const path = join(folder, 'few.csv');
  const how = { folder, split: [0.8, 0.1], stratify: true };
  for (const [rows, value] of [
    [60, (i: number) => `c${i >> 1}`],
    [40, (i: number) => String(i >> 1)],
    [20, (i: number) => String(i % 15)],
  ] as const) {
    writeFileSync(path, `a,y\n${Array.from({ length: rows }, (_, i) => `${i},${value(i)}`).join('\n')}\n`);
    const { datasets, encoding } = await streamDataset(path, { target: 'y' }, {}, how);
    expect(Math.min(...datasets.map(({ length }) => length))).toBeGreaterThan(0);
    const learnt = new Set((await patterns(datasets[0])).map(({ targets }) => targets[0]));
    if (rows === 20) expect(encoding.task).toBe('regression');
    else expect(learnt.size).toBe(encoding.classes.length);
    await Promise.all(datasets.map((dataset) => dataset.close()));
  }
});

describe('streamDataset refuses', () => {
  const stream = (text: string, encode: EncodeOptions, options = {}) =>
    streamDataset(csv(text), encode, {}, { folder, ...options });
  const place = (line: number, column: string) => `${join(folder, 'table.csv')}, line ${line}, column "${column}": `;

  it.each([
    [
      'a gap',
      'a,y\n1,0\n\n,1\n',
      {},
      (at: typeof place) => badData(`${at(4, 'a')}has no value; "missing" can be 'drop' or 'mean'`),
    ],
    [
      'a text that counts as one',
      'a,y\n1,0\nNULL,1\n',
      {},
      (at: typeof place) =>
        badData(
          `${at(3, 'a')}has no value: "NULL" counts as missing; "missing" can be 'drop' or 'mean'; ` +
            'what counts is chosen with "missingValues" (--missing-values in the program)',
        ),
    ],
    [
      'a weight below 0',
      'a,w,y\n1,1,0\n2,-1,1\n',
      { weights: 'w' },
      (at: typeof place) => badData(`${at(3, 'w')}expected a weight of at least 0, got -1`),
    ],
    [
      'a weight that is a text',
      'a,w,y\n1,1,0\n2,much,1\n',
      { weights: 'w' },
      (at: typeof place) => badFile(`${at(3, 'w')}expected a number, got "much"`),
    ],
    [
      'a text among numbers',
      'a,y\n1,x\n2,0.5\n',
      { task: 'regression' },
      (at: typeof place) => badFile(`${at(2, 'y')}expected a number, got "x"`),
    ],
  ] as const)('%s', async (_, text, more, error) => {
    await expect(stream(text, { target: 'y', ...more })).rejects.toThrow(error(place));
    expect(readdirSync(folder)).toEqual(['table.csv']);
  });

  it.each([
    ['a decimal comma', (i: number) => `${i},5`, /line 2, column "a": expected numbers, got "0,5", .*decimal point/],
    ['a comma late', (i: number) => (i < 9 ? `${i}` : `${i},5`), /line 11, column "a": expected numbers, got "9,5"/],
    [
      'an infinity',
      (i: number) => (i % 3 ? `${i % 2}` : 'inf'),
      /line 2, column "a": .*26 of 40 values are, got "inf"/,
    ],
    ['a slip', (i: number) => (i === 7 ? 'oops' : `${i}`), /line 9, column "a": .*39 of 40 values are, got "oops"/],
  ])('%s in a column meant as numbers, whether input or target', async (_, value, message) => {
    const path = csv(`a;y\n${Array.from({ length: 40 }, (_, i) => `${value(i)};${i % 2}`).join('\n')}`);
    for (const target of ['a', 'y'])
      await expect(streamDataset(path, { target }, { delimiter: ';' }, { folder })).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual(['table.csv']);
  });

  it('a comma in more different numbers than there may be classes', async () => {
    const path = csv(`a;y\n${Array.from({ length: 70_000 }, (_, i) => `${i},5;${i % 2}`).join('\n')}`);
    for (const target of ['a', 'y'])
      await expect(streamDataset(path, { target }, { delimiter: ';' }, { folder })).rejects.toThrow('decimal point');
  });

  it('a split of too few rows', async () => {
    await expect(stream('a,y\n1,0\n2,1\n', { target: 'y' }, { split: [0.01, 0.01] })).rejects.toThrow(
      /for part \d of the split, got none of 2: leave the part out/,
    );
  });

  it('what cannot be read in pieces, options that are wrong, and a signal', async () => {
    await expect(streamDataset(join(TABLES, 'types.npz'), { target: 'y' })).rejects.toMatchObject({
      code: 'ERR_BAD_FILE',
    });
    await expect(stream('a,y\n1,0\n2,1\n', { target: 'z' })).rejects.toThrow('has no column "z"; it has "a", "y"');
    await expect(stream('a,y\n', { target: 'y' })).rejects.toMatchObject({ code: 'ERR_BAD_FILE' });
    await expect(stream('a,y\n1,0\n2,1\n', { target: 'y' }, { split: [1] })).rejects.toThrow(/"split\[0\]"/);
    await expect(stream('a,y\n1,0\n2,1\n', { target: 'y' }, { memory: 4 })).rejects.toThrow(
      /"memory" expected at least/,
    );
    await expect(stream('a,y\n1,0\n2,1\n', { target: 'y' }, { folder: undefined, paths: [] })).rejects.toThrow(
      '"paths" expected list of 1',
    );
    await expect(stream('a,y\n1,0\n2,1\n', { target: 'y', weights: 'w' })).rejects.toThrow(
      'has no column "w"; it has "a", "y"',
    );
    await expect(stream('a,w,y\n1,1,0\n', { target: 'y' }, { weights: 'w' })).rejects.toThrow(
      '"weights" follows from the options of the encoding',
    );
    const signal = AbortSignal.abort('enough');
    await expect(stream('a,y\n1,0\n2,1\n', { target: 'y' }, { signal })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: 'enough',
    });
    expect(readdirSync(folder)).toEqual(['table.csv']);
  });
});

it('a table takes no more memory than its pieces: a large one hardly more than a small one', async () => {
  const argument = { folder, small: 20_000, large: 60_000 };
  const report = await child<{ rows: number; grown: number; bytes: number }>('stream-memory.mjs', argument, [
    '--expose-gc',
  ]);
  expect(report.rows).toBe(60_000);
  expect(report.grown, `of ${report.bytes} bytes`).toBeLessThan(report.bytes / 2);
});

describe('a network', () => {
  const network = (units: number) => new Network({ inputs: 3, layers: [{ units, activation: 'softmax' }] });

  it('cannot evaluate it on the calling thread', async () => {
    await using stored = await StreamedDataset.store([numbers(3)], { folder });
    expect(() => network(4).evaluate(stored as unknown as Dataset)).toThrow(
      '"dataset" expected Dataset, got StreamedDataset',
    );
  });
});

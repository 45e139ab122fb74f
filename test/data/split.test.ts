// How rows are divided: by class, by group, by time; in memory and while they go by.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dataset, encodeTable, readTable, type StreamOptions, streamDataset, tableFromRows } from 'gradpool';
import { afterAll, describe, expect, it, test } from 'vitest';
import type { CellTarget } from '#src/data/cell-reader.js';
import { timeOf } from '#src/data/date-text.js';
import { GroupParts } from '#src/data/keyed-parts.js';
import { partsOf } from '#src/data/parts.js';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-split-'));
afterAll(() => rmSync(folder, { recursive: true }));

const classesOf = (sizes: readonly number[]) => Uint32Array.from(sizes.flatMap((n, k) => new Array<number>(n).fill(k)));

/** How many rows of each class each part has. */
function counted(parts: readonly Uint32Array[], classes: Uint32Array, count: number): number[][] {
  return parts.map((part) => Array.from({ length: count }, (_, k) => part.filter((row) => classes[row] === k).length));
}

describe('by class', () => {
  it.each([
    [
      [50, 50, 50],
      [0.8, 0.1],
      [
        [40, 40, 40],
        [5, 5, 5],
        [5, 5, 5],
      ],
    ],
    [
      [900, 90, 10],
      [0.7, 0.2],
      [
        [630, 63, 7],
        [180, 18, 2],
        [90, 9, 1],
      ],
    ],
    // One row is trained with, of two one is in the last part.
    [
      [100, 50, 1, 2],
      [0.8, 0.1],
      [
        [80, 40, 1, 1],
        [10, 5, 0, 0],
        [9, 5, 0, 1],
      ],
    ],
    [
      [7, 3],
      [0.8],
      [
        [6, 2],
        [1, 1],
      ],
    ],
  ])('%j of each, shares %j', (sizes, shares, expected) => {
    const classes = classesOf(sizes);
    const parts = partsOf(shares, { seed: 3 }, classes.length, { classes });
    const plain = partsOf(shares, { seed: 3 }, classes.length);
    expect(parts.map(({ length }) => length)).toEqual(plain.map(({ length }) => length));
    const found = counted(parts, classes, sizes.length);
    found.forEach((part, i) => part.forEach((n, k) => expect(Math.abs(n - expected[i]![k]!)).toBeLessThanOrEqual(1)));
    expect(found.map((part) => part[sizes.length - 1])).toEqual(expected.map((part) => part[sizes.length - 1]));
    expect(parts.flatMap((part) => Array.from(part)).sort((a, b) => a - b)).toEqual([...classes.keys()]);
  });

  it('each class is in the first part, then in the last, as far as the rows go', () => {
    const sizes = new Array<number>(30).fill(3);
    const classes = classesOf(sizes);
    const [train, , test] = counted(partsOf([0.8, 0.1], {}, 90, { classes }), classes, 30);
    expect(Math.min(...train!)).toBe(2);
    expect(Math.max(...test!)).toBe(1);
    const alone = partsOf([0.5], {}, 8, { classes: Uint32Array.from({ length: 8 }, (_, i) => i) });
    expect(alone.map(({ length }) => length)).toEqual([4, 4]);
  });

  it('of a data set by its class numbers, by rows with a 1, or as given', () => {
    const inputs = Array.from({ length: 20 }, (_, i) => [i]);
    const labels = inputs.map((_, i) => (i < 10 ? 0 : 1));
    const hot = labels.map((k) => [1 - k, k]);
    for (const [targets, stratify] of [
      [labels, true],
      [hot, true],
      [inputs, labels.map((k) => (k ? 'yes' : 'no'))],
    ] as const) {
      const [, part] = Dataset.fromArrays({ inputs, targets }).split(0.8, { stratify });
      const found = Array.from({ length: part.length }, (_, i) => part.pattern(i).inputs[0]!);
      expect(found.filter((x) => x < 10).length).toBe(2);
    }
    const values = Dataset.fromArrays({ inputs, targets: inputs.map(([x]) => x! / 3) });
    expect(() => values.split(0.8, { stratify: true })).toThrow(
      '"stratify" expected class numbers as targets, got 0.33',
    );
    expect(() => values.split(0.8, { stratify: [1] })).toThrow(
      '"stratify" expected one for each of 20 patterns, got 1',
    );
  });
});

test('without keys a seed stands for the parts for which it stood before', () => {
  const dataset = Dataset.fromArrays({
    inputs: Array.from({ length: 10 }, (_, i) => [i]),
    targets: new Array(10).fill(0),
  });
  const numbers = (set: Dataset) => Array.from({ length: set.length }, (_, i) => set.pattern(i).inputs[0]);
  expect(dataset.split(0.7, { seed: 1 }).map(numbers)).toEqual([
    [9, 3, 5, 6, 7, 0, 1],
    [8, 2, 4],
  ]);
  expect(dataset.slice(2).split(0.5, { shuffle: false }).map(numbers)).toEqual([[2, 3, 4, 5], [6, 7, 8, 9]]); // prettier-ignore
});

describe('by group', () => {
  const groups = Uint32Array.from({ length: 600 }, (_, row) => Math.floor(row ** 2 / 6000));
  const groupsIn = (part: Uint32Array) => new Set(part.map((row) => groups[row]!));

  it('keeps the rows of a group together and meets the shares nearly', () => {
    const parts = partsOf([0.8, 0.1], { seed: 2 }, 600, { groups });
    const sets = parts.map(groupsIn);
    expect(sets.reduce((sum, set) => sum + set.size, 0)).toBe(new Set(groups).size);
    parts.forEach(({ length }, i) => expect(Math.abs(length - [480, 60, 60][i]!)).toBeLessThan(40));
    expect(partsOf([0.8, 0.1], { seed: 3 }, 600, { groups })).not.toEqual(parts);
  });

  it('minds the classes, too', () => {
    const classes = Uint32Array.from(groups, (group) => (group % 4 === 0 ? 1 : 0));
    const [train, last] = partsOf(0.75, {}, 600, { groups, classes });
    const share = (part: Uint32Array) => part.filter((row) => classes[row] === 1).length / part.length;
    expect(Math.abs(share(train!) - share(last!))).toBeLessThan(0.1);
  });

  it('leaves no part empty as long as there are groups', () => {
    const three = Uint32Array.from({ length: 99 }, (_, row) => row % 3);
    expect(partsOf([0.8, 0.1], {}, 99, { groups: three }).map(({ length }) => length)).toEqual([33, 33, 33]);
    expect(() => partsOf([0.8, 0.1], {}, 99, { groups: three.map((group) => group % 2) })).toThrow(
      '"groups" expected at least 3 groups for as many parts, got 2',
    );
  });
});

describe('by time', () => {
  it('parts follow one another, and what was at the same time stays together', () => {
    const times = Float64Array.of(3, 1, 2, 2, 2, 9, 8, 5, 7, 7);
    const parts = partsOf([0.5, 0.3], {}, 10, { times }).map((part) => Array.from(part, (row) => times[row]));
    expect(parts).toEqual([
      [1, 2, 2, 2, 3],
      [5, 7, 7],
      [8, 9],
    ]);
    expect(() => partsOf([0.5, 0.3], {}, 4, { times: Float64Array.of(1, 1, 2, 2) })).toThrow(
      '"times" expected at least 3 different times for as many parts, got 2',
    );
    expect(() => partsOf(0.5, { shuffle: true }, 10, { times })).toThrow('"shuffle" expected false or nothing');
  });

  it.each([
    ['2024-01-31', Date.UTC(2024, 0, 31)],
    ['2024-01', Date.UTC(2024, 0, 1)],
    ['2024-01-31 13:05', Date.UTC(2024, 0, 31, 13, 5)],
    ['2024-01-31T13:05:06.5+02', Date.UTC(2024, 0, 31, 11, 5, 6, 500)],
    ['2024-01-31T13:05Z', Date.UTC(2024, 0, 31, 13, 5)],
    ['1e3', 1000],
    ['2024/1/31', Date.UTC(2024, 0, 31)],
    ['31 Jan 2024', Date.UTC(2024, 0, 31)],
    ['31.12.2024', NaN],
    ['12/31/2024', NaN],
    ['2024-13-01', NaN],
  ])('%s', (text, time) => expect(timeOf(text)).toBe(time));
});

describe('a table', () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    who: `p${i % 8}`,
    day: `2024-0${1 + (i % 5)}-01`,
    x: i,
    y: i % 4 === 0 ? 'a' : 'b',
  }));
  const table = tableFromRows(rows);

  it('is divided by a column', () => {
    const [, byClass] = table.split(0.8, { stratify: 'y' });
    expect(encodeTable(byClass, { target: 'y', features: ['x'] }).dataset.length).toBe(8);
    expect(Array.from({ length: 8 }, (_, i) => byClass.row(i).y).filter((y) => y === 'a').length).toBe(2);
    const [train, late] = table.split(0.6, { times: 'day' });
    expect([train.rows, late.rows]).toEqual([24, 16]);
    expect(Array.from({ length: 16 }, (_, i) => late.row(i).day as string).every((day) => day >= '2024-04')).toBe(true);
    const [a, b] = table.split(0.75, { groups: 'who' });
    const names = (part: typeof table) => new Set(Array.from({ length: part.rows }, (_, i) => part.row(i).who));
    expect([names(a).size, names(b).size]).toEqual([6, 2]);
  });

  it('says what is wrong', () => {
    expect(() => table.split(0.8, { groups: 'whom' })).toThrow('has no column "whom"');
    expect(() => table.split(0.8, { times: 'who' })).toThrow(
      'column "who": expected a number, or a date with the year first, such as 2024-01-31 or 2024-01-31 13:05, got "p0"',
    );
    const gap = tableFromRows([...rows, { who: null, day: null, x: 1, y: 'a' }]);
    expect(() => gap.split(0.8, { groups: 'who' })).toThrow(
      'column "who": expected a group, by which rows are divided',
    );
    expect(() => table.split(0.8, { groups: 'who', times: 'day' })).toThrow('"times" expected no "groups" beside it');
  });

  it('leaves what rows were divided by out of the inputs', () => {
    const names = encodeTable(table, { target: 'y', exclude: ['who', 'day'] }).encoding.inputs.map(({ name }) => name);
    expect(names).toEqual(['x']);
    expect(() => encodeTable(table, { target: 'y', exclude: ['who'], features: ['x'] })).toThrow(
      '"exclude" expected no "features" beside it',
    );
    expect(() => encodeTable(table, { target: 'y', exclude: ['whom'] })).toThrow('has no column "whom"');
  });
});

describe('while rows go by', () => {
  const path = join(folder, 'rows.csv');
  const all = Array.from({ length: 1000 }, (_, i) => ({
    id: i,
    who: `p${(i * 7) % 97}`,
    day: `2024-${String(1 + ((i * 5) % 12)).padStart(2, '0')}-${String(1 + (i % 28)).padStart(2, '0')}`,
    kind: i === 500 ? 'rare' : i % 97 === 0 ? 'few' : i % 3 === 0 ? 'b' : 'a',
    grade: i % 5,
    y: i * 1.5,
  }));
  const names = ['id', 'who', 'day', 'kind', 'grade', 'y'] as const;
  writeFileSync(path, [names.join(','), ...all.map((row) => names.map((name) => row[name]).join(','))].join('\n'));

  /** The rows of each part. */
  async function divided(target: string, given: StreamOptions, features?: string[]) {
    const { datasets, encoding } = await streamDataset(
      path,
      { target, features, unknown: 'zeros' },
      {},
      { split: [0.8, 0.1], ...given },
    );
    const place = encoding.inputs.findIndex(({ name }) => name === 'id');
    const parts: (typeof all)[] = [];
    for (const set of datasets) {
      const part: typeof all = [];
      for await (const piece of set.pieces())
        for (let i = 0; i < piece.length; i++) part.push(all[piece.pattern(i).inputs[place]!]!);
      parts.push(part);
      await set.close();
    }
    return { parts, inputs: encoding.inputs.map(({ name }) => name) };
  }

  it.each(['kind', 'grade'] as const)('each part gets its share of each class of %s', async (target) => {
    const { parts } = await divided(target, { stratify: true, seed: 4 }, ['id']);
    for (const k of new Set(all.map((row) => row[target]))) {
      const own = all.filter((row) => row[target] === k).length;
      const counts = parts.map((part) => part.filter((row) => row[target] === k).length);
      if (own === 1) expect(counts).toEqual([1, 0, 0]);
      else counts.forEach((n, i) => expect(Math.abs(n - own * [0.8, 0.1, 0.1][i]!)).toBeLessThanOrEqual(1));
    }
    expect((await divided(target, { stratify: true, seed: 4 }, ['id'])).parts).toEqual(parts);
    expect((await divided(target, { stratify: true, seed: 5 }, ['id'])).parts).not.toEqual(parts);
  });

  it('a target that is no class is divided at random', async () => {
    const { parts } = await divided('y', { stratify: true }, ['id']);
    expect(parts.map(({ length }) => length).reduce((a, b) => a + b)).toBe(1000);
    parts.forEach(({ length }, i) => expect(Math.abs(length - [800, 100, 100][i]!)).toBeLessThan(50));
  });

  it('the rows of a group are in one part', async () => {
    const { parts, inputs } = await divided('y', { groups: 'who' });
    expect(inputs).toEqual(['id', 'kind', 'grade']);
    const sets = parts.map((part) => new Set(part.map(({ who }) => who)));
    expect(sets.reduce((sum, set) => sum + set.size, 0)).toBe(97);
    parts.forEach(({ length }, i) => expect(Math.abs(length - [800, 100, 100][i]!)).toBeLessThanOrEqual(11));
  });

  it('of too many groups to be counted a hash decides', () => {
    const rows = {
      label: 'rows',
      place: (number: number) => `rows, row ${number}`,
      put: (target: CellTarget, cell: unknown) => target.add(cell as string),
    } as const;
    const none: ReadonlySet<string> = new Set();
    const column = { rows, name: 'who', rules: { missing: none, numeric: none, categorical: none } };
    const dealt = (seed: number) => {
      const parts = new GroupParts([0.8, 0.1], seed, column, undefined);
      parts.begin(['x', 'who']);
      return Array.from({ length: 5000 }, (_, i) => parts.next([i, `p${i % 2500}`], i));
    };
    const parts = dealt(1);
    expect(parts.slice(0, 2500)).toEqual(parts.slice(2500));
    const counts = [0, 1, 2].map((part) => parts.filter((one) => one === part).length);
    counts.forEach((n, part) => expect(Math.abs(n - [4000, 500, 500][part]!)).toBeLessThan(120));
    expect(dealt(2)).not.toEqual(parts);
  });

  it('parts follow one another in time, as those of a table in memory', async () => {
    const { parts, inputs } = await divided('y', { times: 'day' }, undefined);
    expect(inputs).not.toContain('day');
    const table = await readTable(path);
    const expected = table.split([0.8, 0.1], { times: 'day' });
    const ids = (part: (typeof expected)[number]) =>
      Array.from({ length: part.rows }, (_, i) => part.row(i).id as number);
    expect(parts.map((part) => part.map(({ id }) => id).sort((a, b) => a - b))).toEqual(
      expected.map((part) => ids(part).sort((a, b) => a - b)),
    );
  });

  it('says what is wrong', async () => {
    await expect(divided('y', { groups: 'whom' })).rejects.toThrow('has no column "whom"');
    await expect(divided('y', { groups: 'kind', split: [0.4, 0.3, 0.1, 0.1] })).rejects.toThrow(
      'rows.csv, column "kind": expected at least 5 groups for as many parts, got 4',
    );
    await expect(divided('y', { times: 'kind' })).rejects.toThrow(
      'line 2, column "kind": expected a number, or a date',
    );
    await expect(divided('y', { groups: 'who', stratify: true })).rejects.toThrow('"groups" expected no "stratify"');
  });
});

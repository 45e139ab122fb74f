// How the program divides rows, and what it says of it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Dataset, encodeTable, tableFromRows } from 'gradpool';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { type DataFlags, loadData, loadOrStream } from '#src/cli/load-data.js';
import { splitOf } from '#src/cli/split-flags.js';
import { checkLearnt } from '#src/cli/split-table.js';
import { constantTargets, tellingColumns } from '#src/cli/telling-columns.js';
import { callHere, eventsOf, runIn } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-split-'));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const people = Array.from({ length: 300 }, (_, i) => ({
  patient: 100 + (i % 30),
  day: `2023-${String(1 + ((i * 7) % 12)).padStart(2, '0')}-10`,
  a: ((i * 37) % 101) / 10,
  b: ((i * 53) % 89) / 10,
  kind: i === 7 ? 'once' : i % 50 === 8 ? 'rare' : i % 3 === 0 ? 'x' : 'y',
}));
const csv = (rows: readonly Record<string, number | string>[]) =>
  [Object.keys(rows[0]!).join(','), ...rows.map((row) => Object.values(row).join(','))].join('\n') + '\n';

beforeAll(() => {
  writeFileSync(at('people.csv'), csv(people));
  const tiny = [...'xyzxyxyxyxyx'].map((k, i) => ({ a: i, b: 2 * i, k }));
  writeFileSync(at('tiny.csv'), csv(tiny.slice(0, 10)));
});

const NEVER = new AbortController().signal;

const FLAGS: DataFlags = {
  ...{ target: ['kind'], missing: 'error', unknown: 'error', header: true, seed: 0 },
  ...{ validationShare: 0.1, testShare: 0.1 },
};

/** Rows of each class in each part. */
function classes(parts: readonly (Dataset | undefined)[], count: number): number[][] {
  return parts.map((part) => {
    const counts = new Array<number>(count).fill(0);
    for (let i = 0; i < part!.length; i++) counts[part!.pattern(i).targets[0]!]!++;
    return counts;
  });
}

describe('rows are divided', () => {
  it('by class, the same whatever --seed is', async () => {
    const first = await loadData(at('people.csv'), FLAGS);
    const other = await loadData(at('people.csv'), { ...FLAGS, seed: 5 });
    const numbers = (data: typeof first) => Array.from({ length: 30 }, (_, i) => data.test!.pattern(i).inputs);
    expect(numbers(other)).toEqual(numbers(first));
    const moved = await loadData(at('people.csv'), { ...FLAGS, splitSeed: 1 });
    expect(numbers(moved)).not.toEqual(numbers(first));
    expect(first.divided).toBe('stratified by kind');
    const counts = classes([first.train, first.validation, first.test], 4);
    expect(counts.map((part) => part[0])).toEqual([1, 0, 0]);
    expect(counts.map((part) => part[1]! >= 1)).toEqual([true, true, true]);
    expect(counts.map((part) => part.reduce((a, b) => a + b))).toEqual([240, 30, 30]);
  });

  it('by group and by time, whose columns are no inputs', async () => {
    const names = (data: { encoding?: { inputs: readonly { name: string }[] } | undefined }) =>
      data.encoding!.inputs.map(({ name }) => name);
    const flags = { ...FLAGS, categorical: ['patient'], groupColumn: 'patient', target: ['b'] };
    const grouped = await loadData(at('people.csv'), flags);
    expect([names(grouped), grouped.divided]).toEqual([['a', 'kind'], 'divided by patient']);
    expect(grouped.train.length % 10).toBe(0);
    const timed = await loadData(at('people.csv'), { ...FLAGS, target: ['b'], features: ['a'], timeColumn: 'day' });
    expect([names(timed), timed.divided]).toEqual([['a'], 'divided in the order of day']);
    expect(timed.test!.length).toBe(25);
    const kept = await loadData(at('people.csv'), {
      ...FLAGS,
      ...{ target: ['b'], features: ['a', 'patient'], groupColumn: 'patient' },
    });
    expect(names(kept)).toEqual(['a', 'patient']);
  });

  it('from disk, too', async () => {
    const flags = { ...FLAGS, stream: 'always' as const, scratch: folder };
    const notes: string[] = [];
    const load = (more: Partial<DataFlags>) =>
      loadOrStream(at('people.csv'), { ...flags, ...more }, splitOf(more), (text) => notes.push(text), NEVER);
    for (const more of [
      { features: ['a', 'b'] },
      { target: ['b'], features: ['a'], groupColumn: 'patient' },
      { target: ['b'], features: ['a'], timeColumn: 'day' },
    ]) {
      const { train, validation, test, divided } = await load(more);
      expect(train.length + validation!.length + test!.length).toBe(300);
      if ('groupColumn' in more) expect(divided).toBe('divided by patient');
      else expect(Math.abs(test!.length - 30)).toBeLessThanOrEqual(5);
      for (const part of [train, validation, test]) if (part && 'close' in part) await part.close();
    }
  });
});

it.each([
  ['tiny', 'k'],
  ['scores', 'label'],
  ['rare2', 'kind'],
])('each class of %s is trained with, in memory and from disk', async (name, target) => {
  const path = join(import.meta.dirname, `../fixtures/tables/rare-class/${name}.csv`);
  const flags = { ...FLAGS, target: [target], scratch: folder };
  for (const stream of ['never', 'always'] as const)
    for (const splitSeed of [0, 1, 2, 3]) {
      const split = splitOf({ splitSeed });
      const { train, validation, test, outputs } = await loadOrStream(
        path,
        { ...flags, stream },
        split,
        () => 0,
        NEVER,
      );
      const learnt = new Set<number>();
      for await (const piece of 'pieces' in train ? train.pieces() : [train])
        for (let i = 0; i < piece.length; i++) learnt.add(piece.pattern(i).targets[0]!);
      expect(learnt.size).toBe(outputs);
      expect([validation!.length > 0, test!.length > 0]).toEqual([true, true]);
      for (const part of [train, validation, test]) if (part && 'close' in part) await part.close();
    }
});

it('a target of texts of their own, or of dates, is named as that before its classes are looked for', async () => {
  const rows = Array.from({ length: 30 }, (_, i) => `${i / 8},text ${i},2020-01-${String(i + 1).padStart(2, '0')}`);
  writeFileSync(at('own.csv'), `x,own,date\n${rows.join('\n')}\n`);
  for (const [target, what] of [
    ['own', 'got a text of its own in each of 30 rows: choose another "target"'],
    ['date', 'got dates, such as "2020-01-01"'],
  ] as const)
    await expect(loadData(at('own.csv'), { ...FLAGS, target: [target] })).rejects.toThrow(what);
});

it('a target that is always the same is named, and its rows are in no classes', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => `${i / 8},0,${i % 7}`);
  writeFileSync(at('constant.csv'), `x,a,b\n${rows.join('\n')}\n`);
  const found = async (target: string[]) => {
    const { train, encoding, divided } = await loadData(at('constant.csv'), { ...FLAGS, target });
    return { constant: await constantTargets(train, encoding!), divided };
  };
  expect(await found(['a'])).toEqual({ constant: [{ name: 'a', value: 0 }], divided: 'divided at random' });
  expect((await found(['b', 'a'])).constant).toEqual([{ name: 'a', value: 0 }]);
  expect((await found(['b'])).constant).toEqual([]);
});

describe('a target in the notation of another country', () => {
  const lines = Array.from({ length: 60 }, (_, i) => `${i % 7};1.${100 + i},5${i % 10};${1 + (i % 28)}.3.2024`);
  beforeAll(() => writeFileSync(at('rents.csv'), ['rooms;rent;day', ...lines].join('\n')));
  const load = (more: Partial<DataFlags>, stream: 'always' | 'never') => {
    const flags = { ...FLAGS, target: ['rent'], features: ['rooms'], scratch: folder, ...more, stream };
    return loadOrStream(at('rents.csv'), flags, splitOf(more), () => 0, NEVER);
  };

  it.each(['never', 'always'] as const)('is one of numbers where that is said, streamed %s', async (stream) => {
    for (const more of [
      { decimal: ',', thousands: '.' },
      { target: ['day'], dates: 'number' },
    ] as Partial<DataFlags>[]) {
      const { train, validation, test, task } = await load(more, stream);
      expect([task, train.length + validation!.length + test!.length]).toEqual(['regression', 60]);
      expect(Math.min(validation!.length, test!.length)).toBeGreaterThan(0);
      for (const part of [train, validation, test]) if (part && 'close' in part) await part.close();
    }
  });

  it('is an error that says so, and no class for each', async () => {
    await expect(load({}, 'never')).rejects.toThrow('column "rent": expected numbers, got "1.100,50"');
  });
});

it('a class of which no row is trained with is an error that says what helps, from disk, too', async () => {
  const flags = { ...FLAGS, target: ['kind'], features: ['a'], stream: 'always' as const, scratch: folder };
  const found = await Promise.all(
    [0, 1, 2, 3, 4, 5, 6, 7].map((splitSeed) =>
      loadOrStream(at('people.csv'), flags, splitOf({ groupColumn: 'patient', splitSeed }), () => 0, NEVER).then(
        async ({ train, validation, test }) => {
          for (const part of [train, validation, test]) if (part && 'close' in part) await part.close();
          return undefined;
        },
        (error: Error) => error.message,
      ),
    ),
  );
  const messages = found.filter((message) => message !== undefined);
  expect(messages.length).toBeGreaterThan(0);
  for (const message of messages) expect(message).toContain('another --split-seed may help');
});

it('rows that are left out for missing values may take a class along', async () => {
  const { dataset, encoding } = encodeTable(tableFromRows([...'aabbc'].map((k, x) => ({ x, k }))), { target: 'k' });
  await checkLearnt({ train: dataset }, encoding, splitOf({}));
  await expect(checkLearnt({ train: dataset.slice(0, 4) }, encoding, splitOf({}))).rejects.toThrow(
    'class "c" of k has no row to train on: another --split-seed may help, or train on all rows with',
  );
});

it.each(['never', 'always'] as const)('a target in another notation is named first, --stream %s', async (stream) => {
  const rows = Array.from({ length: 60 }, (_, i) => ({ a: i, price: `$${i}.50` }));
  writeFileSync(at('prices.csv'), csv(rows));
  const flags = { ...FLAGS, target: ['price'], stream, scratch: folder };
  await expect(loadOrStream(at('prices.csv'), flags, splitOf(flags), () => {}, NEVER)).rejects.toThrow(
    'line 2, column "price": expected numbers, got "$0.50", "$1.50", "$2.50": currencies are not read',
  );
});

describe('the program', () => {
  it.each([
    [['--split', 'random', '--split-seed', '1'], 'class "z" of k has 1 row, 1 to validate and none to train on: leave out --split random, another --split-seed may help, or train on all rows with --validation-share 0 --test-share 0'],
    [['--group-column', 'a', '--time-column', 'b'], '--group-column expected no --time-column beside it'],
    [['--time-column', 'a', '--split-seed', '1'], '--time-column expected no --split or --split-seed beside it'],
    [['--group-column', 'k'], '--group-column expected another column than --target, got k'],
    [['--group-column', 'who'], 'has no column "who"'],
    [['--time-column', 'k', '--target', 'a'], 'column "k": expected a number, or a date'],
  ])('%j: %s', async (given, message) => {
    const { code, stderr } = await callHere(['train', at('tiny.csv'), '--target', 'k', ...given, '--model', at('m')]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
  }); // prettier-ignore

  it('says how rows were divided and how wide that makes the figure; a checkpoint keeps how they were', async () => {
    const given = ['train', 'people.csv', '--target', 'kind', '--workers', '1', '--backend', 'wasm', '--resume', 'saved'];
    const first = await runIn(folder, [...given, '--epochs', '2', '--group-column', 'patient', '--split-seed', '3']);
    expect(first).toMatchObject({ code: 0 });
    expect(first.stderr).toContain('divided by patient');
    expect(first.stderr).toContain('it is too narrow');
    expect(first.stdout).toMatch(/with \d+ rows, 95% interval of the accuracy: [\d.]+% to [\d.]+%/);
    const other = await runIn(folder, [...given, '--epochs', '4', '--group-column', 'patient']);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('--split-seed expected 3, as in the checkpoint saved') as string });
    const again = [...given, '--epochs', '3', '--group-column', 'patient', '--split-seed', '3', '--json'];
    const { code, stdout } = await runIn(folder, again);
    expect(code).toBe(0);
    expect(eventsOf(stdout).at(-1)).toMatchObject({ event: 'done', metrics: { intervals: { accuracy: {} } } });
  }); // prettier-ignore
});

describe('columns that may give the target away', () => {
  const rows = Array.from({ length: 100 }, (_, i) => ({
    id: 1000 + ((i * 37) % 101),
    stamp: 1.6e12 + 0.5 * i,
    x: ((i * 31) % 17) / 3,
    label: i < 40 ? 'a' : i < 70 ? 'b' : 'c',
    y: i ** 2,
  }));

  it.each([
    ['label', ['id', 'stamp', 'x'], ['id unique', 'stamp sorts']],
    ['y', ['id', 'stamp', 'x'], ['id unique', 'stamp sorts']],
    ['x', ['id', 'stamp'], ['id unique']],
    ['label', ['x', 'y'], ['y unique']],
    ['y', ['stamp'], []],
  ])('of %s: %j', async (target, features, expected) => {
    const { dataset, encoding } = encodeTable(tableFromRows(rows), { target, features });
    const found = await tellingColumns(dataset.split(0.8)[0], encoding);
    expect(found.map(({ name, why }) => `${name} ${why}`)).toEqual(expected);
    expect(found.every((one) => one.rows === 80)).toBe(true);
  });
});

test('a few rows tell nothing of their columns', async () => {
  const rows = Array.from({ length: 19 }, (_, i) => ({ id: i, x: i % 2, y: i / 2 }));
  const { dataset, encoding } = encodeTable(tableFromRows(rows), { target: 'y' });
  expect(await tellingColumns(dataset, encoding)).toEqual([]);
});

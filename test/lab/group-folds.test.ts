// Folds by group and by time against scikit-learn's (test/fixtures/make/folds.py).
import { readFileSync } from 'node:fs';
import { crossValidate, type CrossValidationOptions, Dataset, Network } from 'gradpool';
import { expect, it, test, vi } from 'vitest';
import { dealGroups } from '#src/lab/group-folds.js';
import { timeFolds } from '#src/lab/time-folds.js';

type Case =
  | { kind: 'group' | 'stratified'; folds: number; groups: number[]; classes?: number[]; expected: number[][] }
  | {
      kind: 'time';
      folds: number;
      count: number;
      options: object;
      expected: { train: number[]; validation: number[] }[];
    };
const cases = JSON.parse(readFileSync(new URL('../fixtures/folds.json', import.meta.url), 'utf8')) as Case[];

it.each(cases.map((one, i) => [i, one.kind, one] as const))('case %i, %s, is as scikit-learn has it', (_, __, one) => {
  const { folds } = one;
  const found =
    one.kind === 'time'
      ? timeFolds(one.count, folds, one.options).map(({ train, validation }) => ({
          train: Array.from(train),
          validation: Array.from(validation),
        }))
      : dealGroups(Uint32Array.from(one.groups), folds, undefined, 0, one.classes).map((fold) => Array.from(fold));
  expect(found).toEqual(one.expected);
});

test('groups that are alike come in another order with another seed', () => {
  const groups = Uint32Array.from({ length: 60 }, (_, p) => p % 20);
  const deal = (seed: number, stream = 0) => dealGroups(groups, 5, seed, stream, undefined);
  expect(deal(1)).toEqual(deal(1));
  expect(deal(1)).not.toEqual(deal(2));
  expect(deal(1)).not.toEqual(deal(1, 1));
  for (const fold of deal(3)) {
    const inside = new Set(fold.map((p) => groups[p]!));
    expect([fold.length, inside.size]).toEqual([12, 4]);
  }
});

test('there have to be as many groups as folds', () => {
  expect(() => dealGroups(Uint32Array.of(0, 0, 1), 3, 1, 0, undefined)).toThrow(
    '"groups" expected at least 3 groups for as many folds, got 2',
  );
});

test('what was when a fold begins is not trained with', () => {
  const [first] = timeFolds(8, 1, { times: [5, 1, 2, 5, 5, 7, 6, 0], testSize: 4 });
  expect(first).toEqual({ train: Uint32Array.of(7, 1, 2), validation: Uint32Array.of(3, 4, 6, 5) });
  expect(() => timeFolds(8, 1, { times: new Array<number>(8).fill(3) })).toThrow(
    '"timeSeries.times" expected times before',
  );
  expect(() => timeFolds(8, 4, { gap: 4 })).toThrow('before 4 folds of 1 and a gap of 4, got 8 in all');
});

test('a cross-validation divides by group and by time, and says which classes are rare', async () => {
  const classes = Array.from({ length: 24 }, (_, p) => (p === 5 ? 2 : p % 2));
  const dataset = Dataset.fromArrays({ inputs: classes.map((_, p) => [p / 24]), targets: classes });
  const make = ({ seed }: { seed: number }) =>
    new Network({ inputs: 1, layers: [{ units: 3, activation: 'softmax' }], seed });
  const common = {
    folds: 3,
    epochs: 1,
    sideBySide: false,
    trainer: { batchSize: 4, backend: 'reference' },
  };
  const validate = (given: CrossValidationOptions) =>
    crossValidate(make, dataset, { ...(common as CrossValidationOptions), ...given });
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  try {
    const groups = classes.map((_, p) => `g${p % 8}`);
    const grouped = await validate({ groups });
    expect(grouped).toMatchObject({ groups: 8, stratified: true, rare: [{ class: 2, patterns: 1 }] });
    expect(grouped.runs.every(({ validation }) => validation % 3 === 0)).toBe(true);
    expect(warn.mock.calls[0]![0]).toBe('class 2 has 1 patterns for 3 folds: in some it cannot be judged');
    const ordered = await validate({ timeSeries: { gap: 1 } });
    expect(ordered).toMatchObject({ timeSeries: true, stratified: false });
    expect(ordered).not.toHaveProperty('rare');
    expect(ordered.runs.map(({ training, validation }) => [training, validation])).toEqual([[5, 6], [11, 6], [17, 6]]); // prettier-ignore
    await expect(validate({ timeSeries: true, repeats: 2 })).rejects.toThrow(
      '"repeats" expected 1 beside "timeSeries"',
    );
    await expect(validate({ timeSeries: true, groups })).rejects.toThrow('"timeSeries" expected no "groups" beside it');
    await expect(validate({ groups: [1] })).rejects.toThrow('"groups" expected one for each of 24 patterns, got 1');
  } finally {
    warn.mockRestore();
  }
});

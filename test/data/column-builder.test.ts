import { expect, it } from 'vitest';
import { ColumnBuilder } from '#src/data/column-builder.js';
import { MOST_CATEGORIES } from '#src/data/category-store.js';

const rules = { missing: new Set(['']), numeric: new Set<string>(), categorical: new Set<string>() };

it('more texts than are kept: the column is there, and says that it is not whole', { timeout: 30_000 }, () => {
  const builder = new ColumnBuilder('id', rules);
  builder.add('');
  for (let i = 0; i < MOST_CATEGORIES; i++) builder.add(`k${i}`);
  expect([builder.add('one more'), builder.add('k7'), builder.add('another')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const column = builder.finish();
  expect(column).toMatchObject({ kind: 'categorical', tooMany: true });
  expect([...column.missing]).toEqual([0, MOST_CATEGORIES + 1, MOST_CATEGORIES + 3]);
});

it('numbers and then a text: the numbers too many are missing, in order', { timeout: 30_000 }, () => {
  const builder = new ColumnBuilder('id', rules);
  const rows = MOST_CATEGORIES + 2;
  for (let i = 0; i < rows; i++) builder.add(i === 5 ? '' : i);
  builder.add('');
  builder.add('oops');
  for (let i = 0; i < builder.reread; i++) builder.addAgain(i === 5 || i === rows ? '' : i);
  const column = builder.finish();
  expect(column).toMatchObject({ kind: 'categorical', tooMany: true });
  expect([...column.missing]).toEqual([5, rows - 1, rows]);
});

import { describe, flag, options, wrongType } from '../core/checks.ts';
import type { DesiredColumns } from '../core/columns.ts';
import { badData } from './bad-data.ts';
import { inColumn } from './bad-file.ts';
import type { RowKeys, Shuffling } from './parts.ts';

/** Something that two patterns have in common if it is equal. */
export type RowKey = number | string | bigint | boolean;

export interface SplitOptions {
  /** Default 0. */
  seed?: number | undefined;
  /** Default true. */
  shuffle?: boolean | undefined;
  /**
   * Each part gets its share of each class, and the first part one pattern of each, then the last: a class with one pattern is in the
   * first. true where the targets are class numbers or rows with a 1 for the class; else the class of each pattern. Default false.
   */
  stratify?: boolean | ArrayLike<RowKey> | undefined;
  /** Of each pattern whom it belongs to: those of a group stay together, and the shares are met as nearly as groups allow. */
  groups?: ArrayLike<RowKey> | undefined;
  /** Of each pattern when it was: the parts follow one another in time; what was at the same time stays together. */
  times?: ArrayLike<number> | undefined;
}

export const SPLIT_KEYS = ['seed', 'shuffle', 'stratify', 'groups', 'times'] as const;

/**
 * @param rows - of the storage, in the order of the set
 * @throws TypeError, RangeError naming the option
 */
export function splitKeys(
  value: SplitOptions,
  rows: Uint32Array,
  targets: DesiredColumns,
): { how: Shuffling; keys: RowKeys } {
  const { seed, shuffle, stratify = false, groups, times } = options<SplitOptions>('options', value, SPLIT_KEYS);
  checkTogether({ stratify: stratify !== false, groups, times });
  const classes =
    typeof stratify !== 'boolean'
      ? codesOf('stratify', stratify, rows.length)
      : flag('stratify', stratify)
        ? classesOf(rows, targets)
        : undefined;
  return {
    how: { seed, shuffle },
    keys: {
      classes,
      groups: groups === undefined ? undefined : codesOf('groups', groups, rows.length),
      times: times === undefined ? undefined : timesOf('times', times, rows.length),
    },
  };
}

/** @throws TypeError where rows cannot be divided by all of these at once */
export function checkTogether({
  stratify,
  groups,
  times,
}: {
  stratify: boolean;
  groups: unknown;
  times: unknown;
}): void {
  if (times === undefined) return;
  if (groups !== undefined)
    throw new TypeError('"times" expected no "groups" beside it: rows are divided by one of them');
  if (stratify) throw new TypeError('"times" expected no "stratify" beside it: what is in a part, the time decides');
}

/** Numbers from 0 on, one for each different key, in the order in which they come. */
export function numbered<K>(count: number, keyOf: (i: number) => K): Uint32Array {
  const numbers = new Map<K, number>();
  return Uint32Array.from({ length: count }, (_, i) => {
    const key = keyOf(i);
    const number = numbers.get(key) ?? numbers.size;
    if (number === numbers.size) numbers.set(key, number);
    return number;
  });
}

const EXPECTED = {
  group: 'a group, by which rows are divided',
  time: 'a number, or a date with the year first, such as 2024-01-31 or 2024-01-31 13:05',
} as const;

/** What is wrong with a cell by which a row cannot be dealt out. @param cell - undefined where it has no value */
export function badKey(place: string, name: string, expected: keyof typeof EXPECTED, cell: unknown): Error {
  const shown = cell === undefined ? 'no value' : describe(cell);
  return badData(inColumn(place, name), `expected ${EXPECTED[expected]}, got ${shown}`);
}

/** A number for each key. @throws TypeError, RangeError */
export function codesOf(name: string, keys: ArrayLike<RowKey>, count: number): Uint32Array {
  checkLength(name, keys, count);
  return numbered(count, (i) => {
    const key = keys[i]!;
    if (!['number', 'string', 'bigint', 'boolean'].includes(typeof key) || Number.isNaN(key))
      throw wrongType(`${name}[${i}]`, 'number, string, bigint or boolean', key);
    return key;
  });
}

/** @throws TypeError, RangeError */
export function timesOf(name: string, times: ArrayLike<number>, count: number): Float64Array {
  checkLength(name, times, count);
  return Float64Array.from({ length: count }, (_, i) => {
    const time: unknown = times[i];
    if (typeof time !== 'number' || Number.isNaN(time)) throw wrongType(`${name}[${i}]`, 'number', time);
    return time;
  });
}

function checkLength(name: string, list: ArrayLike<unknown> | undefined, count: number): void {
  const length: unknown = list?.length;
  if (typeof list !== 'object' || typeof length !== 'number') throw wrongType(name, `list of ${count}`, list);
  if (length !== count) throw new RangeError(`"${name}" expected one for each of ${count} patterns, got ${length}`);
}

/** @throws RangeError where the targets are not class numbers */
function classesOf(rows: Uint32Array, { flat, columns: { values, size, stride } }: DesiredColumns): Uint32Array {
  const wrong = (p: number, what: unknown) =>
    new RangeError(
      `"stratify" expected class numbers as targets, got ${describe(what)} at pattern ${p}; or give the class of each pattern`,
    );
  return Uint32Array.from(rows, (row, p) => {
    if (flat || size === 1) {
      const value = values[row * stride]!;
      if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) throw wrong(p, value);
      return value;
    }
    const own = values.subarray(row * stride, row * stride + size);
    const k = own.indexOf(1);
    if (k < 0 || own.some((value, i) => value !== (i === k ? 1 : 0))) throw wrong(p, `${Array.from(own).join(', ')}`);
    return k;
  });
}

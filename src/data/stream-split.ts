import { finite, integer, text, wrongType } from '../core/checks.ts';
import { partOfEachGroup } from './group-count.ts';
import { ClassParts, GroupParts, type KeyColumn, TimeParts } from './keyed-parts.ts';
import type { ColumnChoice } from './read-options.ts';
import { RandomParts, type RowParts } from './row-parts.ts';
import { checkTogether } from './split-options.ts';
import type { TableRows } from './table-rows.ts';
import type { Known } from './survey-table.ts';
import { beginsInTime } from './time-sample.ts';

/** How the rows of a file are divided while they go by. */
export interface StreamSplitOptions {
  /** Shares of the rows that become a set of their own, in (0, 1); the last set has the rest. Rows are dealt out one by one at random. */
  split?: readonly number[] | undefined;
  /** Of the split; default 0. */
  seed?: number | undefined;
  /**
   * Where the target is one of classes, each set gets its share of each: the first row of a class goes to the first set, the second to
   * the last, ... Other targets are divided at random. Default false.
   */
  stratify?: boolean | undefined;
  /**
   * A column of whom rows belong to: those of a group are in one set wherever they stand, and the shares are met as nearly as groups allow. The
   * file is gone through once more; of more than 65536 groups a hash decides, and the shares are met on the average. No input, unless
   * `features` has it.
   */
  groups?: string | undefined;
  /**
   * A column of numbers or dates (ISO 8601): the sets follow one another in time. The file is gone through once more; where it has more than
   * 65536 rows, so many of them decide where the sets begin, and the shares are met to about a percent. No input, unless `features` has it.
   */
  times?: string | undefined;
}

type ResolvedStreamSplit = ReturnType<typeof resolveStreamSplit>;

/** @throws TypeError, RangeError naming the option */
export function resolveStreamSplit({ split = [], seed = 0, stratify = false, groups, times }: StreamSplitOptions) {
  if (!Array.isArray(split)) throw wrongType('split', 'list of numbers', split);
  const shares = (split as readonly number[]).map((share, i) => finite(`split[${i}]`, share, 0, 1, true));
  if (shares.includes(0) || shares.reduce((sum, share) => sum + share, 0) >= 1)
    throw new RangeError(`"split" expected shares above 0 that add up to less than 1, got ${shares.join(', ')}`);
  if (typeof stratify !== 'boolean') throw wrongType('stratify', 'boolean', stratify);
  checkTogether({ stratify, groups, times });
  if (groups !== undefined && stratify)
    throw new TypeError('"groups" expected no "stratify" beside it: the group decides');
  return {
    shares,
    seed: integer('seed', seed, 0),
    stratify,
    groups: groups === undefined ? undefined : text('groups', groups),
    times: times === undefined ? undefined : text('times', times),
  };
}

/**
 * What deals rows out, anew for each time that they go by.
 * @throws GradpoolError ERR_BAD_FILE, ERR_BAD_DATA, ERR_ABORTED
 */
export async function streamParts(
  { shares, seed, stratify, groups, times }: ResolvedStreamSplit,
  rows: TableRows,
  rules: ColumnChoice,
  how: Known,
  signal: AbortSignal | undefined,
): Promise<() => RowParts> {
  const column = (name: string): KeyColumn => ({ rows, name, rules });
  const random = () => new RandomParts(shares, seed);
  if (shares.length === 0) return random;
  if (groups !== undefined) {
    const known = await partOfEachGroup(rows, column(groups), shares, seed, signal);
    return () => new GroupParts(shares, seed, column(groups), known);
  }
  if (times !== undefined) {
    const begins = await beginsInTime(rows, column(times), shares, signal);
    return () => new TimeParts(begins, column(times));
  }
  const target = stratify ? classColumn(how) : undefined;
  if (target === undefined) return random;
  return () => new ClassParts(shares, seed, column(target.name), target.sure);
}

/** The target, where it may be one of classes; and whether it is. */
function classColumn(how: Known): { name: string; sure: boolean } | undefined {
  if ('encoding' in how) {
    const [target] = how.encoding.targets;
    return target?.kind === 'categorical' ? { name: target.name, sure: true } : undefined;
  }
  const { targets, task, classes, categorical } = how.options;
  const [name] = targets;
  if (targets.length > 1 || (task !== undefined && task !== 'classification')) return undefined;
  return { name: name!, sure: task !== undefined || classes !== undefined || categorical.has(name!) };
}

import { oneOf, options, text, wrongType, wrongValue } from '../core/checks.ts';
import {
  DATE_POLICIES,
  type DatePolicy,
  MISSING_POLICIES,
  type MissingPolicy,
  type Task,
  TASKS,
  UNKNOWN_POLICIES,
  type UnknownPolicy,
} from './encoding.ts';
import { DataTable } from './data-table.ts';
import { names } from './read-options.ts';

export interface EncodeOptions {
  /** The column to predict, or several. */
  target: string | readonly string[];
  /** The columns to predict it from. Default: all others. */
  features?: readonly string[] | undefined;
  /** Columns that are no inputs, such as one by which rows were divided; instead of `features`. */
  exclude?: readonly string[] | undefined;
  /** A column of what the loss of each pattern is multiplied by, at least 0; it is no feature. */
  weights?: string | undefined;
  /** Columns of numbers that are names, as postcodes are. Columns of texts are categorical anyway. */
  categorical?: readonly string[] | undefined;
  /** Default 'error'. */
  missing?: MissingPolicy | undefined;
  /** Default 'error'. */
  unknown?: UnknownPolicy | undefined;
  /**
   * Default: a classification where the target is a column of texts or has 2 to 20 different integers, each twice on the
   * average; multi-label where there are several targets of 0 and 1 only; else a regression.
   */
  task?: Task | undefined;
  /** The classes by class number. Default: those of the table, sorted. */
  classes?: readonly (string | number)[] | undefined;
  /** The categories of columns, by name. Default: those of the table, sorted, at most 1000. */
  categories?: Readonly<Record<string, readonly (string | number)[]>> | undefined;
  /**
   * For `encodeTable`: the table that the rows are a part of. Which columns and categories there are, classes too, is found out from all of
   * its rows; means and the most frequent categories from the rows to train on. Default: those rows themselves.
   */
  categoriesFrom?: DataTable | undefined;
  /**
   * Columns of dates in texts: left out (default, unless there is nothing else), or read as a number, milliseconds since 1970. 'day-first' and 'month-first' are 'number'
   * where a column has no day beyond 12 that tells the order.
   */
  dates?: DatePolicy | undefined;
}

/** Options with nothing left open but what the table decides. */
export interface ResolvedEncodeOptions {
  readonly targets: readonly string[];
  readonly features: readonly string[] | undefined;
  /** Where there are no `features`, what is none. */
  readonly exclude: readonly string[];
  readonly weights: string | undefined;
  readonly categorical: ReadonlySet<string>;
  readonly missing: MissingPolicy;
  readonly unknown: UnknownPolicy;
  readonly task: Task | undefined;
  readonly classes: readonly string[] | undefined;
  readonly categories: ReadonlyMap<string, readonly string[]>;
  readonly categoriesFrom: DataTable | undefined;
  readonly dates: DatePolicy | undefined;
}

const KEYS = [
  'target',
  'features',
  'exclude',
  'weights',
  'categorical',
  'missing',
  'unknown',
  'task',
  'classes',
  'categories',
  'categoriesFrom',
  'dates',
] as const;

export function resolveEncodeOptions(value: unknown): ResolvedEncodeOptions {
  const given = options<EncodeOptions>('options', value, KEYS);
  const { target, features, weights, missing = 'error', unknown = 'error', task, classes } = given;
  const { categoriesFrom, dates } = given;
  if (typeof target !== 'string' && !Array.isArray(target)) throw wrongType('target', 'name or list of names', target);
  const targets = names('target', typeof target === 'string' ? [target] : target);
  if (targets.length === 0) throw new RangeError('"target" expected at least one name, got none');
  const inputs = features === undefined ? undefined : names('features', features);
  if (inputs?.length === 0) throw new RangeError('"features" expected at least one name, got none');
  const exclude = names('exclude', given.exclude);
  if (exclude.length > 0 && inputs !== undefined) throw new TypeError('"exclude" expected no "features" beside it');
  const both = inputs?.find((name) => targets.includes(name));
  if (both !== undefined) throw wrongValue('features', 'names that are not in "target" too', both);
  if (weights !== undefined && [...targets, ...(inputs ?? [])].includes(text('weights', weights)))
    throw wrongValue('weights', 'a name that is not in "target" or "features" too', weights);
  const resolved = {
    targets,
    features: inputs,
    exclude,
    weights,
    categorical: new Set(names('categorical', given.categorical)),
    missing: oneOf('missing', missing, MISSING_POLICIES),
    unknown: oneOf('unknown', unknown, UNKNOWN_POLICIES),
    task: task === undefined ? undefined : oneOf('task', task, TASKS),
    classes: classes === undefined ? undefined : categoryNames('classes', classes, 2),
    categories: categoriesByColumn(given.categories ?? {}),
    categoriesFrom,
    dates: dates === undefined ? undefined : oneOf('dates', dates, DATE_POLICIES),
  };
  if (categoriesFrom !== undefined && !(categoriesFrom instanceof DataTable))
    throw wrongType('categoriesFrom', 'DataTable', categoriesFrom);
  checkTask(resolved);
  return resolved;
}

function checkTask({ task, targets, classes }: ResolvedEncodeOptions): void {
  if (classes !== undefined && task !== undefined && task !== 'classification') {
    throw new TypeError(`"classes" are for a classification, got task '${task}'`);
  }
  if (targets.length > 1 && (classes !== undefined || task === 'classification')) {
    throw wrongValue('target', 'one name for a classification', targets);
  }
}

function categoriesByColumn(value: unknown): Map<string, readonly string[]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType('categories', 'object of lists, by column', value);
  }
  const entries = Object.entries(value);
  return new Map(entries.map(([name, list]) => [name, categoryNames(`categories.${name}`, list, 1)]));
}

function categoryNames(name: string, value: unknown, least: number): readonly string[] {
  if (!Array.isArray(value)) throw wrongType(name, 'list of strings or numbers', value);
  const list = value.map((entry: unknown, i) => {
    if (typeof entry !== 'string' && typeof entry !== 'number')
      throw wrongType(`${name}[${i}]`, 'string or number', entry);
    return String(entry);
  });
  if (list.length < least) throw new RangeError(`"${name}" expected at least ${least}, got ${list.length}`);
  return names(name, list);
}

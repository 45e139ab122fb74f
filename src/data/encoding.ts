import { describe, wrongType } from '../core/checks.ts';
import { DATE_ORDERS, type DateOrder } from './date-text.ts';
import { isNumberFormat, type NumberFormat } from './number-text.ts';

/** How a column becomes one input or one target. */
export interface NumericEncoding {
  name: string;
  kind: 'numeric';
  /** What stands in for a missing value: the mean of the training rows; null where missing values are not filled. */
  fill: number | null;
  /** Where its texts are dates, which become milliseconds since 1970: in which order days and months stand in them. */
  dates?: DateOrder;
}

/** How a column becomes one input for each of its categories, of which one is 1; or a class number. */
export interface CategoricalEncoding {
  name: string;
  kind: 'categorical';
  /** Whether the categories are numbers: 7, 7.0 and 007 are the same then. */
  numbers: boolean;
  /** In the order of inputs or of class numbers. */
  categories: string[];
  /** What stands in for a missing value: the most frequent of the training rows; null where they are not filled. */
  fill: string | null;
}

export type ColumnEncoding = NumericEncoding | CategoricalEncoding;

/** What the targets are: one class of several, numbers, or yes and no for each of several labels. */
export type Task = 'classification' | 'regression' | 'multi-label';

/** Rows with missing values: refused, left out, or filled with the mean or the most frequent category. */
export type MissingPolicy = 'error' | 'drop' | 'mean';

/** A category that no training row had: refused, or 0 for each of the categories that there were. */
export type UnknownPolicy = 'error' | 'zeros';

/** Columns of dates in texts: left out, or read as numbers; which of day and month comes first where they do not tell. */
export type DatePolicy = 'leave-out' | 'number' | 'day-first' | 'month-first';

/**
 * How the rows of a table become patterns. Plain JSON; keep it beside the weights, and other files and single rows are
 * encoded in the same way.
 */
export interface Encoding {
  format: 'gradpool-encoding';
  version: 1;
  task: Task;
  /** The columns that become inputs, in order. */
  inputs: ColumnEncoding[];
  /** n, the number of inputs that they become. */
  inputSize: number;
  /** The columns that become targets; one with categories for a classification. */
  targets: ColumnEncoding[];
  /** K, the number of outputs that a network needs. */
  outputSize: number;
  /** The names of the classes by class number; none unless the task is a classification. */
  classes: string[];
  missing: MissingPolicy;
  unknown: UnknownPolicy;
  missingValues: string[];
  /** How numbers are written in texts, unless with digits and a decimal point. */
  numberFormat?: NumberFormat;
  /** What was done to the training rows. */
  training: {
    /** Rows that became patterns. */
    rows: number;
    /** Rows left out because a value was missing. */
    dropped: number;
    /** Values filled in, by column. */
    filled: Record<string, number>;
  };
}

export const TASKS = ['classification', 'regression', 'multi-label'] as const;
export const MISSING_POLICIES = ['error', 'drop', 'mean'] as const;
export const UNKNOWN_POLICIES = ['error', 'zeros'] as const;
export const DATE_POLICIES = ['leave-out', 'number', 'day-first', 'month-first'] as const;

/** The number of inputs that a column becomes. */
export function widthOf(column: ColumnEncoding): number {
  return column.kind === 'numeric' ? 1 : column.categories.length;
}

/** Whether it has what stands in for missing values. */
export function canFill({ inputs }: Encoding): boolean {
  return inputs.some(({ fill }) => fill !== null);
}

/**
 * Checks what came from a file.
 * @throws TypeError naming the part that is not as it should be
 */
export function checkEncoding(name: string, value: unknown): Encoding {
  const encoding = object(name, value);
  expect(`${name}.format`, encoding.format, "'gradpool-encoding'", encoding.format === 'gradpool-encoding');
  expect(`${name}.version`, encoding.version, '1', encoding.version === 1);
  word(`${name}.task`, encoding.task, TASKS);
  word(`${name}.missing`, encoding.missing, MISSING_POLICIES);
  word(`${name}.unknown`, encoding.unknown, UNKNOWN_POLICIES);
  strings(`${name}.missingValues`, encoding.missingValues);
  strings(`${name}.classes`, encoding.classes);
  if (encoding.numberFormat !== undefined)
    expect(
      `${name}.numberFormat`,
      encoding.numberFormat,
      'a decimal sign, and one between thousands',
      isNumberFormat(encoding.numberFormat),
    );
  const inputs = list(`${name}.inputs`, encoding.inputs).map((c, i) => checkColumn(`${name}.inputs[${i}]`, c));
  const targets = list(`${name}.targets`, encoding.targets).map((c, i) => checkColumn(`${name}.targets[${i}]`, c));
  const n = inputs.reduce((sum, column) => sum + widthOf(column), 0);
  expect(`${name}.inputSize`, encoding.inputSize, `${n}, what its inputs add up to`, encoding.inputSize === n && n > 0);
  const [target] = targets;
  if (encoding.task === 'classification') {
    const classes = target?.kind === 'categorical' ? target.categories : undefined;
    const same = JSON.stringify(classes) === JSON.stringify(encoding.classes) && targets.length === 1;
    expect(`${name}.classes`, encoding.classes, 'the categories of its one target', same);
  } else {
    const numeric = targets.length > 0 && targets.every(({ kind }) => kind === 'numeric');
    expect(`${name}.targets`, encoding.targets, 'numeric columns', numeric);
  }
  const K = target?.kind === 'categorical' ? target.categories.length : targets.length;
  expect(`${name}.outputSize`, encoding.outputSize, `${K}, as its targets say`, encoding.outputSize === K);
  object(`${name}.training`, encoding.training);
  return value as Encoding;
}

function checkColumn(name: string, value: unknown): ColumnEncoding {
  const column = object(name, value);
  expect(`${name}.name`, column.name, 'string', typeof column.name === 'string');
  if (column.kind === 'numeric') {
    expect(`${name}.fill`, column.fill, 'number or null', column.fill === null || Number.isFinite(column.fill));
    if (column.dates !== undefined) word(`${name}.dates`, column.dates, DATE_ORDERS);
    return value as ColumnEncoding;
  }
  expect(`${name}.kind`, column.kind, "'numeric' or 'categorical'", column.kind === 'categorical');
  expect(`${name}.numbers`, column.numbers, 'boolean', typeof column.numbers === 'boolean');
  const categories = strings(`${name}.categories`, column.categories);
  expect(`${name}.categories`, categories, 'at least one', categories.length > 0);
  expect(`${name}.categories`, categories, 'strings that differ', new Set(categories).size === categories.length);
  const fills = column.fill === null || categories.includes(column.fill as string);
  expect(`${name}.fill`, column.fill, 'one of its categories, or null', fills);
  return value as ColumnEncoding;
}

function expect(name: string, value: unknown, expected: string, holds: boolean): void {
  if (!holds) throw wrongType(name, expected, value);
}

function object(name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(name, 'object', value);
  return value as Record<string, unknown>;
}

function list(name: string, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw wrongType(name, 'list', value);
  return value;
}

function strings(name: string, value: unknown): string[] {
  list(name, value).forEach((entry, i) => expect(`${name}[${i}]`, entry, 'string', typeof entry === 'string'));
  return value as string[];
}

function word(name: string, value: unknown, words: readonly string[]): void {
  const expected = `one of ${words.map((w) => describe(w)).join(', ')}`;
  expect(name, value, expected, typeof value === 'string' && words.includes(value));
}

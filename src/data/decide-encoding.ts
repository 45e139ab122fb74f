import { describe } from '../core/checks.ts';
import { badData, noColumn } from './bad-data.ts';
import { inColumn } from './bad-file.ts';
import { sortedTexts } from './category-store.ts';
import type { ResolvedEncodeOptions } from './encode-options.ts';
import {
  type CategoricalEncoding,
  type ColumnEncoding,
  type Encoding,
  type NumericEncoding,
  type Task,
  widthOf,
} from './encoding.ts';
import { parseNumber } from './number-text.ts';
import type { TableColumn } from './table-column.ts';
import { isWide } from './wide-integers.ts';
import { DECIMAL_POINT, type Slips } from './text-tally.ts';

/** An input for each category; more than this are names, not categories. */
export const MOST_CATEGORIES = 1000;
export const MOST_CLASSES = 2 ** 16;
/** Integers with more different values than this are quantities, not classes. */
const MOST_INTEGER_CLASSES = 20;

/** What has to be known of a column to decide how it is encoded: of the training rows that are kept. */
export interface ColumnFacts {
  readonly name: string;
  readonly kind: TableColumn['kind'];
  /** Values that are missing. */
  readonly missing: number;
  /** Of numbers; NaN where there are none. */
  mean(): number;
  /** How often each text is there, in the order in which they come; numbers as they are written. Maybe undefined for more than 2^16. */
  counts(): ReadonlyMap<string, number> | undefined;
  /** What are no numbers in a column of texts that was meant as one of numbers. */
  slips(): Slips | undefined;
  /** All are the numbers 0 and 1. */
  isBinary(): boolean;
  /** How many different integers they are; undefined where some are not, or there are more than `most`. */
  integers(most: number): number | undefined;
}

/** What has to be known of a table. */
export interface TableFacts {
  /** As it is called in messages. */
  readonly source: string;
  /** Training rows that are kept, and those that are not. */
  readonly rows: number;
  readonly dropped: number;
  readonly missingValues: readonly string[];
  column(name: string): ColumnFacts;
  /** How a row is called in messages. */
  place(row: number): string;
}

/**
 * The names of the columns that become inputs and targets.
 * @throws GradpoolError ERR_BAD_DATA where a column that was asked for is not there
 */
export function chosenNames(
  source: string,
  names: readonly string[],
  options: ResolvedEncodeOptions,
): { inputs: readonly string[]; targets: readonly string[] } {
  const { targets, features, weights } = options;
  const check = (name: string) => {
    if (!names.includes(name)) throw noColumn(source, name, names);
  };
  targets.forEach(check);
  if (weights !== undefined) check(weights);
  const inputs = features ?? names.filter((name) => !targets.includes(name) && name !== weights);
  if (inputs.length === 0) throw badData(source, 'expected a column beside the target, got none');
  inputs.forEach(check);
  for (const name of [...options.categorical, ...options.categories.keys()]) check(name);
  return { inputs, targets };
}

/**
 * Decides how columns are encoded.
 * @throws GradpoolError ERR_BAD_DATA
 */
export function decideEncoding(
  table: TableFacts,
  names: { readonly inputs: readonly string[]; readonly targets: readonly string[] },
  options: ResolvedEncodeOptions,
): Encoding {
  const fit = { source: table.source, rows: table.rows, place: (row: number) => table.place(row), options };
  const inputs = names.inputs.map((name) => table.column(name));
  const targets = names.targets.map((name) => table.column(name));
  for (const column of inputs) refuseSlips(fit, column);
  if (options.classes === undefined) for (const column of targets) refuseSlips(fit, column);
  const encodedInputs = inputs.map((column) => fitInput(fit, column));
  const task = options.task ?? taskOf(fit, targets);
  const encodedTargets = targets.map((column) => fitTarget(fit, column, task));
  const [target] = encodedTargets;
  const classes = target?.kind === 'categorical' ? target.categories : [];
  const gaps = options.missing === 'mean' ? inputs.filter(({ missing }) => missing > 0) : [];
  return {
    format: 'gradpool-encoding',
    version: 1,
    task,
    inputs: encodedInputs,
    inputSize: encodedInputs.reduce((sum, column) => sum + widthOf(column), 0),
    targets: encodedTargets,
    outputSize: target?.kind === 'categorical' ? classes.length : targets.length,
    classes: [...classes],
    missing: options.missing,
    unknown: options.unknown,
    missingValues: [...table.missingValues],
    training: {
      rows: table.rows,
      dropped: table.dropped,
      filled: Object.fromEntries(gaps.map(({ name, missing }) => [name, missing])),
    },
  };
}

interface Fit {
  readonly source: string;
  readonly rows: number;
  readonly place: (row: number) => string;
  readonly options: ResolvedEncodeOptions;
}

/**
 * A slip of the pen among numbers, or a comma in all of them, must not make categories of them, unless that was asked for.
 * @throws GradpoolError ERR_BAD_DATA
 */
function refuseSlips({ rows, place, options }: Fit, column: ColumnFacts): void {
  const { name, kind, missing } = column;
  if (kind !== 'categorical' || options.categorical.has(name) || options.categories.has(name)) return;
  const slips = column.slips();
  if (slips === undefined) return;
  const texts = slips.texts.map(describe).join(', ');
  const what =
    slips.kind === 'comma'
      ? `expected numbers, got ${texts}: ${DECIMAL_POINT}; if they are names, list the column in "categorical"`
      : `expected numbers, which ${slips.numbers} of ${rows - missing} values are, got ${texts}: ` +
        'correct it, list it in "missingValues", or list the column in "categorical"';
  throw badData(inColumn(place(slips.row), name), what);
}

function fitInput(fit: Fit, column: ColumnFacts): ColumnEncoding {
  const { options } = fit;
  const categorical = column.kind === 'categorical' || options.categorical.has(column.name);
  return categorical || options.categories.has(column.name) ? fitCategories(fit, column) : fitNumbers(fit, column);
}

function fitNumbers({ source, options }: Fit, column: ColumnFacts): NumericEncoding {
  const { name } = column;
  if (options.missing !== 'mean') return { name, kind: 'numeric', fill: null };
  const fill = column.mean();
  if (Number.isNaN(fill)) throw badData(inColumn(source, name), 'expected a value in at least one row, got none');
  return { name, kind: 'numeric', fill };
}

function fitCategories({ source, options }: Fit, column: ColumnFacts): CategoricalEncoding {
  const { name } = column;
  const where = inColumn(source, name);
  const counts = column.counts();
  if (counts?.size === 0) throw badData(where, 'expected a value in at least one row, got none');
  const given = options.categories.get(name);
  if (counts === undefined || (given === undefined && counts.size > MOST_CATEGORIES)) {
    const what =
      counts === undefined
        ? 'has too many categories'
        : `has ${counts.size} categories, which are more than ${MOST_CATEGORIES}`;
    throw badData(where, `${what}: leave it out of "features", or list those that count in "categories"`);
  }
  const numbers = column.kind === 'numeric';
  const categories = given === undefined ? ordered(counts.keys(), numbers) : asGiven(where, given, numbers);
  if (numbers) refuseWide(where, categories);
  const fill = options.missing === 'mean' ? mostFrequent(counts, categories) : null;
  return { name, kind: 'categorical', numbers, categories, fill };
}

/** Of several that are as frequent the first. */
function mostFrequent(counts: ReadonlyMap<string, number>, categories: readonly string[]): string {
  const count = (text: string) => counts.get(text) ?? 0;
  return categories.reduce((best, text) => (count(text) > count(best) ? text : best));
}

/** Names that the user gave; those of numbers as numbers are written. */
function asGiven(where: string, given: readonly string[], numbers: boolean): string[] {
  if (!numbers) return [...given];
  return given.map((text) => {
    const value = parseNumber(text);
    if (Number.isNaN(value)) throw badData(where, `is numeric and cannot have the category ${JSON.stringify(text)}`);
    return String(value);
  });
}

/** As numbers they have lost their last digits, so that they are not the names that stand in the file. */
function refuseWide(where: string, categories: readonly string[]): void {
  const wide = categories.find((text) => isWide(Number(text)));
  if (wide === undefined) return;
  const what = `is to be names, of which ${wide} is beyond 2^53, where numbers lose their last digits`;
  throw badData(where, `${what}: list it in "categorical" when it is read (--categorical in the program)`);
}

function ordered(texts: Iterable<string>, numbers: boolean): string[] {
  return numbers ? Array.from(texts).sort((a, b) => Number(a) - Number(b)) : sortedTexts(texts);
}

function fitTarget({ source, options }: Fit, column: ColumnFacts, task: Task): ColumnEncoding {
  const { name } = column;
  if (task !== 'classification') return { name, kind: 'numeric', fill: null };
  const where = inColumn(source, name);
  const counts = column.counts();
  if (counts === undefined || counts.size > MOST_CLASSES) {
    throw badData(where, `expected at most ${MOST_CLASSES} classes, got ${counts?.size ?? 'more'}`);
  }
  const numbers = column.kind === 'numeric';
  const given = options.classes;
  const categories = given === undefined ? ordered(counts.keys(), numbers) : asGiven(where, given, numbers);
  if (numbers) refuseWide(where, categories);
  if (categories.length < 2) throw badData(where, `expected at least two classes, got ${categories.join()} only`);
  return { name, kind: 'categorical', numbers, categories, fill: null };
}

/** What the targets look like; see `EncodeOptions.task`. */
function taskOf({ source, rows, options }: Fit, targets: readonly ColumnFacts[]): Task {
  const [target] = targets;
  if (targets.length > 1) {
    const text = targets.find(({ kind }) => kind === 'categorical');
    if (text !== undefined) {
      throw badData(inColumn(source, text.name), 'expected numbers, as there are several targets, got texts');
    }
    return targets.every((column) => column.isBinary()) ? 'multi-label' : 'regression';
  }
  if (options.classes !== undefined || target!.kind === 'categorical' || options.categorical.has(target!.name)) {
    return 'classification';
  }
  const different = target!.integers(MOST_INTEGER_CLASSES);
  if (different === undefined) return 'regression';
  return different >= 2 && 2 * different <= rows ? 'classification' : 'regression';
}

import { describe } from '../core/checks.ts';
import { badData, noColumn } from './bad-data.ts';
import { inColumn } from './bad-file.ts';
import type { ColumnFacts } from './column-facts.ts';
import type { DateOrder } from './date-text.ts';
import type { ResolvedEncodeOptions } from './encode-options.ts';

/** An input for each category; more than this are names, not categories. */
export const MOST_CATEGORIES = 1000;
/** Where so many values differ, in such a share of the rows, each row has a name of its own. */
const OWN = { different: 10, share: 0.9 };
/** A message tells how many different texts there are up to this. */
const COUNTED = 2 ** 16;
/** A column of which such a share are dates is one of dates. */
const DATES = 0.95;

/** The names of columns. */
export interface ColumnNames {
  readonly inputs: readonly string[];
  readonly targets: readonly string[];
}

/** Those that are used, and how. */
export interface ChosenColumns extends ColumnNames {
  /** Columns of texts that are read as dates, which are numbers. */
  readonly dates: ReadonlyMap<string, DateOrder>;
  /** What is left out and why, for people to read. */
  readonly notes: readonly string[];
}

/**
 * The names of the columns that can become inputs and targets.
 * @throws GradpoolError ERR_BAD_DATA where a column that was asked for is not there
 */
export function chosenNames(source: string, names: readonly string[], options: ResolvedEncodeOptions): ColumnNames {
  const { targets, features, exclude, weights } = options;
  const check = (name: string) => {
    if (!names.includes(name)) throw noColumn(source, name, names);
  };
  targets.forEach(check);
  if (weights !== undefined) check(weights);
  exclude.forEach(check);
  const others = new Set([...targets, ...exclude, weights]);
  const inputs = features ?? names.filter((name) => !others.has(name));
  if (inputs.length === 0) throw badData(source, 'expected a column beside the target, got none');
  inputs.forEach(check);
  for (const name of [...options.categorical, ...options.categories.keys()]) check(name);
  return { inputs, targets };
}

/**
 * Leaves out what nobody asked for and what no network learns from: columns without a value, dates unless they are to be numbers, texts
 * that are names of single rows.
 * @param source - the table, as it is called in messages
 * @throws GradpoolError ERR_BAD_DATA where a column that was asked for is such a one, or nothing is left
 */
export function chooseInputs(
  source: string,
  names: ColumnNames,
  options: ResolvedEncodeOptions,
  column: (name: string) => ColumnFacts,
): ChosenColumns {
  const dates = new Map<string, DateOrder>();
  const notes: string[] = [];
  for (const name of names.targets) if (checkTarget(source, column(name), options)) readDates(name);
  if (options.weights !== undefined) checkWeights(source, column(options.weights));
  const inputs = names.inputs.filter(isInput);
  if (inputs.length > 0) return { inputs, targets: names.targets, dates, notes };
  // A series of values in time has no other input.
  if (options.dates === undefined && names.inputs.some((name) => isDates(column(name))))
    return chooseInputs(source, names, { ...options, dates: 'number' }, column);
  throw badData(source, `expected a column beside the target that can be an input, got none: ${notes.join('; ')}`);

  function isInput(name: string): boolean {
    const why = whyLeftOut(column(name), options);
    if (why === undefined) {
      if (readsAsDates(column(name), options)) readDates(name);
      return true;
    }
    if (isAskedFor(name, options)) {
      if (why.always) throw badData(inColumn(source, name), `${why.what}: leave it out of "features"`);
      return true;
    }
    notes.push(`column ${describe(name)} is left out: it ${why.what}`);
    return false;
  }

  function readDates(name: string): void {
    const order = orderOf(source, column(name), options);
    dates.set(name, order);
    notes.push(`column ${describe(name)} is read as dates: milliseconds since 1970${ORDER_TEXTS[order]}`);
  }
}

const ORDER_TEXTS: Readonly<Record<DateOrder, string>> = {
  'year-first': '',
  'day-first': ', days before months',
  'month-first': ', months before days',
};

function readsDates({ dates }: ResolvedEncodeOptions): boolean {
  return dates !== undefined && dates !== 'leave-out';
}

function isNamed(name: string, { categorical, categories }: ResolvedEncodeOptions): boolean {
  return categorical.has(name) || categories.has(name);
}

function isAskedFor(name: string, options: ResolvedEncodeOptions): boolean {
  return options.features !== undefined || isNamed(name, options);
}

interface Reason {
  readonly what: string;
  /** Even where it was asked for it can be no input. */
  readonly always: boolean;
}

/** Undefined for a column that is an input, or an error for a reason of its own. */
function whyLeftOut(facts: ColumnFacts, options: ResolvedEncodeOptions): Reason | undefined {
  const { name, kind, values, different } = facts;
  if (values === 0) return { what: 'has no value in any row', always: true };
  if (kind === 'numeric' || isNamed(name, options)) return undefined;
  const { dates, slips } = facts.texts();
  if (isDates(facts)) {
    if (readsDates(options)) return undefined;
    const what = `has dates, such as ${describe(dates.example)}; "dates" reads them as numbers (--dates number in the program)`;
    return { what, always: true };
  }
  if (slips !== undefined) return undefined;
  const ways = '"categorical" makes an input of each (--categorical in the program)';
  if (different > MOST_CATEGORIES)
    return {
      what: `has ${amount(different)} different texts, more than ${MOST_CATEGORIES} categories`,
      always: different === Infinity,
    };
  if (isOwn(facts)) return { what: `has ${ownTexts(facts)}; ${ways}`, always: false };
  return undefined;
}

/** Whether (nearly) every row has a text of its own. */
function isOwn({ different, values }: ColumnFacts): boolean {
  return different >= OWN.different && different >= OWN.share * values;
}

function ownTexts({ different, values }: ColumnFacts): string {
  return different === values
    ? `a text of its own in each of ${values} rows`
    : `${amount(different)} different texts in ${values} rows`;
}

function amount(different: number): string {
  return different > COUNTED ? `more than ${COUNTED}` : String(different);
}

function isDates(facts: ColumnFacts): boolean {
  if (facts.kind === 'numeric') return false;
  const { rows, dates } = facts.texts();
  return dates.rows > 0 && dates.rows >= DATES * rows;
}

function readsAsDates(facts: ColumnFacts, options: ResolvedEncodeOptions): boolean {
  return readsDates(options) && !isNamed(facts.name, options) && isDates(facts);
}

/** @throws GradpoolError ERR_BAD_DATA where it cannot be told, and was not said */
function orderOf(source: string, facts: ColumnFacts, { dates: policy }: ResolvedEncodeOptions): DateOrder {
  const { order, example } = facts.texts().dates;
  if (order !== undefined) return order;
  if (policy === 'day-first' || policy === 'month-first') return policy;
  const what = `whether days or months come first cannot be told from ${describe(example)} and the others`;
  throw badData(inColumn(source, facts.name), `${what}: "dates" can be 'day-first' or 'month-first'`);
}

/** @returns whether it is to be read as dates @throws GradpoolError ERR_BAD_DATA */
function checkTarget(source: string, facts: ColumnFacts, options: ResolvedEncodeOptions): boolean {
  const { name, kind, values } = facts;
  const where = inColumn(source, name);
  if (values === 0) throw badData(where, 'is the target and has no value in any row');
  const classes = options.task === 'classification' || options.classes !== undefined || options.categorical.has(name);
  if (kind === 'numeric' || classes) return false;
  const { slips, dates } = facts.texts();
  if (isDates(facts)) {
    if (readsDates(options)) return true;
    const what = `expected classes or numbers to predict, got dates, such as ${describe(dates.example)}`;
    throw badData(where, `${what}: "dates" reads them as numbers (--dates number in the program)`);
  }
  if (slips === undefined && isOwn(facts)) {
    const what = `expected classes or numbers to predict, got ${ownTexts(facts)}`;
    throw badData(where, `${what}: choose another column, or list it in "categorical" if they are classes`);
  }
  return false;
}

function checkWeights(source: string, { name, values }: ColumnFacts): void {
  if (values === 0) throw badData(inColumn(source, name), 'has the weights and no value in any row');
}

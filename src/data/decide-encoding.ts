import { describe } from '../core/checks.ts';
import { badData } from './bad-data.ts';
import { inColumn } from './bad-file.ts';
import { booleanOf, numberOf, truthOf } from './boolean-text.ts';
import { placeOf } from './category-places.ts';
import { sortedTexts } from './category-store.ts';
import { firstOf } from './choose-columns.ts';
import { type ChosenColumns, MOST_CATEGORIES } from './choose-inputs.ts';
import type { ColumnFacts, TableFacts } from './column-facts.ts';
import type { ResolvedEncodeOptions } from './encode-options.ts';
import {
  type CategoricalEncoding,
  type ColumnEncoding,
  type Encoding,
  type NumericEncoding,
  type Task,
  widthOf,
} from './encoding.ts';
import { slipsHint } from './text-tally.ts';
import { padded } from './zero-padding.ts';
import { isWide } from './wide-integers.ts';

export const MOST_CLASSES = 2 ** 16;
/** Integers with more different values than this are quantities, not classes. */
export const MOST_INTEGER_CLASSES = 20;
/** Categories that a note shows. */
const SHOWN = 5;

/**
 * Decides how columns are encoded.
 * @throws GradpoolError ERR_BAD_DATA
 */
export function decideEncoding(
  table: TableFacts,
  chosen: ChosenColumns,
  options: ResolvedEncodeOptions,
): { encoding: Encoding; notes: readonly string[] } {
  const fit = { source: table.source, rows: table.allRows, place: (row: number) => table.place(row), options };
  const candidates = chosen.inputs.map((name) => table.column(name));
  const targets = chosen.targets.map((name) => table.column(name));
  const { inputs, notes } = withoutUntrained(table, candidates, options);
  const encodedInputs = inputs.map((column) => fitInput(fit, column));
  const task = options.task ?? taskOf(fit, targets);
  const encodedTargets = targets.map((column) => fitTarget(fit, column, task));
  const [target] = encodedTargets;
  const classes = target?.kind === 'categorical' ? target.categories : [];
  const gaps = options.missing === 'mean' ? inputs.filter(({ missing }) => missing > 0) : [];
  const encoding: Encoding = {
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
    ...(table.numberFormat && { numberFormat: { ...table.numberFormat } }),
    training: {
      rows: table.rows,
      dropped: table.dropped,
      filled: Object.fromEntries(gaps.map(({ name, missing }) => [name, missing])),
    },
  };
  const encoded = [...encodedInputs, ...encodedTargets];
  const more = [...inputs, ...targets].flatMap((column, i) => [
    ...unseenNote(column, encoded[i]!),
    ...zerosNote(column, encoded[i]!),
  ]);
  return { encoding, notes: [...notes, ...more] };
}

/** Says that zeros before numbers are lost. */
function zerosNote({ name, digits }: ColumnFacts, { kind }: ColumnEncoding): string[] {
  if (kind === 'categorical' || digits === undefined) return [];
  const what = `holds ${digits} digits in every row, some of them with zeros in front, and is read as numbers`;
  return [`column ${describe(name)} ${what}: names go into "categorical" (--categorical in the program)`];
}

/** Without the columns of which no training row has a value that could stand in for those that are missing. */
function withoutUntrained(
  table: TableFacts,
  columns: readonly ColumnFacts[],
  { missing, features }: ResolvedEncodeOptions,
) {
  const untrained = missing === 'mean' ? columns.filter((column) => column.missing === table.rows) : [];
  const inputs = columns.filter((column) => !untrained.includes(column));
  const what = 'has values, but none in a row to train on';
  if (untrained.length > 0 && (features !== undefined || inputs.length === 0))
    throw badData(inColumn(table.source, untrained[0]!.name), `${what}: leave it out of "features"`);
  return { inputs, notes: untrained.map(({ name }) => `column ${describe(name)} is left out: it ${what}`) };
}

/** Says which categories only rows have that are not trained on. */
function unseenNote(column: ColumnFacts, encoding: ColumnEncoding): string[] {
  if (encoding.kind === 'numeric') return [];
  const unseen = [...(column.counts() ?? [])].flatMap(([text, count]) => (count === 0 ? [text] : []));
  if (unseen.length === 0) return [];
  const shown = firstOf(unseen.map(describe), SHOWN);
  return [`column ${describe(column.name)}: no training row has ${shown}, which other rows have`];
}

interface Fit {
  readonly source: string;
  readonly rows: number;
  readonly place: (row: number) => string;
  readonly options: ResolvedEncodeOptions;
}

/**
 * Looks at the texts of the columns that are used.
 * @throws GradpoolError ERR_BAD_DATA where some are no numbers in a column that was meant as one of numbers
 */
export function checkTexts(
  table: Pick<TableFacts, 'place' | 'column'>,
  { inputs, targets }: ChosenColumns,
  options: ResolvedEncodeOptions,
): void {
  const fit = { place: (row: number) => table.place(row), options };
  for (const name of inputs) refuseSlips(fit, table.column(name));
  if (options.classes === undefined) for (const name of targets) refuseSlips(fit, table.column(name));
}

/**
 * A slip of the pen among numbers, or a comma in all of them, must not make categories of them, unless that was asked for.
 * @throws GradpoolError ERR_BAD_DATA
 */
function refuseSlips({ place, options }: Pick<Fit, 'place' | 'options'>, column: ColumnFacts): void {
  const { name, kind, values } = column;
  if (kind !== 'categorical' || options.categorical.has(name) || options.categories.has(name)) return;
  const { slips } = column.texts();
  if (slips === undefined) return;
  const texts = slips.texts.map(describe).join(', ');
  const which = slips.kind === 'text' ? `, which ${slips.numbers} of ${values} values are` : '';
  throw badData(inColumn(place(slips.row), name), `expected numbers${which}, got ${texts}${slipsHint(slips)}`);
}

function fitInput(fit: Fit, column: ColumnFacts): ColumnEncoding {
  const { options } = fit;
  const categorical = column.kind === 'categorical' || options.categorical.has(column.name);
  if (categorical || options.categories.has(column.name)) return fitCategories(fit, column);
  return fitNumbers(column, options.missing === 'mean' ? column.mean() : null);
}

function fitNumbers({ name, dates }: ColumnFacts, fill: number | null): NumericEncoding {
  return { name, kind: 'numeric', fill, ...(dates !== undefined && { dates }) };
}

function fitCategories({ source, options }: Fit, column: ColumnFacts): CategoricalEncoding {
  const { name } = column;
  const where = inColumn(source, name);
  const counts = column.counts();
  const given = options.categories.get(name);
  if (counts === undefined || (given === undefined && counts.size > MOST_CATEGORIES)) {
    const what =
      counts === undefined
        ? 'has too many categories'
        : `has ${counts.size} categories, which are more than ${MOST_CATEGORIES}`;
    throw badData(where, `${what}: leave it out of "features", or list those that count in "categories"`);
  }
  const { numbers, categories } = categoriesOf(where, column, counts, given);
  const fill = options.missing === 'mean' ? mostFrequent(counts, categories) : null;
  return { name, kind: 'categorical', numbers, categories, fill };
}

/** Of several that are as frequent the first. */
function mostFrequent(counts: ReadonlyMap<string, number>, categories: readonly string[]): string {
  const place = placeOf(categories);
  const totals = new Float64Array(categories.length);
  for (const [text, count] of counts) {
    const k = place(text);
    if (k >= 0) totals[k]! += count;
  }
  return categories[totals.indexOf(Math.max(...totals))]!;
}

/** Names that the user gave; those of numbers as numbers are written. */
function asGiven(where: string, given: readonly string[], numbers: boolean, digits: number | undefined): string[] {
  if (!numbers) return given.map((text) => padded(text, digits));
  return given.map((text) => {
    const value = numberOf(text);
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

/** Those that were given, or there are. */
function categoriesOf(
  where: string,
  { kind, digits }: ColumnFacts,
  counts: ReadonlyMap<string, number>,
  given: readonly string[] | undefined,
): Pick<CategoricalEncoding, 'numbers' | 'categories'> {
  const numbers = kind === 'numeric' && digits === undefined;
  const categories = given === undefined ? foundIn(counts, numbers) : asGiven(where, given, numbers, digits);
  if (numbers) refuseWide(where, categories);
  return { numbers, categories };
}

/** Sorted; words for true and false that are written in several ways are two categories. */
function foundIn(counts: ReadonlyMap<string, number>, numbers: boolean): string[] {
  const texts = [...counts.keys()];
  const truths = new Set(texts.map(truthOf));
  const several =
    texts.length > truths.size && !truths.has(undefined) && texts.some((text) => booleanOf(text) !== undefined);
  return several ? ['false', 'true'].slice(truths.has(0) ? 0 : 1, truths.has(1) ? 2 : 1) : ordered(texts, numbers);
}

function ordered(texts: Iterable<string>, numbers: boolean): string[] {
  return numbers ? Array.from(texts).sort((a, b) => Number(a) - Number(b)) : sortedTexts(texts);
}

function fitTarget({ source, options }: Fit, column: ColumnFacts, task: Task): ColumnEncoding {
  if (task !== 'classification') return fitNumbers(column, null);
  const { name } = column;
  const where = inColumn(source, name);
  const counts = column.counts();
  if (counts === undefined || counts.size > MOST_CLASSES) {
    throw badData(where, `expected at most ${MOST_CLASSES} classes, got ${counts?.size ?? 'more'}`);
  }
  const { numbers, categories } = categoriesOf(where, column, counts, options.classes);
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

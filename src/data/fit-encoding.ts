import { badData, columnOf } from './bad-data.ts';
import { inColumn } from './bad-file.ts';
import { sortedTexts } from './category-store.ts';
import { numbersOf, placesOf, textAt } from './column-view.ts';
import { type DataTable, missingMask } from './data-table.ts';
import type { ResolvedEncodeOptions } from './encode-options.ts';
import {
  type CategoricalEncoding,
  type ColumnEncoding,
  type Encoding,
  type NumericEncoding,
  type Task,
  widthOf,
} from './encoding.ts';
import { keptRows } from './kept-rows.ts';
import { parseNumber } from './number-text.ts';
import type { TableColumn } from './table-column.ts';

/** An input for each category; more than this are names, not categories. */
const MOST_CATEGORIES = 1000;
const MOST_CLASSES = 2 ** 16;
/** Integers with more different values than this are quantities, not classes. */
const MOST_INTEGER_CLASSES = 20;

/**
 * Measures the training rows: which categories there are, means, the most frequent.
 * @throws GradpoolError ERR_BAD_DATA
 */
export function fitEncoding(
  table: DataTable,
  options: ResolvedEncodeOptions,
): { encoding: Encoding; kept: Uint32Array } {
  const targets = options.targets.map((name) => columnOf(table, name));
  const others = [...options.targets, options.weights];
  const features = options.features ?? table.names.filter((name) => !others.includes(name));
  if (features.length === 0) throw badData(table.source, 'expected a column beside the target, got none');
  const inputs = features.map((name) => columnOf(table, name));
  for (const name of [...options.categorical, ...options.categories.keys()]) columnOf(table, name);
  const weights = options.weights === undefined ? [] : [columnOf(table, options.weights)];
  const kept = keptRows(table, inputs, [...targets, ...weights], options.missing);
  const fit = { table, options, kept };
  const encodedInputs = inputs.map((column) => fitInput(fit, column));
  const task = options.task ?? taskOf(fit, targets);
  const encodedTargets = targets.map((column) => fitTarget(fit, column, task));
  const [target] = encodedTargets;
  const classes = target?.kind === 'categorical' ? target.categories : [];
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
    training: { rows: kept.length, dropped: table.rows - kept.length, filled: filledValues(inputs, fit) },
  };
  return { encoding, kept };
}

interface Fit {
  readonly table: DataTable;
  readonly options: ResolvedEncodeOptions;
  readonly kept: Uint32Array;
}

function fitInput(fit: Fit, column: TableColumn): ColumnEncoding {
  const { options } = fit;
  const categorical = column.kind === 'categorical' || options.categorical.has(column.name);
  return categorical || options.categories.has(column.name) ? fitCategories(fit, column) : fitNumbers(fit, column);
}

function fitNumbers({ table, options, kept }: Fit, column: TableColumn): NumericEncoding {
  const { name } = column;
  if (options.missing !== 'mean') return { name, kind: 'numeric', fill: null };
  const read = numbersOf(table, column);
  const gone = missingMask(column, table.rows);
  let [sum, count] = [0, 0];
  for (const row of kept) {
    if (gone?.[row] === 1) continue;
    sum += read(row);
    count++;
  }
  if (count === 0) throw badData(inColumn(table.source, name), 'expected a value in at least one row, got none');
  return { name, kind: 'numeric', fill: sum / count };
}

function fitCategories(fit: Fit, column: TableColumn): CategoricalEncoding {
  const { table, options } = fit;
  const { name } = column;
  const where = inColumn(table.source, name);
  const counts = countTexts(fit, column);
  if (counts.size === 0) throw badData(where, 'expected a value in at least one row, got none');
  const given = options.categories.get(name);
  if (given === undefined && counts.size > MOST_CATEGORIES) {
    const what = `has ${counts.size} categories, which are more than ${MOST_CATEGORIES}`;
    throw badData(where, `${what}: leave it out of "features", or list those that count in "categories"`);
  }
  const numbers = column.kind === 'numeric';
  const categories = given === undefined ? ordered(counts.keys(), numbers) : asGiven(where, given, numbers);
  const fill = options.missing === 'mean' ? mostFrequent(counts, categories) : null;
  return { name, kind: 'categorical', numbers, categories, fill };
}

/** How often each text is there in the training rows. */
function countTexts({ table, kept }: Fit, column: TableColumn): Map<string, number> {
  const gone = missingMask(column, table.rows);
  const keys = column.kind === 'numeric' ? column.values : column.codes;
  const counts = new Map<number, { count: number; row: number }>();
  for (const row of kept) {
    if (gone?.[row] === 1) continue;
    const entry = counts.get(keys[row]!);
    if (entry === undefined) counts.set(keys[row]!, { count: 1, row });
    else entry.count++;
  }
  return new Map(Array.from(counts.values(), ({ count, row }) => [textAt(column, row), count]));
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

function ordered(texts: Iterable<string>, numbers: boolean): string[] {
  return numbers ? Array.from(texts).sort((a, b) => Number(a) - Number(b)) : sortedTexts(texts);
}

function fitTarget(fit: Fit, column: TableColumn, task: Task): ColumnEncoding {
  const { name } = column;
  if (task !== 'classification') return { name, kind: 'numeric', fill: null };
  const where = inColumn(fit.table.source, name);
  const counts = countTexts(fit, column);
  if (counts.size > MOST_CLASSES) {
    throw badData(where, `expected at most ${MOST_CLASSES} classes, got ${counts.size}`);
  }
  const numbers = column.kind === 'numeric';
  const given = fit.options.classes;
  const categories = given === undefined ? ordered(counts.keys(), numbers) : asGiven(where, given, numbers);
  if (categories.length < 2) throw badData(where, `expected at least two classes, got ${categories.join()} only`);
  return { name, kind: 'categorical', numbers, categories, fill: null };
}

/** What the targets look like; see `EncodeOptions.task`. */
function taskOf(fit: Fit, targets: readonly TableColumn[]): Task {
  const { table, options, kept } = fit;
  const [target] = targets;
  if (targets.length > 1) {
    const text = targets.find(({ kind }) => kind === 'categorical');
    if (text !== undefined) {
      throw badData(inColumn(table.source, text.name), 'expected numbers, as there are several targets, got texts');
    }
    const bits = targets.map((column) => placesOf(column, { name: '', kind: 'categorical', ...BITS }));
    return kept.every((row) => bits.every((bit) => bit(row) >= 0)) ? 'multi-label' : 'regression';
  }
  if (options.classes !== undefined || target!.kind === 'categorical' || options.categorical.has(target!.name)) {
    return 'classification';
  }
  const { values } = target!;
  const different = new Set<number>();
  for (const row of kept) {
    if (!Number.isInteger(values[row])) return 'regression';
    different.add(values[row]!);
    if (different.size > MOST_INTEGER_CLASSES) return 'regression';
  }
  return different.size >= 2 && 2 * different.size <= kept.length ? 'classification' : 'regression';
}

const BITS = { numbers: true, categories: ['0', '1'] };

/** How many values of each input are filled in. */
function filledValues(inputs: readonly TableColumn[], { table, kept, options }: Fit): Record<string, number> {
  if (options.missing !== 'mean') return {};
  const counts = inputs.map((column): [string, number] => {
    const gone = missingMask(column, table.rows);
    return [column.name, gone === undefined ? 0 : kept.reduce((sum, row) => sum + gone[row]!, 0)];
  });
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

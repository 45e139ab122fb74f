import { flag, oneOf, options, text, wrongType, wrongValue } from '../core/checks.ts';
import type { ColumnRules } from './cell-reader.ts';
import { type ColumnEncoding, checkEncoding, type Encoding } from './encoding.ts';
import type { TextLayout } from './csv-records.ts';
import { isThousands, MISSING_TEXTS, type NumberFormat } from './number-text.ts';

export const FORMATS = ['csv', 'tsv', 'parquet', 'npy', 'npz'] as const;
/** The formats of files that hold tables; csv, tsv and npy may be gzip as well. */
export type FileFormat = (typeof FORMATS)[number];

export interface ReadOptions {
  /** Default: what the name ends in, before .gz. */
  format?: FileFormat | undefined;
  /** Read only these columns. Default: all. */
  columns?: readonly string[] | undefined;
  /** Columns in which anything but a number is an error. */
  numeric?: readonly string[] | undefined;
  /** Columns whose values are texts even where all look like numbers, as 007 does. */
  categorical?: readonly string[] | undefined;
  /**
   * Texts that mean that a value is not known, in place of the default: what pandas takes for it (nothing, NA, N/A, n/a, <NA>, NaN, nan,
   * null, NULL, None, #N/A and such), and -, . and ? alone. With others beside it: `[...MISSING_TEXTS, 'k.A.']`.
   */
  missingValues?: readonly string[] | undefined;
  /** What stands before the fraction of numbers in texts. Default: a point, or as the encoding has it. */
  decimal?: '.' | ',' | undefined;
  /**
   * What stands between thousands in texts; a space is any space, an apostrophe any apostrophe. Groups have three digits, or are those of
   * 1,23,456. Default: nothing, or as the encoding has it.
   */
  thousands?: string | undefined;
  /**
   * Read what this encoding needs as it needs it: its columns, their kinds, its missing values. Target columns may be
   * absent.
   */
  encoding?: Encoding | undefined;
  /**
   * csv and tsv: whether the first row has the names (default), or the names of a file that has none in it;
   * with false they are c1, c2, ...
   */
  header?: boolean | readonly string[] | undefined;
  /** csv and tsv: what stands between the values. Default: a comma, or a tab. */
  delimiter?: string | undefined;
  /** csv and tsv: what stands around values that hold delimiters or ends of lines; false for nothing. Default: ". */
  quote?: string | false | undefined;
  /** csv and tsv: what lines begin with that are to be left out. Default: nothing. */
  comment?: string | undefined;
}

const TEXT_KEYS = ['header', 'delimiter', 'quote', 'comment'] as const;
const KIND_KEYS = ['numeric', 'categorical', 'missingValues'] as const;
/** How columns are read, whatever they are read from. */
export const RULE_KEYS = [...KIND_KEYS, 'decimal', 'thousands'] as const;
export type RuleKey = (typeof RULE_KEYS)[number];
const KEYS = ['format', 'columns', ...RULE_KEYS, 'encoding', ...TEXT_KEYS] as const;

/** Which columns to read, and how; undefined for all. */
export interface ColumnChoice extends ColumnRules {
  readonly columns: readonly string[] | undefined;
  /** Read where they are there. */
  readonly optional: ReadonlySet<string>;
  /** Named somewhere, so that they are not left out as the numbers of rows are. */
  readonly asked: ReadonlySet<string>;
}

export interface ResolvedReadOptions extends ColumnChoice {
  readonly format: FileFormat;
  readonly layout: TextLayout;
}

/**
 * @param path - undefined for bytes
 * @param asked - columns that are named elsewhere
 */
export function resolveReadOptions(
  path: string | undefined,
  value: unknown,
  asked: readonly string[] = [],
): ResolvedReadOptions {
  const given = options<ReadOptions>('options', value, KEYS);
  const format = given.format === undefined ? formatOf(path) : oneOf('format', given.format, FORMATS);
  if (format !== 'csv' && format !== 'tsv') {
    for (const key of TEXT_KEYS) {
      if (given[key] !== undefined) throw new TypeError(`"${key}" is for csv and tsv, not for ${format}`);
    }
  }
  const choice = columnChoice(given);
  const named = [...asked, ...(choice.columns ?? []), ...choice.numeric, ...choice.categorical];
  const all = { ...choice, asked: new Set(named) };
  return { format, ...all, layout: layoutOf(given, format, all) };
}

function formatOf(path: string | undefined): FileFormat {
  if (path === undefined) throw new TypeError(`"format" is needed for bytes: one of ${FORMATS.join(', ')}`);
  const ending = /\.([a-z]+)(?:\.gz)?$/i.exec(path)?.[1]?.toLowerCase();
  const format = FORMATS.find((name) => name === ending);
  if (format === undefined) {
    throw wrongValue('path', `a name that ends in .${FORMATS.join(', .')}, or the option "format"`, path);
  }
  return format;
}

function columnChoice(given: ReadOptions): Omit<ColumnChoice, 'asked'> {
  if (given.encoding !== undefined) return choiceOf(given);
  const { columns } = given;
  return {
    columns: columns === undefined ? undefined : atLeastOne('columns', names('columns', columns)),
    optional: new Set(),
    ...rulesGiven(given),
  };
}

/** @throws TypeError, RangeError naming the option */
export function rulesGiven(given: Pick<ReadOptions, RuleKey>): ColumnRules {
  const [numeric, categorical] = [names('numeric', given.numeric), names('categorical', given.categorical)];
  const both = numeric.find((name) => categorical.includes(name));
  if (both !== undefined) throw wrongValue('categorical', 'names that are not in "numeric" too', both);
  return {
    numeric: new Set(numeric),
    categorical: new Set(categorical),
    missing: new Set(texts('missingValues', given.missingValues ?? MISSING_TEXTS)),
    numberFormat: numberFormatOf(given),
  };
}

function choiceOf(given: ReadOptions): Omit<ColumnChoice, 'asked'> {
  for (const key of ['columns', ...KIND_KEYS] as const) {
    if (given[key] !== undefined) throw new TypeError(`"${key}" follows from "encoding"; give one of the two`);
  }
  const { inputs, targets, missingValues, numberFormat } = checkEncoding('encoding', given.encoding);
  const all = [...inputs, ...targets];
  return {
    columns: all.map(({ name }) => name),
    optional: new Set(targets.map(({ name }) => name)),
    ...rulesOf(all, missingValues),
    numberFormat: numberFormatOf(given, numberFormat),
  };
}

/** How columns are read that become what an encoding says. */
export function rulesOf(columns: readonly ColumnEncoding[], missingValues: readonly string[]): ColumnRules {
  const named = (asNumbers: boolean) =>
    new Set(columns.filter((c) => (c.kind === 'numeric' || c.numbers) === asNumbers).map(({ name }) => name));
  const dates = columns.flatMap((c) =>
    c.kind === 'numeric' && c.dates !== undefined ? [[c.name, c.dates] as const] : [],
  );
  return { numeric: named(true), categorical: named(false), missing: new Set(missingValues), dates: new Map(dates) };
}

/** @param usual - what is not said */
function numberFormatOf(
  given: Pick<ReadOptions, 'decimal' | 'thousands'>,
  usual: NumberFormat = { decimal: '.' },
): NumberFormat | undefined {
  const decimal = oneOf('decimal', given.decimal ?? usual.decimal, ['.', ',']);
  const thousands = given.thousands ?? usual.thousands;
  if (thousands !== undefined && !isThousands(thousands, decimal))
    throw wrongValue('thousands', `one sign other than a digit, a letter, + - and "${decimal}"`, thousands);
  return decimal === '.' && thousands === undefined ? undefined : { decimal, thousands };
}

function layoutOf(given: ReadOptions, format: FileFormat, choice: ColumnChoice): TextLayout {
  const { header, delimiter, quote, comment } = given;
  const { missing, numberFormat, columns, optional } = choice;
  return {
    header: headerOf(header),
    delimiter: delimiter === undefined ? undefined : sign('delimiter', delimiter),
    usual: format === 'tsv' ? '\t' : ',',
    quote: quote === undefined || quote === false ? quote : sign('quote', quote),
    comment: comment === undefined ? undefined : sign('comment', comment),
    expected: columns?.filter((name) => !optional.has(name)),
    missing,
    numberFormat,
  };
}

function headerOf(header: unknown): TextLayout['header'] {
  if (header === undefined || typeof header === 'boolean') return header;
  return Array.isArray(header) ? atLeastOne('header', names('header', header)) : flag('header', header);
}

/** A sign of the layout: no end of a line. */
function sign(name: string, value: unknown): string {
  if (/[\r\n]/.test(text(name, value))) throw wrongValue(name, 'string without an end of line', value);
  return value as string;
}

/** Different names. */
export function names(name: string, value: unknown): readonly string[] {
  const list = texts(name, value ?? []);
  const twice = list.find((text, i) => list.indexOf(text) !== i);
  if (twice !== undefined) throw wrongValue(name, 'names that differ', twice);
  return list.map((entry, i) => text(`${name}[${i}]`, entry));
}

function texts(name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw wrongType(name, 'list of strings', value);
  value.forEach((entry, i) => {
    if (typeof entry !== 'string') throw wrongType(`${name}[${i}]`, 'string', entry);
  });
  return value as readonly string[];
}

function atLeastOne(name: string, list: readonly string[]): readonly string[] {
  if (list.length === 0) throw new RangeError(`"${name}" expected at least one name, got none`);
  return list;
}

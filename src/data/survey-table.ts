import { aborted } from '../core/aborts.ts';
import { badData, noColumn } from './bad-data.ts';
import { badFile } from './bad-file.ts';
import type { TableVisitor } from './csv.ts';
import { chooseColumns } from './choose-columns.ts';
import type { TableFacts } from './column-facts.ts';
import { ColumnSurvey } from './column-survey.ts';
import { type ChosenColumns, chooseInputs, chosenNames, type ColumnNames, MOST_CATEGORIES } from './choose-inputs.ts';
import { checkTexts, decideEncoding, MOST_CLASSES } from './decide-encoding.ts';
import type { ResolvedEncodeOptions } from './encode-options.ts';
import { type ColumnEncoding, type Encoding, type MissingPolicy } from './encoding.ts';
import { noRows, valueMissing, whatIsKept } from './kept-rows.ts';
import { Extent, indexType, matrixType, type NumericArrayType } from './narrow.ts';
import type { ColumnChoice } from './read-options.ts';
import type { RowParts } from './row-parts.ts';
import { putRow, type TableRows } from './table-rows.ts';

/** How a table is to be encoded: found out from it, or known. */
export type Known = { readonly options: ResolvedEncodeOptions } | { readonly encoding: Encoding };

/** The same, and which column has the weights of the patterns. */
type Wanted = Known & { readonly weights: string | undefined };

/** What has been found out of a table without keeping it. */
export interface Survey {
  readonly encoding: Encoding;
  /** The column of weights. */
  readonly weights: string | undefined;
  /** Rows of each part that become patterns. */
  readonly rows: readonly number[];
  /** The narrowest types that hold all of them. */
  readonly inputType: NumericArrayType;
  readonly targetType: NumericArrayType;
  /** What was decided, for people to read. */
  readonly notes: readonly string[];
  /** What deals the rows out, as they were counted. */
  readonly parts: () => RowParts;
}

/** How rows go by while they are surveyed or stored. */
export interface Going {
  readonly parts: () => RowParts;
  readonly signal: AbortSignal | undefined;
}

/**
 * Goes through a table once, and again where a column of numbers turns out to be one of texts, where texts are read as dates, and where
 * rows were left out for a gap in a column that is no input.
 * @throws GradpoolError ERR_BAD_FILE, ERR_BAD_DATA, ERR_ABORTED
 */
export async function surveyTable(
  rows: TableRows,
  choice: ColumnChoice,
  wanted: Wanted,
  { parts: usual, signal }: Going,
): Promise<Survey> {
  let rules = choice;
  let parts = usual;
  let chosen: ChosenColumns | undefined;
  for (;;) {
    const visitor = new SurveyVisitor(rows, rules, wanted, parts(), signal, chosen);
    await rows.visit(visitor);
    const { late } = visitor;
    if (late.length > 0) rules = { ...rules, categorical: new Set([...rules.categorical, ...late]) };
    else {
      const complete = chosen !== undefined;
      chosen ??= visitor.choose();
      if (chosen !== undefined && !complete && visitor.hasToGoAgain(chosen)) rules = asDates(rules, chosen.dates);
      else {
        const { evenly } = visitor;
        if (evenly === undefined) return { ...visitor.finish(chosen), parts };
        parts = evenly;
      }
    }
  }
}

/** Columns that were read as texts are read as dates. */
function asDates(rules: ColumnChoice, dates: ChosenColumns['dates']): ColumnChoice {
  const categorical = new Set([...rules.categorical].filter((name) => !dates.has(name)));
  return { ...rules, categorical, numeric: new Set([...rules.numeric, ...dates.keys()]), dates };
}

class SurveyVisitor implements TableVisitor {
  wanted: readonly boolean[] = [];
  readonly #rows: TableRows;
  readonly #choice: ColumnChoice;
  readonly #how: Wanted;
  readonly #parts: RowParts;
  readonly #signal: AbortSignal | undefined;
  readonly #kept: number[];
  readonly #chosen: ChosenColumns | undefined;
  /** By the columns of the file; undefined where one is not used. */
  #columns: (ColumnSurvey | undefined)[] = [];
  #inputs: ColumnSurvey[] = [];
  #targets: ColumnSurvey[] = [];
  #weights: ColumnSurvey[] = [];
  /** Targets and weights. */
  #others: ColumnSurvey[] = [];
  #notes: readonly string[] = [];
  #dropped = 0;
  #seen = 0;

  /** @param chosen - which columns are used, where that is known already */
  constructor(
    rows: TableRows,
    choice: ColumnChoice,
    how: Wanted,
    parts: RowParts,
    signal: AbortSignal | undefined,
    chosen: ChosenColumns | undefined,
  ) {
    this.#rows = rows;
    this.#choice = choice;
    this.#how = how;
    this.#parts = parts;
    this.#signal = signal;
    this.#chosen = chosen;
    this.#kept = Array.from({ length: parts.count }, () => 0);
  }

  get late(): string[] {
    return this.#columns.flatMap((column) => (column?.late ? [column.name] : []));
  }

  begin(names: readonly string[], where: string, notes: readonly string[]): void {
    this.#notes = notes;
    const readable = chooseColumns(where, names, this.#choice).flatMap((builder) => builder?.name ?? []);
    const how = this.#how;
    const { inputs, targets } = this.#chosen ?? this.#candidates(readable);
    const most = (name: string) => ('options' in how ? mostValues(name, targets, how.options) : 0);
    const weights = how.weights === undefined ? [] : [how.weights];
    for (const name of weights) if (!names.includes(name)) throw noColumn(this.#rows.label, name, names);
    const used = new Set([...inputs, ...targets, ...weights]);
    this.#columns = names.map((name) =>
      used.has(name) ? new ColumnSurvey(name, this.#choice, most(name)) : undefined,
    );
    const named = (list: readonly string[]) => list.map((name) => this.#columns[names.indexOf(name)]!);
    this.#inputs = named(inputs);
    this.#targets = named(targets);
    this.#weights = named(weights);
    this.#others = [...this.#targets, ...this.#weights];
    const looked = new Set(this.#parts.begin(names));
    this.wanted = this.#columns.map((column, c) => column !== undefined || looked.has(c));
  }

  row(cells: readonly unknown[], number: number): true {
    if ((this.#seen++ & 255) === 0) throwIfAborted(this.#signal);
    putRow(this.#rows, this.#columns, cells, number);
    const part = this.#parts.next(cells, number);
    const gap = this.#gap();
    if (gap === undefined) this.#kept[part]!++;
    else if (this.#missing === 'error' && this.#isFinal)
      throw valueMissing(this.#rows.place(number), gap, this.#encoding);
    else if (part === 0) this.#dropped++;
    const use = gap !== undefined ? 'none' : part === 0 ? 'train' : 'other';
    // Of a table that is divided a row without a target cannot be trained on, but may be predicted.
    const only = this.#parts.count > 1 && gap !== undefined && this.#others.includes(gap);
    const known = only ? 'known' : use;
    for (const column of this.#inputs) column.end(known, number);
    for (const column of this.#others) column.end(use, number);
    return true;
  }

  /** What is to deal rows out instead, where a part that could have rows has none by chance. */
  get evenly(): (() => RowParts) | undefined {
    const count = this.#kept.length;
    return count > 1 && this.#seen >= count && this.#kept.includes(0) ? this.#parts.evenly(this.#seen) : undefined;
  }

  /** Which columns are used; undefined where an encoding says that. */
  choose(): ChosenColumns | undefined {
    if (this.#seen === 0) throw badFile(this.#rows.label, 'expected at least one row of values, got none');
    if (!('options' in this.#how)) return undefined;
    const names = { inputs: namesOf(this.#inputs), targets: namesOf(this.#targets) };
    return chooseInputs(this.#rows.label, names, this.#how.options, (name) => this.#facts(name));
  }

  /** Whether other rows are kept, or columns are read in another way, than in this pass. */
  hasToGoAgain({ inputs, dates }: ChosenColumns): boolean {
    const without = this.#inputs.some(({ name, firstGap }) => firstGap !== undefined && !inputs.includes(name));
    return dates.size > 0 || (without && this.#missing !== 'mean');
  }

  finish(chosen: ChosenColumns | undefined): Omit<Survey, 'parts'> {
    if (chosen !== undefined) this.#inputs = this.#inputs.filter(({ name }) => chosen.inputs.includes(name));
    if (chosen !== undefined && 'options' in this.#how) checkTexts(this.#tableFacts(), chosen, this.#how.options);
    if (this.#missing === 'error') this.#refuseGaps();
    this.#refuseEmptyParts();
    const { encoding, notes } =
      'options' in this.#how && chosen !== undefined
        ? decideEncoding(this.#tableFacts(), chosen, this.#how.options)
        : { encoding: (this.#how as { encoding: Encoding }).encoding, notes: [] };
    this.#inputs = this.#inputs.filter(({ name }) => encoding.inputs.some((column) => column.name === name));
    const extents = (list: readonly ColumnEncoding[], columns: readonly ColumnSurvey[]) =>
      list.map((column, i) => extentOf(column, columns[i]!));
    const [target] = encoding.targets;
    return {
      encoding,
      weights: this.#how.weights,
      rows: this.#kept,
      inputType: matrixType(extents(encoding.inputs, this.#inputs)),
      targetType:
        target?.kind === 'categorical'
          ? indexType(target.categories.length)
          : matrixType(extents(encoding.targets, this.#targets)),
      notes: [...this.#notes, ...(chosen?.notes ?? []), ...notes],
    };
  }

  #candidates(readable: readonly string[]): ColumnNames {
    const how = this.#how;
    if ('options' in how) return chosenNames(this.#rows.label, readable, how.options);
    return { inputs: namesOf(how.encoding.inputs), targets: namesOf(how.encoding.targets) };
  }

  /** Whether all columns that are looked at are used. */
  get #isFinal(): boolean {
    return this.#chosen !== undefined || 'encoding' in this.#how;
  }

  get #encoding(): Encoding | undefined {
    return 'options' in this.#how ? undefined : this.#how.encoding;
  }

  #refuseGaps(): void {
    const gaps = [...this.#inputs, ...this.#targets, ...this.#weights].filter(({ firstGap }) => firstGap !== undefined);
    const [first] = gaps.toSorted((a, b) => a.firstGap! - b.firstGap!);
    if (first !== undefined) throw valueMissing(this.#rows.place(first.firstGap!), first, this.#encoding);
  }

  #refuseEmptyParts(): void {
    const part = this.#kept.indexOf(0);
    if (part < 0) return;
    const { label } = this.#rows;
    const gaps = (columns: readonly ColumnSurvey[]) =>
      columns.map(({ name, values }) => ({ name, gaps: this.#seen - values, rows: this.#seen }));
    const targets = gaps([...this.#targets, ...this.#weights]);
    if (this.#kept.length === 1) throw noRows(label, gaps(this.#inputs), targets, this.#missing, this.#encoding);
    const ways =
      'leave the part out (--validation-share 0, --test-share 0 in the program), or take another seed (--split-seed)';
    throw badData(
      label,
      `expected at least one row ${whatIsKept(this.#missing)} for part ${part + 1} of the split, got none of ${this.#seen}: ${ways}`,
    );
  }

  #facts(name: string): ColumnSurvey {
    return this.#columns.find((column) => column?.name === name)!;
  }

  /** The first column that keeps the last row from becoming a pattern. */
  #gap(): ColumnSurvey | undefined {
    const inputs = this.#missing === 'mean' ? undefined : this.#inputs.find(({ gone }) => gone);
    return inputs ?? this.#others.find(({ gone }) => gone);
  }

  get #missing(): MissingPolicy {
    return 'options' in this.#how ? this.#how.options.missing : this.#how.encoding.missing;
  }

  #tableFacts(): TableFacts {
    const { label, place } = this.#rows;
    return {
      source: label,
      rows: this.#kept[0]!,
      dropped: this.#dropped,
      allRows: this.#kept.reduce((sum, rows) => sum + rows, 0),
      missingValues: [...this.#choice.missing],
      numberFormat: this.#choice.numberFormat,
      column: (name: string) => this.#facts(name),
      place,
    };
  }
}

export function namesOf(columns: readonly { readonly name: string }[]): string[] {
  return columns.map(({ name }) => name);
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted('reading', signal);
}

/** How many different values of a column matter; 0 for those of numbers. */
function mostValues(name: string, targets: readonly string[], options: ResolvedEncodeOptions): number {
  if (targets.includes(name) || options.categories.has(name)) return MOST_CLASSES;
  return options.categorical.has(name) ? MOST_CATEGORIES : 0;
}

function extentOf(encoding: ColumnEncoding, { extent, gaps }: ColumnSurvey): Extent {
  const all = new Extent();
  if (encoding.kind === 'categorical') {
    all.add(0);
    all.add(1);
    return all;
  }
  all.join(extent);
  if (gaps > 0 && encoding.fill !== null) all.add(encoding.fill);
  return all;
}

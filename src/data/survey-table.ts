import { GradpoolError } from '../core/errors.ts';
import { badData, noColumn } from './bad-data.ts';
import { badFile, inColumn } from './bad-file.ts';
import { chooseColumns } from './choose-columns.ts';
import { ColumnSurvey } from './column-survey.ts';
import { chosenNames, decideEncoding, MOST_CATEGORIES, MOST_CLASSES } from './decide-encoding.ts';
import type { ResolvedEncodeOptions } from './encode-options.ts';
import type { ColumnEncoding, Encoding, MissingPolicy } from './encoding.ts';
import { valueMissing } from './kept-rows.ts';
import { Extent, indexType, matrixType, type NumericArrayType } from './narrow.ts';
import type { ColumnChoice } from './read-options.ts';
import type { RowParts } from './row-parts.ts';
import type { TableRows, TableVisitor } from './table-rows.ts';

/** How a table is to be encoded: found out from it, or known; and which column has the weights of the patterns. */
export type Wanted = ({ readonly options: ResolvedEncodeOptions } | { readonly encoding: Encoding }) & {
  readonly weights: string | undefined;
};

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
}

/** How rows go by while they are surveyed or stored. */
export interface Going {
  readonly parts: () => RowParts;
  readonly signal: AbortSignal | undefined;
}

/**
 * Goes through a table once, or twice where a column of numbers turns out to be one of texts.
 * @throws GradpoolError ERR_BAD_FILE, ERR_BAD_DATA, ERR_ABORTED
 */
export async function surveyTable(
  rows: TableRows,
  choice: ColumnChoice,
  wanted: Wanted,
  { parts, signal }: Going,
): Promise<Survey> {
  let rules = choice;
  for (;;) {
    const visitor = new SurveyVisitor(rows, rules, wanted, parts(), signal);
    await rows.visit(visitor);
    const late = visitor.late;
    if (late.length === 0) return visitor.finish();
    rules = { ...rules, categorical: new Set([...rules.categorical, ...late]) };
  }
}

class SurveyVisitor implements TableVisitor {
  wanted: readonly boolean[] = [];
  readonly #rows: TableRows;
  readonly #choice: ColumnChoice;
  readonly #how: Wanted;
  readonly #parts: RowParts;
  readonly #signal: AbortSignal | undefined;
  readonly #kept: number[];
  /** By the columns of the file; undefined where one is not used. */
  #columns: (ColumnSurvey | undefined)[] = [];
  #inputs: ColumnSurvey[] = [];
  #targets: ColumnSurvey[] = [];
  #weights: ColumnSurvey[] = [];
  #dropped = 0;
  #seen = 0;

  constructor(rows: TableRows, choice: ColumnChoice, how: Wanted, parts: RowParts, signal: AbortSignal | undefined) {
    this.#rows = rows;
    this.#choice = choice;
    this.#how = how;
    this.#parts = parts;
    this.#signal = signal;
    this.#kept = Array.from({ length: parts.count }, () => 0);
  }

  get late(): string[] {
    return this.#columns.flatMap((column) => (column?.late ? [column.name] : []));
  }

  begin(names: readonly string[], where: string): void {
    const readable = chooseColumns(where, names, this.#choice).flatMap((builder) => builder?.name ?? []);
    const how = this.#how;
    const { inputs, targets } =
      'options' in how
        ? chosenNames(this.#rows.label, readable, how.options)
        : { inputs: namesOf(how.encoding.inputs), targets: namesOf(how.encoding.targets) };
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
    const looked = new Set(this.#parts.begin(names));
    this.wanted = this.#columns.map((column, c) => column !== undefined || looked.has(c));
  }

  row(cells: readonly unknown[], number: number): true {
    if ((this.#seen++ & 255) === 0) throwIfAborted(this.#signal);
    const { label, unit, put } = this.#rows;
    for (let c = 0; c < cells.length; c++) {
      const column = this.#columns[c];
      const problem = column && put(column, cells[c]);
      if (problem !== undefined) throw badFile(inColumn(`${label}, ${unit} ${number}`, column!.name), problem);
    }
    const part = this.#parts.next(cells, number);
    const gap = this.#gap();
    if (gap === undefined) {
      this.#kept[part]!++;
      for (const column of this.#columns) column?.keep(part === 0, number);
    } else if (this.#missing === 'error') throw valueMissing(`${label}, ${unit} ${number}`, gap.name);
    else if (part === 0) this.#dropped++;
    return true;
  }

  finish(): Survey {
    const { label } = this.#rows;
    if (this.#seen === 0) throw badFile(label, 'expected at least one row of values, got none');
    this.#kept.forEach((rows, part) => {
      if (rows > 0) return;
      const what = 'expected at least one row in which no value is missing';
      if (this.#kept.length === 1) throw badData(label, `${what}, got none`);
      const ways =
        'leave the part out (--validation-share 0, --test-share 0 in the program), or take another seed (--split-seed)';
      throw badData(label, `${what} for part ${part + 1} of the split, got none of ${this.#seen}: ${ways}`);
    });
    const encoding = 'options' in this.#how ? this.#decide(this.#how.options) : this.#how.encoding;
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
    };
  }

  /** The first column that keeps the last row from becoming a pattern. */
  #gap(): ColumnSurvey | undefined {
    const inputs = this.#missing === 'mean' ? undefined : this.#inputs.find(({ gone }) => gone);
    return inputs ?? [...this.#targets, ...this.#weights].find(({ gone }) => gone);
  }

  get #missing(): MissingPolicy {
    return 'options' in this.#how ? this.#how.options.missing : this.#how.encoding.missing;
  }

  #decide(options: ResolvedEncodeOptions): Encoding {
    const { label, unit } = this.#rows;
    const facts = {
      source: label,
      rows: this.#kept[0]!,
      dropped: this.#dropped,
      missingValues: [...this.#choice.missing],
      column: (name: string) => this.#columns.find((column) => column?.name === name)!,
      place: (number: number) => `${label}, ${unit} ${number}`,
    };
    return decideEncoding(facts, { inputs: namesOf(this.#inputs), targets: namesOf(this.#targets) }, options);
  }
}

export function namesOf(columns: readonly { readonly name: string }[]): string[] {
  return columns.map(({ name }) => name);
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new GradpoolError('ERR_ABORTED', 'reading was aborted', { cause: signal.reason });
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

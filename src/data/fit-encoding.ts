import { badData, columnOf } from './bad-data.ts';
import { inColumn } from './bad-file.ts';
import { chooseInputs, chosenNames } from './choose-inputs.ts';
import { type ColumnFacts, TextFacts } from './column-facts.ts';
import { numbersOf, textAt } from './column-view.ts';
import { type DataTable, missingMask } from './data-table.ts';
import type { DateOrder } from './date-text.ts';
import { checkTexts, decideEncoding } from './decide-encoding.ts';
import type { ResolvedEncodeOptions } from './encode-options.ts';
import type { Encoding } from './encoding.ts';
import { completeRows, keptRows } from './kept-rows.ts';
import { numberReader } from './number-text.ts';
import type { TableColumn } from './table-column.ts';

/** A table, and the rows of it that are kept. */
interface Rows {
  readonly table: DataTable;
  readonly kept: Uint32Array;
}

/** An encoding, the rows that it was measured on, and what was decided, for people to read. */
export interface FittedEncoding {
  readonly encoding: Encoding;
  readonly kept: Uint32Array;
  readonly notes: readonly string[];
}

/**
 * Finds out how a table is encoded: which columns and categories there are from all rows, means and the most frequent from the rows to
 * train on.
 * @throws GradpoolError ERR_BAD_DATA
 */
export function fitEncoding(table: DataTable, options: ResolvedEncodeOptions): FittedEncoding {
  const whole = options.categoriesFrom ?? table;
  const names = chosenNames(table.source, table.names, options);
  const looks = new Map<string, Look>();
  const lookOf = (name: string) => {
    const look = looks.get(name) ?? new Look(whole, columnOf(whole, name));
    looks.set(name, look);
    return look;
  };
  const none = { table: whole, kept: new Uint32Array(0) };
  const look = (name: string) => new KeptColumn(lookOf(name), none, none, undefined);
  const chosen = chooseInputs(table.source, names, options, look);
  const read = (name: string) => new KeptColumn(lookOf(name), none, none, chosen.dates.get(name));
  checkTexts({ column: read, place: whole.place }, chosen, options);
  const rowsOf = (of: DataTable, keep: typeof keptRows, policy = options.missing): Rows => {
    const columns = (list: readonly string[]) => list.map((name) => columnOf(of, name));
    const weights = options.weights === undefined ? [] : [options.weights];
    return { table: of, kept: keep(of, columns(chosen.inputs), columns([...chosen.targets, ...weights]), policy) };
  };
  const train = rowsOf(table, keptRows);
  const { kept } = train;
  // A gap in another row is told of where that row is encoded.
  const policy = options.missing === 'error' ? 'drop' : options.missing;
  const all = whole === table ? train : rowsOf(whole, completeRows, policy);
  const facts = {
    source: table.source,
    rows: kept.length,
    dropped: table.rows - kept.length,
    allRows: all.kept.length,
    missingValues: table.missingValues,
    numberFormat: table.numberFormat,
    column: (name: string) => new KeptColumn(lookOf(name), all, train, chosen.dates.get(name)),
    place: whole.place,
  };
  const { encoding, notes } = decideEncoding(facts, chosen, options);
  return { encoding, kept, notes: [...chosen.notes, ...notes] };
}

/** A different value of a column. */
interface Group {
  readonly text: string;
  /** The first row that has it. */
  readonly row: number;
  count: number;
}

/** What all values of a column tell, whether their rows are kept or not. */
class Look {
  readonly column: TableColumn;
  readonly #table: DataTable;
  #groups: readonly Group[] | undefined;
  #texts: TextFacts | undefined;

  constructor(table: DataTable, column: TableColumn) {
    this.#table = table;
    this.column = column;
  }

  get values(): number {
    return this.#table.rows - this.column.missing.length;
  }

  get different(): number {
    return this.column.kind === 'categorical' && this.column.tooMany ? Infinity : this.groups.length;
  }

  get groups(): readonly Group[] {
    return (this.#groups ??= groupsOf(this.#table, this.column, undefined));
  }

  get texts(): TextFacts {
    if (this.#texts === undefined) {
      this.#texts = new TextFacts(numberReader(this.#table.numberFormat));
      for (const { text, row, count } of this.groups) this.#texts.add(text, row, count);
    }
    return this.#texts;
  }
}

/** A column in memory; what is asked of it is found out then. */
class KeptColumn implements ColumnFacts {
  readonly name: string;
  readonly kind: TableColumn['kind'];
  readonly dates: DateOrder | undefined;
  readonly #look: Look;
  readonly #all: Rows;
  readonly #train: Rows;

  constructor(look: Look, all: Rows, train: Rows, dates: DateOrder | undefined) {
    const { name, kind } = look.column;
    if (columnOf(train.table, name).kind !== kind)
      throw badData(inColumn(train.table.source, name), 'has numbers only here or in "categoriesFrom", not in both');
    this.name = name;
    this.kind = dates === undefined ? kind : 'numeric';
    this.dates = dates;
    this.#look = look;
    this.#all = all;
    this.#train = train;
  }

  get values(): number {
    return this.#look.values;
  }

  get digits(): number | undefined {
    const { column } = this.#look;
    return column.kind === 'numeric' ? column.digits : undefined;
  }

  get different(): number {
    return this.#look.different;
  }

  get missing(): number {
    const { table, kept } = this.#train;
    const gone = missingMask(columnOf(table, this.name), table.rows);
    return gone === undefined ? 0 : kept.reduce((sum, row) => sum + gone[row]!, 0);
  }

  mean(): number {
    const { table, kept } = this.#train;
    const column = columnOf(table, this.name);
    const gone = missingMask(column, table.rows);
    const read = numbersOf(table, column, this.dates);
    let [sum, count] = [0, 0];
    for (const row of kept) {
      if (gone?.[row] === 1) continue;
      sum += read(row);
      count++;
    }
    return sum / count;
  }

  counts(): Map<string, number> | undefined {
    if (this.#look.different === Infinity) return undefined;
    const [all, train] = [this.#all, this.#train];
    const trained = groupsOf(train.table, columnOf(train.table, this.name), train.kept);
    const others = all === train ? [] : groupsOf(all.table, this.#look.column, all.kept);
    return new Map([
      ...others.map(({ text }) => [text, 0] as const),
      ...trained.map(({ text, count }) => [text, count] as const),
    ]);
  }

  texts(): TextFacts {
    return this.#look.texts;
  }

  isBinary(): boolean {
    const values = keysOf(this.#look.column);
    return this.#all.kept.every((row) => values[row] === 0 || values[row] === 1);
  }

  integers(most: number): number | undefined {
    const values = keysOf(this.#look.column);
    const different = new Set<number>();
    for (const row of this.#all.kept) {
      if (!Number.isInteger(values[row])) return undefined;
      different.add(values[row]!);
      if (different.size > most) return undefined;
    }
    return different.size;
  }
}

/** The different values of some rows, or of all. */
function groupsOf(table: DataTable, column: TableColumn, rows: Uint32Array | undefined): Group[] {
  const keys = keysOf(column);
  const gone = missingMask(column, table.rows);
  const groups = new Map<number, { row: number; count: number }>();
  const length = rows?.length ?? table.rows;
  for (let r = 0; r < length; r++) {
    const row = rows === undefined ? r : rows[r]!;
    if (gone?.[row] === 1) continue;
    const group = groups.get(keys[row]!);
    if (group === undefined) groups.set(keys[row]!, { row, count: 1 });
    else group.count++;
  }
  return Array.from(groups.values(), ({ row, count }) => ({ text: textAt(column, row), row, count }));
}

function keysOf(column: TableColumn) {
  return column.kind === 'numeric' ? column.values : column.codes;
}

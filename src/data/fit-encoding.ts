import { columnOf } from './bad-data.ts';
import { numbersOf, textAt } from './column-view.ts';
import { type DataTable, missingMask } from './data-table.ts';
import { chosenNames, type ColumnFacts, decideEncoding } from './decide-encoding.ts';
import type { ResolvedEncodeOptions } from './encode-options.ts';
import type { Encoding } from './encoding.ts';
import { keptRows } from './kept-rows.ts';
import { numberReader } from './number-text.ts';
import type { TableColumn } from './table-column.ts';
import { type Slips, TextTally } from './text-tally.ts';

/**
 * Measures the training rows: which categories there are, means, the most frequent.
 * @throws GradpoolError ERR_BAD_DATA
 */
export function fitEncoding(
  table: DataTable,
  options: ResolvedEncodeOptions,
): { encoding: Encoding; kept: Uint32Array } {
  const names = chosenNames(table.source, table.names, options);
  const columns = (list: readonly string[]) => list.map((name) => columnOf(table, name));
  const weights = options.weights === undefined ? [] : [options.weights];
  const kept = keptRows(table, columns(names.inputs), columns([...names.targets, ...weights]), options.missing);
  const facts = {
    source: table.source,
    rows: kept.length,
    dropped: table.rows - kept.length,
    missingValues: table.missingValues,
    numberFormat: table.numberFormat,
    column: (name: string) => new KeptColumn(table, kept, columnOf(table, name)),
    place: table.place,
  };
  return { encoding: decideEncoding(facts, names, options), kept };
}

/** A column in memory; what is asked of it is found out then. */
class KeptColumn implements ColumnFacts {
  readonly name: string;
  readonly kind: TableColumn['kind'];
  readonly #table: DataTable;
  readonly #kept: Uint32Array;
  readonly #column: TableColumn;
  readonly #gone: Uint8Array | undefined;

  constructor(table: DataTable, kept: Uint32Array, column: TableColumn) {
    this.name = column.name;
    this.kind = column.kind;
    this.#table = table;
    this.#kept = kept;
    this.#column = column;
    this.#gone = missingMask(column, table.rows);
  }

  get missing(): number {
    const gone = this.#gone;
    return gone === undefined ? 0 : this.#kept.reduce((sum, row) => sum + gone[row]!, 0);
  }

  mean(): number {
    const read = numbersOf(this.#table, this.#column);
    let [sum, count] = [0, 0];
    for (const row of this.#kept) {
      if (this.#gone?.[row] === 1) continue;
      sum += read(row);
      count++;
    }
    return sum / count;
  }

  counts(): Map<string, number> {
    return new Map(Array.from(this.#different(), ({ text, count }) => [text, count]));
  }

  slips(): Slips | undefined {
    const tally = new TextTally(numberReader(this.#table.numberFormat));
    for (const { text, row, count } of this.#different()) tally.add(text, row, count);
    return tally.slips();
  }

  /** The different values: how often each is there, and the first row that has it. */
  #different(): { text: string; row: number; count: number }[] {
    const keys = this.#keys;
    const groups = new Map<number, { row: number; count: number }>();
    for (const row of this.#kept) {
      if (this.#gone?.[row] === 1) continue;
      const group = groups.get(keys[row]!);
      if (group === undefined) groups.set(keys[row]!, { row, count: 1 });
      else group.count++;
    }
    return Array.from(groups.values(), ({ row, count }) => ({ text: textAt(this.#column, row), row, count }));
  }

  isBinary(): boolean {
    const values = this.#keys;
    return this.#kept.every((row) => values[row] === 0 || values[row] === 1);
  }

  integers(most: number): number | undefined {
    const values = this.#keys;
    const different = new Set<number>();
    for (const row of this.#kept) {
      if (!Number.isInteger(values[row])) return undefined;
      different.add(values[row]!);
      if (different.size > most) return undefined;
    }
    return different.size;
  }

  get #keys() {
    return this.#column.kind === 'numeric' ? this.#column.values : this.#column.codes;
  }
}

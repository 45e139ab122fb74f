import { badData } from './bad-data.ts';
import { inColumn } from './bad-file.ts';
import type { TableVisitor } from './csv.ts';
import { type KeyColumn, KeyReader } from './keyed-parts.ts';
import { throwIfAborted } from './survey-table.ts';

/** Goes through one column of a table. */
export abstract class KeyVisitor implements TableVisitor {
  wanted: readonly boolean[] = [];
  /** Rows so far, that which is looked at included. */
  protected seen = 0;
  protected readonly reader: KeyReader;
  readonly #signal: AbortSignal | undefined;

  constructor(column: KeyColumn, signal: AbortSignal | undefined) {
    this.reader = new KeyReader(column);
    this.#signal = signal;
  }

  begin(names: readonly string[]): void {
    const looked = new Set(this.reader.begin(names));
    this.wanted = names.map((_, c) => looked.has(c));
  }

  row(cells: readonly unknown[], number: number): true {
    if ((this.seen++ & 255) === 0) throwIfAborted(this.#signal);
    this.look(cells, number);
    return true;
  }

  /** @throws GradpoolError ERR_BAD_DATA */
  protected abstract look(cells: readonly unknown[], number: number): void;
}

/** What keys cannot be used for is a fault of the file. @throws GradpoolError ERR_BAD_DATA */
export function badKeys<T>({ rows, name }: KeyColumn, use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw badData(inColumn(rows.label, name), error.message.replace(/^"\w+" /, ''));
  }
}

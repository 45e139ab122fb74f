import { Random } from '../core/random.ts';
import { badData } from './bad-data.ts';
import { inColumn } from './bad-file.ts';
import { type KeyColumn, KeyReader, timeIn } from './keyed-parts.ts';
import { cutsInTime } from './parts.ts';
import { endsOf } from './row-parts.ts';
import { throwIfAborted } from './survey-table.ts';
import type { TableRows, TableVisitor } from './table-rows.ts';

/** Of so many rows the times are kept: at random, the same every time (Vitter 1985, algorithm R). */
const SAMPLE = 2 ** 16;

/**
 * Goes through a table to find out at which time each part but the first begins.
 * @throws GradpoolError ERR_BAD_FILE, ERR_BAD_DATA, ERR_ABORTED
 */
export async function beginsInTime(
  rows: TableRows,
  column: KeyColumn,
  shares: readonly number[],
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const sample = new TimeSample(column, signal);
  await rows.visit(sample);
  const sorted = Float64Array.from(sample.times).sort();
  const wanted = endsOf(shares).map((end) => Math.round(end * sorted.length));
  try {
    return cutsInTime(sorted, wanted).map((place) => sorted[place]!);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw badData(inColumn(rows.label, column.name), error.message.replace('"times" ', ''));
  }
}

class TimeSample implements TableVisitor {
  wanted: readonly boolean[] = [];
  readonly times: number[] = [];
  readonly #reader: KeyReader;
  readonly #signal: AbortSignal | undefined;
  readonly #random = new Random(0);
  #seen = 0;

  constructor(column: KeyColumn, signal: AbortSignal | undefined) {
    this.#reader = new KeyReader(column);
    this.#signal = signal;
  }

  begin(names: readonly string[]): void {
    const looked = new Set(this.#reader.begin(names));
    this.wanted = names.map((_, c) => looked.has(c));
  }

  row(cells: readonly unknown[], number: number): true {
    if ((this.#seen++ & 255) === 0) throwIfAborted(this.#signal);
    const time = timeIn(this.#reader, cells, number);
    if (this.times.length < SAMPLE) this.times.push(time);
    else {
      const at = this.#random.below(this.#seen);
      if (at < SAMPLE) this.times[at] = time;
    }
    return true;
  }
}

import { Random } from '../core/random.ts';
import { badKeys, KeyVisitor } from './key-visitor.ts';
import type { KeyColumn } from './keyed-parts.ts';
import { cutsInTime } from './parts.ts';
import { endsOf } from './row-parts.ts';
import type { TableRows } from './table-rows.ts';

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
  return badKeys(column, () => cutsInTime(sorted, wanted).map((place) => sorted[place]!));
}

class TimeSample extends KeyVisitor {
  readonly times: number[] = [];
  readonly #random = new Random(0);

  protected look(cells: readonly unknown[], number: number): void {
    const time = this.reader.time(cells, number);
    if (this.times.length < SAMPLE) this.times.push(time);
    else {
      const at = this.#random.below(this.seen);
      if (at < SAMPLE) this.times[at] = time;
    }
  }
}

import type { Dataset } from '../data/dataset.ts';
import { type Encoding, widthOf } from '../data/encoding.ts';
import type { StreamedDataset } from '../data/streamed-dataset.ts';

/** A column of numbers that may give the target away, or be no property of what the row is about. */
export interface TellingColumn {
  readonly name: string;
  /** Every row has another integer; or rows in its order have the target in order. */
  readonly why: 'unique' | 'sorts';
  /** So many rows were looked at. */
  readonly rows: number;
}

/** With fewer rows any column may look like that. */
const LEAST = 20;
/** So many rows are looked at. */
const MOST = 2 ** 16;
/** So many are looked at first, so that most columns cost next to nothing. */
const FIRST = 256;
/** Of the rows so many have a value of their own in a column that can sort the target. */
const DIFFERENT = 0.9;

/** The columns that are named in the summary: as ids, row numbers and dates are. */
export async function tellingColumns(
  train: Dataset | StreamedDataset,
  { inputs, task }: Encoding,
): Promise<TellingColumn[]> {
  if (inputs.length < 2 || train.length < LEAST) return [];
  const pieces: Dataset[] = [];
  let rows = 0;
  if ('pieces' in train) {
    for await (const piece of train.pieces()) {
      pieces.push(piece.length > MOST - rows ? piece.slice(0, MOST - rows) : piece);
      rows += pieces.at(-1)!.length;
      if (rows >= MOST) break;
    }
  } else pieces.push(train);
  const hasOrder = task !== 'multi-label' && new Set(columnOf(pieces, 'targets', 0, MOST)).size > 1;
  const targets = hasOrder ? (count: number) => columnOf(pieces, 'targets', 0, count) : undefined;
  let at = 0;
  return inputs.flatMap((input): TellingColumn[] => {
    const place = at;
    at += widthOf(input);
    if (input.kind !== 'numeric') return [];
    const look = (count: number) =>
      reasonOf(columnOf(pieces, 'inputs', place, count), targets?.(count), task === 'classification');
    const why = look(FIRST) && look(MOST);
    return why === undefined ? [] : [{ name: input.name, why, rows: Math.min(MOST, train.length) }];
  });
}

function columnOf(pieces: readonly Dataset[], of: 'inputs' | 'targets', place: number, most: number): Float64Array {
  const values: number[] = [];
  for (const { storage, rows } of pieces) {
    const { values: all, stride } = of === 'inputs' ? storage.inputs : storage.targets.columns;
    for (const row of rows) {
      if (values.length >= most) return Float64Array.from(values);
      values.push(all[row * stride + place]!);
    }
  }
  return Float64Array.from(values);
}

function reasonOf(
  values: Float64Array,
  targets: Float64Array | undefined,
  areClasses: boolean,
): TellingColumn['why'] | undefined {
  const different = new Set(values).size;
  if (different < DIFFERENT * values.length) return undefined;
  if (different === values.length && values.every(Number.isInteger)) return 'unique';
  return targets !== undefined && isSorted(values, targets, areClasses) ? 'sorts' : undefined;
}

/** Whether rows in the order of a column have the target in order: classes in one run each, values rising or falling. */
function isSorted(values: Float64Array, targets: Float64Array, areClasses: boolean): boolean {
  const order = Uint32Array.from(values, (_, i) => i).sort(
    (a, b) => values[a]! - values[b]! || targets[a]! - targets[b]!,
  );
  const sorted = Array.from(order, (row) => targets[row]!);
  const different = new Set(sorted).size;
  const steps = sorted.slice(1).map((target, i) => Math.sign(target - sorted[i]!));
  if (areClasses) return steps.filter((step) => step !== 0).length === different - 1;
  return !steps.includes(-1) || !steps.includes(1);
}

/** What is said of them. */
export function tellingText({ name, why, rows }: TellingColumn, target: string): string {
  const what =
    why === 'unique'
      ? `has another integer in each of ${rows} rows to train on, as ids, row numbers and dates have`
      : `puts ${rows} rows to train on into the order of ${target}, as row numbers and dates of a sorted file do`;
  return `column ${JSON.stringify(name)} ${what}: if it is not known of new rows, or means nothing there, leave it out with --features`;
}

import { encodeInputs, encodeTargets, weightsOf } from './apply-encoding.ts';
import { columnOf } from './bad-data.ts';
import type { TableVisitor } from './csv.ts';
import { ColumnBuilder } from './column-builder.ts';
import { DataTable } from './data-table.ts';
import type { Encoding } from './encoding.ts';
import { completeRows } from './kept-rows.ts';
import type { ColumnChoice } from './read-options.ts';
import type { RowFile } from './row-file.ts';
import { nameOfType, type RowLayout, rowBytes } from './row-layout.ts';
import type { RowParts } from './row-parts.ts';
import { type RowPlace, RowWriter } from './row-writer.ts';
import { type Going, namesOf, type Survey, throwIfAborted } from './survey-table.ts';
import { putRow, type TableRows } from './table-rows.ts';

/** Rows are encoded so many bytes at a time, and not more than so many rows. */
const PIECE = 2 ** 22;
const PIECE_ROWS = 4096;

/**
 * Goes through a surveyed table and stores its rows as patterns, each part in a file of its own.
 * @param choice - how the encoding's columns are to be read
 * @throws GradpoolError ERR_BAD_FILE, ERR_BAD_DATA, ERR_DOES_NOT_FIT, ERR_ABORTED; then nothing is left behind
 */
export async function storeTable(
  rows: TableRows,
  survey: Survey,
  choice: ColumnChoice,
  places: readonly RowPlace[],
  going: Going,
): Promise<RowFile[]> {
  const { encoding } = survey;
  const layout = layoutOf(survey);
  const writers: RowWriter[] = [];
  const files: RowFile[] = [];
  try {
    for (const [part, place] of places.entries()) {
      // Nothing is written before all are there: the disk has to have room for those that follow, too.
      const expected = survey.rows.slice(part).reduce((sum, count) => sum + count, 0);
      writers.push(await RowWriter.create(layout, place, expected));
    }
    const store = new TableStore(rows, survey, choice, writers, going.parts(), going.signal);
    await rows.visit(store);
    store.flush();
    for (const writer of writers) await writer.complete(encoding);
    for (const writer of writers) files.push(await writer.publish());
    return files;
  } catch (error) {
    await Promise.all(writers.map((writer) => writer.discard()));
    throw error;
  }
}

/** How the patterns of a table are stored. */
export function layoutOf({ encoding, weights, inputType, targetType }: Survey): RowLayout {
  return {
    inputs: { type: nameOfType(inputType), size: encoding.inputSize },
    inputScale: 1,
    targets: { type: nameOfType(targetType), size: encoding.targets.length },
    flat: encoding.targets.length === 1,
    weighted: weights !== undefined,
  };
}

class TableStore implements TableVisitor {
  wanted: readonly boolean[] = [];
  readonly #rows: TableRows;
  readonly #survey: Survey;
  readonly #choice: ColumnChoice;
  readonly #writers: readonly RowWriter[];
  readonly #parts: RowParts;
  readonly #signal: AbortSignal | undefined;
  readonly #pieceRows: number;
  readonly #pieces = new Map<number, Piece>();
  #names: readonly string[] = [];
  /** By the columns of the file: whether the encoding uses it. */
  #used: readonly boolean[] = [];

  constructor(
    rows: TableRows,
    survey: Survey,
    choice: ColumnChoice,
    writers: readonly RowWriter[],
    parts: RowParts,
    signal: AbortSignal | undefined,
  ) {
    this.#rows = rows;
    this.#survey = survey;
    this.#choice = choice;
    this.#writers = writers;
    this.#parts = parts;
    this.#signal = signal;
    this.#pieceRows = Math.min(PIECE_ROWS, Math.ceil(PIECE / rowBytes(writers[0]!.layout)));
  }

  begin(names: readonly string[]): void {
    const { inputs, targets } = this.#survey.encoding;
    const used = new Set([...namesOf(inputs), ...namesOf(targets), this.#survey.weights]);
    this.#names = names;
    this.#used = names.map((name) => used.has(name));
    const looked = new Set(this.#parts.begin(names));
    this.wanted = this.#used.map((isUsed, c) => isUsed || looked.has(c));
  }

  row(cells: readonly unknown[], number: number): true {
    const part = this.#parts.next(cells, number);
    const piece = this.#pieces.get(part) ?? this.#newPiece();
    this.#pieces.set(part, piece);
    putRow(this.#rows, piece.builders, cells, number);
    piece.numbers.push(number);
    if (piece.numbers.length === this.#pieceRows) this.#store(part);
    return true;
  }

  /** Stores what is left. */
  flush(): void {
    for (const part of [...this.#pieces.keys()]) this.#store(part);
  }

  #newPiece(): Piece {
    const builders = this.#names.map((name, c) => (this.#used[c] ? new ColumnBuilder(name, this.#choice) : undefined));
    return { builders, numbers: [] };
  }

  #store(part: number): void {
    throwIfAborted(this.#signal);
    const { builders, numbers } = this.#pieces.get(part)!;
    this.#pieces.delete(part);
    const columns = builders.flatMap((builder) => builder?.finish() ?? []);
    const place = (row: number) => this.#rows.place(numbers[row]!);
    const table = new DataTable(this.#rows.label, numbers.length, columns, this.#choice, place);
    this.#write(this.#survey.encoding, table, this.#writers[part]!);
  }

  #write(encoding: Encoding, table: DataTable, writer: RowWriter): void {
    const { inputType, targetType, weights } = this.#survey;
    const columns = (list: readonly { name: string }[]) => list.map(({ name }) => columnOf(table, name));
    const weighting = weights === undefined ? undefined : columnOf(table, weights);
    const decisive = [...columns(encoding.targets), ...(weighting ? [weighting] : [])];
    const kept = completeRows(table, columns(encoding.inputs), decisive, encoding.missing);
    const patterns = {
      inputs: encodeInputs(encoding, table, kept, inputType),
      targets: encodeTargets(encoding, table, kept, targetType),
      weights: weighting && { values: weightsOf(table, weighting, kept), size: 1, stride: 1 },
    };
    writer.append(
      patterns,
      Uint32Array.from({ length: kept.length }, (_, r) => r),
    );
  }
}

/** Rows that are gathered until they are worth being encoded. */
interface Piece {
  /** By the columns of the file. */
  readonly builders: readonly (ColumnBuilder | undefined)[];
  /** How they are counted in messages. */
  readonly numbers: number[];
}

import { badFile, inColumn } from './bad-file.ts';
import { chooseColumns } from './choose-columns.ts';
import type { ColumnBuilder } from './column-builder.ts';
import { DataTable } from './data-table.ts';
import { otherDelimiter } from './delimiter-hint.ts';
import { eachRecord, type TextLayout } from './csv-records.ts';
import type { FileSource } from './file-source.ts';
import { Lines } from './lines.ts';
import type { ColumnChoice } from './read-options.ts';
import { findLayout } from './text-layout.ts';
import { streamText } from './text-source.ts';

/**
 * Reads values between delimiters, piece by piece; only columns are kept, never the text. Where a column turns out late not to be
 * numeric, its beginning is read a second time.
 * @throws GradpoolError ERR_BAD_FILE telling the file, the line and the column
 */
export async function readCsv(
  label: string,
  source: FileSource,
  choice: ColumnChoice,
  layout: TextLayout,
): Promise<DataTable> {
  const reader = new CsvReader(label, choice);
  await eachRow(label, source, layout, reader);
  if (reader.reread > 0) await eachRow(label, source, layout, reader.again());
  return reader.finish();
}

/** Takes the rows of a table, one after the other. */
export interface RowVisitor<C = unknown> {
  /**
   * @param where - the file, and the line of the names
   * @param notes - what was decided while the file was opened, for people to read
   */
  begin(names: readonly string[], where: string, notes: readonly string[]): void;
  /** @param line - that the row begins at @returns whether there are to be more */
  row(cells: readonly C[], line: number): boolean;
}

export interface TableVisitor extends RowVisitor {
  /** Which columns' cells are looked at, after `begin`. */
  readonly wanted: readonly boolean[];
}

/** Visits names and rows; each row has as many values as there are names. */
export async function eachRow(
  label: string,
  source: FileSource,
  layout: TextLayout,
  visitor: RowVisitor<string>,
): Promise<void> {
  const found = await findLayout(label, source, layout);
  const { names, trailing } = found;
  const width = names.length;
  let hint = '';
  let { directive } = found;
  let begun = false;
  await eachRecord(label, streamText(label, source), found, (record, line) => {
    if (directive) {
      directive = false;
      return true;
    }
    if (!begun) {
      begun = true;
      visitor.begin(names, `${label}, line ${line}`, found.notes);
      hint = otherDelimiter(record, found.delimiter);
      if (found.header) return true;
    }
    if (record.length !== width || (trailing && record[width - 1] !== ''))
      throw badFile(
        `${label}, line ${line}`,
        `expected ${width - Number(trailing)} value${width === 1 ? '' : 's'}, got ${record.length}${hint}`,
      );
    return visitor.row(record, line);
  });
}

/** Columns in the making. */
class CsvReader implements RowVisitor<string> {
  readonly #label: string;
  readonly #choice: ColumnChoice;
  readonly #lines = new Lines();
  #builders: (ColumnBuilder | undefined)[] = [];
  #notes: readonly string[] = [];
  #rows = 0;

  constructor(label: string, choice: ColumnChoice) {
    this.#label = label;
    this.#choice = choice;
  }

  get reread(): number {
    return Math.max(0, ...this.#builders.map((builder) => builder?.reread ?? 0));
  }

  begin(names: readonly string[], where: string, notes: readonly string[]): void {
    this.#notes = notes;
    this.#builders = chooseColumns(where, names, this.#choice);
  }

  row(record: readonly string[], line: number): true {
    const builders = this.#builders;
    for (let c = 0; c < builders.length; c++) {
      const problem = builders[c]?.add(record[c]);
      if (problem !== undefined) throw this.#bad(line, builders[c]!.name, problem);
    }
    this.#lines.add(this.#rows++, line);
    return true;
  }

  /** Takes as many rows a second time as have to be. */
  again(): RowVisitor<string> {
    let row = 0;
    const visit = (record: readonly string[], line: number) => {
      this.#builders.forEach((builder, c) => {
        const problem = builder !== undefined && row < builder.reread ? builder.addAgain(record[c]) : undefined;
        if (problem !== undefined) throw this.#bad(line, builder!.name, problem);
      });
      return ++row < this.reread;
    };
    return { begin: () => undefined, row: visit };
  }

  finish(): DataTable {
    if (this.#rows === 0) throw badFile(this.#label, 'expected at least one row of values, got none');
    const columns = this.#builders.flatMap((builder) => builder?.finish() ?? []);
    const lines = this.#lines;
    const place = (row: number) => `${this.#label}, line ${lines.of(row)}`;
    return new DataTable(this.#label, this.#rows, columns, this.#choice, place, this.#notes);
  }

  #bad(line: number, name: string, problem: string): Error {
    return badFile(inColumn(`${this.#label}, line ${line}`, name), problem);
  }
}

import type { CsvError, Options, Parser } from 'csv-parse';
import { badFile, inColumn } from './bad-file.ts';
import { chooseColumns, numberedNames } from './choose-columns.ts';
import type { ColumnBuilder } from './column-builder.ts';
import { DataTable } from './data-table.ts';
import { otherDelimiter } from './delimiter-hint.ts';
import { type FileSource, streamBytes } from './file-source.ts';
import { Lines } from './lines.ts';
import type { ColumnChoice, TextLayout } from './read-options.ts';

/** Characters of one row. A quote that is never closed would otherwise take the whole file. */
const LONGEST_ROW = 2 ** 24;

const PROBLEMS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and never closed',
  CSV_INVALID_CLOSING_QUOTE: 'a closing quote is followed by neither a delimiter nor the end of the line',
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE:
    'a closing quote is followed by neither a delimiter nor the end of the line',
  INVALID_OPENING_QUOTE: 'a quote stands inside a value that does not begin with one',
  CSV_MAX_RECORD_SIZE: `a row is longer than ${LONGEST_ROW} characters; is a quote not closed?`,
};

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

/** Visits names and rows; each row has as many values as there are names. */
export async function eachRow(
  label: string,
  source: FileSource,
  layout: TextLayout,
  visitor: RowVisitor<string>,
): Promise<void> {
  const { header, delimiter } = layout;
  let width: number | undefined;
  let hint = '';
  await eachRecord(label, source, layout, (record, line) => {
    if (width === undefined) {
      const names = header === true ? record : header || numberedNames(record.length);
      visitor.begin(names, `${label}, line ${line}`, []);
      width = names.length;
      hint = otherDelimiter(record, delimiter);
      if (header === true) return true;
    }
    if (record.length !== width)
      throw badFile(
        `${label}, line ${line}`,
        `expected ${width} value${width === 1 ? '' : 's'}, got ${record.length}${hint}`,
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
    return new DataTable(this.#label, this.#rows, columns, this.#choice.missing, place, this.#notes);
  }

  #bad(line: number, name: string, problem: string): Error {
    return badFile(inColumn(`${this.#label}, line ${line}`, name), problem);
  }
}

/**
 * Parses records one after the other.
 * @param visit - takes the values and the line that they begin at; false ends it
 */
async function eachRecord(
  label: string,
  source: FileSource,
  layout: TextLayout,
  visit: (record: readonly string[], line: number) => boolean,
): Promise<void> {
  const { parse } = await import('csv-parse');
  const counter = new LineCounter();
  let going = true;
  const parser = parse({
    ...parserOptions(layout),
    on_record: (record: string[], { lines }) => {
      if (going) going = visit(record, counter.begin(record, lines));
    },
  });
  parser.on('error', () => {});
  parser.resume();
  try {
    for await (const piece of streamBytes(label, source)) {
      await fed(parser, piece);
      if (!going) return;
    }
    await fed(parser, undefined);
  } catch (cause) {
    const problem = PROBLEMS[(cause as CsvError).code];
    if (problem === undefined) throw cause;
    throw badFile(`${label}, line ${counter.end + 1}`, problem, cause);
  } finally {
    parser.destroy();
  }
}

function parserOptions({ delimiter, quote, comment }: TextLayout): Options {
  return {
    delimiter,
    quote,
    ...(quote === false ? {} : { escape: quote }),
    ...(comment === undefined ? {} : { comment, comment_no_infix: true }),
    bom: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: LONGEST_ROW,
  };
}

/** Gives the parser a piece, or the end, and waits until it has taken it. */
function fed(parser: Parser, piece: Uint8Array | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (piece === undefined) parser.end(done);
    else parser.write(piece, done);
  });
}

/** The line at which a record begins, from that at which the parser says it ends. It counts CR LF within quotes twice. */
class LineCounter {
  /** The line at which the last record ended. */
  end = 0;
  #reported = 0;
  #surplus = 0;

  begin(record: readonly string[], reported: number): number {
    let begin = reported - this.#surplus;
    if (reported - this.#reported > 1) {
      const ends = record.flatMap((value) => value.match(/\r\n|\r|\n/g) ?? []);
      const surplus = ends.filter((end) => end === '\r\n').length;
      begin -= ends.length + surplus;
      this.#surplus += surplus;
    }
    this.#reported = reported;
    this.end = reported - this.#surplus;
    return begin;
  }
}

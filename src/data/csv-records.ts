import type { CsvError, Options, Parser } from 'csv-parse';
import { badFile } from './bad-file.ts';
import { blanksToTabs } from './blanks.ts';
import type { ColumnRules } from './cell-reader.ts';

/** What was said of a text file. */
export interface TextLayout extends Pick<ColumnRules, 'missing' | 'numberFormat'> {
  readonly header: boolean | readonly string[] | undefined;
  readonly delimiter: string | undefined;
  /** What stands between values unless it is said, or another sign is found. */
  readonly usual: string;
  readonly quote: string | false | undefined;
  readonly comment: string | undefined;
  /** Names that have to be there. */
  readonly expected: readonly string[] | undefined;
}

/** How values stand in a text. */
export interface Signs {
  /** Between values; a space stands for any number of blanks. */
  readonly delimiter: string;
  readonly quote: string | false;
  readonly comment: string | undefined;
}

/** Characters of one row. A quote that is never closed would otherwise take the whole file. */
const LONGEST_ROW = 2 ** 24;

const NO_QUOTES = ': if quotes are signs like others here, say "quote": false (--quote none in the program)';
const PROBLEMS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: `a quote is opened and never closed${NO_QUOTES}`,
  CSV_INVALID_CLOSING_QUOTE: `a closing quote is followed by neither a delimiter nor the end of the line${NO_QUOTES}`,
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: `a closing quote is followed by neither a delimiter nor the end of the line${NO_QUOTES}`,
  INVALID_OPENING_QUOTE: `a quote stands inside a value that does not begin with one${NO_QUOTES}`,
  CSV_MAX_RECORD_SIZE: `a row is longer than ${LONGEST_ROW} characters; is a quote not closed?`,
};

/**
 * Parses records one after the other.
 * @param pieces - of the text, in UTF-8
 * @param visit - takes the values and the line that they begin at; false ends it
 * @throws GradpoolError ERR_BAD_FILE
 */
export async function eachRecord(
  label: string,
  pieces: AsyncIterable<Uint8Array>,
  signs: Signs,
  visit: (record: readonly string[], line: number) => boolean,
): Promise<void> {
  const { parse } = await import('csv-parse');
  const counter = new LineCounter();
  let going = true;
  const parser = parse({
    ...parserOptions(signs),
    on_record: (record: string[], { lines }) => {
      if (going) going = visit(record, counter.begin(record, lines));
    },
  });
  parser.on('error', () => {});
  parser.resume();
  try {
    for await (const piece of signs.delimiter === ' ' ? blanksToTabs(pieces, signs.quote) : pieces) {
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

function parserOptions({ delimiter, quote, comment }: Signs): Options {
  return {
    delimiter: delimiter === ' ' ? '\t' : delimiter,
    quote,
    ...(quote === false ? {} : { escape: quote }),
    ...(comment === undefined ? {} : { comment, comment_no_infix: true }),
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

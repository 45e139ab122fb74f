import { GradpoolError } from '../core/errors.ts';
import { badFile } from './bad-file.ts';
import { numberedNames } from './choose-columns.ts';
import { eachRecord, type Signs, type TextLayout } from './csv-records.ts';
import { otherDelimiter } from './delimiter-hint.ts';
import type { FileSource } from './file-source.ts';
import { looksLikeValues } from './header-check.ts';
import { numberReader } from './number-text.ts';
import { kindOfText } from './text-kind.ts';
import { streamText } from './text-source.ts';

/** How a text file is laid out. */
export interface FoundLayout extends Signs {
  /** The first line says what the delimiter is. */
  readonly directive: boolean;
  /** After it there is a line of names. */
  readonly header: boolean;
  /** Of the values of each line; an empty one is left out. */
  readonly names: readonly string[];
  /** Every line ends in a delimiter that the names do not have. */
  readonly trailing: boolean;
  /** What was decided, for people to read. */
  readonly notes: readonly string[];
}

/** What may stand between values. */
const DELIMITERS = [',', ';', '\t', '|', ' '];
const CALLED: Readonly<Record<string, string>> = { '\t': 'tabs', ' ': 'blanks' };
/** Bytes and lines that are looked at, and bytes at most where lines are long. */
const SAMPLE = { bytes: 2 ** 16, lines: 3, most: 2 ** 24 };
const RECORDS = 256;
/** What spreadsheets write before the names. */
const DIRECTIVE = /^"?sep=(.)"?[ \t]*(?:[\r\n]|$)/i;

/**
 * Finds out how a text file is laid out, from what was said and from its first lines.
 * @throws GradpoolError ERR_BAD_FILE where the first line may hold names or values
 */
export async function findLayout(label: string, source: FileSource, given: TextLayout): Promise<FoundLayout> {
  const sample = await readSample(label, source);
  const sep = DIRECTIVE.exec(sample.text)?.[1];
  const quote = given.quote ?? quoteOf(sample.text);
  const rest = { ...sample, text: sep === undefined ? sample.text : sample.text.replace(/^.*(\r\n|[\r\n]|$)/, '') };
  const said = given.delimiter ?? sep;
  const { delimiter, records } =
    said === undefined
      ? await findDelimiter(rest, { ...given, quote })
      : await candidate(rest, { ...given, quote }, said);
  const [first = [], ...others] = records;
  const notes: string[] = [];
  const say = (what: string) => notes.push(`${label}: ${what}`);
  if (said === undefined && delimiter !== given.usual)
    say(`values are divided by ${CALLED[delimiter] ?? JSON.stringify(delimiter)}`);
  if (given.quote === undefined && quote !== '"') say(`values are quoted with ${quote}`);
  const directive = sep !== undefined;
  const found = { delimiter, quote, comment: given.comment, directive, notes };
  if (given.header === false || Array.isArray(given.header)) {
    const names = given.header === false ? numberedNames(first.length) : (given.header as readonly string[]);
    return { ...found, header: false, names, trailing: false };
  }
  if (given.header === undefined && !isExpected(first, given.expected))
    askForHeader(label, first, others, given, directive);
  return { ...found, header: true, ...namesOf(first, others, delimiter, say) };
}

/** The names of all values of a line. @param say - is told of those that are left out */
function namesOf(
  first: readonly string[],
  rows: readonly (readonly string[])[],
  delimiter: string,
  say: (what: string) => void,
): Pick<FoundLayout, 'names' | 'trailing'> {
  const width = rows[0]?.length;
  const even = width !== undefined && rows.every((row) => row.length === width);
  if (even && width === first.length - 1 && first.at(-1) === '') return { names: first.slice(0, -1), trailing: false };
  if (even && width === first.length + 1 && first.length > 0) {
    if (rows.every((row) => row.at(-1) === '')) return { names: [...first, ''], trailing: true };
    if (otherDelimiter(first, delimiter) === '' && new Set(rows.map(([value]) => value)).size === rows.length) {
      say('there is one name fewer than values: the first column is taken for the names of rows, and left out');
      return { names: ['', ...first], trailing: false };
    }
  }
  // A delimiter at the end of every line makes a column of nothing.
  const trailing = first.length > 1 && first.at(-1) === '' && rows.every((row) => row.at(-1) === '');
  const nameless = [...first.keys()].filter((c) => first[c] === '' && !(trailing && c === first.length - 1));
  if (nameless.includes(0) && first.length > 1)
    say('the first column has no name: it is taken for an index, and left out');
  const others = nameless.filter((c) => c > 0).map((c) => c + 1);
  if (others.length > 0)
    say(`${others.length === 1 ? 'column' : 'columns'} ${others.join(', ')} without a name, left out`);
  return { names: first, trailing };
}

function isExpected(first: readonly string[], expected: readonly string[] | undefined): boolean {
  return expected !== undefined && expected.length > 0 && expected.every((name) => first.includes(name));
}

function askForHeader(
  label: string,
  first: readonly string[],
  rows: readonly (readonly string[])[],
  { missing, numberFormat }: TextLayout,
  directive: boolean,
): void {
  const known = rows.map((row) => row.map((text) => (missing.has(text) ? '' : text)));
  if (!looksLikeValues(first, known, numberReader(numberFormat))) return;
  const shown = first.slice(0, 5).join(', ') + (first.length > 5 ? ', ...' : '');
  throw badFile(
    `${label}, line ${directive ? 2 : 1}`,
    `expected names, got what may be values: ${shown}; for values say ` +
      '"header": false (--no-header in the program), for names "header": true (--header in the program)',
  );
}

interface Sample {
  readonly text: string;
  /** It is all there is. */
  readonly whole: boolean;
}

async function readSample(label: string, source: FileSource): Promise<Sample> {
  const pieces: Uint8Array[] = [];
  let [bytes, lines] = [0, 0];
  let whole = true;
  for await (const piece of streamText(label, source)) {
    pieces.push(piece);
    bytes += piece.length;
    lines +=
      Buffer.from(piece.buffer, piece.byteOffset, piece.length)
        .toString('latin1')
        .split(/\r\n|[\r\n]/).length - 1;
    whole = false;
    if (bytes >= SAMPLE.most || (bytes >= SAMPLE.bytes && lines > SAMPLE.lines)) break;
    whole = true;
  }
  return { text: Buffer.concat(pieces).toString(), whole };
}

/** Single quotes, where all names stand in them. */
function quoteOf(text: string): string {
  const line = /[^\r\n]+/.exec(text)?.[0].trim() ?? '';
  return /^'[^']+'(?:\s*[,;\t| ]\s*'[^']+')*$/.test(line) ? "'" : '"';
}

/** A sign that may be the delimiter, and what the lines are then. */
interface Candidate {
  readonly delimiter: string;
  readonly records: readonly (readonly string[])[];
  /** All lines have as many values, and as many as there are names; or one name fewer. */
  readonly fit: 'even' | 'short' | undefined;
  /** The share of numbers. */
  readonly numbers: number;
}

type Known = Omit<TextLayout, 'quote'> & { readonly quote: string | false };

/** The usual sign, unless another one fits better. */
async function findDelimiter(sample: Sample, given: Known): Promise<Candidate> {
  const usual = await candidate(sample, given, given.usual);
  const line = /[^\r\n]+/.exec(sample.text)?.[0] ?? '';
  const others: Candidate[] = [];
  for (const delimiter of DELIMITERS.filter((sign) => sign !== given.usual && line.includes(sign))) {
    // A text may have blanks anywhere.
    if (delimiter === ' ' && usual.fit === 'even') continue;
    others.push(await candidate(sample, given, delimiter));
  }
  const even = others.filter(({ fit }) => fit === 'even').sort((a, b) => b.numbers - a.numbers);
  if (usual.fit === 'even') return even[0] !== undefined && even[0].numbers > usual.numbers ? even[0] : usual;
  const short = [usual, ...others].filter(({ fit }) => fit === 'short');
  return even[0] ?? short[0] ?? usual;
}

async function candidate(sample: Sample, given: Known, delimiter: string): Promise<Candidate> {
  const records = await recordsOf(sample, { ...given, delimiter });
  const [first = [], ...rest] = records;
  const toNumber = numberReader(given.numberFormat);
  const isNumber = (text: string) => !Number.isNaN(toNumber(text)) || ['comma', 'grouped'].includes(kindOfText(text));
  const width = rest[0]?.length ?? first.length;
  const cells = rest.flat();
  const names = Array.isArray(given.header) ? given.header.length : first.length;
  const fits = width > 1 && rest.every((row) => row.length === width) && Math.abs(names - width) <= 1;
  // Two words in every line are no two values, unless one of them is a number.
  const blank =
    delimiter === ' ' && !first.some((_, c) => rest.length > 0 && rest.every((row) => isNumber(row[c] ?? '')));
  const fit = !fits || blank ? undefined : names === width ? 'even' : 'short';
  return { delimiter, records, fit, numbers: cells.filter(isNumber).length / Math.max(1, cells.length) };
}

/** The first lines; those of them that are sound. */
async function recordsOf({ text, whole }: Sample, signs: Signs): Promise<readonly (readonly string[])[]> {
  const records: (readonly string[])[] = [];
  const visit = (record: readonly string[]) => records.push(record) < RECORDS;
  try {
    await eachRecord('', oneOf(Buffer.from(text)), signs, visit);
  } catch (error) {
    if (!(error instanceof GradpoolError)) throw error;
    return records;
  }
  return whole || records.length === RECORDS ? records : records.slice(0, -1);
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* oneOf(piece: Uint8Array): AsyncGenerator<Uint8Array> {
  yield piece;
}

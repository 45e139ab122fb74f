import { describe } from '../core/checks.ts';
import { parseNumber } from './number-text.ts';
import { kindOfText, type TextKind } from './text-kind.ts';

/** Why a number is not read as one. */
type Notation = Exclude<TextKind, 'number' | 'date' | 'not finite' | 'text'>;

const SIGNS =
  'numbers need a decimal point, and nothing between thousands, unless it is said with "decimal" ' +
  '(--decimal in the program) and "thousands" (--thousands in the program)';
const WHAT_TO_DO: Readonly<Record<Notation, string>> = {
  comma: SIGNS,
  grouped: SIGNS,
  percent: 'percent signs are not read: write numbers alone',
  currency: 'currencies are not read: write numbers alone',
  parentheses: 'parentheses are not read: write a minus for them',
  formula: 'is a formula of a spreadsheet: write its value',
  unit: 'units are not read: write numbers alone',
  marked: 'write numbers alone, in the digits 0 to 9 and with no signs beside them',
  time: 'times are not read: write them as numbers, of seconds or hours',
};

/** What is wrong with a cell where numbers are expected. */
export function noNumber(cell: unknown): string {
  const hint = typeof cell === 'string' ? notationHint([cell]) : '';
  return `expected a number, got ${describe(cell)}${hint}`;
}

/** What can be done about the notation of the first text that is a number in another one; '' where none is. */
function notationHint(texts: readonly string[]): string {
  for (const text of texts) {
    const kind = kindOfText(text);
    if (kind in WHAT_TO_DO) return `: ${WHAT_TO_DO[kind as Notation]}`;
    if (kind === 'number') return `: ${SIGNS}`;
  }
  return '';
}

/** What can be done about values that are none of a column of numbers. */
export function slipsHint({ kind, texts }: Slips): string {
  const names = 'if they are names, list the column in "categorical" (--categorical in the program)';
  if (kind === 'notation') return `${notationHint(texts)}; ${names}`;
  return `: correct them, list them in "missingValues" (--missing-values default,... in the program); ${names}`;
}

/** A column with so many different numbers is one of numbers if it has hardly any different texts beside them. */
const MANY_NUMBERS = 10;
const FEW_TEXTS = 3;
/** Units, times and marked numbers that are categories are fewer. */
const MANY_UNITS = 10;
/** Texts that are shown. */
const SHOWN = 3;
/** Different texts whose kind is kept, as a column has many rows of each. */
const KNOWN = 4096;

/** Values of a column of numbers that are none. */
export interface Slips {
  /** Numbers in another notation, or something else. */
  readonly kind: 'notation' | 'text';
  readonly numbers: number;
  /** The first few that differ. */
  readonly texts: readonly string[];
  /** The row of the first of them. */
  readonly row: number;
}

type TallyKind = 'number' | 'notation' | 'unit' | 'date' | 'text';

interface Found {
  rows: number;
  /** Different ones: the first few, and how many, up to what matters. */
  readonly different: Map<string, number>;
}

/** Counts what the texts of a column are, without keeping them. */
export class TextTally {
  readonly #toNumber: (text: string) => number;
  readonly #kinds = new Map<string, TallyKind>();
  readonly #found: Record<Exclude<TallyKind, 'date'>, Found> = {
    number: { rows: 0, different: new Map() },
    notation: { rows: 0, different: new Map() },
    unit: { rows: 0, different: new Map() },
    text: { rows: 0, different: new Map() },
  };

  /** @param toNumber - how numbers are read */
  constructor(toNumber: (text: string) => number = parseNumber) {
    this.#toNumber = toNumber;
  }

  /** @param row - in which it was seen first @param count - how many rows have it */
  add(text: string, row: number, count = 1): TallyKind {
    const kind = this.#kindOf(text);
    const found = this.#found[kind === 'date' ? 'text' : kind];
    found.rows += count;
    if (found.different.size < MANY_NUMBERS && !found.different.has(text)) found.different.set(text, row);
    return kind;
  }

  /** Undefined where all are numbers, or the column is not one of numbers. */
  slips(): Slips | undefined {
    const { number, notation, unit, text } = this.#found;
    const there = number.rows + notation.rows + unit.rows + text.rows;
    const mostly = (rows: number) => 2 * rows > there;
    const numbers = number.rows;
    if (numbers === there) return undefined;
    if (notation.rows > 0 && mostly(numbers + notation.rows))
      return { kind: 'notation', numbers, ...shown(notation.different) };
    const units = unit.different.size >= MANY_UNITS || 2 * unit.different.size > there;
    if (units && mostly(numbers + unit.rows)) return { kind: 'notation', numbers, ...shown(unit.different) };
    const others = new Map([...notation.different, ...unit.different, ...text.different]);
    const many = number.different.size >= MANY_NUMBERS && others.size <= FEW_TEXTS;
    return many || mostly(numbers) ? { kind: 'text', numbers, ...shown(others) } : undefined;
  }

  #kindOf(text: string): TallyKind {
    const known = this.#kinds.get(text);
    if (known !== undefined) return known;
    const kind = this.#tallyKind(text);
    if (this.#kinds.size < KNOWN) this.#kinds.set(text, kind);
    return kind;
  }

  #tallyKind(text: string): TallyKind {
    if (!Number.isNaN(this.#toNumber(text))) return 'number';
    const kind = kindOfText(text);
    if (kind === 'date') return kind;
    if (kind === 'text' || kind === 'not finite') return 'text';
    return kind === 'unit' || kind === 'time' || kind === 'marked' ? 'unit' : 'notation';
  }
}

function shown(different: ReadonlyMap<string, number>): { texts: string[]; row: number } {
  const first = [...different].sort(([, a], [, b]) => a - b).slice(0, SHOWN);
  return { texts: first.map(([text]) => text), row: first[0]![1] };
}

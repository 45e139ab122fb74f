import { describe } from '../core/checks.ts';
import { kindOfText, type TextKind } from './text-kind.ts';

/** What is wrong with a cell where numbers are expected. */
export function noNumber(cell: unknown): string {
  const hint = typeof cell === 'string' && kindOfText(cell) === 'comma' ? `: ${DECIMAL_POINT}` : '';
  return `expected a number, got ${describe(cell)}${hint}`;
}

export const DECIMAL_POINT = 'numbers need a decimal point, and nothing between thousands';

/** With so many different numbers, in such a share of the rows, a column is one of numbers. */
const NUMBERS = { different: 10, share: 0.95 };
/** Texts that are shown. */
const SHOWN = 3;

type TallyKind = 'number' | 'comma' | 'not finite' | 'text';

/** Values of a column of numbers that are none. */
export interface Slips {
  readonly kind: 'comma' | 'text';
  readonly numbers: number;
  /** The first few that differ. */
  readonly texts: readonly string[];
  /** The row of the first of them. */
  readonly row: number;
}

interface Example {
  readonly text: string;
  readonly row: number;
}

/** Counts what the texts of a column are, without keeping them. */
export class TextTally {
  readonly #rows: Record<TallyKind, number> = { number: 0, comma: 0, 'not finite': 0, text: 0 };
  readonly #examples: Record<Exclude<TallyKind, 'number'>, Example[]> = { comma: [], 'not finite': [], text: [] };
  readonly #numbers = new Set<string>();

  /** @param row - in which it was seen first @param count - how many rows have it */
  add(text: string, row: number, count = 1): TextKind {
    const found = kindOfText(text);
    const kind = found === 'number' || found === 'comma' || found === 'not finite' ? found : 'text';
    this.#rows[kind] += count;
    if (kind === 'number') {
      if (this.#numbers.size < NUMBERS.different) this.#numbers.add(text);
      return found;
    }
    const examples = this.#examples[kind];
    if (examples.length < SHOWN && !examples.some((one) => one.text === text)) examples.push({ text, row });
    return found;
  }

  /** Undefined where all are numbers, or the column is not one of numbers. */
  slips(): Slips | undefined {
    const { number: numbers, comma, 'not finite': notFinite, text } = this.#rows;
    const there = numbers + comma + notFinite + text;
    const most = NUMBERS.share * there;
    const many = this.#numbers.size === NUMBERS.different;
    const { comma: commas, ...others } = this.#examples;
    if (comma > 0 && (2 * comma > there || (many && numbers + comma >= most)))
      return { kind: 'comma', numbers, ...shown(commas) };
    // Nobody calls a category among numbers so, however few they are.
    const words = notFinite > 0 && numbers > 0 && numbers + notFinite >= most;
    if (there > numbers && (words || (many && numbers >= most)))
      return { kind: 'text', numbers, ...shown([...others['not finite'], ...others.text, ...commas]) };
    return undefined;
  }
}

function shown(examples: readonly Example[]): { texts: string[]; row: number } {
  const first = [...examples].sort((a, b) => a.row - b.row).slice(0, SHOWN);
  return { texts: first.map(({ text }) => text), row: first[0]!.row };
}

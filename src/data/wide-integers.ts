import { LEAVE_OUT } from './bad-file.ts';

/** Integers from here on may share a float64 with another. */
const WIDE = 2 ** 53;
/** Different integers of a column that are kept to be compared, some 100 MB. */
const MOST = 2 ** 20;

/** Whether the number that a cell became could be that of another integer, too. */
export function isWide(value: number): boolean {
  return value >= WIDE || value <= -WIDE;
}

/** A number where it is the same. */
export function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Watches whether different integers of a column become the same number. */
export class WideIntegers {
  readonly #seen = new Map<number, bigint>();
  readonly #most: number;

  /** @param most - different integers that are kept */
  constructor(most = MOST) {
    this.#most = most;
  }

  /**
   * @param cell - as it is written; what stands with a point or an exponent is rounded as it is meant to be
   * @param value - the number that it is as float64, which is wide
   * @returns another integer that is the same number; 'many' where there are too many to be compared
   */
  add(cell: number | bigint | string, value: number): bigint | 'many' | undefined {
    const integer = typeof cell === 'string' ? integerOf(cell) : typeof cell === 'bigint' ? cell : undefined;
    if (integer === undefined) return undefined;
    const seen = this.#seen.get(value);
    if (seen !== undefined) return seen === integer ? undefined : seen;
    if (this.#seen.size === this.#most) return 'many';
    this.#seen.set(value, integer);
    return undefined;
  }
}

/** The integer that a text is, with or without separators of thousands and a fraction of zeros. */
function integerOf(text: string): bigint | undefined {
  const plain = text.normalize('NFKC').replace('\u2212', '-').trim();
  const [, minus, grouped, , digits] = INTEGER.exec(plain) ?? [];
  const all = (digits ?? grouped)?.replaceAll(/\D/g, '');
  if (all === undefined) return undefined;
  return minus === undefined ? BigInt(all) : -BigInt(all);
}

const INTEGER = /^(?:\+|(-))?(?:(\d{1,3}([ .,'’_])\d{3}(?:\3\d{3})*)|(\d+)(?:[.,]0*)?)$/;

/** What is wrong with a column of numbers that would not stay apart. */
export function merged(cell: unknown, other: bigint, hint = NAMES): string {
  return `expected numbers that stay apart as float64, got ${other} and ${String(cell)}, which become the same: ${hint}`;
}

const NAMES = 'if they are names, list the column in "categorical" (--categorical in the program), else leave it out';

export const TOO_MANY_WIDE =
  `has more than ${MOST} different integers beyond 2^53, too many to be sure that they stay apart as float64: ` +
  LEAVE_OUT;

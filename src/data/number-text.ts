/**
 * Texts that stand for a value that is not known, unless others are given: what pandas' `read_csv` takes for it, and three signs
 * alone.
 */
export const MISSING_TEXTS: readonly string[] = [
  '',
  ...['NA', 'N/A', 'n/a', '<NA>', '#N/A', '#N/A N/A', '#NA'],
  ...['NaN', 'nan', '-NaN', '-nan', '1.#IND', '-1.#IND', '1.#QNAN', '-1.#QNAN'],
  ...['null', 'NULL', 'None'],
  ...['-', '.', '?'],
];

/** How numbers are written. */
export interface NumberFormat {
  /** What stands before the fraction. */
  readonly decimal: '.' | ',';
  /** What stands between groups of digits, if anything. A space is any space, an apostrophe any apostrophe. */
  readonly thousands?: string | undefined;
}

/**
 * The number that a text is, or NaN: decimal digits with point and exponent, spaces around. A decimal comma, separators of
 * thousands, hexadecimal digits and infinities are no numbers here; integers beyond 2^53 are rounded to float64. What cannot be
 * anything else is one: the minus of typesetters or a dash for it, full-width digits, and the exponent of Fortran, as in 1.5D+03.
 */
export function parseNumber(given: string): number {
  const text = given.charCodeAt(0) <= 32 ? given.trim() : given;
  if (text === '') return NaN;
  // Number() also takes 0x1F, 0b1 and 0o7: what all three have second is a letter that is no e.
  const second = text.charCodeAt(1);
  if (second > 57 && second !== 69 && second !== 101) return otherNumber(text);
  const value = Number(text);
  return Number.isFinite(value) ? value : otherNumber(text);
}

export function isNumberFormat(value: unknown): value is NumberFormat {
  if (typeof value !== 'object' || value === null) return false;
  const { decimal, thousands } = value as Partial<NumberFormat>;
  return (decimal === '.' || decimal === ',') && (thousands === undefined || isThousands(thousands, decimal));
}

/** Whether it can stand between thousands: one sign, neither a digit nor one that numbers have elsewhere. */
export function isThousands(value: unknown, decimal: string): value is string {
  return typeof value === 'string' && value !== decimal && /^[^\d+\-\p{L}\r\n]$/u.test(value);
}

/** How numbers are written unless something else is said. */
const PLAIN: NumberFormat = { decimal: '.' };

/** Reads numbers of a format: in groups of three digits, or as in 1,23,456; anything else is NaN. */
export function numberReader(format: NumberFormat | undefined): (text: string) => number {
  const { decimal, thousands } = format ?? PLAIN;
  if (decimal === '.' && thousands === undefined) return parseNumber;
  const group = thousands === undefined ? undefined : signs(thousands);
  const grouped = group === undefined ? '' : `\\d{1,3}(?:${group}\\d{3})+|\\d{1,2}(?:${group}\\d{2})+${group}\\d{3}|`;
  const form = new RegExp(`^[+-]?(?:${grouped}\\d*)(?:[${decimal}]\\d*)?(?:[edq][+-]?\\d+)?$`, 'i');
  const separator = group === undefined ? undefined : new RegExp(group, 'g');
  return (text) => {
    const plain = withPlainSigns(text);
    if (!form.test(plain)) return NaN;
    const digits = separator === undefined ? plain : plain.replace(separator, '');
    return parseNumber(decimal === ',' ? digits.replace(',', '.') : digits);
  };
}

function signs(thousands: string): string {
  if (/^\s$/.test(thousands)) return '[\\s\\u2007\\u2009\\u202F]';
  if (/^['’]$/.test(thousands)) return "['’]";
  return thousands.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

const FULL_WIDTH = /[\uFF0B-\uFF0E\uFF10-\uFF19\uFF25\uFF45]/g;
const OTHER_NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const FORTRAN = /^([+-]?(?:\d+\.\d*|\.\d+))[dq]([+-]?\d+)$/i;

/** A number in signs that other programs write. */
function otherNumber(text: string): number {
  // Most texts are words: a look at the first sign, and at the last, spares the rest.
  if (!isOther(text.charCodeAt(0)) || !isOther(text.charCodeAt(text.length - 1))) return NaN;
  const plain = withPlainSigns(text).replace(FORTRAN, '$1e$2');
  const value = OTHER_NUMBER.test(plain) ? Number(plain) : NaN;
  return Number.isFinite(value) ? value : NaN;
}

/** A digit, a sign, a point or a space, narrow or wide. */
function isOther(code: number): boolean {
  return code <= 57 || (code >= 0x2010 && code <= 0x2212) || (code >= 0xff0b && code <= 0xff19);
}

function withPlainSigns(text: string): string {
  return text
    .trim()
    .replace(FULL_WIDTH, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0))
    .replace(/^[\u2010-\u2013\u2212](?=[\d.,])/, '-')
    .replace(/(?<=[eEdDqQ])[\u2010-\u2013\u2212]/, '-');
}

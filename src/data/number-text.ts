/** Texts that stand for a value that is not known, unless others are given. */
export const MISSING_TEXTS: readonly string[] = ['', 'NA', 'NaN', 'nan', 'null', '?'];

/**
 * The number that a text is, or NaN: decimal digits with point and exponent, spaces around. A decimal comma, separators of
 * thousands, hexadecimal digits and infinities are no numbers here; integers beyond 2^53 are rounded to float64. What cannot be
 * anything else is one: the minus of typesetters, full-width digits, and the exponent of Fortran, as in 1.5D+03.
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

const FULL_WIDTH = /[\uFF0B\uFF0D\uFF0E\uFF10-\uFF19\uFF25\uFF45]/g;
const OTHER_NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const FORTRAN = /^([+-]?(?:\d+\.\d*|\.\d+))[dq]([+-]?\d+)$/i;

/** A number in signs that other programs write. */
function otherNumber(text: string): number {
  // Most texts are words: a look at the first sign, and at the last, spares the rest.
  if (!isOther(text.charCodeAt(0)) || !isOther(text.charCodeAt(text.length - 1))) return NaN;
  const plain = text
    .trim()
    .replace(FULL_WIDTH, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0))
    .replace(/^\u2212/, '-')
    .replace(/(?<=[eEdD])\u2212/, '-')
    .replace(FORTRAN, '$1e$2');
  const value = OTHER_NUMBER.test(plain) ? Number(plain) : NaN;
  return Number.isFinite(value) ? value : NaN;
}

/** A digit, a sign, a point or a space, narrow or wide. */
function isOther(code: number): boolean {
  return code <= 57 || code === 0x2212 || (code >= 0xff0b && code <= 0xff19);
}

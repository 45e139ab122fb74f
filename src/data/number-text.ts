/** Texts that stand for a value that is not known, unless others are given. */
export const MISSING_TEXTS: readonly string[] = ['', 'NA', 'NaN', 'nan', 'null', '?'];

/**
 * The number that a text is, or NaN: decimal digits with point and exponent, spaces around. A decimal comma, separators of
 * thousands, hexadecimal digits and infinities are no numbers here; integers beyond 2^53 are rounded to float64.
 */
export function parseNumber(given: string): number {
  const text = given.charCodeAt(0) <= 32 ? given.trim() : given;
  if (text === '') return NaN;
  // Number() also takes 0x1F, 0b1 and 0o7: what all three have second is a letter that is no e.
  const second = text.charCodeAt(1);
  if (second > 57 && second !== 69 && second !== 101) return NaN;
  const value = Number(text);
  return Number.isFinite(value) ? value : NaN;
}

import { parseNumber } from './number-text.ts';

/** 1 for true and 0 for false, as Python, R and JavaScript write them; undefined for other texts. */
export function booleanOf(text: string): 0 | 1 | undefined {
  if (text.length !== 4 && text.length !== 5) return undefined;
  const word = text.toLowerCase();
  return word === 'true' ? 1 : word === 'false' ? 0 : undefined;
}

/** The same, and the numbers 0 and 1. */
export function truthOf(text: string): 0 | 1 | undefined {
  const word = booleanOf(text);
  if (word !== undefined) return word;
  const value = parseNumber(text);
  return value === 0 || value === 1 ? value : undefined;
}

/**
 * A number, or a word that stands for 0 or 1; else NaN: for columns that have to be numeric.
 * @param toNumber - how numbers are read
 */
export function numberOf(text: string, toNumber: (text: string) => number = parseNumber): number {
  const value = toNumber(text);
  return Number.isNaN(value) ? (booleanOf(text) ?? NaN) : value;
}

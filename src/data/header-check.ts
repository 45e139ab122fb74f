/**
 * Whether what should be the names of a table looks like a row of its values, so that it has to be asked for.
 * @param first - the first line
 * @param rows - some that follow
 */
export function looksLikeValues(
  first: readonly string[],
  rows: readonly (readonly string[])[],
  toNumber: (text: string) => number,
): boolean {
  const isNumber = (text: string) => !Number.isNaN(toNumber(text));
  const column = (c: number) => rows.map((row) => row[c] ?? '').filter((text) => text !== '');
  const there = [...first.keys()].filter((c) => first[c] !== '');
  const numbers = there.filter((c) => isNumber(first[c]!));
  const words = there.filter((c) => !isNumber(first[c]!));
  if (there.length === 0 || (numbers.length === 0 && rows.length === 0)) return false;
  // A word above numbers is a name, and a number above words is one.
  if (words.some((c) => column(c).length > 0 && column(c).every(isNumber))) return false;
  if (numbers.some((c) => !column(c).every(isNumber))) return false;
  if (words.length > 0 && words.every((c) => column(c).includes(first[c]!))) return true;
  if (numbers.length === 0) return false;
  // Years, or the numbers of columns, beside the name of another column.
  const named = words.length > 0 || first[0] === '';
  return !(named && numbers.length > 1 && isSeries(numbers.map((c) => first[c]!)));
}

/** Whole numbers that rise. */
function isSeries(texts: readonly string[]): boolean {
  return texts.every((text, i) => /^\d+$/.test(text) && (i === 0 || Number(text) > Number(texts[i - 1])));
}

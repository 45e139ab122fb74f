/** What usually stands between the values of a line. */
const USUAL = [';', '\t', '|', ','];

/**
 * What can be done where a line looks as if something else stood between its values; '' where it does not.
 * @param delimiter - by which it was divided, if that is known
 */
export function otherDelimiter(values: readonly string[], delimiter?: string): string {
  const text = values.join('');
  const other = USUAL.find((sign) => sign !== delimiter && text.includes(sign));
  if (other === undefined) return '';
  return other === '\t'
    ? `; are there tabs between the values? That is "format" 'tsv' (--format in the program)`
    : `; is "${other}" between the values? That is said with "delimiter" (--delimiter in the program)`;
}

import type { Row } from './figure.ts';

/** A row with a value and its interval. */
interface Valued extends Row {
  readonly median: number;
  readonly low: number | null;
}

/**
 * On a logarithmic axis there is no zero: there a value that is not above it is left out (a target that was met from the start,
 * no error at all), and an interval that reaches down to it ends at the value.
 */
export function forBothAxes(row: Valued): Valued[] {
  const { median, low } = row;
  if (median > 0 && (low === null || low > 0)) return [row];
  return [{ ...row, variant: 'linear' }, ...(median > 0 ? [{ ...row, variant: 'log', low: median }] : [])];
}

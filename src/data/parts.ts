import { finite, flag, integer, options, wrongType, wrongValue } from '../core/checks.ts';
import { Random } from '../core/random.ts';

export interface SplitOptions {
  /** Default 0. */
  seed?: number | undefined;
  /** Default true. */
  shuffle?: boolean | undefined;
}

/**
 * Divides rows into parts, the first with `share` of them.
 * @param share - in (0, 1), or a list of shares that add up to at most 1, the rest being the last part
 * @throws TypeError, RangeError also where a part would be empty
 */
export function partsOf(
  share: number | readonly number[],
  given: SplitOptions,
  rows: Uint32Array,
): [Uint32Array, Uint32Array, ...Uint32Array[]] {
  const { seed = 0, shuffle = true } = options<SplitOptions>('options', given, ['seed', 'shuffle']);
  const shares = typeof share === 'number' ? [share] : share;
  if (!Array.isArray(shares)) throw wrongType('share', 'number or list of numbers', share);
  const cuts = splitPoints(shares as number[], rows.length);
  const order = rows.slice();
  if (flag('shuffle', shuffle)) new Random(integer('seed', seed, 0)).shuffle(order);
  return cuts.slice(1).map((cut, i) => order.slice(cuts[i], cut)) as [Uint32Array, Uint32Array];
}

/** 0, the end of each share, and the end. */
function splitPoints(shares: readonly number[], length: number): number[] {
  if (shares.length === 0) throw new RangeError('"share" expected at least one share, got none');
  let sum = 0;
  const points = [0];
  for (const share of shares) {
    sum += finite('share', share, 0, 1);
    points.push(Math.round(Math.min(1, sum) * length));
  }
  if (sum > 1 + 1e-9) throw wrongValue('share', 'shares that add up to at most 1', sum);
  // By the shares, as where rows are few a rest of them may be rounded to none.
  if (sum < 1 - 1e-9) points.push(length);
  const empty = points.findIndex((point, i) => i > 0 && point === points[i - 1]);
  if (empty > 0 || points.length < 3) {
    throw new RangeError(
      `"share" expected every part to hold a pattern, got shares ${shares.join(', ')} of ${length} patterns`,
    );
  }
  return points;
}

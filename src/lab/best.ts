import { figureIntervals, quantile } from './statistics.ts';

/** The best batch sizes by one quantity on one number of workers. */
export interface BestBatchSizes {
  workers: number;
  /** That of the least time. */
  fastest: number;
  /** All that cannot be told from the fastest: none is shown to take more than `tolerance` longer. */
  batchSizes: number[];
  /** The smallest of those: less memory, and no more updates lost to large steps than need be. */
  recommended: number;
  /** 0.05 is 5%. */
  tolerance: number;
}

/**
 * The set of batch sizes that cannot be told from the fastest, as `leastSizes` finds it.
 * @param samples - for each batch size its times, the i-th of all measured together; Infinity for a run that never arrived
 * @param share - of the times of a batch size, those below which are its time
 * @returns undefined where no batch size arrives
 */
export function bestBatchSizes(
  workers: number,
  batchSizes: readonly number[],
  samples: readonly (readonly number[])[],
  { tolerance, seed, share }: { tolerance: number; seed: number; share: number },
): BestBatchSizes | undefined {
  const found = leastSizes(batchSizes, samples, { tolerance, seed, share });
  return found && { workers, fastest: found.least, batchSizes: found.asGood, recommended: found.asGood[0]!, tolerance };
}

/**
 * The size of the least value, and all that cannot be told from it, in the given order. The value of a size is a quantile of its
 * samples. Samples are drawn anew (bootstrap) for all sizes alike, so that what a whole round has in common cancels out of the ratio of
 * two values; a size is left out if the whole 95% interval of its ratio to the least is above 1 + tolerance.
 * @param samples - for each size, one per round; Infinity where there is none
 * @param share - which quantile: 0.5 is the median
 * @returns undefined where no value is finite
 */
export function leastSizes(
  sizes: readonly number[],
  samples: readonly (readonly number[])[],
  { tolerance, seed, share = 0.5 }: { tolerance: number; seed: number; share?: number },
): { least: number; asGood: number[] } | undefined {
  const values = samples.map((own) => quantile(own, share));
  const low = values.indexOf(Math.min(...values));
  if (!Number.isFinite(values[low])) return undefined;
  const ratios = (drawn: readonly number[]) => {
    const again = samples.map((own) =>
      quantile(
        drawn.map((r) => own[r]!),
        share,
      ),
    );
    const base = Number.isFinite(again[low]) ? again[low]! : values[low]!;
    return again.map((value) => (value === base ? 1 : value / base));
  };
  const intervals = figureIntervals(samples[low]!.length, ratios, seed);
  const asGood = sizes.filter(
    (_, i) => i === low || (Number.isFinite(values[i]) && intervals[i]!.low <= 1 + tolerance),
  );
  return { least: sizes[low]!, asGood };
}

import { median, medianInterval } from './statistics.ts';

/** The best batch sizes by one quantity on one number of workers. */
export interface BestBatchSizes {
  workers: number;
  /** That of the smallest median. */
  fastest: number;
  /** All that cannot be told from the fastest: none is shown to take more than `tolerance` longer. */
  batchSizes: number[];
  /** The smallest of those: less memory, and no more updates lost to large steps than need be. */
  recommended: number;
  /** 0.05 is 5%. */
  tolerance: number;
}

/**
 * The set of batch sizes that cannot be told from the fastest. Times are compared round by round, as ratios to that of the
 * fastest, so that what slowed a whole round down cancels out; one is left out if the whole 95% bootstrap interval of its
 * median ratio is above 1 + tolerance.
 * @param samples - for each batch size its times, one per round; Infinity for a run that never arrived
 * @returns undefined where no batch size arrives
 */
export function bestBatchSizes(
  workers: number,
  batchSizes: readonly number[],
  samples: readonly (readonly number[])[],
  tolerance: number,
  seed: number,
): BestBatchSizes | undefined {
  const medians = samples.map((values) => median(values));
  const low = medians.indexOf(Math.min(...medians));
  if (!Number.isFinite(medians[low])) return undefined;
  const reference = samples[low]!;
  const set = batchSizes.filter((_, i) => {
    const ratios = samples[i]!.map((t, r) => {
      const base = Number.isFinite(reference[r]) ? reference[r]! : medians[low]!;
      return t === base ? 1 : t / base;
    });
    return i === low || (Number.isFinite(medians[i]) && medianInterval(ratios, seed).low <= 1 + tolerance);
  });
  return { workers, fastest: batchSizes[low]!, batchSizes: set, recommended: set[0]!, tolerance };
}

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
 * The set of batch sizes that cannot be told from the fastest, as `leastSizes` finds it.
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
  const found = leastSizes(batchSizes, samples, tolerance, seed);
  return found && { workers, fastest: found.least, batchSizes: found.asGood, recommended: found.asGood[0]!, tolerance };
}

/**
 * The size of the least median, and all that cannot be told from it, in the given order. Values are compared round by round,
 * as ratios to those of the least, so that what a whole round has in common cancels out; a size is left out if the whole 95%
 * bootstrap interval of its median ratio is above 1 + tolerance.
 * @param samples - for each size its values, one per round; Infinity where there is none
 * @returns undefined where no median is finite
 */
export function leastSizes(
  sizes: readonly number[],
  samples: readonly (readonly number[])[],
  tolerance: number,
  seed: number,
): { least: number; asGood: number[] } | undefined {
  const medians = samples.map((values) => median(values));
  const low = medians.indexOf(Math.min(...medians));
  if (!Number.isFinite(medians[low])) return undefined;
  const reference = samples[low]!;
  const asGood = sizes.filter((_, i) => {
    const ratios = samples[i]!.map((t, r) => {
      const base = Number.isFinite(reference[r]) ? reference[r]! : medians[low]!;
      return t === base ? 1 : t / base;
    });
    return i === low || (Number.isFinite(medians[i]) && medianInterval(ratios, seed).low <= 1 + tolerance);
  });
  return { least: sizes[low]!, asGood };
}

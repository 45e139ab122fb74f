/**
 * How the learning rate follows the batch size, from that of the reference batch size B_0 on: `linear` alpha B / B_0 (Goyal
 * et al. 2017), `sqrt` alpha sqrt(B / B_0) (Krizhevsky 2014), `none` alpha.
 */
export type RateRule = 'linear' | 'sqrt' | 'none';
export const RATE_RULES: readonly RateRule[] = ['linear', 'sqrt', 'none'];

/**
 * Or also `noise-scale`: alpha (1 + B_n / B_0) / (1 + B_n / B), the best rate of a batch size by McCandlish et al. 2018, section
 * 2.2; linear while B is far below the noise scale B_n, constant far above it.
 */
export type AdaptiveRule = RateRule | 'noise-scale';
export const ADAPTIVE_RULES: readonly AdaptiveRule[] = ['noise-scale', ...RATE_RULES];

/** alpha for a batch size. */
export function scaledRate(
  learningRate: number,
  rule: AdaptiveRule,
  batchSize: number,
  referenceBatchSize: number,
  noiseScale = Infinity,
): number {
  const growth = batchSize / referenceBatchSize;
  if (rule === 'none') return learningRate;
  if (rule === 'sqrt') return learningRate * Math.sqrt(growth);
  if (rule === 'linear' || noiseScale === Infinity) return learningRate * growth;
  return (learningRate * (1 + noiseScale / referenceBatchSize)) / (1 + noiseScale / batchSize);
}

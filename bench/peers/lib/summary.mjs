// From samples to figures: medians over rounds, the best of several, ratios of what was measured in the same rounds.
import { median } from '../../../dist/src/lab/statistics.js';

/**
 * @typedef {import('./rounds.mjs').Sample} Sample
 * @typedef {object} Figure - one library with so many threads in one cell
 * @property {string} peer
 * @property {string} cell
 * @property {number | 'default'} threads
 * @property {Map<number, number>} rates - patterns/s by round
 * @property {number} median
 * @property {number} low
 * @property {number} high
 * @property {number} peakRss - bytes, the median
 */

/**
 * @param {readonly Sample[]} samples
 * @returns {Figure[]}
 */
export function figures(samples) {
  const groups = new Map();
  for (const sample of samples) {
    const key = `${sample.peer} ${sample.cell} ${sample.threads}`;
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  return [...groups.values()].map((group) => {
    const values = group.map(({ patternsPerSecond }) => patternsPerSecond);
    return {
      peer: group[0].peer,
      cell: group[0].cell,
      threads: group[0].threads,
      rates: new Map(group.map((sample) => [sample.round, sample.patternsPerSecond])),
      median: median(values),
      low: Math.min(...values),
      high: Math.max(...values),
      peakRss: median(group.map(({ peakRss }) => peakRss)),
    };
  });
}

/**
 * The fastest by the median. Picking the best of several noisy figures favours them a little.
 * @param {readonly Figure[]} all
 * @param {(figure: Figure) => boolean} wanted
 * @returns {Figure | undefined}
 */
export function best(all, wanted) {
  return all.filter(wanted).reduce((top, figure) => (top && top.median >= figure.median ? top : figure), undefined);
}

/**
 * a / b, round by round where both were measured.
 * @param {Figure | undefined} a
 * @param {Figure | undefined} b
 * @returns {{ median: number, low: number, high: number } | undefined}
 */
export function ratio(a, b) {
  if (!a || !b) return undefined;
  const values = [...a.rates].filter(([round]) => b.rates.has(round)).map(([round, rate]) => rate / b.rates.get(round));
  if (values.length === 0) return undefined;
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/** @param {readonly ({ median: number } | undefined)[]} ratios - what is not there is left out */
export function geometricMean(ratios) {
  const present = ratios.filter((r) => r !== undefined);
  return Math.exp(present.reduce((sum, r) => sum + Math.log(r.median), 0) / present.length);
}

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

/** The figure of a sample: patterns in the time that training took by the library's own account, or as we timed it. */
export const reported = ({ patternsPerSecond }) => patternsPerSecond;
/** By the wall clock: the same but for gradpool, whose epochs do not count the message that starts them. */
export const byWall = ({ patternsPerSecond, detail }) => detail.wallPatternsPerSecond ?? patternsPerSecond;

/**
 * @param {readonly Sample[]} samples
 * @param {(sample: Sample) => number} rate
 * @returns {Figure[]}
 */
export function figures(samples, rate = reported) {
  const groups = new Map();
  for (const sample of samples) {
    const key = `${sample.peer} ${sample.cell} ${sample.threads}`;
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  return [...groups.values()].map((group) => {
    const values = group.map(rate);
    return {
      peer: group[0].peer,
      cell: group[0].cell,
      threads: group[0].threads,
      rates: new Map(group.map((sample) => [sample.round, rate(sample)])),
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

import { plot, type Point } from 'simple-ascii-chart';
import type { BestBatchSizes } from '../lab/best.ts';
import type { BatchCurvePoint, BatchCurveReport } from '../lab/curve-report.ts';
import type { Interval } from '../lab/statistics.ts';
import { cacheMarks, cachesInWords } from './caches.ts';
import { colors, columns } from './colors.ts';
import { recommendation, verdict } from './curve-words.ts';
import { count, duration, table } from './text.ts';

/** The table, the curves, and what they say. */
export function curveText(report: BatchCurveReport): string {
  return [curveTable(report), curveChart(report), curveInWords(report)].join('\n');
}

/** Every point with its interval; the fastest batch size of each number of workers is starred. */
function curveTable({ points, best, target }: BatchCurveReport): string {
  const head = ['workers', 'B', 'time per update', 'time per epoch', '95% interval', 'patterns/s', 'best'];
  const more = target
    ? ['learning rate', 'updates to target', 'time to target', '95% interval', 'arrived', 'best']
    : [];
  return table(
    [...head, ...more],
    points.map((p) => {
      const runs = target?.batchSizes.find(({ batchSize }) => batchSize === p.batchSize);
      return [
        p.workers,
        p.batchSize,
        duration(p.timePerUpdate.median),
        duration(p.timePerEpoch.median),
        span(p.timePerEpoch),
        count(p.samplesPerSecond.median),
        mark(p, best.timePerEpoch),
        ...(runs
          ? [
              runs.learningRate.toPrecision(3),
              Number.isFinite(p.updatesToTarget!.median) ? p.updatesToTarget!.median.toFixed(0) : 'never',
              Number.isFinite(p.timeToTarget!.median) ? duration(p.timeToTarget!.median) : 'never',
              span(p.timeToTarget!),
              `${runs.arrived} of ${runs.updates.length}`,
              mark(p, best.timeToTarget ?? []),
            ]
          : []),
      ];
    }),
  );
}

function span({ low, high }: Interval): string {
  const time = (seconds: number) => (Number.isFinite(seconds) ? duration(seconds) : 'never');
  return `${time(low)} to ${time(high)}`;
}

function mark({ batchSize, workers }: BatchCurvePoint, best: readonly BestBatchSizes[]): string {
  const own = best.find((one) => one.workers === workers);
  if (own?.fastest === batchSize) return '* fastest';
  return own?.batchSizes.includes(batchSize) ? '= as good' : '';
}

/** The verdict on each number of workers, what is recommended, what theory says, and which caches a worker's part fits into. */
function curveInWords(report: BatchCurveReport): string {
  const { points, environment } = report;
  return [...verdict(report), ...cachesInWords(points, environment.caches), colors.bold(recommendation(report))].join(
    '\n',
  );
}

/**
 * Time per epoch against batch size, both on logarithmic axes, one line per number of workers; vertical lines where the working
 * set of a worker outgrows a cache.
 */
function curveChart({ points, best: { timePerEpoch: best }, environment }: BatchCurveReport): string {
  const caches = cacheMarks(points, environment.caches);
  const lines = best.map(({ workers }) =>
    points
      .filter((p) => p.workers === workers)
      .map((p): Point => [Math.log2(p.batchSize), Math.log10(p.timePerEpoch.median)]),
  );
  const logs = lines.flat().map(([, y]) => y);
  const hues = ['ansiBlue', 'ansiGreen', 'ansiMagenta', 'ansiCyan'] as const;
  const marks = best.map(({ workers, fastest }) => {
    const at = points.find((p) => p.workers === workers && p.batchSize === fastest)!;
    return { x: Math.log2(fastest), y: Math.log10(at.timePerEpoch.median), color: 'ansiRed' as const };
  });
  return plot(lines, {
    width: Math.max(30, Math.min(90, columns() - 24)),
    height: 16,
    yRange: [Math.min(...logs) - 0.02, Math.max(...logs) + 0.02],
    ...(colors.isColorSupported && { color: lines.map((_, i) => hues[i % hues.length]!) }),
    points: colors.isColorSupported ? marks : marks.map(({ x, y }) => ({ x, y })),
    thresholds: caches.map(({ batchSize }) => ({ x: Math.log2(batchSize) })),
    symbols: { point: '*', thresholds: { y: '┊' } },
    customXAxisTicks: [...new Set(points.map((p) => Math.log2(p.batchSize)))],
    legend: {
      position: 'bottom',
      series: best.map(({ workers }) => `${workers} worker${workers > 1 ? 's' : ''}`),
      thresholds: caches.map(
        ({ cache, workers, batchSize }) => `outgrows ${cache} on ${workers}: B = ${batchSize.toFixed(0)}`,
      ),
      points: best.map(({ fastest, workers }) => `fastest on ${workers}: B = ${fastest}`),
    },
    title: 'time per epoch against batch size B (logarithmic axes)',
    formatter: (value, { axis }) => (axis === 'x' ? String(Math.round(2 ** value)) : duration(10 ** value)),
  });
}

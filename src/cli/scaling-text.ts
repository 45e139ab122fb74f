import { plot, type Point } from 'simple-ascii-chart';
import type { ScalingPrediction } from '../lab/scaling-fit.ts';
import type { ScalingMode, ScalingPoint, ScalingReport, ScalingSeries } from '../lab/scaling-report.ts';
import type { Interval } from '../lab/statistics.ts';
import { PHASES } from '../memory/control.ts';
import { colors, columns } from './colors.ts';
import { count, duration, table } from './text.ts';

/** The speed-ups, the laws, where the time goes, and the speed-ups as curves. */
export function scalingText(report: ScalingReport): string {
  const charts = [speedupChart(report, 'strong'), speedupChart(report, 'weak')].filter((chart) => chart !== '');
  return [scalingTable(report), scalingInWords(report), phaseTable(report), ...charts].join('\n');
}

/** Every point with its speed-up; numbers of workers that have no CPU for each are marked. */
function scalingTable({ points }: ScalingReport): string {
  const head = ['mode', 'strategy', 'workers', 'B', 'time per update', 'patterns/s', 'speed-up', '95% interval'];
  return table(
    [...head, 'efficiency', 'Karp-Flatt', 'over the best', ''],
    points.map((p) => [
      p.mode,
      nameOf(p),
      p.workers,
      p.batchSize,
      duration(p.timePerUpdate.median),
      count(p.samplesPerSecond.median),
      figure(p.speedup.median),
      span(p.speedup),
      figure(p.efficiency.median),
      p.karpFlatt ? withSpan(p.karpFlatt) : '',
      figure(p.speedupOverBest.median),
      p.oversubscribed ? 'more workers than CPUs' : '',
    ]),
  );
}

/**
 * Where an update's time goes on each worker, and on the coordinator where it has a part. What both modes have is there once.
 */
function phaseTable({ points }: ScalingReport): string {
  const cells = new Map(points.map((p) => [`${p.strategy} ${p.workers} ${p.batchSize}`, p]));
  return table(
    ['strategy', 'B', 'workers', 'worker', ...PHASES],
    [...cells.values()].flatMap((p) => {
      const rows = [
        ...p.phases.map((phases, w) => ({ who: String(w + 1), phases })),
        ...(p.coordinator ? [{ who: 'coordinator', phases: p.coordinator }] : []),
      ];
      return rows.map(({ who, phases }) => [
        nameOf(p),
        p.batchSize,
        p.workers,
        who,
        ...PHASES.map((phase) => duration(phases[phase])),
      ]);
    }),
  );
}

/** The laws, what they predict, and what is to be said against them. */
function scalingInWords({ series, state, rounds }: ScalingReport): string {
  const lines = state === 'partial' ? [`Ended early, after ${rounds} rounds.`] : [];
  for (const one of series) {
    lines.push(colors.bold(`${one.mode === 'strong' ? 'Strong' : 'Weak'} scaling, ${one.strategy}`));
    lines.push(...lawsOf(one).map((line) => `  ${line}`));
    lines.push(...one.predictions.map((prediction) => `  ${predicted(prediction)}`));
    lines.push(...one.caveats.map((line) => colors.dim(`  Note: ${line}`)));
  }
  return lines.join('\n');
}

function lawsOf({ amdahl, usl, gustafson }: ScalingSeries): string[] {
  const lines: string[] = [];
  if (amdahl)
    lines.push(
      `Amdahl: serial fraction ${withSpan(amdahl.serial)}, so at most ${withSpan(amdahl.limit)} times as fast on any number of workers`,
    );
  if (usl)
    lines.push(
      `Universal law: contention ${withSpan(usl.alpha)}, coherency ${withSpan(usl.beta)}, fastest on ${withSpan(usl.peak)} workers`,
    );
  if (gustafson) lines.push(`Gustafson: serial share of a worker's time ${withSpan(gustafson.serial)}`);
  return lines;
}

function predicted({ workers, law, speedup }: ScalingPrediction): string {
  const name = law === 'amdahl' ? "Amdahl's law" : 'the universal law';
  return `Prediction, not measured: ${name} says ${withSpan(speedup)} times as fast on ${workers} workers`;
}

/** Speed-up against workers, one line for each strategy, and the ideal; what was measured is starred. */
function speedupChart({ points }: ScalingReport, mode: ScalingMode): string {
  const own = points.filter((p) => p.mode === mode);
  const workers = [...new Set(own.map((p) => p.workers))];
  if (workers.length < 2) return '';
  const strategies = [...new Set(own.map((p) => p.strategy))];
  const ideal = workers.map((N): Point => [N, N / workers[0]!]);
  const lines = strategies.map((strategy) =>
    own.filter((p) => p.strategy === strategy).map((p): Point => [p.workers, p.speedup.median]),
  );
  const heights = [ideal, ...lines].flat().map(([, y]) => y);
  const width = Math.max(30, Math.min(90, columns() - 24));
  const hues = ['ansiBlue', 'ansiGreen', 'ansiMagenta', 'ansiCyan', 'ansiYellow', 'ansiRed'] as const;
  return plot(
    [ideal, ...lines].map((line) => straight(line, width)),
    {
      width,
      height: 16,
      yRange: [0, Math.max(...heights) * 1.02],
      ...(colors.isColorSupported && { color: ['ansiWhite', ...lines.map((_, i) => hues[i % hues.length]!)] }),
      points: lines.flat().map(([x, y]) => ({ x, y })),
      symbols: { point: '*' },
      customXAxisTicks: workers,
      customYAxisTicks: heights,
      legend: { position: 'bottom', series: ['ideal', ...strategies] },
      title: `${mode} scaling: speed-up against workers`,
      formatter: (value, { axis }) => (axis === 'x' ? String(value) : value.toFixed(2)),
    },
  );
}

/** The same line with so many points in between that it is not drawn as a stair. */
function straight(line: readonly Point[], width: number): Point[] {
  const [first, last] = [line[0]![0], line.at(-1)![0]];
  return line.flatMap(([x, y], i): Point[] => {
    const next = line[i + 1];
    if (!next) return [[x, y]];
    const steps = Math.max(1, Math.round((width * (next[0] - x)) / (last - first)));
    return Array.from({ length: steps }, (_, s) => [x + ((next[0] - x) * s) / steps, y + ((next[1] - y) * s) / steps]);
  });
}

/** "auto: owner-computes" where the name is not yet what was done. */
function nameOf({ strategy, trainer }: ScalingPoint): string {
  return strategy === trainer.strategy ? strategy : `${strategy}: ${trainer.strategy}`;
}

function figure(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(3) : 'no limit';
}

function span({ low, high }: Interval): string {
  return `${figure(low)} to ${figure(high)}`;
}

function withSpan(interval: Interval): string {
  return `${figure(interval.median)} (${span(interval)})`;
}

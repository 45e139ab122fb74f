import pc from 'picocolors';
import { plot, type Point } from 'simple-ascii-chart';
import { parse, View } from 'vega';
import { compile as compileSpec, type TopLevelSpec } from 'vega-lite';
import type { PositionFieldDef } from 'vega-lite/build/src/channeldef.js';
import type { BatchCurvePoint, BatchCurveReport, BestBatchSizes, Interval } from '../src/index.ts';
import { count, duration, table } from '../src/cli/text.ts';

/** Every point with its interval; the fastest batch size of each number of workers is starred. */
export function curveTable({ points, best, target }: BatchCurveReport): string {
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

/** The verdict on each number of workers, what is recommended, and what theory says. */
export function curveInWords({ best, shape, target, state, rounds }: BatchCurveReport): string {
  const workers = (n: number) => `${n} worker${n > 1 ? 's' : ''}`;
  const lines = state === 'partial' ? [`Ended early, after ${rounds} rounds.`] : [];
  for (const one of shape.timePerEpoch) lines.push(`Time per epoch on ${workers(one.workers)}: ${one.text}`);
  if (target) lines.push(`Target: a loss of ${target.loss.toPrecision(3)}.`);
  for (const one of shape.timeToTarget ?? []) lines.push(`Time to target on ${workers(one.workers)}: ${one.text}`);
  if (target?.noiseScale) lines.push(`Gradient noise scale: ${target.noiseScale.noiseScale.toFixed(0)} rows.`);
  for (const one of target?.predicted ?? []) {
    lines.push(
      `Predicted optimum on ${workers(one.workers)}: B* = sqrt(t0 B_n / c') = ${one.batchSize.toFixed(0)}, ` +
        `with t0 = ${duration(one.t0)}, c' = ${duration(one.c)} per row.`,
    );
  }
  const by = best.quantity === 'timeToTarget' ? 'time to target' : 'time per epoch';
  const others = best.batchSizes.filter((B) => B !== best.recommended);
  lines.push(
    pc.bold(
      `Recommended by ${by}: B = ${best.recommended} on ${workers(best.workers)}, the smallest that is not shown to be ` +
        `more than ${100 * best.tolerance}% slower than the fastest${others.length > 0 ? `; as good: ${others.join(', ')}` : ''}`,
    ),
  );
  return lines.join('\n');
}

/** Time per epoch against batch size, both on logarithmic axes, one line per number of workers. */
export function curveInTerminal({ points, best: { timePerEpoch: best } }: BatchCurveReport, columns: number): string {
  const lines = best.map(({ workers }) =>
    points
      .filter((p) => p.workers === workers)
      .map((p): Point => [Math.log2(p.batchSize), Math.log10(p.timePerEpoch.median)]),
  );
  const logs = lines.flat().map(([, y]) => y);
  const colors = ['ansiBlue', 'ansiGreen', 'ansiMagenta', 'ansiCyan'] as const;
  const marks = best.map(({ workers, fastest }) => {
    const at = points.find((p) => p.workers === workers && p.batchSize === fastest)!;
    return { x: Math.log2(fastest), y: Math.log10(at.timePerEpoch.median), color: 'ansiRed' as const };
  });
  return plot(lines, {
    width: Math.max(30, Math.min(90, columns - 24)),
    height: 16,
    yRange: [Math.min(...logs) - 0.02, Math.max(...logs) + 0.02],
    ...(pc.isColorSupported && { color: lines.map((_, i) => colors[i % colors.length]!) }),
    points: pc.isColorSupported ? marks : marks.map(({ x, y }) => ({ x, y })),
    symbols: { point: '*' },
    customXAxisTicks: [...new Set(points.map((p) => Math.log2(p.batchSize)))],
    legend: {
      position: 'bottom',
      series: best.map(({ workers }) => `${workers} worker${workers > 1 ? 's' : ''}`),
      points: best.map(({ fastest, workers }) => `fastest on ${workers}: B = ${fastest}`),
    },
    title: 'time per epoch against batch size B (logarithmic axes)',
    formatter: (value, { axis }) => (axis === 'x' ? String(Math.round(2 ** value)) : duration(10 ** value)),
  });
}

/** The curve with its intervals as SVG. */
export async function curveAsSvg(report: BatchCurveReport): Promise<string> {
  const { network, patterns, points, environment } = report;
  const used = [...new Set(points.map(({ trainer: t }) => `${t.strategy} on ${t.backend}`))].join(' or ');
  const values = report.points.map((p) => {
    const own = report.best.timePerEpoch.find(({ workers }) => workers === p.workers)!;
    return {
      B: p.batchSize,
      workers: `${p.workers}`,
      median: p.timePerEpoch.median,
      low: p.timePerEpoch.low,
      high: p.timePerEpoch.high,
      best: own.fastest === p.batchSize,
      label: `B = ${p.batchSize}`,
    };
  });
  const sizes = [...new Set(values.map(({ B }) => B))];
  const x = {
    field: 'B',
    type: 'quantitative',
    scale: { type: 'log', base: 2, domain: [sizes[0]! / 1.2, sizes.at(-1)! * 1.2] },
    title: 'batch size B',
    axis: { values: sizes, format: 'd', grid: false },
  } satisfies PositionFieldDef<string>;
  const y = {
    field: 'median',
    type: 'quantitative',
    scale: {
      type: 'log',
      nice: false,
      domain: [Math.min(...values.map((v) => v.low)) * 0.93, Math.max(...values.map((v) => v.high)) * 1.05],
    },
    title: 'time per epoch (s)',
    axis: { format: '.2~g', tickCount: 6 },
  } satisfies PositionFieldDef<string>;
  const color = {
    field: 'workers',
    type: 'nominal',
    title: 'workers',
    legend: { orient: 'top-right', fillColor: 'white', padding: 6 },
    scale: { range: ['#0072b2', '#d55e00', '#009e73', '#cc79a7'] },
  } as const;
  const spec: TopLevelSpec = {
    width: 640,
    height: 360,
    background: 'white',
    padding: 16,
    title: {
      text: `Time per epoch against batch size: ${[network.inputs, ...network.layers.map((l) => l.units)].join('-')}`,
      subtitle: [
        `${patterns} patterns; ${used}; ${environment.cpu}, Node ${environment.node}`,
        `medians with 95% intervals over ${report.rounds} rounds; the fastest is ringed`,
      ],
      anchor: 'start',
      subtitleColor: '#555',
    },
    data: { values },
    layer: [
      { mark: { type: 'line', strokeWidth: 2 }, encoding: { x, y, color } },
      {
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
      },
      { mark: { type: 'point', filled: true, size: 40, opacity: 1 }, encoding: { x, y, color } },
      {
        transform: [{ filter: 'datum.best' }],
        mark: { type: 'point', size: 220, strokeWidth: 2 },
        encoding: { x, y, color },
      },
      {
        transform: [{ filter: 'datum.best' }],
        mark: { type: 'text', dy: -18, fontWeight: 'bold' },
        encoding: { x, y, color, text: { field: 'label' } },
      },
    ],
    config: { font: 'sans-serif' },
  };
  return new View(parse(compileSpec(spec).spec), { renderer: 'none' }).toSVG();
}

import type { TopLevelSpec } from 'vega-lite';
import { cacheMarks } from '../../src/cli/caches.ts';
import type { Figure, Quantity, Row } from './figure.ts';
import type { CurveData, CurvePointData, Span } from './kinds.ts';
import { forBothAxes } from './log-rows.ts';
import { inLanes, type Lane, type Mark } from './lanes.ts';
import { amount, counted, type Form, seconds, withInterval } from '../../src/cli/numbers.ts';
import { compiled, type Look, onPaper } from './chart-spec.ts';

interface CurveQuantity {
  readonly key:
    'timePerEpoch' | 'timePerUpdate' | 'timePerRow' | 'samplesPerSecond' | 'timeToTarget' | 'updatesToTarget';
  readonly label: string;
  readonly unit: string;
  readonly form: Form;
  /** Whose best set is ringed; time per row and rows per second order batch sizes as time per epoch does. */
  readonly best?: 'timePerEpoch' | 'timeToTarget';
}

const QUANTITIES: readonly CurveQuantity[] = [
  { key: 'timePerEpoch', label: 'Time per epoch', unit: 's', form: seconds, best: 'timePerEpoch' },
  { key: 'timePerUpdate', label: 'Time per update', unit: 's', form: seconds },
  { key: 'timePerRow', label: 'Time per row', unit: 's', form: seconds, best: 'timePerEpoch' },
  { key: 'samplesPerSecond', label: 'Rows per second', unit: '', form: amount, best: 'timePerEpoch' },
  { key: 'timeToTarget', label: 'Time to target', unit: 's', form: seconds, best: 'timeToTarget' },
  { key: 'updatesToTarget', label: 'Updates to target', unit: '', form: amount },
];

/** The quantities that were measured, the one that the verdict goes by first. */
function measured({ points, best }: CurveData): CurveQuantity[] {
  const there = QUANTITIES.filter(({ key }) => points.some((point) => point[key]));
  return [...there].sort((a, b) => Number(b.key === best.quantity) - Number(a.key === best.quantity));
}

/** Batch size against every quantity that was measured, a series for each number of workers. */
export function curveFigure(report: CurveData): Figure {
  const quantities = measured(report);
  const series = [...new Set(report.points.map(({ workers }) => workers))].map((n) => counted(n, 'worker'));
  const { rows, look } = curveRows(report, quantities, series);
  return {
    id: 'curve',
    title: 'Batch-size curve',
    quantities: quantities.map((q): Quantity => ({ ...q, summary: summarise(report, q) })),
    quantitiesAre: 'Quantity',
    series,
    seriesAre: 'Workers',
    swatch: 'line',
    variants: (['log', 'linear'] as const).map((key) => ({
      key,
      label: key === 'log' ? 'Logarithmic' : 'Linear',
      spec: compiled({ ...look, variant: key, height: 340 }),
    })),
    rows,
    caption:
      `Medians with 95% intervals over ${counted(report.rounds, 'round')}. Ringed: not shown to be more than ` +
      `${100 * report.best.tolerance}% slower than the fastest on as many workers. Lines from the top: where the working set of a worker outgrows a cache` +
      `${report.target ? ', the predicted optimum B*' : ''} and the recommended B.${rows.never!.length > 0 ? ' ×: half of the trainings or more never reached the target.' : ''}`,
  };
}

/** The figure as it is printed: one quantity, both axes logarithmic. */
export function curveChart(report: CurveData): TopLevelSpec {
  const quantity = QUANTITIES.find(({ key }) => key === 'timePerEpoch')!;
  const series = [...new Set(report.points.map(({ workers }) => workers))].map((n) => counted(n, 'worker'));
  const { rows, look } = curveRows(report, [quantity], series);
  const { network, patterns, environment, points } = report;
  const used = [...new Set(points.map(({ trainer: t }) => `${t.strategy} on ${t.backend}`))].join(' or ');
  return onPaper([
    {
      ...look,
      variant: 'log',
      height: 360,
      print: {
        rows,
        y: 'time per epoch',
        unit: 's',
        title: `Time per epoch against batch size: ${[network.inputs, ...network.layers.map((l) => l.units)].join('-')}`,
        subtitle: [
          `${patterns} patterns; ${environment.cpu}, Node ${environment.node}`,
          used,
          `medians with 95% intervals over ${counted(report.rounds, 'round')}`,
          `ringed: as good as the fastest${report.best.quantity === 'timeToTarget' ? '; B is recommended by time to target' : ''}`,
        ],
      },
    },
  ]);
}

function curveRows(
  report: CurveData,
  quantities: readonly CurveQuantity[],
  series: readonly string[],
): { rows: Figure['rows']; look: Look } {
  const rows = { points: [] as Row[], open: [] as Row[], never: [] as Row[] };
  for (const quantity of quantities) {
    for (const point of report.points) {
      const span = point[quantity.key];
      if (!span) continue;
      const row = {
        quantity: quantity.key,
        series: counted(point.workers, 'worker'),
        x: point.batchSize,
        shown: shifted(point.batchSize, series.indexOf(counted(point.workers, 'worker')), series.length),
      };
      const tip = tipOf(report, point, quantity, span);
      if (!isFinite(span.median)) rows.never.push({ ...row, tip });
      else {
        const { median } = span;
        const drawn = forBothAxes({ ...row, ...span, median, best: isBest(report, point, quantity), tip });
        rows.points.push(...drawn);
        if (!isFinite(span.high)) rows.open.push(...drawn);
      }
    }
  }
  const sizes = [...new Set(report.points.map(({ batchSize }) => batchSize))].sort((a, b) => a - b);
  return {
    rows: { ...rows, lanes: lanesOf(report, sizes, quantities) },
    look: { series, x: 'batch size B', ticks: sizes, domain: [sizes[0]!, sizes.at(-1)!], apart: true },
  };
}

/** A hair to the side. */
function shifted(batchSize: number, index: number, of: number): number {
  return batchSize * 2 ** (0.08 * (index - (of - 1) / 2));
}

function isFinite(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

function isBest({ best }: CurveData, { workers, batchSize }: CurvePointData, quantity: CurveQuantity): boolean {
  const sets = quantity.best ? (best[quantity.best] ?? []) : [];
  return sets.some((one) => one.workers === workers && one.batchSizes.includes(batchSize));
}

function tipOf(report: CurveData, point: CurvePointData, quantity: CurveQuantity, span: Span): string {
  const { form, label } = quantity;
  const runs = report.target?.batchSizes.find(({ batchSize }) => batchSize === point.batchSize);
  const arrived =
    quantity.key.endsWith('ToTarget') && runs ? `\n${runs.arrived} of ${runs.updates.length} arrived` : '';
  const best = isBest(report, point, quantity) ? '\nas good as the fastest' : '';
  return `B = ${point.batchSize}, ${counted(point.workers, 'worker')}\n${label}: ${form(span.median)}\n95%: ${form(span.low)} to ${form(span.high)}${arrived}${best}`;
}

/** The lines that hang from above the plot: caches, what theory predicts, what is recommended. */
function lanesOf(
  { points, environment, best, target }: CurveData,
  sizes: readonly number[],
  quantities: readonly CurveQuantity[],
): Lane[] {
  const marks: Mark[] = [
    { x: best.recommended, label: `recommended B = ${best.recommended}`, kind: 'recommended' },
    ...(target?.predicted ?? []).map((one) => ({
      x: one.batchSize,
      label: `B*, ${counted(one.workers, 'worker')}`,
      kind: 'predicted',
      series: counted(one.workers, 'worker'),
      quantity: 'timeToTarget',
    })),
    ...cacheMarks(points, environment.caches).map(({ workers, cache, batchSize }) => ({
      x: batchSize,
      label: `${cache}, ${counted(workers, 'worker')}`,
      kind: 'cache',
      series: counted(workers, 'worker'),
    })),
  ];
  const inside = marks.filter(({ x }) => x >= sizes[0]! && x <= sizes.at(-1)!);
  // Each quantity has lanes of its own: none is left empty for a mark of another.
  return quantities.flatMap(({ key }) => {
    const own = inside.filter(({ quantity }) => quantity === undefined || quantity === key);
    return inLanes(
      own.map((mark) => ({ ...mark, quantity: key })),
      sizes[0]!,
      sizes.at(-1)!,
    );
  });
}

function summarise({ points }: CurveData, { key, label, form }: CurveQuantity): string {
  const workers = [...new Set(points.map((point) => point.workers))];
  const each = workers.map((n) => {
    const own = points.filter((point) => point.workers === n && isFinite(point[key]?.median ?? null));
    if (own.length === 0) return `on ${counted(n, 'worker')} the target is never reached`;
    const value = (point: CurvePointData) => point[key]!.median!;
    const top = own.reduce((a, b) => (value(b) < value(a) !== (key === 'samplesPerSecond') ? b : a));
    return `on ${counted(n, 'worker')} ${key === 'samplesPerSecond' ? 'most' : 'least'} at B = ${top.batchSize}, ${withInterval(top[key]!, form)}`;
  });
  return `${label} against batch size: ${each.join('; ')}.`;
}

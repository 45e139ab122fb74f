import type { TopLevelSpec } from 'vega-lite';
import { compiledBars } from './bars-spec.ts';
import { compiled, type Look, onPaper } from './chart-spec.ts';
import type { Figure, Quantity, Row } from './figure.ts';
import type { ScalingData, Span } from './kinds.ts';
import { amount, counted, type Form, plain, seconds, withInterval } from '../../src/cli/numbers.ts';
import { inOrder } from './phases.ts';

type Point = ScalingData['points'][number];
type Series = ScalingData['series'][number];

interface ScalingQuantity {
  readonly key: 'speedup' | 'efficiency' | 'timePerUpdate' | 'samplesPerSecond';
  readonly label: string;
  readonly unit: string;
  readonly form: Form;
  /** What ideal scaling gives, and what a speed-up means in this quantity; where there is such a thing. */
  readonly ideal?: (workers: number) => number;
  readonly ofSpeedup?: (speedup: number, workers: number) => number;
}

const QUANTITIES: readonly ScalingQuantity[] = [
  { key: 'speedup', label: 'Speed-up', unit: '', form: plain, ideal: (n) => n, ofSpeedup: (s) => s },
  { key: 'efficiency', label: 'Efficiency', unit: '', form: plain, ideal: () => 1, ofSpeedup: (s, n) => s / n },
  { key: 'timePerUpdate', label: 'Time per update', unit: 's', form: seconds },
  { key: 'samplesPerSecond', label: 'Rows per second', unit: '', form: amount },
];
const CURVE = { data: ['ideal', 'fits', 'predictions'], style: ['ideal', 'fit', 'prediction'] } as const;
/** Points of a fitted line. */
const STEPS = 40;

export function seriesName({ mode, strategy }: Pick<Series, 'mode' | 'strategy'>): string {
  return `${mode}, ${strategy}`;
}

/** Workers against speed-up, efficiency and times, a series for each mode and strategy; and the phases of each worker. */
export function scalingFigures(report: ScalingData): Figure[] {
  const { rows, look } = scalingRows(report);
  const predicted = report.series.some(({ predictions }) => predictions.length > 0);
  return [
    {
      id: 'scaling',
      title: 'Scaling with workers',
      quantities: QUANTITIES.map((q): Quantity => ({ ...q, summary: summarise(report, q) })),
      quantitiesAre: 'Quantity',
      series: look.series,
      seriesAre: 'Series',
      swatch: 'line',
      variants: (['linear', 'log'] as const).map((key) => ({
        key,
        label: key === 'log' ? 'Logarithmic' : 'Linear',
        spec: compiled({ ...look, variant: key, height: 320 }),
      })),
      rows,
      caption:
        `Medians with 95% intervals over ${counted(report.rounds, 'round')}. The grey line is ideal; thin lines are fits of Amdahl's law and of the ` +
        `universal scalability law${predicted ? '; dashed lines with open marks are predictions beyond what was measured' : ''}.`,
    },
    phasesFigure(report),
  ];
}

/** Speed-up above, efficiency below, for paper. */
export function scalingChart(report: ScalingData): TopLevelSpec {
  const { network, environment } = report;
  return onPaper(
    QUANTITIES.slice(0, 2).map((quantity) => {
      const { rows, look } = scalingRows(report, quantity);
      const title = `${quantity.label} against workers: ${[network.inputs, ...network.layers.map((l) => l.units)].join('-')}`;
      const subtitle = [
        `${environment.cpu}, Node ${environment.node}`,
        `medians with 95% intervals over ${counted(report.rounds, 'round')}`,
        'thin lines: fits; dashed lines with open marks: predictions',
      ];
      const print = { rows, y: quantity.label.toLowerCase(), unit: '', title, subtitle };
      return { ...look, variant: 'linear', height: 240, print };
    }),
  );
}

function scalingRows(report: ScalingData, only?: ScalingQuantity): { rows: Figure['rows']; look: Look } {
  const { points, series } = report;
  const workers = [...new Set(points.map((point) => point.workers))].sort((a, b) => a - b);
  const names = [...new Set(points.map(seriesName))];
  const beyond = series.flatMap(({ predictions }) => predictions.map((one) => one.workers));
  const most = Math.max(...workers, ...beyond);
  const rows = { points: [] as Row[], open: [] as Row[], never: [] as Row[], lanes: [] as Row[] };
  const curves = { ideal: [] as Row[], fits: [] as Row[], predictions: [] as Row[] };
  for (const quantity of only ? [only] : QUANTITIES) {
    for (const point of points) rows.points.push(rowOf(point, quantity));
    const { key, ideal, ofSpeedup } = quantity;
    if (!ideal || !ofSpeedup) continue;
    for (const n of workers) {
      const last = n === workers.at(-1);
      curves.ideal.push({ quantity: key, x: n, median: ideal(n), ...(last && n > 1 && { label: 'ideal' }) });
    }
    for (const one of series) {
      curves.fits.push(...fitRows(one, quantity, workers.at(-1)!));
      curves.predictions.push(...predictionRows(one, quantity, points));
    }
  }
  const ticks = [...new Set([...workers, ...beyond])].sort((a, b) => a - b);
  const look: Look = {
    series: names,
    x: 'workers',
    ticks,
    domain: [workers[0]!, most],
    xLinear: true,
    curves: CURVE.data.map((data, i) => ({ data, style: CURVE.style[i]! })),
  };
  return { rows: { ...rows, ...curves }, look };
}

function rowOf(point: Point, { key, label, form }: ScalingQuantity): Row {
  const span = point[key];
  const tip = `${counted(point.workers, 'worker')}, B = ${point.batchSize}, ${seriesName(point)}\n${label}: ${form(span.median)}\n95%: ${form(span.low)} to ${form(span.high)}`;
  return { quantity: key, series: seriesName(point), x: point.workers, ...span, tip };
}

/** Amdahl (1967): 1 / (s + (1 - s) / N). Gunther's universal scalability law: N / (1 + alpha (N - 1) + beta N (N - 1)). */
function lawsOf({ amdahl, usl }: Series): { law: string; speedup: (n: number) => number }[] {
  const serial = amdahl?.serial.median ?? undefined;
  const [alpha, beta] = [usl?.alpha.median ?? undefined, usl?.beta.median ?? undefined];
  return [
    ...(serial === undefined ? [] : [{ law: 'amdahl', speedup: (n: number) => 1 / (serial + (1 - serial) / n) }]),
    ...(alpha === undefined || beta === undefined
      ? []
      : [{ law: 'usl', speedup: (n: number) => n / (1 + alpha * (n - 1) + beta * n * (n - 1)) }]),
  ];
}

function fitRows(series: Series, { key, ofSpeedup }: ScalingQuantity, most: number): Row[] {
  if (most < 2) return [];
  return lawsOf(series).flatMap(({ law, speedup }) =>
    Array.from({ length: STEPS + 1 }, (_, i): Row => {
      const n = 1 + ((most - 1) * i) / STEPS;
      return { quantity: key, series: seriesName(series), law, x: n, median: ofSpeedup!(speedup(n), n) };
    }),
  );
}

const LAWS = { amdahl: "Amdahl's law", usl: 'universal scalability law' };

/** From the last point that was measured on. */
function predictionRows(
  series: Series,
  { key, label, ofSpeedup, form }: ScalingQuantity,
  points: readonly Point[],
): Row[] {
  const own = points.filter((point) => seriesName(point) === seriesName(series));
  if (own.length === 0) return [];
  const last = own.reduce((a, b) => (b.workers > a.workers ? b : a));
  const from = last.speedup.median;
  if (from === null) return [];
  const laws = [...new Set(series.predictions.map(({ law }) => law))];
  return laws.flatMap((law) => {
    const predictions = series.predictions.filter((one) => one.law === law).sort((a, b) => a.workers - b.workers);
    const common = { quantity: key, series: seriesName(series), law };
    return [
      { ...common, x: last.workers, median: ofSpeedup!(from, last.workers) },
      ...predictions.map(({ workers, speedup }, i): Row => {
        const of = (value: number | null) => (value === null ? null : ofSpeedup!(value, workers));
        const span: Span = { median: of(speedup.median), low: of(speedup.low), high: of(speedup.high) };
        const tip = `Prediction (${LAWS[law]}), ${counted(workers, 'worker')}\n${label}: ${form(span.median)}\n95%: ${form(span.low)} to ${form(span.high)}`;
        // Amdahl's law does not see what the other law sees, and is the higher.
        const below = law === 'usl';
        const end = i === predictions.length - 1 && {
          below,
          labelAt: (below ? span.low : span.high) ?? span.median,
          label: `predicted, ${below ? 'USL' : 'Amdahl'}`,
        };
        return { ...common, x: workers, ...span, tip, ...end };
      }),
    ];
  });
}

function summarise({ points }: ScalingData, { key, label, form }: ScalingQuantity): string {
  const each = [...new Set(points.map(seriesName))].map((name) => {
    const own = points.filter((point) => seriesName(point) === name);
    const last = own.reduce((a, b) => (b.workers > a.workers ? b : a));
    return `${name}: ${withInterval(last[key], form)} on ${counted(last.workers, 'worker')}`;
  });
  return `${label} against workers. ${each.join('; ')}.`;
}

/** Where each worker's time goes, a bar for each worker. */
function phasesFigure({ points }: ScalingData): Figure {
  const phases = inOrder(points.flatMap((point) => point.phases.flatMap((own) => Object.keys(own))));
  const names = [...new Set(points.map(seriesName))];
  const rows = points.flatMap((point) =>
    point.phases.flatMap((own, worker): Row[] => {
      const bar = point.workers === 1 ? '1 worker' : `worker ${worker + 1} of ${point.workers}`;
      let from = 0;
      return phases.map((phase) => {
        const [start, to] = [from, from + (own[phase] ?? 0)];
        from = to;
        const tip = `${bar}, ${seriesName(point)}\n${phase}: ${seconds(to - start)} of an update`;
        return { quantity: seriesName(point), series: phase, bar, from: start, to, tip };
      });
    }),
  );
  return {
    id: 'phases',
    title: 'Phases of each worker',
    quantities: names.map((name) => ({
      key: name,
      label: name,
      unit: 's',
      summary: `Seconds per update that each worker spends in each phase, ${name}.`,
    })),
    quantitiesAre: 'Series',
    series: phases,
    seriesAre: 'Phases',
    swatch: 'bar',
    variants: [{ key: 'linear', label: 'Linear', spec: compiledBars(phases, 'time per update') }],
    rows: { points: rows, lanes: [] },
    caption: 'Of an update, on the average. Barrier is waiting for the other workers.',
  };
}

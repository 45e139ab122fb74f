import type { TopLevelSpec } from 'vega-lite';
import { compiled, type Look, onPaper } from './chart-spec.ts';
import type { Figure, Row } from './figure.ts';
import type { CapacityData } from './kinds.ts';
import { forBothAxes } from './log-rows.ts';
import { inLanes } from './lanes.ts';
import { counted, plain, withInterval } from '../../src/cli/numbers.ts';

const ERRORS = ['training', 'validation', 'test'] as const;
type Axis = 'width' | 'depth';
const AXES = {
  width: { title: 'Error against width', x: 'units of each hidden layer', name: 'width' },
  depth: { title: 'Error against depth', x: 'hidden layers', name: 'depth' },
} as const;

/** The axes that were measured. */
export function axesOf({ points }: CapacityData): Axis[] {
  return (['width', 'depth'] as const).filter((axis) => points.some((point) => point.axis === axis));
}

/** Training, validation and test error against width and against depth. */
export function capacityFigures(report: CapacityData): Figure[] {
  return axesOf(report).map((axis) => {
    const { rows, look } = capacityRows(report, axis);
    const { title, name } = AXES[axis];
    return {
      id: `capacity-${axis}`,
      title,
      quantities: [{ key: 'error', label: labelOf(report), unit: '', summary: summarise(report, axis) }],
      quantitiesAre: 'Quantity',
      series: look.series,
      seriesAre: 'Error',
      swatch: 'line',
      variants: (['log', 'linear'] as const).map((key) => ({
        key,
        label: key === 'log' ? 'Logarithmic' : 'Linear',
        spec: compiled({ ...look, variant: key, height: 300 }),
      })),
      rows,
      caption: `Medians with 95% intervals over the trainings of each ${name}. Ringed: test errors that cannot be told from the least.`,
    };
  });
}

/** The figures for paper, one above the other. */
export function capacityChart(report: CapacityData): TopLevelSpec {
  return onPaper(
    axesOf(report).map((axis) => {
      const { rows, look } = capacityRows(report, axis);
      const subtitle = [
        `${report.patterns.training} patterns; ${report.environment.cpu}, Node ${report.environment.node}`,
        'medians with 95% intervals',
        'ringed: test errors that cannot be told from the least',
      ];
      const print = { rows, y: report.quantity, unit: '', title: AXES[axis].title, subtitle };
      return { ...look, variant: 'log', height: 260, print };
    }),
  );
}

function labelOf({ quantity }: CapacityData): string {
  return quantity === 'loss' ? 'Loss' : 'Error rate';
}

function capacityRows(report: CapacityData, axis: Axis): { rows: Figure['rows']; look: Look } {
  const own = report.points.filter((point) => point.axis === axis);
  const best = report.best.find((one) => one.axis === axis);
  const sizes = [...new Set(own.map((point) => point[axis]))].sort((a, b) => a - b);
  const points = own.flatMap((point) =>
    ERRORS.flatMap((series, i): Row[] => {
      const size = point[axis];
      const span = point[series];
      const tip =
        `${axis === 'width' ? `width ${size}` : counted(size, 'hidden layer')}, ${point.parameters} parameters\n` +
        `${series}: ${plain(span.median)}\n95%: ${plain(span.low)} to ${plain(span.high)}`;
      const good = series === 'test' && (best?.asGood.includes(size) === true || best?.least === size);
      const { median } = span;
      if (median === null) return [];
      return forBothAxes({ series, x: size, shown: size * 2 ** (0.05 * (i - 1)), ...span, median, best: good, tip });
    }),
  );
  const marks = best ? [{ x: best.least, label: `least test error: ${best.least}`, kind: 'recommended' }] : [];
  return {
    rows: { points, open: [], never: [], lanes: inLanes(marks, sizes[0]!, sizes.at(-1)!) },
    look: {
      series: ERRORS,
      x: AXES[axis].x,
      ticks: sizes,
      domain: [sizes[0]!, sizes.at(-1)!],
      ...(axis === 'width' ? { apart: true } : { xLinear: true }),
    },
  };
}

function summarise(report: CapacityData, axis: Axis): string {
  const own = report.points.filter((point) => point.axis === axis);
  const best = report.best.find((one) => one.axis === axis);
  const at = own.find((point) => point[axis] === best?.least);
  const least = at ? ` Least test error at ${axis} ${at[axis]}: ${withInterval(at.test, plain)}.` : '';
  return `Training, validation and test error (${report.quantity}) against ${axis}.${least}`;
}

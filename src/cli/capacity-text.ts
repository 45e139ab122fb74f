import { plot, type Point } from 'simple-ascii-chart';
import type { CapacityPoint, CapacityReport } from '../lab/capacity-report.ts';
import { LEAST_REPEATS } from '../lab/capacity-verdict.ts';
import { colors, columns } from './colors.ts';
import { counted } from './numbers.ts';
import { table } from './text.ts';

type Axis = CapacityPoint['axis'];

/** Errors against width and against depth, as tables and as curves, the verdicts, and how it was measured. */
export function capacityText(report: CapacityReport): string {
  const { network, epochs, repeats, patterns, quantity, sideBySide } = report;
  const axes = (['width', 'depth'] as const).filter((axis) => report.points.some((point) => point.axis === axis));
  const parts = axes.flatMap((axis) => {
    const points = report.points.filter((point) => point.axis === axis);
    const best = report.best.find((one) => one.axis === axis);
    return [
      colors.bold(`${network.activation}: error against ${axis} (${fixed(points[0]!, axis)})`),
      errorTable(points, axis, best, repeats),
      errorChart(points, axis),
      colors.bold(best?.text ?? 'Most trainings of every size diverged.'),
    ];
  });
  return [
    ...(report.state === 'partial' ? [`Ended early, after ${counted(repeats, 'repeat')}.`] : []),
    ...parts,
    `${patterns.training} patterns to train, ${patterns.validation} to validate, ${patterns.test} to test; ${counted(epochs, 'epoch')}; ` +
      `medians of ${counted(repeats, 'repeat')} with 95% bootstrap intervals; the error is the ${quantity}.`,
    `${counted(sideBySide.together, 'training')} at once on ${counted(sideBySide.workersEach, 'worker')} each: ${sideBySide.why}.`,
  ].join('\n');
}

function fixed({ width, depth }: CapacityPoint, axis: Axis): string {
  return axis === 'width' ? counted(depth, 'hidden layer') : `${counted(width, 'unit')} in each hidden layer`;
}

function errorTable(
  points: readonly CapacityPoint[],
  axis: Axis,
  best: CapacityReport['best'][number] | undefined,
  repeats: number,
): string {
  const asGood = repeats < LEAST_REPEATS ? [] : (best?.asGood ?? []);
  return table(
    [axis, 'parameters', 'training', 'validation', 'test', '95% interval', 'diverged', 'best'],
    points.map((point) => [
      point[axis],
      point.parameters,
      error(point.training.median),
      error(point.validation.median),
      error(point.test.median),
      `${error(point.test.low)} to ${error(point.test.high)}`,
      point.diverged,
      best?.least === point[axis] ? '* least' : asGood.includes(point[axis]) ? '= as good' : '',
    ]),
  );
}

function error(value: number): string {
  if (!Number.isFinite(value)) return 'never';
  return value < 0.001 ? '<0.001' : value.toFixed(3);
}

/** Training and test error on a logarithmic axis; widths on one, too. What diverged, or is as good as 0, is left out. */
function errorChart(points: readonly CapacityPoint[], axis: Axis): string {
  const x = (point: CapacityPoint) => (axis === 'width' ? Math.log2(point.width) : point.depth);
  const lines = (['training', 'test'] as const).map((part) =>
    points.flatMap((point): Point[] => {
      const { median } = point[part];
      return Number.isFinite(median) && median > LEAST ? [[x(point), Math.log10(median)]] : [];
    }),
  );
  return plot(lines, {
    width: Math.max(30, Math.min(90, columns() - 24)),
    height: 14,
    ...(colors.isColorSupported && { color: ['ansiBlue', 'ansiRed'] }),
    customXAxisTicks: points.map(x),
    legend: { position: 'bottom', series: ['training', 'test'] },
    title: `error against ${axis} (${axis === 'width' ? 'logarithmic axes' : 'the error on a logarithmic axis'})`,
    formatter: (value, { axis: of }) =>
      of === 'y' ? (10 ** value).toPrecision(3) : String(axis === 'width' ? Math.round(2 ** value) : value),
  });
}

/** A training error below it is 0 for the eye. */
const LEAST = 0.01;

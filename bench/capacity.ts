import pc from 'picocolors';
import { plot, type Point } from 'simple-ascii-chart';
import { type CapacityOptions, type CapacityPoint, type CapacityReport, measureCapacity } from '../src/index.ts';
import { friedman } from './data/friedman.ts';
import { table } from '../src/cli/text.ts';

/**
 * Few patterns, noise in the targets, and training for long: 400 of Friedman #1, of which the best that there is has an error
 * of 1/2, half the variance of the noise.
 */
const PATTERNS = { train: 400, validation: 500, test: 2000 };
const SETTING = {
  output: { units: 1, activation: 'linear' },
  width: 8,
  depths: [0, 1, 2, 3, 4, 5, 6],
  normalization: { inputs: 'z-score', targets: 'z-score' },
  epochs: 600,
  repeats: 9,
  trainer: { batchSize: 20, learningRate: 0.02, momentum: 0.9 },
} as const satisfies CapacityOptions;
const QUICK = { widths: [1, 8], depths: [0, 2], epochs: 20, repeats: 2 } as const;

/** Errors against width and depth with ReLU, and against depth with sigmoid, whose gradients vanish in many layers. */
export async function benchCapacity(quick: boolean, columns: number) {
  const all = friedman(PATTERNS.train + PATTERNS.validation + PATTERNS.test);
  const data = {
    train: all.slice(0, PATTERNS.train),
    validation: all.slice(PATTERNS.train, PATTERNS.train + PATTERNS.validation),
    test: all.slice(PATTERNS.train + PATTERNS.validation),
  };
  const options = { ...SETTING, ...(quick && QUICK) };
  const report = await measureCapacity(data, { ...options, activation: 'relu' });
  const sigmoid = await measureCapacity(data, { ...options, activation: 'sigmoid', widths: [] });
  return { report, sigmoid, text: [report, sigmoid].map((one) => describe(one, columns)).join('\n\n') };
}

function describe(report: CapacityReport, columns: number): string {
  const { network, epochs, repeats, patterns, sideBySide } = report;
  const axes = (['width', 'depth'] as const).filter((axis) => report.points.some((point) => point.axis === axis));
  const parts = axes.flatMap((axis) => {
    const points = report.points.filter((point) => point.axis === axis);
    const best = report.best.find((one) => one.axis === axis);
    return [
      pc.bold(`${network.activation}: error against ${axis} (${fixed(points[0]!, axis)})`),
      errorTable(points, axis, best),
      errorChart(points, axis, columns),
      pc.bold(best?.text ?? 'Most trainings of every size diverged.'),
    ];
  });
  return [
    ...parts,
    `${patterns.training} patterns to train, ${patterns.validation} to validate, ${patterns.test} to test; ${epochs} epochs; ` +
      `medians of ${repeats} repeats with 95% bootstrap intervals; the error is the ${report.quantity}.`,
    `${sideBySide.together} trainings at once on ${sideBySide.workersEach} worker${sideBySide.workersEach > 1 ? 's' : ''} each: ${sideBySide.why}.`,
  ].join('\n');
}

function fixed({ width, depth }: CapacityPoint, axis: 'width' | 'depth'): string {
  return axis === 'width' ? `${depth} hidden layer${depth > 1 ? 's' : ''}` : `${width} units in each hidden layer`;
}

function errorTable(
  points: readonly CapacityPoint[],
  axis: 'width' | 'depth',
  best: CapacityReport['best'][number] | undefined,
): string {
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
      best?.least === point[axis] ? '* least' : best?.asGood.includes(point[axis]) ? '= as good' : '',
    ]),
  );
}

function error(value: number): string {
  if (!Number.isFinite(value)) return 'never';
  return value < 0.001 ? '<0.001' : value.toFixed(3);
}

/** Training and test error on a logarithmic axis; widths on one, too. What diverged, or is as good as 0, is left out. */
function errorChart(points: readonly CapacityPoint[], axis: 'width' | 'depth', columns: number): string {
  const x = (point: CapacityPoint) => (axis === 'width' ? Math.log2(point.width) : point.depth);
  const lines = (['training', 'test'] as const).map((part) =>
    points.flatMap((point): Point[] => {
      const { median } = point[part];
      return Number.isFinite(median) && median > LEAST ? [[x(point), Math.log10(median)]] : [];
    }),
  );
  return plot(lines, {
    width: Math.max(30, Math.min(90, columns - 24)),
    height: 14,
    ...(pc.isColorSupported && { color: ['ansiBlue', 'ansiRed'] }),
    customXAxisTicks: points.map(x),
    legend: { position: 'bottom', series: ['training', 'test'] },
    title: `error against ${axis} (${axis === 'width' ? 'logarithmic axes' : 'the error on a logarithmic axis'})`,
    formatter: (value, { axis: of }) =>
      of === 'y' ? (10 ** value).toPrecision(3) : String(axis === 'width' ? Math.round(2 ** value) : value),
  });
}

/** A training error below it is 0 for the eye. */
const LEAST = 0.01;

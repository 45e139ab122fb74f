import type { Metrics } from '../nn/metrics.ts';
import { counted } from './numbers.ts';
import { table } from './text.ts';

/** More classes than these make a matrix that no terminal shows. */
const MOST_CLASSES = 20;

/** Metrics as a person reads them: the summary, then each class, then which classes were taken for which. */
export function metricsText(part: string, metrics: Metrics, names: readonly string[] | undefined): string {
  const title = `On the ${counted(metrics.rows, 'row')} of the ${part} set:`;
  if (metrics.task === 'values') {
    const { mae, rmse, r2, perOutput } = metrics;
    // Where targets are all equal, what stands there is a convention and tells nothing of the network.
    const unknown = new Set(metrics.undefined.map(({ output }) => output));
    const rows = perOutput.map((one, k) => [
      names?.[k] ?? `output ${k + 1}`,
      ...[one.mae, one.rmse].map(figure),
      unknown.has(one.output) || one.r2 === undefined ? '' : figure(one.r2),
    ]);
    const summary =
      `mean absolute error ${figure(mae)}, root mean squared error ${figure(rmse)}` +
      (unknown.size > 0 || r2 === undefined ? '' : `, R2 ${figure(r2)}`);
    return [
      title,
      summary,
      ...reachText(metrics, figure),
      ...(rows.length > 1 ? [table(['target', 'MAE', 'RMSE', 'R2'], rows)] : []),
    ].join('\n');
  }
  const { accuracy, macro, rocAuc, logLoss, perClass } = metrics;
  const summary =
    `accuracy ${percent(accuracy)}, macro F1 ${figure(macro.f1)}, log loss ${figure(logLoss)}` +
    (rocAuc === undefined ? '' : `, area under the ROC curve ${figure(rocAuc)}`);
  const reach = reachText(metrics, percent);
  const name = (k: number) => names?.[k] ?? String(k);
  const rows = perClass.map((one, k) => [
    name(k),
    one.support,
    percent(one.precision),
    percent(one.recall),
    figure(one.f1),
    one.rocAuc === undefined ? '' : figure(one.rocAuc),
  ]);
  const scores = table(['class', 'rows', 'precision', 'recall', 'F1', 'AUC'], rows);
  if (metrics.task === 'labels' || perClass.length > MOST_CLASSES) return [title, summary, scores].join('\n');
  const head = ['actual \\ predicted', ...metrics.confusion.map((_, k) => name(k))];
  return [
    title,
    summary,
    ...reach,
    scores,
    table(
      head,
      metrics.confusion.map((row, k) => [name(k), ...row]),
    ),
  ].join('\n');
}

/** How wide the first figure is that there is an interval of. */
function reachText({ rows, intervals = {} }: Metrics, show: (value: number) => string): string[] {
  const [name, interval] = (['accuracy', 'r2', 'rmse'] as const)
    .map((metric) => [metric, intervals[metric]] as const)
    .find(([, found]) => found !== undefined) ?? [undefined, undefined];
  if (interval === undefined) return [];
  const called = { accuracy: 'accuracy', r2: 'R2', rmse: 'root mean squared error' }[name];
  return [
    `with ${counted(rows, 'row')}, 95% interval of the ${called}: ${show(interval.low)} to ${show(interval.high)}`,
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}

function figure(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(4) : String(value);
}

import type { NetworkSpec } from '../core/spec.ts';
import type { Metrics } from './metrics.ts';
import { type MetricsTask, taskOf } from './predictions.ts';

/** A metric that is one number. Precision, recall and f1 are those of all classes alike ('macro'). */
export type MetricName =
  'accuracy' | 'exact' | 'precision' | 'recall' | 'f1' | 'logLoss' | 'rocAuc' | 'mae' | 'rmse' | 'r2';

/** Metrics by name; absent where there is none: `rocAuc` where all patterns are of one class, `r2` where there is one pattern. */
export type Figures = Partial<Record<MetricName, number>>;

const ANSWERS = ['accuracy', 'precision', 'recall', 'f1', 'logLoss', 'rocAuc'] as const;
/** Those that outputs have, by what they mean. */
export const METRICS: Readonly<Record<MetricsTask, readonly MetricName[]>> = {
  classes: ANSWERS,
  labels: ['exact', ...ANSWERS],
  values: ['mae', 'rmse', 'r2'],
};

/** Of the others, more is better. */
const ERRORS: readonly MetricName[] = ['logLoss', 'mae', 'rmse'];

/** Whether less of a metric is better. */
export function isError(metric: MetricName): boolean {
  return ERRORS.includes(metric);
}

/** The metrics that the outputs of a network have. */
export function metricsOf(spec: NetworkSpec): readonly MetricName[] {
  return METRICS[taskOf(spec).task];
}

/** The metrics that are one number. */
export function figuresOf(metrics: Metrics): Figures {
  if (metrics.task === 'values') {
    const { mae, rmse, r2 } = metrics;
    return { mae, rmse, ...(r2 !== undefined && { r2 }) };
  }
  const { accuracy, macro, logLoss, rocAuc } = metrics;
  const exact = metrics.task === 'labels' && { exact: metrics.exact };
  return { accuracy, ...exact, ...macro, logLoss, ...(rocAuc !== undefined && { rocAuc }) };
}

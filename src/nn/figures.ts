import { oneOf, wrongType } from '../core/checks.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { Metrics } from './metrics.ts';
import { type MetricsTask, taskOf } from './predictions.ts';

/** A metric that is one number. Precision, recall and f1 are those of all classes alike ('macro'). */
export type MetricName =
  'accuracy' | 'exact' | 'precision' | 'recall' | 'f1' | 'logLoss' | 'rocAuc' | 'mae' | 'rmse' | 'r2';

/** Metrics by name; absent where there is none: of `rocAuc`, where all patterns are of one class. */
export type Figures = Partial<Record<MetricName, number>>;

const ANSWERS = ['accuracy', 'precision', 'recall', 'f1', 'logLoss', 'rocAuc'] as const;
const NAMES: Record<MetricsTask, readonly MetricName[]> = {
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

/** @throws TypeError, RangeError if the outputs of a network have no such metric */
export function metricName(name: string, value: unknown, spec: NetworkSpec): MetricName {
  return oneOf(name, value, NAMES[taskOf(spec).task]);
}

/**
 * Names of metrics, each once.
 * @throws TypeError, RangeError
 */
export function metricNames(name: string, values: unknown, spec: NetworkSpec): MetricName[] {
  if (!Array.isArray(values)) throw wrongType(name, 'list of names of metrics', values);
  return [...new Set(values.map((value, i) => metricName(`${name}[${i}]`, value, spec)))];
}

/** The metrics that are one number. */
export function figuresOf(metrics: Metrics): Figures {
  if (metrics.task === 'values') {
    const { mae, rmse, r2 } = metrics;
    return { mae, rmse, r2 };
  }
  const { accuracy, macro, logLoss, rocAuc } = metrics;
  const exact = metrics.task === 'labels' && { exact: metrics.exact };
  return { accuracy, ...exact, ...macro, logLoss, ...(rocAuc !== undefined && { rocAuc }) };
}

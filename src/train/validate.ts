import type { Network } from '../nn/network.ts';
import { type Figures, figuresOf } from '../nn/figures.ts';
import { metricsOfOutputs } from '../nn/metrics.ts';
import type { Order } from './order.ts';
import type { Validation } from './report.ts';
import type { Runner } from './runner.ts';

/**
 * What an order wants to know of its validation set, with the weights as they are. The workers compute the outputs once, for the loss
 * and the metrics alike; the metrics are then computed from them on the calling thread. Those of a network that has diverged are NaN.
 * @throws GradpoolError ERR_ABORTED, ERR_CLOSED, ERR_WORKER_FAILED
 */
export async function validate(
  runner: Runner,
  network: Network,
  { validation, metrics, signal }: Order,
): Promise<Validation | undefined> {
  if (validation === undefined) return undefined;
  const evaluation = await runner.evaluate(validation, signal, metrics?.outputs);
  if (metrics === undefined) return evaluation;
  const { names, outputs } = metrics;
  const diverged = !Number.isFinite(evaluation.loss);
  const found: Figures = diverged
    ? Object.fromEntries(names.map((name) => [name, NaN]))
    : figuresOf(await metricsOfOutputs(network, validation.source, outputs, names.includes('rocAuc'), signal));
  const wanted = names.flatMap((name) => (found[name] === undefined ? [] : [[name, found[name]] as const]));
  return { ...evaluation, metrics: Object.fromEntries(wanted) };
}

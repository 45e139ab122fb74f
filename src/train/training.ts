import type { Network } from '../nn/network.ts';
import { Stopping } from './early-stopping.ts';
import type { Order } from './order.ts';
import type { EpochReport } from './report.ts';

/** Which epochs of an order are to be trained together. */
export interface Wanted {
  /** The first, counted from 1. */
  readonly epoch: number;
  /** At most so many. */
  readonly count: number;
  /** Updates that are left; if they do not suffice for an epoch, that is cut short. */
  readonly left: number;
  /** Undefined: that of the trainer. */
  readonly learningRate: number | undefined;
}

/**
 * Trains the epochs of an order until they are done or somebody stops it, and tells the callbacks.
 * @param together - how many epochs may be trained before somebody looks at the first of them
 * @param train - trains and validates epochs; one report where there are callbacks or early stopping
 */
export async function* training(
  network: Network,
  order: Order,
  together: number,
  train: (wanted: Wanted) => Promise<EpochReport[]>,
): AsyncGenerator<EpochReport, void, undefined> {
  const { callbacks } = order;
  const stopping = order.stopping && new Stopping(order.stopping, network);
  const whole = Math.ceil(order.train.length / order.batchSize);
  let left = order.maxUpdates;
  let last: EpochReport | undefined;
  let failure: { readonly error: unknown } | undefined;
  try {
    await callbacks.trainBegin();
    for (let epoch = 1; epoch <= order.epochs && left > 0 && callbacks.stopped === undefined;) {
      await callbacks.epochBegin(epoch);
      const count = Math.max(1, Math.min(together, order.epochs - epoch + 1, Math.floor(left / whole)));
      const { learningRate } = callbacks;
      // What a callback has thrown comes before the abort that it led to.
      const reports = await train({ epoch, count, left, learningRate }).finally(() => callbacks.settle());
      left -= reports.reduce((sum, { updates }) => sum + updates, 0);
      epoch += reports.length;
      last = reports.at(-1)!;
      stopping?.observe(last);
      await callbacks.epochEnd(last);
      if (callbacks.stopped !== undefined) last.stopped ??= { by: 'callback', why: callbacks.stopped };
      yield* reports;
      if (last.stopped) break;
    }
  } catch (error) {
    failure = { error };
    throw error;
  } finally {
    stopping?.restore();
    const end = callbacks.trainEnd({ last, error: failure?.error });
    await (failure ? end.catch(() => undefined) : end);
  }
}

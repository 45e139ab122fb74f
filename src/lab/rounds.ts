import { Random } from '../core/random.ts';
import type { DataSource } from '../core/table.ts';
import { Network } from '../nn/network.ts';
import { type Point, type Timed, timeUpdates, warmUp } from './update-time.ts';

/** How often and how long points are measured. */
export interface RoundsPlan {
  readonly rounds: number;
  /** Of one measurement, at least. */
  readonly sampleSeconds: number;
  /** Of the orders. */
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Warms every point up, then measures each once in every round, in a random order of its own, so that a drift of the machine
 * falls on all alike.
 * @param keep - is given what was measured, once for each point and round
 * @param progress - is called after each step
 * @throws GradpoolError as `Trainer.fit`
 */
export async function inRounds<P extends Point>(
  points: readonly P[],
  dataset: (point: P) => DataSource,
  { rounds, sampleSeconds, seed, signal }: RoundsPlan,
  keep: (point: P, timed: Timed) => void,
  progress: (stage: 'warm-up' | 'rounds', point: P) => void,
): Promise<void> {
  const random = new Random(seed);
  for (let round = 0; round <= rounds; round++) {
    const order = Uint32Array.from(points.keys());
    random.shuffle(order);
    for (const i of order) {
      const point = points[i]!;
      if (round === 0) await warmUp(point, dataset(point), sampleSeconds, signal);
      else keep(point, await timeUpdates(point, dataset(point), signal));
      progress(round === 0 ? 'warm-up' : 'rounds', point);
    }
  }
}

/** Layers and weights of a network, to be trained in its place. */
export function copyOf(network: Network): Network {
  const copy = new Network({ ...network.spec, normalization: network.normalization });
  copy.setParameters(network.parameters);
  return copy;
}

import { Random } from '../core/random.ts';
import type { DataSource } from '../core/table.ts';
import { Network } from '../nn/network.ts';
import { elementAt } from './statistics.ts';
import { type Point, type Timed, timeUpdates, warmUp } from './update-time.ts';

/** How often and how long points are measured. */
export interface RoundsPlan {
  readonly rounds: number;
  /** Of a point in a round, at least. */
  readonly sampleSeconds: number;
  /** Of the orders. */
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
}

/** How often each point is measured in a round. */
export const VISITS = 5;
/**
 * The share of the measurements of a point below which its time lies, the lower quartile: other programs only ever add to a time, and
 * on many machines for seconds on end. Of five it is the second fastest.
 */
export const SHARE = 0.25;

/**
 * Warms every point up, then measures all in rounds. Within a round each point is measured five times, each time all of them one
 * after the other in a new random order: a drift of the machine falls on all alike, and a spell of some other program that is over
 * soon falls on few of the five, of which the lower quartile counts.
 * @param keep - is given what was measured, once for each point and round: the one that counts, and all in their order
 * @param progress - is called after each step: once for the warm-up of a point, `VISITS` times in a round
 * @throws GradpoolError as `Trainer.fit`
 */
export async function inRounds<P extends Point>(
  points: readonly P[],
  dataset: (point: P) => DataSource,
  { rounds, sampleSeconds, seed, signal }: RoundsPlan,
  keep: (point: P, timed: Timed, visits: readonly Timed[]) => void,
  progress: (stage: 'warm-up' | 'rounds', point: P) => void,
): Promise<void> {
  const random = new Random(seed);
  const order = Uint32Array.from(points.keys());
  const each = async (stage: 'warm-up' | 'rounds', work: (point: P, i: number) => Promise<void>) => {
    random.shuffle(order);
    for (const i of order) {
      await work(points[i]!, i);
      progress(stage, points[i]!);
    }
  };
  await each('warm-up', (point) => warmUp(point, dataset(point), sampleSeconds, sampleSeconds / VISITS, signal));
  for (let round = 0; round < rounds; round++) {
    const visits = points.map((): Timed[] => []);
    for (let visit = 0; visit < VISITS; visit++)
      await each('rounds', async (point, i) => {
        visits[i]!.push(await timeUpdates(point, dataset(point), signal));
      });
    for (const [i, timed] of visits.entries())
      keep(
        points[i]!,
        elementAt(timed, SHARE, ({ perRow }) => perRow),
        timed,
      );
  }
}

/** Layers and weights of a network, to be trained in its place. */
export function copyOf(network: Network): Network {
  const copy = new Network({ ...network.spec, normalization: network.normalization });
  copy.setParameters(network.parameters);
  return copy;
}

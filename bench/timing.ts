import { Bench } from 'tinybench';
import { Random } from '../src/core/random.ts';
import { type Interval, medianInterval } from '../src/lab/statistics.ts';

/** How much to measure: `--quick` only proves that a benchmark works. */
export interface Effort {
  readonly rounds: number;
  /** Milliseconds of one measurement. */
  readonly time: number;
}

export const FULL: Effort = { rounds: 9, time: 100 };
export const QUICK: Effort = { rounds: 1, time: 2 };

/** Something to time: `run` does it `repeat` times over in one call, so that the clock's own cost does not count. */
export interface Candidate {
  readonly name: string;
  readonly repeat: number;
  readonly run: () => void | Promise<void>;
}

/**
 * Times candidates in rounds, in a random order in each.
 * @returns by name: seconds of one repetition, the median over the rounds of each round's median
 */
export async function timeInRounds(
  candidates: readonly Candidate[],
  { rounds, time }: Effort,
): Promise<Map<string, Interval>> {
  const samples = new Map(candidates.map(({ name }) => [name, [] as number[]]));
  const random = new Random(1);
  for (let round = 0; round <= rounds; round++) {
    const order = Uint32Array.from(candidates.keys());
    random.shuffle(order);
    for (const i of order) {
      const { name, repeat, run } = candidates[i]!;
      const bench = new Bench({ time, iterations: 3, warmup: false, throws: true });
      bench.add(name, run);
      const [task] = await bench.run();
      if (task?.result.state !== 'completed') throw new Error(`${name}: ${task?.result.state}`);
      // The first round warms up: code is compiled, caches fill.
      if (round > 0) samples.get(name)!.push(task.result.latency.p50 / 1000 / repeat);
    }
  }
  return new Map([...samples].map(([name, values]) => [name, medianInterval(values, 1)]));
}

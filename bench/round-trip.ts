import { Piscina } from 'piscina';
import { fileURLToPath } from 'node:url';
import { duration, table } from '../src/cli/text.ts';
import { type Effort, timeInRounds } from './timing.ts';

const ENTRY = fileURLToPath(new URL('./round-trip-thread.js', import.meta.url));

/** One task to each of one and two piscina threads and back: what the strategy `coordinator` pays per update. */
export async function benchRoundTrip(effort: Effort) {
  const pools = [1, 2].flatMap((threads) =>
    (['disabled', 'sync'] as const).map((atomics) => ({
      name: `${threads} thread${threads > 1 ? 's' : ''}, atomics ${atomics}`,
      threads,
      pool: new Piscina<number, number>({
        filename: ENTRY,
        minThreads: threads,
        maxThreads: threads,
        concurrentTasksPerWorker: 1,
        atomics,
      }),
    })),
  );
  const forkJoin = async (pool: Piscina<number, number>, threads: number) => {
    for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: threads }, (_, w) => pool.run(w)));
  };
  const times = await timeInRounds(
    pools.map(({ name, threads, pool }) => ({ name, repeat: 20, run: () => forkJoin(pool, threads) })),
    effort,
  );
  await Promise.all(pools.map(({ pool }) => pool.destroy()));
  const results = [...times].map(([name, seconds]) => ({ name, seconds }));
  return {
    results,
    text: table(
      ['fork and join', 'time'],
      results.map((r) => [r.name, duration(r.seconds.median)]),
    ),
  };
}

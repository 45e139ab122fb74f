import { findBlas } from '../src/kernels/blas/library.ts';
import { type Interval, medianInterval } from '../src/lab/statistics.ts';
import { count, table } from '../src/cli/text.ts';
import type { Effort } from './timing.ts';
import { cellsOf, inRounds, makeRunners, type Runner, timeRunner } from './training.ts';

const CELLS = [
  ['A', 64],
  ['A', 256],
  ['A', 1024],
  ['B', 256],
  ['B', 1024],
  ['C', 1024],
  ['C', 4096],
] as const;

/** One trainer on two workers, and two trainers on one worker each. */
interface Pair {
  readonly together: Runner;
  readonly copies: readonly [Runner, Runner];
}

/**
 * Two workers on one training against two independent trainings side by side, which share the machine but wait for
 * nobody: what is missing to 1 is the price of working together.
 */
export async function benchCopies(effort: Effort) {
  const backends = 'blas' in findBlas() ? (['wasm', 'blas'] as const) : (['wasm'] as const);
  const wanted = cellsOf(CELLS, effort);
  const cells = backends.flatMap((backend) =>
    wanted.flatMap(([network, batchSize]) =>
      [2, 1, 1].map((workers) => ({ network, batchSize, options: { backend, workers } })),
    ),
  );
  const runners = await makeRunners(cells);
  const pairs: Pair[] = [];
  for (let i = 0; i < runners.length; i += 3) {
    pairs.push({ together: runners[i]!, copies: [runners[i + 1]!, runners[i + 2]!] });
  }
  const samples = new Map(pairs.map((pair) => [pair, [] as { together: number; copies: number }[]]));
  const visit = async ({ together, copies }: Pair, seconds: number) => {
    const { batchSize } = together.cell;
    const one = batchSize / (await timeRunner(together, seconds)).seconds;
    // Both run for about as long; where one ends first, the other runs alone for a moment.
    const two = await Promise.all(copies.map((copy) => timeRunner(copy, seconds)));
    return { together: one, copies: two.reduce((sum, timed) => sum + batchSize / timed.seconds, 0) };
  };
  await inRounds(pairs, effort, visit, (pair, measured) => samples.get(pair)!.push(measured));
  await Promise.all(runners.map(({ trainer }) => trainer.close()));
  const results = pairs.map((pair) => {
    const measured = samples.get(pair)!;
    const interval = (of: (m: { together: number; copies: number }) => number): Interval =>
      medianInterval(measured.map(of), 1);
    const { cell, layers, trainer } = pair.together;
    return {
      network: cell.network,
      layers,
      batchSize: cell.batchSize,
      backend: trainer.info.backend,
      strategy: trainer.info.strategy,
      together: interval((m) => m.together),
      copies: interval((m) => m.copies),
      ratio: interval((m) => m.together / m.copies),
    };
  });
  const text = table(
    ['network', 'B', 'backend', 'strategy', 'two workers', 'two copies', 'ratio'],
    results.map((r) => [
      r.layers,
      r.batchSize,
      r.backend,
      r.strategy,
      count(r.together.median),
      count(r.copies.median),
      `${r.ratio.median.toFixed(2)} (${r.ratio.low.toFixed(2)} to ${r.ratio.high.toFixed(2)})`,
    ]),
  );
  return { results, text };
}

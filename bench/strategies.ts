import { availableParallelism } from 'node:os';
import { medianInterval } from '../src/lab/statistics.ts';
import { STRATEGIES, type StrategyChoice } from '../src/train/options.ts';
import { duration, table } from '../src/cli/text.ts';
import type { Effort } from './timing.ts';
import { cellsOf, inRounds, makeRunners, timeRunner } from './training.ts';

const CELLS = [
  ['A', 1],
  ['A', 64],
  ['A', 1024],
  ['B', 16],
  ['B', 256],
  ['C', 1],
  ['C', 64],
  ['C', 256],
  ['C', 4096],
] as const;
const CHOICES: readonly StrategyChoice[] = ['auto', ...STRATEGIES];

/** Every strategy in every cell on all cores: how many times the update of the default takes each of the others. */
export async function benchStrategies(effort: Effort) {
  const workers = availableParallelism();
  const cells = cellsOf(CELLS, effort);
  const runners = await makeRunners(
    cells.flatMap(([network, batchSize]) =>
      CHOICES.map((strategy) => ({ network, batchSize, options: { strategy, workers } })),
    ),
  );
  const samples = new Map(runners.map((runner) => [runner, [] as number[]]));
  await inRounds(runners, effort, timeRunner, (runner, timed) => samples.get(runner)!.push(timed.seconds));
  await Promise.all(runners.map(({ trainer }) => trainer.close()));
  const results = cells.map(([network, batchSize], c) => {
    const own = runners.slice(c * CHOICES.length, (c + 1) * CHOICES.length);
    const base = samples.get(own[0]!)!;
    return {
      network,
      layers: own[0]!.layers,
      batchSize,
      chosen: own[0]!.trainer.info.strategy,
      seconds: medianInterval(base, 1),
      ratios: Object.fromEntries(
        own.slice(1).map((runner, s) => {
          const ratios = samples.get(runner)!.map((seconds, round) => seconds / base[round]!);
          return [STRATEGIES[s]!, medianInterval(ratios, 1)];
        }),
      ),
    };
  });
  const text = table(
    ['network', 'B', 'auto is', 'per update', ...STRATEGIES],
    results.map((r) => [
      r.layers,
      r.batchSize,
      r.chosen,
      duration(r.seconds.median),
      ...STRATEGIES.map((name) => {
        const { median, low, high } = r.ratios[name]!;
        return `${median.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
      }),
    ]),
  );
  return { results: { workers, cells: results }, text };
}

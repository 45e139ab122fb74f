import { findBlas } from '../src/kernels/blas/library.ts';
import { type Interval, medianInterval } from '../src/lab/statistics.ts';
import { PHASES } from '../src/memory/control.ts';
import type { PhaseSeconds } from '../src/train/outcome.ts';
import { peakMeter, sgemmMeter } from './meters.ts';
import { count, duration, table } from '../src/cli/text.ts';
import type { Effort } from './timing.ts';
import { cellsOf, inRounds, makeRunners, type Runner, type Timed, timeRunner } from './training.ts';

const CELLS = [
  ['A', 1],
  ['A', 64],
  ['A', 256],
  ['B', 64],
  ['B', 256],
  ['B', 1024],
  ['C', 1],
  ['C', 64],
  ['C', 256],
] as const;

/**
 * Training on one and on two workers, update by update: its time, its phases, and its share of what one core can do:
 * of the FMA peak of 128 bits for wasm, of sgemm at 1024 for blas, each measured in the same round.
 */
export async function benchUpdate(effort: Effort) {
  const peaks = { wasm: peakMeter(), blas: sgemmMeter() };
  const backends = 'blas' in findBlas() ? (['wasm', 'blas'] as const) : (['wasm'] as const);
  const cells = cellsOf(CELLS, effort);
  const runners = await makeRunners(
    backends.flatMap((backend) =>
      cells.flatMap(([network, batchSize]) =>
        [1, 2].map((workers) => ({ network, batchSize, options: { backend, workers } })),
      ),
    ),
  );
  const samples = new Map(runners.map((runner) => [runner, [] as (Timed & { share: number })[]]));
  const visit = async (runner: Runner, seconds: number) => {
    const gflops = peaks[runner.cell.options.backend === 'blas' ? 'blas' : 'wasm']!();
    const timed = await timeRunner(runner, seconds);
    return { ...timed, share: runner.flops / timed.seconds / 1e9 / gflops };
  };
  await inRounds(runners, effort, visit, (runner, timed) => samples.get(runner)!.push(timed));
  await Promise.all(runners.map(({ trainer }) => trainer.close()));
  const results = runners.map((runner) => {
    const timed = samples.get(runner)!;
    const seconds = medianInterval(
      timed.map((t) => t.seconds),
      1,
    );
    const { cell, layers, trainer, flops } = runner;
    return {
      network: cell.network,
      layers,
      batchSize: cell.batchSize,
      workers: trainer.info.workers,
      backend: trainer.info.backend,
      strategy: trainer.info.strategy,
      seconds,
      share: medianInterval(
        timed.map((t) => t.share),
        1,
      ),
      gflops: flops / seconds.median / 1e9,
      patternsPerSecond: cell.batchSize / seconds.median,
      phases: timed.at(-1)!.phases,
    };
  });
  return { results, text: [mainTable(results), phaseTable(results)].join('\n') };
}

interface Result {
  layers: string;
  batchSize: number;
  workers: number;
  backend: string;
  seconds: Interval;
  share: Interval;
  gflops: number;
  patternsPerSecond: number;
  phases: PhaseSeconds;
}

function mainTable(results: readonly Result[]): string {
  return table(
    ['network', 'B', 'backend', 'workers', 'per update', 'patterns/s', 'GFLOP/s', "of one core's peak"],
    results.map((r) => [
      r.layers,
      r.batchSize,
      r.backend,
      r.workers,
      duration(r.seconds.median),
      count(r.patternsPerSecond),
      r.gflops.toFixed(1),
      `${r.share.median.toFixed(2)} (${r.share.low.toFixed(2)} to ${r.share.high.toFixed(2)})`,
    ]),
  );
}

function phaseTable(results: readonly Result[]): string {
  return table(
    ['first worker', 'B', 'backend', 'workers', ...PHASES],
    results.map((r) => [
      r.layers,
      r.batchSize,
      r.backend,
      r.workers,
      ...PHASES.map((phase) => duration(r.phases[phase])),
    ]),
  );
}

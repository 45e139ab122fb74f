import { measureScaling } from '../lab/scaling.ts';
import type { ScalingProgress } from '../lab/scaling-options.ts';
import type { ScalingMode } from '../lab/scaling-report.ts';
import type { Initialisation } from '../nn/initialise.ts';
import type { StrategyChoice } from '../train/options.ts';

import { loadNetworkAndData, measuredTrainer, type MeasureFlags, progressOf, tellReport } from './measured.ts';
import { counted } from './numbers.ts';
import type { Output } from './output.ts';
import { scalingText } from './scaling-text.ts';

export interface ScalingFlags extends MeasureFlags {
  hidden: number[];
  dropout: number;
  initialisation: Initialisation;
  workers?: number[];
  strategies: StrategyChoice[];
  modes: ScalingMode[];
  batchSize?: number;
  rowsPerWorker?: number;
  rounds: number;
  sampleSeconds: number;
  predict?: number[];
}

/** Measures how the time of an update depends on the number of workers. */
export async function scaling(
  path: string | undefined,
  flags: ScalingFlags,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { network, data } = await loadNetworkAndData(path, flags, output);
  const { workers, strategies, modes, batchSize, rowsPerWorker, rounds, sampleSeconds, predict, seed } = flags;
  const { onProgress, stop } = progressOf(
    output,
    (step: ScalingProgress) => `${step.strategy}, B = ${step.batchSize} on ${counted(step.workers, 'worker')}`,
  );
  const report = await measureScaling(network, data.train, {
    ...{
      workers,
      strategies,
      modes,
      batchSize,
      rowsPerWorker,
      rounds,
      sampleSeconds,
      predict,
      seed,
      signal,
      onProgress,
    },
    trainer: { ...measuredTrainer(flags), seed },
  }).finally(stop);
  await tellReport(report, scalingText, flags.output, output);
}

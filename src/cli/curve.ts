import { measureBatchCurve } from '../lab/batch-curve.ts';
import type { CurveProgress, TargetOptions } from '../lab/curve-options.ts';
import type { Initialisation } from '../nn/initialise.ts';
import type { StrategyChoice } from '../train/options.ts';
import type { RateRule } from '../train/rate-rule.ts';
import { curveText } from './curve-text.ts';
import type { LoadedData } from './load-data.ts';
import { loadNetworkAndData, measuredTrainer, type MeasureFlags, progressOf, tellReport } from './measured.ts';

import { counted } from './numbers.ts';
import type { Output } from './output.ts';

export interface CurveFlags extends MeasureFlags {
  hidden: number[];
  dropout: number;
  initialisation: Initialisation;
  batchSizes?: number[];
  workers?: number[];
  strategy: StrategyChoice;
  rounds: number;
  sampleSeconds: number;
  level: number;
  tolerance: number;
  targetLoss?: number | 'auto';
  starts: number;
  mostEpochs: number;
  rules: RateRule[];
  referenceBatchSize: number;
  validationShare: number;
}

/** Measures how the time of an epoch, or the time to a loss, depends on the batch size and the number of workers. */
export async function curve(
  path: string | undefined,
  flags: CurveFlags,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { network, data } = await loadNetworkAndData(path, flags, output);
  const { batchSizes, workers, strategy, rounds, sampleSeconds, level, tolerance, seed } = flags;
  const { onProgress, stop } = progressOf(
    output,
    ({ batchSize, workers: count }: CurveProgress) => `B = ${batchSize} on ${counted(count, 'worker')}`,
  );
  const report = await measureBatchCurve(network, data.train, {
    ...{ batchSizes, workers, rounds, sampleSeconds, level, tolerance, seed, signal, onProgress },
    target: targetOf(flags, data),
    trainer: { ...measuredTrainer(flags), strategy, seed },
  }).finally(stop);
  await tellReport(report, curveText, flags.output, output);
}

function targetOf(
  { targetLoss: loss, starts: seeds, mostEpochs, rules, referenceBatchSize }: CurveFlags,
  { validation }: LoadedData,
): TargetOptions | undefined {
  if (loss === undefined) return undefined;
  return { seeds, mostEpochs, rules, referenceBatchSize, validation, ...(loss !== 'auto' && { loss }) };
}

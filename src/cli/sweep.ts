import { measureCapacity } from '../lab/capacity.ts';
import type { CapacityProgress } from '../lab/capacity-options.ts';
import type { LastBatch } from '../train/options.ts';
import { capacityText } from './capacity-text.ts';
import { UsageError } from './failure.ts';
import { loadMeasured, measuredTrainer, type MeasureFlags, progressOf, tellReport } from './measured.ts';
import { counted } from './numbers.ts';
import type { Output } from './output.ts';
import { methodsOf, OUTPUT } from './train.ts';

export interface SweepFlags extends MeasureFlags {
  widths?: number[];
  depth: number;
  depths?: number[];
  width: number;
  epochs: number;
  patience: number;
  repeats: number;
  tolerance: number;
  batchSize?: number;
  lastBatch: LastBatch;
  sideBySide: 'auto' | 'yes' | 'no';
  validationShare: number;
  testShare: number;
}

/** Measures how the error depends on the width and on the depth of a network. */
export async function sweep(
  path: string | undefined,
  flags: SweepFlags,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { name, data } = await loadMeasured(path, flags);
  const { train, validation, test, task, outputs } = data;
  if (validation === undefined || test === undefined)
    throw new UsageError(
      '--validation-share and --test-share expected more than 0: sizes are judged by rows kept apart',
    );
  output.note(
    `${name}: ${task}, rows: ${train.length} to train, ${validation.length} to validate, ${test.length} to test`,
  );
  output.remarks(data.notes);
  const {
    widths,
    depth,
    depths,
    width,
    activation,
    epochs,
    patience,
    repeats,
    tolerance,
    batchSize,
    lastBatch,
    sideBySide,
    seed,
  } = flags;
  const { onProgress, stop } = progressOf(
    output,
    (step: CapacityProgress) => `${counted(step.depth, 'layer')} of ${counted(step.width, 'unit')}`,
  );
  const report = await measureCapacity(
    { train, validation, test },
    {
      output: { units: outputs, activation: OUTPUT[task].activation },
      ...{ widths, depth, depths, width, activation, epochs, repeats, tolerance, seed, signal, onProgress },
      normalization: methodsOf(data, flags.normalize),
      sideBySide: sideBySide === 'auto' ? sideBySide : sideBySide === 'yes',
      ...(patience > 0 && { earlyStopping: { patience } }),
      trainer: { ...measuredTrainer(flags), batchSize, lastBatch },
    },
  ).finally(stop);
  await tellReport(report, capacityText, flags.output, output);
}

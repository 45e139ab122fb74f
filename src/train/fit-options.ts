import type { DataSource, StreamedSource } from '../core/table.ts';
import type { MetricName } from '../nn/figures.ts';
import type { TrainingCallback } from './callbacks.ts';
import type { CheckpointOptions } from './checkpoint-options.ts';
import type { EarlyStopping } from './early-stopping.ts';
import type { Progress } from './report.ts';

export interface FitOptions {
  /** Default 1. */
  epochs?: number | undefined;
  /** Ends training after so many updates in all, within an epoch if need be. */
  maxUpdates?: number | undefined;
  /** Measured after each epoch, with the weights of its own patterns, if they have any; without dropout. */
  validation?: DataSource | StreamedSource | undefined;
  /**
   * What else is measured on `validation` after each epoch, beside the loss; the names depend on what the outputs mean. The outputs of
   * all its patterns are in memory for it, 8 bytes each, of a streamed set, too.
   */
  metrics?: readonly MetricName[] | undefined;
  /** Ends training when it gets no better, and goes back to the best weights. */
  earlyStopping?: EarlyStopping | undefined;
  /** Called in this order while training goes on. */
  callbacks?: readonly TrainingCallback[] | undefined;
  /** Where and when training is saved, so that `Trainer.resume` can go on with it. */
  checkpoint?: CheckpointOptions | undefined;
  /** Stops training promptly; the call rejects with ERR_ABORTED. */
  signal?: AbortSignal | undefined;
  /** Some ten times a second while an epoch runs. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

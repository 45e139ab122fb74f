import { callback, finite, integer, options } from '../core/checks.ts';
import type { JsonInput } from '../formats/plain-json.ts';
import { checkPath } from '../formats/write-aside.ts';
import type { ParametersInput } from '../nn/parameters.ts';

/** What a program keeps in a checkpoint for itself. */
export interface CheckpointExtra {
  /** Any plain JSON. */
  values?: JsonInput | undefined;
  /** Parameters of a network of the same shape, such as an average. Those of the best epoch are kept by `earlyStopping`. */
  parameters?: readonly ParametersInput[] | undefined;
}

/**
 * When a training is saved so that `Trainer.resume` can go on with it. Without `everyUpdates` and `everyMinutes` it is saved after each
 * epoch; in any case when the call ends, however it does, before `earlyStopping` brings back the best weights. Weights that are not finite are never saved.
 * With patterns from a disk, what goes on within an epoch first reads once more what it had read of it.
 */
export interface CheckpointOptions {
  /** A folder, made if need be, for the checkpoints of this training alone. */
  directory: string | URL;
  /** Updates of the call from one checkpoint to the next, within an epoch or not; with `local-sgd` then at the next averaging. */
  everyUpdates?: number | undefined;
  /** Minutes from one checkpoint to the next, to about a second or an update. */
  everyMinutes?: number | undefined;
  /** So many stay there, the newest; default 3. */
  keep?: number | undefined;
  /** Is asked whenever a checkpoint is taken; `trainer.resumed.extra` gives it back. */
  extra?: (() => CheckpointExtra) | undefined;
}

/** The same with everything decided. */
export interface ResolvedCheckpoint {
  readonly directory: string;
  readonly everyUpdates: number | undefined;
  readonly everyMinutes: number | undefined;
  readonly keep: number;
  readonly extra: (() => CheckpointExtra) | undefined;
}

const KEYS = ['directory', 'everyUpdates', 'everyMinutes', 'keep', 'extra'] as const;

/** @throws TypeError, RangeError naming the option */
export function resolveCheckpoint(given: CheckpointOptions): ResolvedCheckpoint {
  const {
    directory,
    everyUpdates,
    everyMinutes,
    keep = 3,
    extra,
  } = options<CheckpointOptions>('checkpoint', given, KEYS);
  if (extra !== undefined) callback('checkpoint.extra', extra);
  return {
    directory: checkPath('checkpoint.directory', directory),
    everyUpdates: everyUpdates === undefined ? undefined : integer('checkpoint.everyUpdates', everyUpdates, 1),
    everyMinutes: everyMinutes === undefined ? undefined : finite('checkpoint.everyMinutes', everyMinutes, 0),
    keep: integer('checkpoint.keep', keep, 1),
    extra,
  };
}

import { isDeepStrictEqual } from 'node:util';
import { wrongType } from '../core/checks.ts';
import { type Bad, orBad } from '../formats/bad-file.ts';
import type { CheckpointContent } from '../formats/checkpoint.ts';
import type { FoundCheckpoint, SkippedCheckpoint } from '../formats/checkpoint-folder.ts';
import { networkMetadata } from '../formats/model.ts';
import { excerpt } from '../formats/strict-json.ts';
import { probeSimd } from '../kernels/load.ts';
import { Network } from '../nn/network.ts';
import type { BatchSizeDecision } from './batch-size.ts';
import type { CheckpointExtra } from './checkpoint-options.ts';
import type { CheckpointState, Settings } from './checkpoint-state.ts';
import { type NumericOptions, type ResolvedOptions, resolveOptions, type TrainerOptions } from './options.ts';
import type { EpochReport, TrainerInfo } from './report.ts';
import { EXTRA } from './snapshot.ts';

/**
 * Options of `Trainer.create` that are to be others than in the checkpoint. Those that decide the bits may be given, and have to be
 * the same; those that do not may change: `workers` where `info.reproducible` says any number, `stallTimeout`, `sharedMemory`, `trace`.
 */
export interface ResumeOptions extends TrainerOptions {
  /** Takes the weights; of the same shape and normalisation as the one in the checkpoint. Default: a new one. */
  network?: Network | undefined;
}

/** From where a trainer went on. */
export interface Resumed {
  /** Of the checkpoint. */
  readonly path: string;
  /** That the weights have been through. */
  readonly updates: number;
  /** The finished epochs of the call of `fit` or `epochs` that was saved. */
  readonly history: readonly EpochReport[];
  /** What the program has kept for itself. */
  readonly extra: CheckpointExtra;
  /** Newer checkpoints that could not be read. */
  readonly skipped: readonly SkippedCheckpoint[];
  /** What decides the bits and is another on this machine; where there is nothing, training goes on bit for bit. */
  readonly differences: readonly string[];
}

/** A checkpoint that was found and read. */
export type LoadedCheckpoint = FoundCheckpoint & { readonly state: CheckpointState };

/** Options that do not decide the bits; and `backend` and `workers`, which have rules of their own. */
const FREE: ReadonlySet<string> = new Set(['workers', 'tuned', 'stallTimeout', 'trace', 'sharedMemory', 'backend']);

/** How a trainer was made, to be read by {@link decideAgain}. */
export function settingsOf(
  given: TrainerOptions,
  { numeric, choice, adaptive }: BatchSizeDecision,
  { strategy, batchSize }: ResolvedOptions,
  info: TrainerInfo,
): Settings {
  // The timeline of a training that goes on must not take the place of the first one's.
  const { trace: _, ...options } = given;
  const bound = info.strategy !== 'owner-computes' && strategy !== 'auto';
  return {
    options,
    decided: {
      batchSize,
      backend: info.backend,
      ...(adaptive && { strategy: numeric.strategy }),
      ...(bound && { workers: info.workers }),
    },
    choice,
    adaptive,
    machine: machineOf(info, bound),
  };
}

function machineOf(
  { strategy, shards, blockRows, backend, library, cores, workers }: TrainerInfo,
  bound: boolean,
): Settings['machine'] {
  return {
    strategy,
    shards,
    blockRows,
    ...(backend !== 'reference' && { simd: probeSimd() }),
    ...(backend === 'blas' && { library: library!, cores }),
    ...(bound && { workers }),
  };
}

/** What is another now, of what follows from the machine. */
function differencesOf(then: Settings['machine'], now: Settings['machine']): string[] {
  return [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((key) => then[key] !== now[key])
    .map((key) => `${key} is ${now[key] ?? 'not there'}, was ${then[key] ?? 'not there'}`);
}

/**
 * Decides all as it was decided when the trainer was made.
 * @param path - of the checkpoint, for messages
 * @throws RangeError naming the option that decides the bits and was another; GradpoolError ERR_BAD_FILE
 */
export function decideAgain(
  path: string,
  bad: Bad,
  settings: Settings,
  given: TrainerOptions,
): { options: TrainerOptions; decision: BatchSizeDecision } {
  const { options: before, decided, choice, adaptive } = settings;
  const then = orBad(bad, () => resolveOptions({ ...before, ...decided }));
  const changes: Record<string, unknown> = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  const options: TrainerOptions = { ...before, ...changes };
  const numeric: NumericOptions = { ...options, ...decided };
  const now = resolveOptions(numeric);
  for (const [key, value] of Object.entries(changes)) {
    if (isDeepStrictEqual(value, before[key as keyof TrainerOptions])) continue;
    if (!keepsBits(key, value, settings, now, then)) throw otherThan(path, key, value, settings);
  }
  return { options, decision: { numeric, ...(choice && { choice }), ...(adaptive && { adaptive }) } };
}

/** Whether the bits stay as they were with an option that was not given so then. */
function keepsBits(
  key: string,
  value: unknown,
  { decided, adaptive }: Settings,
  now: ResolvedOptions,
  then: ResolvedOptions,
): boolean {
  const bound = decided.workers !== undefined;
  const sameTogether = together(now) === together(then);
  const rules: Record<string, boolean | undefined> = {
    // What was decided may be asked for, or left to be decided.
    batchSize: value === decided.batchSize && !adaptive,
    backend: value === 'auto' || value === decided.backend,
    strategy: adaptive && (value === 'auto' || value === decided.strategy),
    // Rows may be shared in another way where nothing depends on it.
    workers: (!bound || value === decided.workers) && sameTogether,
    microBatchSize: !bound && sameTogether,
    accumulation: !bound && sameTogether,
  };
  return rules[key] ?? (FREE.has(key) || (sameTogether && isDeepStrictEqual(bitsOf(now), bitsOf(then))));
}

/** The options that decide the bits, but for accumulation. */
function bitsOf(options: ResolvedOptions): object {
  const { accumulated: _, ...rest } = options;
  return Object.fromEntries(Object.entries(rest).filter(([key]) => !FREE.has(key)));
}

/** Rows that pass together where gradients are accumulated: the bits depend on it, not on how they are shared. */
function together({ accumulated, workers }: ResolvedOptions): number | undefined {
  return accumulated && accumulated.microBatchSize * workers;
}

function otherThan(path: string, key: string, value: unknown, { options, decided }: Settings): RangeError {
  // Of the batch size what was asked for: 'auto', or an adaptive one, says more than a number.
  const old = { ...options, ...decided, batchSize: options.batchSize }[key as keyof TrainerOptions];
  const expected = old === undefined ? 'its default' : excerpt(old);
  return new RangeError(`"${key}" expected ${expected}, as in the checkpoint ${path}, got ${excerpt(value)}`);
}

/**
 * The network of a checkpoint: the caller's if it is the same, or a new one. Its weights come later.
 * @throws TypeError, RangeError naming the network
 */
export function networkOf(
  path: string,
  { spec, normalization }: CheckpointContent,
  given: Network | undefined,
): Network {
  const made = new Network({ ...spec, normalization });
  if (given === undefined) return made;
  if (!(given instanceof Network)) throw wrongType('network', 'Network', given);
  const [now, then] = [networkMetadata(given), networkMetadata(made)];
  for (const [key, value] of Object.entries(then)) {
    if (now[key] === value) continue;
    const what = key.split('.').at(-1) === 'normalization' ? 'the normalisation' : 'the shape';
    throw new RangeError(
      `"network" expected ${what} of that in the checkpoint ${path}, ${value.slice(0, 200)}, got ${now[key]!.slice(0, 200)}`,
    );
  }
  return given;
}

/** What is told of a trainer that goes on; a warning tells of what is not as it should be. */
export function resumedOf({ path, content, skipped, state }: LoadedCheckpoint, now: Settings): Resumed {
  const { count, history, settings, extra: values } = state;
  const differences = differencesOf(settings.machine, now.machine);
  const warn = (message: string) => process.emitWarning(message, { type: 'GradpoolWarning' });
  for (const { reason } of skipped) warn(`${reason}; training goes on from ${path}`);
  if (differences.length > 0)
    warn(`training goes on from ${path}, but not to the same bits: ${differences.join(', ')}`);
  return {
    path,
    updates: count,
    history,
    extra: { values, parameters: content.vectors.get(EXTRA) },
    skipped,
    differences,
  };
}

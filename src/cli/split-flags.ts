import { findCheckpoint } from '../formats/checkpoint-folder.ts';
import type { JsonValue } from '../formats/plain-json.ts';
import { UsageError } from './failure.ts';
import type { SPLITS } from './shared-options.ts';

/** How rows are divided, as it stands on the command line. */
export interface SplitFlags {
  split?: (typeof SPLITS)[number];
  splitSeed?: number;
  groupColumn?: string;
  timeColumn?: string;
}

/** The same with everything decided. */
export interface Split {
  readonly split: (typeof SPLITS)[number];
  readonly splitSeed: number;
  readonly groupColumn: string | null;
  readonly timeColumn: string | null;
}

/** So that `--seed` moves the weights and the orders alone. */
const SEED = 0;

/** @throws UsageError where options do not go together */
export function splitOf({ split = 'stratified', splitSeed = SEED, groupColumn, timeColumn }: SplitFlags): Split {
  return { split, splitSeed, groupColumn: groupColumn ?? null, timeColumn: timeColumn ?? null };
}

/** @throws UsageError where options do not go together */
export function checkSplit({ split, splitSeed, groupColumn, timeColumn }: SplitFlags, target: readonly string[]): void {
  if (groupColumn !== undefined && timeColumn !== undefined)
    throw new UsageError('--group-column expected no --time-column beside it: rows are divided by one of them');
  if (timeColumn !== undefined && (split !== undefined || splitSeed !== undefined))
    throw new UsageError('--time-column expected no --split or --split-seed beside it: the time decides');
  const both = target.find((name) => name === groupColumn || name === timeColumn);
  if (both !== undefined)
    throw new UsageError(
      `${both === groupColumn ? '--group-column' : '--time-column'} expected another column than --target, got ${both}`,
    );
}

/**
 * How the rows are divided of a training that may go on: as they were when its checkpoint was written. Version 0.1 divided them
 * at random by `--seed`, and wrote nothing about it.
 * @param note - is told where this decides
 * @throws UsageError naming the option that was another
 */
export async function splitAgain(
  flags: SplitFlags & { seed: number; resume?: string },
  note: (text: string) => void,
): Promise<Split> {
  const now = splitOf(flags);
  const found = flags.resume === undefined ? undefined : await findCheckpoint(flags.resume);
  if (found === undefined) return now;
  const then = recordedIn(found.content.state);
  if (then === undefined) {
    const given = [flags.split, flags.splitSeed, flags.groupColumn, flags.timeColumn];
    if (given.some((value) => value !== undefined)) return now;
    note(
      `${found.path} is of an earlier version: rows are divided as it did, with --split random --split-seed ${flags.seed}`,
    );
    return { ...now, split: 'random', splitSeed: flags.seed };
  }
  for (const [key, option] of Object.entries(OPTIONS) as [keyof Split, string][]) {
    if (now[key] === then[key]) continue;
    throw new UsageError(
      `${option} expected ${then[key] ?? 'not to be given'}, as in the checkpoint ${found.path}, got ${now[key] ?? 'none'}`,
    );
  }
  return now;
}

const OPTIONS: Record<keyof Split, string> = {
  split: '--split',
  splitSeed: '--split-seed',
  groupColumn: '--group-column',
  timeColumn: '--time-column',
};

/** What a checkpoint keeps of it, for `splitAgain`. */
export function recordOf(split: Split): { values: JsonValue } {
  return { values: { split: { ...split } } };
}

function recordedIn(state: unknown): Split | undefined {
  const { extra } = state as { extra?: { split?: Split } | null };
  return extra?.split;
}

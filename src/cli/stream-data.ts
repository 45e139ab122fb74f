import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { StreamOptions } from '../data/stream-dataset.ts';
import { UsageError } from './failure.ts';
import type { STREAM } from './shared-options.ts';
import { bytesText } from './text.ts';

/** Whether a table is trained from disk, and with how much memory. */
export interface StreamFlags {
  stream: (typeof STREAM)[number];
  /** Bytes. */
  memoryLimit?: number;
  scratch?: string;
}

type Limits = Pick<StreamFlags, 'memoryLimit' | 'scratch'>;

/** A table that is to be trained from disk. */
export interface StreamPlan {
  readonly why: string;
  /** Bytes for all sets of a training. */
  readonly limit: number;
  /** Bytes for the windows of each set. */
  readonly windows: number;
  readonly folder: string;
}

/** Of the memory that is available so much is for data, unless a limit is given. */
const SHARE = 0.5;
/** A table takes about as much memory as a text takes bytes, and once more while patterns are made of it. */
const COPIES = 2;
/** Packed files are taken to become so many times larger. */
const PACKED = 4;
/** Of the limit, for the windows of each set: of the one that is trained on and of the one that validates. The rest is for all else. */
const WINDOWS = 1 / 4;
/** The most that one set can take; where no limit is given, so that the order of rows is the same however much memory there is. */
const MOST = 2 ** 32;
/** What the patterns of a table in memory may take, in one array. */
const MOST_IN_MEMORY = 2 ** 32;
const USUAL = 2 ** 28;

/** Undefined for a table that is read into memory. */
export function planStream(path: string, flags: StreamFlags): StreamPlan | undefined {
  const { stream, memoryLimit } = flags;
  if (stream === 'never') return undefined;
  const limit = limitOf(memoryLimit);
  const packed = /\.(gz|parquet)$/i.test(path);
  const expected = COPIES * (packed ? PACKED : 1) * statSync(path).size;
  const which = memoryLimit === undefined ? 'half of the available memory' : 'the memory limit';
  const plan = (why: string) => planWith(path, flags, limit, why);
  if (stream === 'always') return plan(`as was asked for, with ${bytesText(limit)} of memory`);
  if (expected > limit)
    return plan(`it is expected to need ${bytesText(expected)} of memory, and ${which} is ${bytesText(limit)}`);
  const patterns = expected / COPIES;
  if (patterns <= MOST_IN_MEMORY) return undefined;
  const most = bytesText(MOST_IN_MEMORY);
  return plan(`its patterns are expected to need ${bytesText(patterns)}, and in memory they have ${most} at most`);
}

/** For a table of which it was found out late that memory does not hold it. */
export function planInstead(path: string, flags: Limits, why: string): StreamPlan {
  return planWith(path, flags, limitOf(flags.memoryLimit), why);
}

function limitOf(memoryLimit: number | undefined): number {
  return memoryLimit ?? Math.floor(SHARE * process.availableMemory());
}

function planWith(path: string, { memoryLimit, scratch }: Limits, limit: number, why: string): StreamPlan {
  const windows = Math.min(memoryLimit === undefined ? USUAL : MOST, Math.floor(WINDOWS * limit));
  return { why, limit, windows, folder: scratch ?? dirname(path) };
}

/** What the library says of the windows of a set, of the limit of which they are a share. */
export function ofLimit(error: unknown): unknown {
  const found =
    error instanceof RangeError && /^"memory" expected at least (\d+), (for rows of \d+ bytes)/.exec(error.message);
  if (!found) return error;
  return new UsageError(`--memory-limit expected at least ${Number(found[1]) / WINDOWS} bytes, ${found[2]}`);
}

/** How the rows of a table are stored. */
export function storeOptions({ windows, folder }: StreamPlan, signal: AbortSignal): StreamOptions {
  return { folder, memory: windows, signal };
}

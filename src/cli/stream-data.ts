import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { StreamOptions } from '../data/stream-dataset.ts';
import type { STREAM } from './shared-options.ts';
import { bytesText } from './text.ts';

/** Whether a table is trained from disk, and with how much memory. */
export interface StreamFlags {
  stream: (typeof STREAM)[number];
  /** Bytes. */
  memoryLimit?: number;
  scratch?: string;
}

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
const USUAL = 2 ** 28;

/** Undefined for a table that is read into memory. */
export function planStream(path: string, { stream, memoryLimit, scratch }: StreamFlags): StreamPlan | undefined {
  if (stream === 'never') return undefined;
  const limit = memoryLimit ?? Math.floor(SHARE * process.availableMemory());
  const packed = /\.(gz|parquet)$/i.test(path);
  const expected = COPIES * (packed ? PACKED : 1) * statSync(path).size;
  if (stream === 'auto' && expected <= limit) return undefined;
  const which = memoryLimit === undefined ? 'half of the available memory' : 'the memory limit';
  const why =
    stream === 'always'
      ? `as was asked for, with ${bytesText(limit)} of memory`
      : `it is expected to need ${bytesText(expected)} of memory, and ${which} is ${bytesText(limit)}`;
  const windows = Math.min(memoryLimit === undefined ? USUAL : MOST, Math.floor(WINDOWS * limit));
  return { why, limit, windows, folder: scratch ?? dirname(path) };
}

/** How the rows of a table are stored. */
export function storeOptions({ windows, folder }: StreamPlan, signal: AbortSignal): StreamOptions {
  return { folder, memory: windows, signal };
}

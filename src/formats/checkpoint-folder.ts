import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GradpoolError } from '../core/errors.ts';
import { type CheckpointContent, CHECKPOINT_KIND, readCheckpoint } from './checkpoint.ts';
import { openSafetensors } from './source.ts';
import { writeAside } from './write-aside.ts';

/** Numbered in the order in which they are written. */
const NAME = /^checkpoint-(\d{6,15})\.safetensors$/;
/** What is left of one that was not finished. */
const UNFINISHED = /^checkpoint-\d{6,15}\.safetensors\.[0-9a-f]{12}\.tmp$/;

/** A checkpoint that could not be read, and why not. */
export interface SkippedCheckpoint {
  readonly path: string;
  readonly reason: string;
}

export interface FoundCheckpoint {
  readonly path: string;
  readonly content: CheckpointContent;
  /** Newer ones. */
  readonly skipped: readonly SkippedCheckpoint[];
}

/** The folder of the checkpoints of one training. */
export class CheckpointFolder {
  readonly #path: string;
  #last: number;

  private constructor(path: string, last: number) {
    this.#path = path;
    this.#last = last;
  }

  /**
   * Makes the folder if need be, and clears away what a process that was killed has left unfinished.
   * @throws what `node:fs` throws
   */
  static async open(path: string): Promise<CheckpointFolder> {
    await mkdir(path, { recursive: true });
    const names = await readdir(path);
    await Promise.all(
      names.filter((name) => UNFINISHED.test(name)).map((name) => rm(join(path, name), { force: true })),
    );
    return new CheckpointFolder(path, numbersIn(names)[0] ?? 0);
  }

  /** Writes the next checkpoint, then deletes all but the newest `keep`. @returns its path */
  async write(bytes: Uint8Array, keep: number): Promise<string> {
    const path = placeOf(this.#path, this.#last + 1);
    await writeAside('checkpoint.directory', path, bytes);
    this.#last++;
    const numbers = numbersIn(await readdir(this.#path));
    for (const number of numbers.slice(keep)) await rm(placeOf(this.#path, number), { force: true });
    return path;
  }
}

/** Whether there is something in a folder to go on from. */
export function hasCheckpoint(folder: string): boolean {
  return existsSync(folder) && numbersIn(readdirSync(folder)).length > 0;
}

/**
 * Reads a checkpoint: the file at a path, or the newest of a folder that can be read.
 * @returns undefined if the path is not there, or a folder without a checkpoint
 * @throws GradpoolError ERR_BAD_FILE if there are checkpoints and none can be read; what `node:fs` throws
 */
export async function findCheckpoint(path: string): Promise<FoundCheckpoint | undefined> {
  const there = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (there === undefined) return undefined;
  if (!there.isDirectory()) return { path, content: await open(path), skipped: [] };
  const skipped: SkippedCheckpoint[] = [];
  for (const number of numbersIn(await readdir(path))) {
    const file = placeOf(path, number);
    try {
      return { path: file, content: await open(file), skipped };
    } catch (error) {
      if (!(error instanceof GradpoolError)) throw error;
      skipped.push({ path: file, reason: error.message });
    }
  }
  if (skipped.length === 0) return undefined;
  const reasons = skipped.map(({ reason }) => reason).join('; ');
  throw new GradpoolError('ERR_BAD_FILE', `no checkpoint in ${path} can be read: ${reasons}`);
}

async function open(path: string): Promise<CheckpointContent> {
  const { bad, file } = await openSafetensors('path', path, CHECKPOINT_KIND);
  return readCheckpoint(bad, file);
}

/** The newest first. */
function numbersIn(names: readonly string[]): number[] {
  return names.flatMap((name) => NAME.exec(name)?.slice(1).map(Number) ?? []).sort((a, b) => b - a);
}

function placeOf(folder: string, number: number): string {
  return join(folder, `checkpoint-${String(number).padStart(6, '0')}.safetensors`);
}

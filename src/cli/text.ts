import { accessSync, constants, mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Table from 'cli-table3';
import { outputPlace } from '../core/output-place.ts';
import { writeAside } from '../formats/write-aside.ts';
import { UsageError } from './failure.ts';

/** One line below the head and none between rows. */
const LINES = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

/** A table for the terminal; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const numeric = head.map((_, i) => rows.every((row) => /^[\d.,<>=~ ×%*-]*(\s?[µmn]?s|k|M)?$/.test(String(row[i]))));
  const grid = new Table({
    head: [...head],
    colAligns: numeric.map((right) => (right ? 'right' : 'left')),
    style: { head: [], border: [] },
    chars: LINES,
  });
  grid.push(...rows.map((row) => row.map(String)));
  return grid.toString();
}

/** Seconds in a readable unit. */
export function duration(seconds: number): string {
  if (seconds < 1e-6) return `${(seconds * 1e9).toPrecision(3)} ns`;
  if (seconds < 1e-3) return `${(seconds * 1e6).toPrecision(3)} µs`;
  if (seconds < 1) return `${(seconds * 1e3).toPrecision(3)} ms`;
  if (seconds < 100) return `${seconds.toPrecision(3)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

/** A large number in thousands or millions. */
export function count(value: number): string {
  if (value < 1e4) return value < 1e3 ? value.toPrecision(3) : value.toFixed(0);
  return value < 1e6 ? `${(value / 1e3).toPrecision(4)} k` : `${(value / 1e6).toPrecision(4)} M`;
}

/**
 * Before the work, not after it, comes out that nothing can be written there. The folder is made if need be.
 * @param option - that names the path
 * @param read - files that the command reads, which it must not write over
 * @throws RangeError naming the option; UsageError; what `node:fs` throws
 */
export function prepareOutput(option: string, path: string, read: readonly (string | undefined)[] = []): void {
  const place = outputPlace(option, path);
  if (place.kind !== 'file') return;
  for (const file of read)
    if (file !== undefined && isSame(file, place.before))
      throw new UsageError(`"${option}" expected another file than ${file}, which is read`);
  if (place.before !== undefined) return;
  const folder = dirname(place.path);
  mkdirSync(folder, { recursive: true });
  accessSync(folder, constants.W_OK);
}

/**
 * The same of all files that a command writes, by option: each is another one.
 * @throws as `prepareOutput`
 */
export function prepareOutputs(
  written: Readonly<Record<string, string | undefined>>,
  read: readonly (string | undefined)[],
): void {
  const options = new Map<string, string>();
  for (const [option, path] of Object.entries(written)) {
    if (path === undefined) continue;
    prepareOutput(option, path, read);
    const place = outputPlace(option, path);
    const other = place.kind === 'file' ? options.get(place.path) : undefined;
    if (other !== undefined)
      throw new UsageError(`"${option}" expected another file than ${path}, as "${other}" has it`);
    if (place.kind === 'file') options.set(place.path, option);
  }
}

/** @throws UsageError where there is something else at a path that is to be a folder, or nothing and it is not made */
export function checkFolder(option: string, path: string | undefined, made = true): void {
  if (path === undefined) return;
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined && !made)
    throw new UsageError(`"${option}" expected a folder that is there, but there is no ${path}`);
  if (there?.isDirectory() === false) throw new UsageError(`"${option}" expected a folder, but ${path} is a file`);
}

function isSame(path: string, there: Stats | undefined): boolean {
  const file = statSync(path, { throwIfNoEntry: false });
  return file !== undefined && file.ino === there?.ino && file.dev === there.dev;
}

/** Bytes in a readable unit. */
export function bytesText(bytes: number): string {
  if (bytes < 2 ** 10) return `${bytes} bytes`;
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 2 ** (10 * power)).toPrecision(3))} ${['KiB', 'MiB', 'GiB', 'TiB'][power - 1]}`;
}

/** Writes a file whole or not at all, in a folder that is made if need be. */
export async function writeWhole(path: string, content: string | Uint8Array, option = 'path'): Promise<void> {
  prepareOutput(option, path);
  await writeAside(option, path, content);
}

/** Values as a line of CSV; those that hold a separator are quoted. */
export function csvLine(values: readonly (string | number)[]): string {
  return values
    .map((value) => (/[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : value))
    .join(',');
}

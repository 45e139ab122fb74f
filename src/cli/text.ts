import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Table from 'cli-table3';
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
  if (value < 1e4) return value.toPrecision(3);
  return value < 1e6 ? `${(value / 1e3).toPrecision(4)} k` : `${(value / 1e6).toPrecision(4)} M`;
}

/** Before the work, not after it, comes out that no file can be written there. */
export function prepareFolder(path: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  accessSync(folder, constants.W_OK);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new UsageError(`expected a file to write, but ${path} is a folder`);
}

/** Bytes in a readable unit. */
export function bytesText(bytes: number): string {
  if (bytes < 2 ** 10) return `${bytes} bytes`;
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 2 ** (10 * power)).toPrecision(3))} ${['KiB', 'MiB', 'GiB', 'TiB'][power - 1]}`;
}

/** Writes a file whole or not at all, in a folder that is made if need be. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  prepareFolder(path);
  await writeAside(path, content);
}

/** Values as a line of CSV; those that hold a separator are quoted. */
export function csvLine(values: readonly (string | number)[]): string {
  return values
    .map((value) => (/[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : value))
    .join(',');
}

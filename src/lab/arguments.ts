// Checks of what the measurements of the laboratory are given.
import { abortable, callback, integer, wrongType, wrongValue } from '../core/checks.ts';
import type { DataSource } from '../core/table.ts';
import { Network } from '../nn/network.ts';
import { bind } from '../train/bound.ts';

/** @throws TypeError, RangeError: no network, or patterns that do not fit it */
export function checkMeasured(network: Network, dataset: DataSource): void {
  if (!(network instanceof Network)) throw wrongType('network', 'Network', network);
  bind(network, 'dataset', dataset);
}

/** @throws RangeError if the options for every trainer have one that the measurement gives each trainer itself */
export function checkTrainer(given: object | undefined, own: readonly string[], measurement: string): void {
  if (given === undefined) return;
  if (typeof given !== 'object' || given === null) throw wrongType('trainer', 'object of options', given);
  for (const name of own) {
    if (name in given)
      throw new RangeError(`"trainer" expected no ${name}: ${measurement} makes many trainers, and gives each its own`);
  }
}

/** The two options by which a measurement is watched and ended. */
export function checkWatched({ signal, onProgress }: { signal?: unknown; onProgress?: unknown }): void {
  if (onProgress !== undefined) callback('onProgress', onProgress);
  abortable('signal', signal);
}

/** A list that is not empty. */
export function list<T>(name: string, values: readonly T[], check: (name: string, value: T) => T): T[] {
  if (!Array.isArray(values) || values.length === 0) throw wrongType(name, 'list', values);
  return (values as readonly T[]).map((value, i) => check(`${name}[${i}]`, value));
}

/** A list of numbers that is not empty, in rising order. */
export function integers(name: string, values: readonly number[], most: number, least = 1): number[] {
  if (!Array.isArray(values) || values.length === 0) throw wrongType(name, 'list of numbers', values);
  return differentIntegers(name, values, least, most);
}

/** A list of numbers in rising order, which may be empty. @throws RangeError if one is there twice: it would be measured once */
export function differentIntegers(name: string, values: readonly number[], least: number, most?: number): number[] {
  if (!Array.isArray(values)) throw wrongType(name, 'list of numbers', values);
  const checked = (values as readonly number[]).map((value, i) => integer(`${name}[${i}]`, value, least, most));
  checkDifferent(name, checked);
  return checked.sort((a, b) => a - b);
}

/** @throws RangeError naming the first that is there a second time */
export function checkDifferent(name: string, values: readonly (string | number)[]): void {
  const again = values.findIndex((value, i) => values.indexOf(value) < i);
  if (again >= 0)
    throw wrongValue(`${name}[${again}]`, `another than ${name}[${values.indexOf(values[again]!)}]`, values[again]);
}

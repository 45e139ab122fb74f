// What stands on the command line as text, as values. Commander prints what these throw beside the option's name.
import { InvalidArgumentError } from 'commander';

export function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`Expected an integer of at least ${least}.`);
    return value;
  };
}

export function real(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < least)
      throw new InvalidArgumentError(`Expected a number of at least ${least}.`);
    return value;
  };
}

/** "a,b" is ['a', 'b']. */
export function words(text: string): string[] {
  const list = text.split(',').map((word) => word.trim());
  if (list.some((word) => word === '')) throw new InvalidArgumentError('Expected names with commas between.');
  return list;
}

export function wholes(least: number): (text: string) => number[] {
  return (text) => (text === 'none' ? [] : words(text).map(whole(least)));
}

/** 32, 'auto' or 'adaptive'. */
export function batchSize(text: string): number | 'auto' | 'adaptive' {
  if (text === 'auto' || text === 'adaptive') return text;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected an integer of at least 1, auto or adaptive.');
  return value;
}

/** 512M, 2G, 800K or a number of bytes. */
export function bytes(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text.trim()) ?? [];
  const value = Math.floor(Number(digits) * 2 ** (10 * ' KMGT'.indexOf(unit?.toUpperCase() || ' ')));
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a size such as 512M or 2G.');
  return value;
}

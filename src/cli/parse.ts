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

/** 500 are updates, 5m are minutes. */
export function interval(text: string): { everyUpdates: number } | { everyMinutes: number } {
  const minutes = /^(\d+(?:\.\d+)?)m$/.exec(text)?.[1];
  if (minutes !== undefined) return { everyMinutes: Number(minutes) };
  const updates = Number(text);
  if (!/^\d+$/.test(text) || updates < 1)
    throw new InvalidArgumentError('Expected a number of updates of at least 1, or minutes as in 5m.');
  return { everyUpdates: updates };
}

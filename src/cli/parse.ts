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

/** A probability with which something is left out. */
export function share(text: string): number {
  const value = real(0)(text);
  if (value >= 1) throw new InvalidArgumentError('Expected a number in [0, 1).');
  return value;
}

/** 'balanced', or "1,2.5" as [1, 2.5]. */
export function classWeights(text: string): 'balanced' | number[] {
  return text === 'balanced' ? text : words(text).map(real(0));
}

/** 32, 'auto' or 'adaptive'. */
export function batchSize(text: string): number | 'auto' | 'adaptive' {
  if (text === 'auto' || text === 'adaptive') return text;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected an integer of at least 1, auto or adaptive.');
  return value;
}

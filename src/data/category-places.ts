import { booleanOf, truthOf } from './boolean-text.ts';

/**
 * Finds the place of a text in a list of categories, -1 where it is not there. Spaces around do not count, and neither does how true and
 * false are written; where there is nothing but the two, 1 and 0 are the same as they.
 */
export function placeOf(categories: readonly string[]): (text: string) => number {
  const exact = firsts(categories, (text) => text);
  // Encodings of before have texts with the spaces that a file puts around them.
  const trimmed = firsts(categories, (text) => text.trim());
  const truth = truthsOnly(categories) ? truthOf : booleanOf;
  const truths = firsts(categories, truth);
  return (text) => {
    const place = exact.get(text) ?? trimmed.get(text);
    if (place !== undefined) return place;
    const value = truth(text);
    return value === undefined ? -1 : (truths.get(value) ?? -1);
  };
}

/** The same of numbers. */
export function numberPlaceOf(categories: readonly string[]): (value: number) => number {
  // Texts of which each is a number: 7 is 7, and 007 was never this number's name.
  const numbers = firsts(categories, (text) => (String(Number(text)) === text ? Number(text) : undefined));
  const truths = truthsOnly(categories) ? firsts(categories, truthOf) : new Map<unknown, number>();
  return (value) => numbers.get(value) ?? truths.get(value) ?? -1;
}

/** Whether they are a value and its opposite, or one of the two. */
function truthsOnly(categories: readonly string[]): boolean {
  const truths = categories.map(truthOf);
  return !truths.includes(undefined) && new Set(truths).size === truths.length;
}

/** The first place of each key. */
function firsts<K>(categories: readonly string[], key: (text: string) => K | undefined): Map<K, number> {
  const places = new Map<K, number>();
  categories.forEach((text, place) => {
    const own = key(text);
    if (own !== undefined && !places.has(own)) places.set(own, place);
  });
  return places;
}

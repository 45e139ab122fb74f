import { wrongType, wrongValue } from '../core/checks.ts';

/** What JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What can be written as JSON: a {@link JsonValue}, or an object of a type that does not say so. It is checked when it is written. */
export type JsonInput = null | boolean | number | string | object;

const DEEPEST = 60;

/**
 * Checks that a value comes back from JSON as it went in.
 * @throws TypeError naming the place of what does not; RangeError if it is nested too deeply, or within itself
 */
export function checkPlainJson(name: string, value: unknown, depth = 0): void {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw wrongValue(name, 'finite number', value);
    return;
  }
  if (depth >= DEEPEST) throw wrongValue(name, `at most ${DEEPEST} objects within each other`, value);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) checkPlainJson(`${name}[${i}]`, value[i], depth + 1);
    return;
  }
  const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
  // Those of another realm have a prototype of their own, which has none.
  const plain = prototype === null || (typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null);
  if (!plain) throw wrongType(name, 'plain JSON', value);
  for (const [key, entry] of Object.entries(value as object)) {
    if (key === '__proto__') throw wrongValue(name, 'no key __proto__', value);
    checkPlainJson(`${name}.${key}`, entry, depth + 1);
  }
}

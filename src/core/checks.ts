// Argument checks that return the value. A wrong type is a TypeError, a wrong value a RangeError;
// the message names the argument, what was expected and what came.
import { isAbortSignal, isError } from './realm.ts';

/** A value as it reads in a message: short, and telling its type. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  if (value === null || typeof value !== 'object') return String(value);
  if (isError(value)) return String(value);
  if (Array.isArray(value)) return `array of length ${value.length}`;
  if (ArrayBuffer.isView(value) && 'length' in value) {
    return `${value.constructor.name} of length ${String(value.length)}`;
  }
  const { constructor } = value as { constructor: unknown };
  const known = typeof constructor === 'function' && constructor.name !== 'Object';
  return known ? constructor.name : 'object';
}

/** A TypeError about an argument. */
export function wrongType(name: string, expected: string, value: unknown): TypeError {
  const got = describe(value);
  // One that the package itself has made, but not this copy of it.
  const copy = got === expected ? ' of another copy of gradpool: the package was loaded twice' : '';
  return new TypeError(`"${name}" expected ${expected}, got ${got}${copy}`);
}

/** A RangeError about an argument. */
export function wrongValue(name: string, expected: string, value: unknown): RangeError {
  return new RangeError(`"${name}" expected ${expected}, got ${describe(value)}`);
}

/** An integer in [low, high]. */
export function integer(name: string, value: unknown, low: number, high = Number.MAX_SAFE_INTEGER): number {
  const expected = high === Number.MAX_SAFE_INTEGER ? `integer of at least ${low}` : `integer in [${low}, ${high}]`;
  if (typeof value !== 'number') throw wrongType(name, expected, value);
  if (!Number.isInteger(value) || value < low || value > high) throw wrongValue(name, expected, value);
  return value;
}

/** A finite number in [low, high], or in [low, high) with `exclusive`; -Infinity and Infinity are no bounds. */
export function finite(name: string, value: unknown, low: number, high = Infinity, exclusive = false): number {
  const least = low === -Infinity ? 'finite number' : `finite number of at least ${low}`;
  const expected = high === Infinity ? least : `number in [${low}, ${high}${exclusive ? ')' : ']'}`;
  if (typeof value !== 'number') throw wrongType(name, expected, value);
  if (!Number.isFinite(value) || value < low || value > high || (exclusive && value === high)) {
    throw wrongValue(name, expected, value);
  }
  return value;
}

export function flag(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrongType(name, 'boolean', value);
  return value;
}

/** A string that is not empty. */
export function text(name: string, value: unknown): string {
  if (typeof value !== 'string') throw wrongType(name, 'string', value);
  if (value === '') throw wrongValue(name, 'string that is not empty', value);
  return value;
}

/** One of a list of words. */
export function oneOf<T extends string>(name: string, value: unknown, words: readonly T[]): T {
  const expected = `one of ${words.map((word) => `'${word}'`).join(', ')}`;
  if (typeof value !== 'string') throw wrongType(name, expected, value);
  const found = words.find((word) => word === value);
  if (found === undefined) throw wrongValue(name, expected, value);
  return found;
}

/** A plain object that has no keys but these: a misspelt option is an error, not a default. */
export function options<T extends object>(name: string, value: unknown, keys: readonly (keyof T & string)[]): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(name, 'object', value);
  for (const key of Object.keys(value)) {
    if (!(keys as readonly string[]).includes(key)) {
      throw new TypeError(`"${name}" has no option ${JSON.stringify(key)}; it has ${keys.join(', ')}`);
    }
  }
  return value as T;
}

/** Undefined, or what can be aborted. */
export function abortable(name: string, value: unknown): AbortSignal | undefined {
  if (value !== undefined && !isAbortSignal(value)) throw wrongType(name, 'AbortSignal', value);
  return value;
}

export function callback<T>(name: string, value: T): T {
  if (typeof value !== 'function') throw wrongType(name, 'function', value);
  return value;
}

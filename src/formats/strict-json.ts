import { describe } from '../core/checks.ts';
import type { Bad } from './bad-file.ts';

/** What a JSON text from a file may be at most. */
export interface JsonLimits {
  /** Objects and lists within each other. */
  readonly depth: number;
  /** Members of objects and elements of lists, all together. */
  readonly values: number;
}

/** JSON with its keys, which may be any strings. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Decodes UTF-8; a byte that is none is an error, not a replacement character. */
export function decodeText(bad: Bad, what: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw bad(`${what} is not UTF-8`, cause);
  }
}

/**
 * Parses JSON that nobody vouches for: nesting and number of values are bounded before anything is built from it, and
 * a key that stands twice in an object, or is `__proto__`, is refused, since readers would not agree on what it means.
 * @param what - what the text is, for the message: 'the header'
 */
export function parseJson(bad: Bad, what: string, text: string, limits: JsonLimits): unknown {
  checkStructure(bad, what, text, limits);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw bad(`${what} is not JSON: ${(cause as Error).message}`, cause);
  }
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Walks once over the text; whether it is JSON at all is left to JSON.parse. */
function checkStructure(bad: Bad, what: string, text: string, { depth, values }: JsonLimits): void {
  /** The keys of each object that is open, and undefined for each list. */
  const open: (Set<string> | undefined)[] = [];
  let count = 1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      const end = endOfString(text, i);
      if (end < 0) return;
      if (followedByColon(text, end)) checkKey(bad, what, text.slice(i, end), open.at(-1));
      i = end - 1;
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      open.push(code === OPEN_OBJECT ? new Set() : undefined);
      count++;
      if (open.length > depth) throw bad(`${what} is nested more than ${depth} deep`);
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      open.pop();
    } else if (code === COMMA) {
      count++;
    }
    if (count > values) throw bad(`${what} has more than ${values} values`);
  }
}

/** The index after the closing quote of the string that begins at `start`; -1 if there is none. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i + 1;
    if (code === BACKSLASH) i++;
  }
  return -1;
}

function followedByColon(text: string, from: number): boolean {
  let i = from;
  while (i < text.length && text.charCodeAt(i) <= 0x20) i++;
  return text.charCodeAt(i) === COLON;
}

function checkKey(bad: Bad, what: string, literal: string, keys: Set<string> | undefined): void {
  let key: string;
  try {
    key = JSON.parse(literal) as string;
  } catch {
    return;
  }
  if (key === '__proto__') throw bad(`${what} has the key "__proto__", which is not allowed`);
  if (keys?.has(key)) throw bad(`${what} has the key ${describe(key)} twice`);
  keys?.add(key);
}

/** An object that is neither a list nor null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value from a file as it reads in a message, cut short. */
export function excerpt(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

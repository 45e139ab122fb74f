// JSON of our own that gives numbers back as they were: those that JSON does not have become { "$number": "NaN" }.
import { isObject } from './strict-json.ts';

const KEY = '$number';
const NUMBERS = new Map([NaN, Infinity, -Infinity, -0].map((value) => [name(value), value]));

function name(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Plain data as JSON. What is undefined is left out. */
export function exactJson(value: object): string {
  return JSON.stringify(value, (_, entry: unknown) =>
    typeof entry === 'number' && (!Number.isFinite(entry) || Object.is(entry, -0)) ? { [KEY]: name(entry) } : entry,
  );
}

/** What {@link exactJson} was given, from what JSON.parse has made of it. */
export function exactValue(parsed: unknown): unknown {
  if (Array.isArray(parsed)) return parsed.map(exactValue);
  if (!isObject(parsed)) return parsed;
  const entries = Object.entries(parsed);
  const number = entries.length === 1 && entries[0]![0] === KEY ? NUMBERS.get(entries[0]![1] as string) : undefined;
  return number ?? Object.fromEntries(entries.map(([key, entry]) => [key, exactValue(entry)]));
}

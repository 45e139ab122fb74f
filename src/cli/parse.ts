// What stands on the command line as text, as values. Commander prints what these throw beside the option's name; the schema says
// the same of a value in a config file.
import { InvalidArgumentError } from 'commander';

/** JSON Schema, draft 2020-12. */
export type Schema = Readonly<Record<string, unknown>>;

/** Reads the text after an option. */
export interface Parser<T> {
  (text: string): T;
  /** Of T. */
  readonly schema: Schema;
  /** "an integer of at least 1" */
  readonly expected: string;
  /** undefined where the text is wrong. */
  readonly read: (text: string) => T | undefined;
}

function parser<T>(expected: string, schema: Schema, read: (text: string) => T | undefined): Parser<T> {
  const parse = (text: string): T => {
    const value = read(text);
    if (value !== undefined) return value;
    const how = schema.type === 'array' ? ', with commas between' : '';
    throw new InvalidArgumentError(`Expected ${expected}${how}.`);
  };
  return Object.assign(parse, { schema, expected, read });
}

function readNumber(text: string, least: number): number | undefined {
  const value = Number(text);
  return text.trim() === '' || !Number.isFinite(value) || value < least ? undefined : value;
}

function readWhole(text: string, least: number): number | undefined {
  const value = readNumber(text, least);
  return Number.isInteger(value) ? value : undefined;
}

export function whole(least: number): Parser<number> {
  return parser(`an integer of at least ${least}`, { type: 'integer', minimum: least }, (text) =>
    readWhole(text, least),
  );
}

export function real(least: number): Parser<number> {
  return parser(`a number of at least ${least}`, { type: 'number', minimum: least }, (text) => readNumber(text, least));
}

/** Units of the inputs, of the layers, of the outputs. */
const SHAPE = /^[1-9]\d*(-[1-9]\d*)+$/;

/** In [0, 1). */
export const share: Parser<number> = parser(
  'a number of at least 0 and less than 1',
  { type: 'number', minimum: 0, exclusiveMaximum: 1 },
  (text) => {
    const value = readNumber(text, 0);
    return value !== undefined && value < 1 ? value : undefined;
  },
);

/** "a,b" is ['a', 'b']. */
export const words: Parser<string[]> = parser(
  'a list of names',
  { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 },
  (text) => {
    const list = split(text);
    return list.includes('') ? undefined : list;
  },
);

/** "a,,b" is ['a', '', 'b']: an empty text is one, too. */
export const texts: Parser<string[]> = parser(
  'a list of texts',
  { type: 'array', items: { type: 'string' }, minItems: 1 },
  split,
);

export function wordsOf<T extends string>(known: readonly T[]): Parser<T[]> {
  const schema = { type: 'array', items: { enum: [...known] }, minItems: 1 };
  return parser(`a list of ${known.join(', ')}`, schema, (text) =>
    allOf(split(text), (one) => known.find((word) => word === one)),
  );
}

/** @param fewest - 0: "none" is [] */
export function wholes(least: number, fewest: 0 | 1 = 0): Parser<number[]> {
  const schema = { type: 'array', items: { type: 'integer', minimum: least }, minItems: fewest };
  const expected = `a list of integers of at least ${least}`;
  return parser(fewest === 0 ? `${expected}, or none` : expected, schema, (text) =>
    text === 'none' && fewest === 0 ? [] : allOf(split(text), (one) => readWhole(one, least)),
  );
}

/** 'balanced', or "1,2.5" as [1, 2.5]. */
export const classWeights: Parser<'balanced' | number[]> = parser<'balanced' | number[]>(
  'balanced, or a list of numbers of at least 0',
  { anyOf: [{ const: 'balanced' }, { type: 'array', items: { type: 'number', minimum: 0 }, minItems: 1 }] },
  (text) => (text === 'balanced' ? text : allOf(split(text), (one) => readNumber(one, 0))),
);

/** A number, or a word in its place. */
export function or<T extends string>(number: Parser<number>, known: readonly T[]): Parser<number | T> {
  const schema = { anyOf: [number.schema, { enum: [...known] }] };
  return parser<number | T>(
    `${number.expected}, ${known.join(' or ')}`,
    schema,
    (text) => known.find((one) => one === text) ?? number.read(text),
  );
}

const MINUTES = /^\d+(\.\d+)?m$/;

/** "500" is 500, of updates; "5m" stays as it is, of minutes. */
export const interval: Parser<number | string> = parser<number | string>(
  'a number of updates of at least 1, or minutes as in 5m',
  {
    anyOf: [
      { type: 'integer', minimum: 1 },
      { type: 'string', pattern: MINUTES.source },
    ],
  },
  (text) => (MINUTES.test(text) ? text : readWhole(text, 1)),
);

/** "784-128-10" */
export const shape: Parser<string> = parser(
  'units with hyphens between, as in 784-128-10',
  { type: 'string', pattern: SHAPE.source },
  (text) => (SHAPE.test(text) ? text : undefined),
);

/** A number of bytes; 512M, 2G and 1.5GiB are. */
export const bytes: Parser<number> = parser('a number of bytes', { type: 'integer', minimum: 1 }, (text) => {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text.trim()) ?? [];
  const value = Math.floor(Number(digits) * 2 ** (10 * ' KMGT'.indexOf(unit?.toUpperCase() || ' ')));
  return Number.isSafeInteger(value) && value >= 1 ? value : undefined;
});

function split(text: string): string[] {
  return text.split(',').map((word) => word.trim());
}

/** What all become, or undefined if one becomes undefined. */
function allOf<T>(texts: readonly string[], read: (text: string) => T | undefined): T[] | undefined {
  const values = texts.map(read);
  return values.some((value) => value === undefined) ? undefined : (values as T[]);
}

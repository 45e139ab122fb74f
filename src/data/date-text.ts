import { parseNumber } from './number-text.ts';
import { kindOfText, MONTHS } from './text-kind.ts';

/** In which order the numbers of a date stand; those with the name of a month, or with the year first, are read anyway. */
export type DateOrder = 'year-first' | 'day-first' | 'month-first';

export const DATE_ORDERS = ['year-first', 'day-first', 'month-first'] as const;

const TIME = /(?:^|[T\s,])(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(?:([ap])\.?m\.?)?\s*(.*)$/i;
const OFFSET = /^(?:Z|UTC|GMT)?\s*(?:([+-])(\d{2}):?(\d{2})?)?$/i;
const COMPACT = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})?(Z?)$/;
const YEAR_FIRST = /^(\d{4})([-/.])(\d{1,2})(?:\2(\d{1,2}))?$/;
const YEAR_LAST = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})$/;
const MONTH_YEAR = /^(\d{1,2})[-/](\d{4})$/;
const MONTH_NUMBER = /^(\d{4})[M:](\d{2})$/i;
const QUARTER = /^(?:(\d{4})[\s:-]?Q([1-4])|Q([1-4])[\s/-]?(\d{4}))$/i;
const WEEK = /^(\d{4})-?W(\d{2})(?:-?([1-7]))?$/i;
const MONTH_NAMES = MONTHS.map((beginnings) => new RegExp(`^(?:${beginnings})`, 'i'));
const DAY = 86_400_000;

/**
 * Milliseconds since 1970 of a date, with its time if it has one, or NaN. Without a zone it is UTC; a month or a quarter is its first
 * day; years of two digits are 1969 to 2068.
 */
export function parseDate(given: string, order: DateOrder): number {
  const text = given.trim().replace(/\s*\([^)]*\)$/, '');
  const compact = COMPACT.exec(text);
  if (compact !== null) {
    const [, year, month, day, h, m, s = '0'] = compact;
    return at(Number(year), Number(month), Number(day)) + clock(Number(h), Number(m), Number(s));
  }
  const time = TIME.exec(text);
  if (time === null) return dayOf(text.replace(/\s*Z$/, ''), order);
  const [, h, m, s = '0', fraction = '', half, rest = ''] = time;
  // As `Date` and the C library write it, the year stands behind the time.
  const behind = /^(.*?)\s*\b(\d{4})$/.exec(rest);
  const year = behind !== null && !/[+-]\d{4}$/.test(rest) ? behind[2]! : '';
  const zone = OFFSET.exec(year === '' ? rest : behind![1]!);
  if (zone === null) return NaN;
  const hours = half === undefined ? Number(h) : afternoon(Number(h), half);
  const offset = (zone[1] === '-' ? -1 : 1) * clock(Number(zone[2] ?? 0), Number(zone[3] ?? 0), 0);
  const date = dayOf(`${text.slice(0, time.index)} ${year}`.trim(), order);
  return date + clock(hours, Number(m), Number(s)) + Number(`0.${fraction}0`) * 1000 - offset;
}

/** When something was, to be compared with others of its column; NaN for what is neither a number nor a date with its year first. */
export function timeOf(cell: string | number | bigint | undefined): number {
  if (typeof cell !== 'string') return Number(cell);
  const kind = kindOfText(cell);
  return kind === 'date' ? parseDate(cell, 'year-first') : parseNumber(cell);
}

function dayOf(text: string, order: DateOrder): number {
  const first = YEAR_FIRST.exec(text);
  if (first !== null) return at(Number(first[1]), Number(first[3]), Number(first[4] ?? 1));
  const last = YEAR_LAST.exec(text);
  if (last !== null) {
    if (order === 'year-first') return NaN;
    const [day, month] = order === 'day-first' ? [last[1], last[3]] : [last[3], last[1]];
    return at(fullYear(last[4]!), Number(month), Number(day));
  }
  const monthYear = MONTH_YEAR.exec(text);
  if (monthYear !== null) return at(Number(monthYear[2]), Number(monthYear[1]), 1);
  const monthNumber = MONTH_NUMBER.exec(text);
  if (monthNumber !== null) return at(Number(monthNumber[1]), Number(monthNumber[2]), 1);
  const quarter = QUARTER.exec(text);
  if (quarter !== null) return at(Number(quarter[1] ?? quarter[4]), 3 * Number(quarter[2] ?? quarter[3]) - 2, 1);
  const week = WEEK.exec(text);
  return week === null ? namedDay(text) : isoWeek(Number(week[1]), Number(week[2]), Number(week[3] ?? 1));
}

/** With the name of a month, in any order: what has four digits or an apostrophe, or comes second, is the year. */
function namedDay(text: string): number {
  const words = text.match(/\p{L}+/gu) ?? [];
  const month = 1 + MONTH_NAMES.findIndex((name) => words.some((word) => name.test(word)));
  const numbers = [...text.matchAll(/'?\d+/g)].map(([number]) => number);
  const long = numbers.findIndex((number) => number.length > 2);
  // Jan 5 may be a day or a year.
  if (month === 0 || numbers.length > 2 || (numbers.length < 2 && long < 0)) return NaN;
  const year = numbers.splice(long < 0 ? numbers.length - 1 : long, 1)[0]!;
  return at(fullYear(year.replace("'", '')), month, Number(numbers[0] ?? 1));
}

function fullYear(digits: string): number {
  const year = Number(digits);
  return digits.length > 2 ? year : year < 69 ? 2000 + year : 1900 + year;
}

/** Midnight, or NaN where there is no such day. */
function at(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : NaN;
}

/** Monday is the first day; the first week has the fourth of January. */
function isoWeek(year: number, week: number, day: number): number {
  const fourth = at(year, 1, 4);
  const weekday = (new Date(fourth).getUTCDay() + 6) % 7;
  return week >= 1 && week <= 53 ? fourth + (7 * (week - 1) + day - 1 - weekday) * DAY : NaN;
}

function afternoon(hours: number, half: string): number {
  return hours >= 1 && hours <= 12 ? (hours % 12) + (half.toLowerCase() === 'p' ? 12 : 0) : NaN;
}

function clock(hours: number, minutes: number, seconds: number): number {
  return hours <= 24 && minutes < 60 && seconds <= 60 ? 1000 * (60 * (60 * hours + minutes) + seconds) : NaN;
}

/** What texts of a column are dates. */
export interface Dates {
  /** How many rows have one. */
  readonly rows: number;
  /** Whether days or months come first; undefined where it cannot be told. */
  readonly order: DateOrder | undefined;
  /** One of them, of which the order matters if there is such a one. */
  readonly example: string;
}

/** Finds out of the dates of a column, one after the other, how they are written. */
export class DateTally {
  #rows = 0;
  #first = '';
  #yearLast: string | undefined;
  #dayFirst = false;
  #monthFirst = false;

  add(text: string, count: number): void {
    if (this.#rows === 0) this.#first = text;
    this.#rows += count;
    const numbers = /^(\d{1,2})([-/.])(\d{1,2})\2\d/.exec(text);
    if (numbers === null) return;
    this.#yearLast ??= text;
    if (Number(numbers[1]) > 12) this.#dayFirst = true;
    if (Number(numbers[3]) > 12) this.#monthFirst = true;
  }

  get found(): Dates {
    const order =
      this.#yearLast === undefined
        ? 'year-first'
        : this.#dayFirst === this.#monthFirst
          ? undefined
          : this.#dayFirst
            ? 'day-first'
            : 'month-first';
    return { rows: this.#rows, order, example: this.#yearLast ?? this.#first };
  }
}

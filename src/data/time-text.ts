import type { Cell } from './column-builder.ts';
import { parseDate } from './date-text.ts';
import { parseNumber } from './number-text.ts';

/** A year and a month at least; without a zone in UTC, so that it is the same on every machine. */
const ISO = /^\d{4}-\d{2}(-\d{2})?([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?)?(Z|[+-]\d{2}(:?\d{2})?)?$/i;

export const WHAT_TIMES_ARE = 'a number, or a date with the year first, such as 2024-01-31 or 2024-01-31 13:05';

/** When something was, to be compared with others of its column; NaN for what is neither a number nor a date whose order is plain. */
export function timeOf(cell: Cell): number {
  if (typeof cell !== 'string') return Number(cell);
  const text = cell.trim();
  const found = ISO.exec(text);
  if (found === null) {
    const value = parseNumber(text);
    return Number.isNaN(value) ? parseDate(text, 'year-first') : value;
  }
  const [, day = '-01', clock = '', , , zone = ''] = found;
  const local = clock === '' ? '' : clock.replace(' ', 'T').replace(',', '.');
  const offset = /^[+-]\d{2}$/.test(zone) ? `${zone}:00` : zone.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2');
  return Date.parse(`${text.slice(0, 7)}${day}${local === '' ? '' : local + (offset || 'Z')}`);
}

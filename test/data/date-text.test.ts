import { expect, it } from 'vitest';
import { DateTally, parseDate } from '#src/data/date-text.js';

const DAY = Date.UTC(2020, 0, 31);
const at = (h: number, m: number, s = 0) => DAY + 1000 * (3600 * h + 60 * m + s);

it.each([
  ...['2020-01-31', '2020/1/31', '2020.01.31', ' 2020-01-31 ', '2020-01-31T00:00:00Z', '2020-01-31Z'].map(
    (t) => [t, DAY] as const,
  ),
  ...[
    'Jan 31 2020',
    '31-Jan-20',
    'January 31, 2020',
    '31. Januar 2020',
    '31 janv. 2020',
    'Fri, 31 Jan 2020 00:00:00 GMT',
  ].map((t) => [t, DAY] as const),
  ['2020-01-31T10:20:30.5+02:00', at(8, 20, 30) + 500],
  ['2020-01-31 10:20', at(10, 20)],
  ['20200131T102030Z', at(10, 20, 30)],
  ['2020-01-31 05:30 PM', at(17, 30)],
  ['2020-01-31 12:05 am', at(0, 5)],
  ['Fri Jan 31 2020 11:00:00 GMT+0100 (CET)', at(10, 0)],
  ['Fri Jan 31 10:00:00 2020', at(10, 0)],
  ['2020-01', Date.UTC(2020, 0, 1)],
  ['2/2020', Date.UTC(2020, 1, 1)],
  ['12-2020', Date.UTC(2020, 11, 1)],
  ['Feb 2020', Date.UTC(2020, 1, 1)],
  ["Feb '99", Date.UTC(1999, 1, 1)],
  ['1959Q3', Date.UTC(1959, 6, 1)],
  ['Q4/2001', Date.UTC(2001, 9, 1)],
  ['1959M11', Date.UTC(1959, 10, 1)],
  ['2020-W01', Date.UTC(2019, 11, 30)],
  ['2021-W01-7', Date.UTC(2021, 0, 10)],
  ['0099-12-31', new Date('0099-12-31').getTime()],
] as const)('%s', (text, expected) => expect(parseDate(text, 'year-first')).toBe(expected));

it.each([
  ['31/1/2020', 'day-first', DAY],
  ['1/31/2020', 'month-first', DAY],
  ['31.01.20', 'day-first', DAY],
  ['1/31/69', 'month-first', Date.UTC(1969, 0, 31)],
  ['1/31/2020 3:04 PM', 'month-first', at(15, 4)],
] as const)('%s, %s', (text, order, expected) => expect(parseDate(text, order)).toBe(expected));

it.each([
  '',
  'soon',
  '2020',
  '2020-13-01',
  '2021-02-29',
  '31/1/2020',
  'Jan 5',
  '2020-01-31 25:00',
  '2020-01-31 10:00 CET',
  '13:00',
])('%s is none', (text) => expect(parseDate(text, 'year-first')).toBeNaN());

it('is UTC, whatever the zone of the machine', () => {
  expect(parseDate('Jan 1 2000', 'year-first')).toBe(Date.UTC(2000, 0, 1));
});

it.each([
  [['2020-01-01'], 'year-first'],
  [['1/2/2020', '13/2/2020'], 'day-first'],
  [['1/2/2020', '1/13/2020'], 'month-first'],
  [['1/2/2020', '2/3/2020'], undefined],
  [['1/13/2020', '13/1/2020'], undefined],
])('the order of %j', (texts, order) => {
  const tally = new DateTally();
  for (const text of texts) tally.add(text, 1);
  expect(tally.found.order).toBe(order);
});

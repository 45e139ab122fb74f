import { describe, expect, it } from 'vitest';
import { parseNumber } from '../../dist/src/data/number-text.js';
import { kindOfText, type TextKind } from '../../dist/src/data/text-kind.js';

const TEXTS: Record<TextKind, string[]> = {
  number: ['1', '-1.5', '+1e3', '.5', '5.', '\u22125', '１２．５', '1.5D+03', '-0.1d-02', '1.200'],
  comma: ['1,5', '-0,25', ',5', '1.234,5', '1 234,5', '1,000', '12,345,678.9', '1,23,456', '1,5e3'],
  grouped: ['1.200.000', '12 000', '12\u202F000', '12\u00A0000', "1'234'567", '1’234.5', '1_000'],
  percent: ['5%', '5.5 %', '-3,5%', '12 percent', '%5', '1‰'],
  currency: ['$1,000', '-$5', '1.000,50 €', 'EUR 12', '12 USD', 'US$ 5', '£1.2m', '￥500', '$5k', '$-5', '5 zł'],
  parentheses: ['(5)', '(1,234)', '($1,234.50)', '$(5)', '(5%)'],
  formula: ['="12"', '=12', '="007"', '="1,5"'],
  unit: ['12 kg', '5.1cm', '20°C', '3,5 GHz', '10k', '60 mph', '1st', '5.0"', `5'11"`, '9.8 m/s²'],
  time: ['12:30', '1:02:03', '00:00:01.5', '5:30 PM', '2 days 03:04:05', 'PT1H30M', '1h 30m'],
  date: [
    ...['2020-01-31', '2020/1/5', '31.12.2020', '12/31/2020', '1/2/03', '01.02.03', '2020-01', '2020-01-31T10:00:00Z'],
    ...[
      '2020-01-31 10:00:00.5+02:00',
      '12/31/2020 5:30 PM',
      'Jan 1 2000',
      '1-Jan-00',
      'January 5, 2001',
      '5. März 2001',
    ],
    ...['Sat, 01 Jan 2000 00:00:00 GMT', 'Sat Jan 01 2000 01:00:00 GMT+0100 (CET)', 'Mon Jan  3 10:00:00 2000'],
    ...['Jan 2000', '2000 Jan', '2000Q1', '1959-Q4', 'Q3 2001', '2020-W05', '1959M01', '20200131T103000Z'],
  ],
  'not finite': ['inf', '-Infinity', 'NAN'],
  text: [
    '',
    'a',
    'N/A',
    '007x7',
    '1.2.3',
    '12-34',
    '555-1234',
    '0x1F',
    '3x4',
    'Mar',
    'March',
    'A1',
    '1 2',
    '2020-13-01',
  ],
};

describe.each(Object.entries(TEXTS))('%s', (kind, texts) => {
  it.each(texts)('%s', (text) => expect(kindOfText(text)).toBe(kind));
});

it.each([
  ['\u22125', -5],
  ['\u20132.1531', -2.1531],
  ['\u22120.5e\u22123', -0.0005],
  ['１２．５', 12.5],
  ['－３', -3],
  ['1.5D+03', 1500],
  ['-.1d-02', -0.001],
  [' 7 ', 7],
])('%s is %d', (text, value) => expect(parseNumber(text)).toBe(value));

it.each(['', '1D5', '1,5', '0x10', '1\u22125', 'Infinity', '١٢', '\u2212', '５x'])('%s is no number', (text) =>
  expect(parseNumber(text)).toBeNaN(),
);

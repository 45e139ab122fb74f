import { parseNumber } from './number-text.ts';

/**
 * What a text is where numbers may be meant. `comma`: a decimal comma, or commas between thousands; `grouped`: something else
 * between thousands; `parentheses`: a number in them; `formula`: ="12"; `unit`: a number and what it counts; `marked`: a number with signs
 * beside it, as in 12*, 5-, <0.5, 3/4 and 1.5×10^3, or in other digits than 0 to 9.
 */
export type TextKind =
  | 'number'
  | 'comma'
  | 'grouped'
  | 'percent'
  | 'currency'
  | 'parentheses'
  | 'formula'
  | 'unit'
  | 'marked'
  | 'time'
  | 'date'
  | 'not finite'
  | 'text';

const EXPONENT = String.raw`(?:e[+-]?\d+)?`;
const DECIMAL_COMMA = new RegExp(String.raw`^[+-]?(?:\d{1,3}(?:[.' _]\d{3})+|\d*),\d+${EXPONENT}$`, 'i');
const THOUSANDS = new RegExp(String.raw`^[+-]?\d{1,3}(?:(?:,\d{3})+|(?:,\d{2})+,\d{3})(?:\.\d*)?${EXPONENT}$`, 'i');
const GROUPED = new RegExp(String.raw`^[+-]?\d{1,3}(?:([.' _])\d{3}(?:\1\d{3})*)(?:\.\d*)?${EXPONENT}$`, 'i');
const NOT_FINITE = /^[+-]?(?:inf|infinity|nan)$/i;
const FORMULA = /^=\s*"?\s*([^"]*?)\s*"?$/;
const PARENTHESES = /^\(\s*(.*?)\s*\)$/;
const PERCENT = /^(?:(.*\d.*?)\s*(?:%|‰|percent|pct\.?)|%\s*(.*\d.*))$/i;
const MONEY = String.raw`(?:[A-Z]{0,2}\p{Sc}|USD|EUR|GBP|CHF|JPY|CNY|INR|RUB|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW|TRY|Rs\.?|kr\.?|zł|Kč|Ft|Fr\.?|руб\.?)`;
const CURRENCY = new RegExp(String.raw`^([+-]?)\s*${MONEY}\s*([+-]?.*\d.*)$|^(.*\d.*?)\s*${MONEY}$`, 'u');
const MAGNITUDE = /^(.*\d)\s*(?:k|m|mm|bn?|mio|mrd|tn?|thousand|million|billion)\.?$/i;
const UNIT = /^([+-]?\d.*?)\s*(?:[\p{L}°µΩ′″"'](?:[\p{L}°µΩ′″"'.*·/]|\^-?\d){0,9}(?:(?<!x)[23])?)$/u;
const FEET = /^\d+\s*['′]\s*\d+(?:\.\d+)?\s*["″]?$/;
const MARKED = [
  /^(.*\d)\s*(?:[*†‡§#+?!~^-]+|\[\w{1,3}\]|\(\w{1,3}\))$/,
  /^(?:[<>≤≥~≈≃∼']=?|ca\.?|circa|c\.|approx\.?|about|est\.?)\s*(.*\d.*)$/i,
  /^(.*\d)\s*(?:±|\+\/?-)\s*[\d.,]+$/,
  /^(.*\d)\s*(?:[×⋅·]\s*10\s*\^?|[x*]\s*10\s*(?:\^|\*\*))\s*[+-]?\d+$/i,
  /^([+-]?\d+)(?:\s+\d+)?\s*[/\u2044]\s*\d+$/,
];
/** A digit that is none of 0 to 9. */
const OTHER_DIGIT = /(?!\d)\p{Nd}/u;

const CLOCK = String.raw`\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[ap]\.?m\.?)?`;
const ZONE = String.raw`(?:\s*(?:Z|UTC|GMT|[A-Z]{3,4}|[+-]\d{2}:?(?:\d{2})?))*(?:\s*\(.*\))?`;
const TIME = new RegExp(
  String.raw`^[+-]?(?:\d+ days?,? )?(?:\d{1,3}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)\s*(?:[ap]\.?m\.?)?$`,
  'i',
);
const DURATION = /^(?:P(?=\d|T)(?:\d+[YMWD])*(?:T(?:[\d.]+[HMS])+)?|(?:\d+\s*(?:d|h|min|m|s|sec)\.?\s*){2,})$/i;
/** What may follow a date. */
const AT = String.raw`(?:(?:T|,?\s+)${CLOCK}${ZONE}|${ZONE})`;
/** What their names begin with, in the languages around. */
export const MONTHS = [
  'jan|ene|gen',
  'feb|fev|fév',
  'mar|mär|mrz',
  'apr|abr|avr',
  'may|mai|mag|mei',
  'jun|juin|giu',
  'jul|juil|lug',
  'aug|ago|aoû',
  'sep|set',
  'oct|okt|ott|out',
  'nov',
  'dec|dez|déc|dic',
];
const MONTH = String.raw`(?:${MONTHS.join('|')})\p{L}{0,7}\.?`;
const DAY = String.raw`\d{1,2}(?:st|nd|rd|th|\.)?`;
const BETWEEN = String.raw`[\s./,-]*`;
const WEEKDAY = String.raw`(?:(?:mon|tue|wed|thu|fri|sat|sun)\p{L}{0,6}\.?,?\s+)?`;
const NAMED_DATES = [
  `${WEEKDAY}${DAY}${BETWEEN}${MONTH}(?:${BETWEEN}(?:\\d{4}|'?\\d{2}))?${AT}`,
  `${WEEKDAY}${MONTH}${BETWEEN}${DAY}(?:[\\s,/-]+\\d{4})?${AT}`,
  `${WEEKDAY}${MONTH}\\s+${DAY}\\s+${CLOCK}${ZONE}\\s+\\d{4}`,
  `${MONTH}${BETWEEN}'?\\d{2,4}`,
  `\\d{4}${BETWEEN}${MONTH}(?:${BETWEEN}${DAY})?${AT}`,
  String.raw`\d{4}[\s:-]?Q[1-4]|Q[1-4][\s/-]?\d{4}|\d{4}-?W\d{2}(?:-?\d)?|\d{4}[M:]\d{2}|\d{8}T\d{4,6}Z?`,
].map((form) => new RegExp(`^(?:${form})$`, 'iu'));
const YEAR_FIRST = new RegExp(String.raw`^(\d{4})([-/.])(\d{1,2})(?:\2(\d{1,2}))?${AT}$`, 'i');
const MONTH_YEAR = /^(\d{1,2})[-/]\d{4}$/;
const YEAR_LAST = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})${AT}$`, 'i');

/** Pure, and for one text: what a column is depends on all of its texts, see `TextTally`. */
export function kindOfText(text: string): TextKind {
  // Most texts are words.
  if (!/\p{Nd}/u.test(text)) return NOT_FINITE.test(text.trim()) ? 'not finite' : 'text';
  if (!Number.isNaN(parseNumber(text))) return 'number';
  const plain = plainText(text);
  const kind = numericKind(plain);
  if (kind !== undefined) return kind;
  if (isDate(plain)) return 'date';
  if (TIME.test(plain) || DURATION.test(plain)) return 'time';
  if (OTHER_DIGIT.test(plain)) return numericKind(inOwnDigits(plain)) === undefined ? 'text' : 'marked';
  return decoratedKind(plain) ?? 'text';
}

/** With the signs that a keyboard has: one minus, one apostrophe, one kind of space, narrow digits. */
function plainText(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\u2010-\u2013\u2212]/g, '-')
    .replace(/[’‘`´]/g, "'")
    .trim();
}

/** Of the same form: which digits they are does not matter. */
function inOwnDigits(plain: string): string {
  return plain
    .replace(/\p{Nd}/gu, '1')
    .replace('\u066B', '.')
    .replace(/\u066C/g, ',');
}

function numericKind(plain: string): TextKind | undefined {
  if (!Number.isNaN(parseNumber(plain))) return 'number';
  if (DECIMAL_COMMA.test(plain) || THOUSANDS.test(plain)) return 'comma';
  return GROUPED.test(plain) ? 'grouped' : undefined;
}

/** A number with something around it. */
function decoratedKind(plain: string): TextKind | undefined {
  const isNumber = (inner: string | undefined) => inner !== undefined && numericKind(inner.trim()) !== undefined;
  const isAmount = (inner: string | undefined) => isNumber(inner) || isNumber(MAGNITUDE.exec(inner ?? '')?.[1]);
  const formula = FORMULA.exec(plain);
  if (formula !== null && isNumber(formula[1])) return 'formula';
  const percent = PERCENT.exec(plain);
  if (percent !== null && isNumber(percent[1] ?? percent[2])) return 'percent';
  const currency = CURRENCY.exec(plain);
  if (currency !== null && isAmount(currency[2] ?? currency[3])) return 'currency';
  const parentheses = PARENTHESES.exec(plain.replace(/^(\D?)\(/, '($1'));
  if (parentheses !== null && (isNumber(parentheses[1]) || decoratedKind(parentheses[1]!) !== undefined))
    return 'parentheses';
  const unit = UNIT.exec(plain);
  if ((unit !== null && isNumber(unit[1])) || FEET.test(plain)) return 'unit';
  const isMarked = (inner: string | undefined) =>
    isNumber(inner) || (inner !== undefined && decoratedKind(inner.trim()) !== undefined);
  return MARKED.some((form) => isMarked(form.exec(plain)?.[1])) ? 'marked' : undefined;
}

function isDate(plain: string): boolean {
  const first = YEAR_FIRST.exec(plain);
  if (first !== null) return isMonth(first[3]!) && (first[4] === undefined || isDay(first[4]));
  const month = MONTH_YEAR.exec(plain);
  if (month !== null) return isMonth(month[1]!);
  const last = YEAR_LAST.exec(plain);
  if (last !== null) {
    const [, a, sign, b, year] = last;
    // 1.2.34 is rather a version.
    if (sign === '.' && year!.length === 2 && (a!.length < 2 || b!.length < 2)) return false;
    return (isMonth(a!) && isDay(b!)) || (isDay(a!) && isMonth(b!));
  }
  return NAMED_DATES.some((form) => form.test(plain));
}

const isMonth = (text: string) => Number(text) >= 1 && Number(text) <= 12;
const isDay = (text: string) => Number(text) >= 1 && Number(text) <= 31;

// Numbers as a reader wants them: three digits and a prefix.
import { count, duration } from './text.ts';

/** Bytes with a binary prefix. */
export function bytes(value: number): string {
  const [power, prefix] = value < 2 ** 20 ? [10, 'KiB'] : value < 2 ** 30 ? [20, 'MiB'] : [30, 'GiB'];
  const scaled = value / 2 ** power;
  return `${Number.isInteger(scaled) ? scaled : scaled.toPrecision(3)} ${prefix}`;
}

/** Seconds; null is a time that never came. */
export function seconds(value: number | null): string {
  return value === null || !Number.isFinite(value) ? 'never' : value === 0 ? '0 s' : duration(value);
}

/** Updates, patterns per second. */
export function amount(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return 'never';
  return value < 1e4 ? String(Number(value.toPrecision(value < 100 ? 3 : 4))) : count(value);
}

/** A ratio, an error, a coefficient. */
export function plain(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return 'unbounded';
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
}

export type Form = (value: number | null) => string;

/** An interval; from a file, where JSON has no Infinity, with null for it. */
interface Span {
  readonly median: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** "1.23 ms (1.20 to 1.30 ms)": a unit that both ends have is said once. */
export function withInterval({ median, low, high }: Span, form: Form): string {
  const [from, to] = [form(low), form(high)];
  const unit = / [^ \d]+$/.exec(to)?.[0];
  const short = unit !== undefined && from.endsWith(unit) ? from.slice(0, -unit.length) : from;
  return `${form(median)} (${short} to ${to})`;
}

/** "2 workers" */
export function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

// Lines that hang from above a plot, with labels that must not run into each other.
import type { Row } from './figure.ts';

/** Where a line starts, in pixels from the top of the plot, and where its label stands. */
export interface Lane extends Row {
  readonly x: number;
  readonly label: string;
  readonly kind: string;
  readonly top: number;
  readonly text: number;
  readonly align: 'left' | 'right';
}

export interface Mark {
  readonly x: number;
  readonly label: string;
  readonly kind: string;
  readonly series?: string;
  readonly quantity?: string;
}

/** Of a label on the narrowest plot, as a share of the plot's width for each letter: 6 of 230 pixels. */
const LETTER = 0.026;
const HEIGHT = 16;

/** Puts each mark into the lowest lane that is free, on logarithmic and on linear axes. */
export function inLanes(marks: readonly Mark[], low: number, high: number): Lane[] {
  return (['log', 'linear'] as const).flatMap((variant) => {
    const scale = variant === 'log' ? Math.log : (x: number) => x;
    const place = (x: number) => (high > low ? (scale(x) - scale(low)) / (scale(high) - scale(low)) : 0.5);
    const taken: [number, number][][] = [];
    return marks.map((mark): Lane => {
      const at = place(mark.x);
      const align = at < 0.5 ? 'left' : 'right';
      const width = LETTER * (mark.label.length + 1);
      const [from, to] = align === 'left' ? [at - 0.01, at + width] : [at - width, at + 0.01];
      let lane = 0;
      while (taken[lane]?.some(([a, b]) => from < b && to > a)) lane++;
      (taken[lane] ??= []).push([from, to]);
      return { ...mark, variant, top: -HEIGHT * (lane + 1), text: -HEIGHT * (lane + 0.5) - 2, align };
    });
  });
}

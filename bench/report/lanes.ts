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

/**
 * Gives each mark the lowest lane where its label is free and no line crosses a label, on logarithmic and on linear axes. Labels
 * stand to the right of their lines and are placed from the right, so that a later line is left of all of them; those that
 * would leave the plot stand to the left, and are placed last.
 */
export function inLanes(marks: readonly Mark[], low: number, high: number): Lane[] {
  return (['log', 'linear'] as const).flatMap((variant) => {
    const scale = variant === 'log' ? Math.log : (x: number) => x;
    const place = (x: number) => (high > low ? (scale(x) - scale(low)) / (scale(high) - scale(low)) : 0);
    const measured = marks.map((mark) => {
      const at = place(mark.x);
      const width = LETTER * (mark.label.length + 1);
      const inside = at + width <= 1;
      return { mark, at, from: inside ? at - 0.01 : at - width, to: inside ? at + width : at + 0.01, inside };
    });
    const order = [
      ...measured.filter(({ inside }) => inside).sort((a, b) => b.at - a.at),
      ...measured.filter(({ inside }) => !inside).sort((a, b) => a.at - b.at),
    ];
    const placed: ((typeof order)[number] & { lane: number })[] = [];
    return order.map(({ mark, ...own }): Lane => {
      let lane = 0;
      const crossed = (other: (typeof placed)[number]) =>
        (other.lane >= lane && other.at > own.from && other.at < own.to) ||
        (other.lane === lane && other.from < own.to && other.to > own.from);
      while (placed.some(crossed)) lane++;
      placed.push({ mark, ...own, lane });
      const align = own.inside ? 'left' : 'right';
      return { ...mark, variant, top: -HEIGHT * (lane + 1), text: -HEIGHT * (lane + 0.5) - 2, align };
    });
  });
}

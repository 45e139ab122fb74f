// The plain data that a page carries for each figure, and its script draws.
import type { Spec } from 'vega';

/** A mark's values; those that are there must agree with what is chosen, or the row is not drawn. */
export interface Row {
  readonly quantity?: string;
  readonly series?: string;
  readonly variant?: string;
  readonly [field: string]: unknown;
}

export interface Quantity {
  readonly key: string;
  readonly label: string;
  /** Behind the prefix on the axis, "s" as in "10 ms"; empty for numbers. */
  readonly unit: string;
  /** What is seen, in a sentence, for those who do not see it. */
  readonly summary: string;
}

export interface Figure {
  readonly id: string;
  readonly title: string;
  /** The other ways to see it; the first is shown. */
  readonly quantities: readonly Quantity[];
  /** What the controls call the quantities. */
  readonly quantitiesAre: string;
  readonly series: readonly string[];
  readonly seriesAre: string;
  /** How the series look in the controls. */
  readonly swatch: 'line' | 'bar';
  /** The same figure on other axes; the first is shown. */
  readonly variants: readonly { readonly key: string; readonly label: string; readonly spec: Spec }[];
  /** By the name of the data set in the specs. */
  readonly rows: Readonly<Record<string, readonly Row[]>>;
  /** Explains the marks. */
  readonly caption: string;
}

/** What the page's script finds in the page. */
export interface PageData {
  readonly figures: readonly Figure[];
  /** For vega, by theme. */
  readonly config: { readonly light: object; readonly dark: object };
  readonly downloads: readonly { readonly name: string; readonly type: string; readonly text: string }[];
}

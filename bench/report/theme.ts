import type { Config } from 'vega';

/** The colours of a theme. */
interface Theme {
  readonly page: string;
  readonly raised: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly grid: string;
  readonly accent: string;
  /** After Okabe and Ito (2008), darkened or lightened until each has a contrast of 3 to the page. */
  readonly series: readonly string[];
}

export const LIGHT: Theme = {
  page: '#ffffff',
  raised: '#f5f6f8',
  text: '#1b1f24',
  muted: '#59616b',
  line: '#8a929c',
  grid: '#e3e6ea',
  accent: '#0b62a4',
  series: ['#0072b2', '#c84f00', '#00805c', '#a8478a', '#8a6d00', '#5b5f66', '#2f8fce', '#7a3b00'],
};

export const DARK: Theme = {
  page: '#14171b',
  raised: '#1e2228',
  text: '#e8eaed',
  muted: '#a7aeb8',
  line: '#767e89',
  grid: '#2b3038',
  accent: '#7cc0f5',
  series: ['#56b4e9', '#f08a3c', '#2fc49a', '#e29bc8', '#e6c84a', '#b4b9c1', '#8f9cf0', '#d7a884'],
};

/** Series are told apart by dashes and shapes too. */
export const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 4], [1, 2], [12, 4], [6, 2, 2, 2, 2, 2]];
export const SHAPES = [
  'circle',
  'square',
  'triangle-up',
  'diamond',
  'cross',
  'triangle-down',
  'triangle-right',
  'triangle-left',
];

/** A theme as vega takes it. */
export function vegaConfig(theme: Theme, font: string): Config & { font: string } {
  return {
    background: 'transparent',
    font,
    range: { category: [...theme.series] },
    axis: {
      domainColor: theme.line,
      gridColor: theme.grid,
      tickColor: theme.line,
      labelColor: theme.muted,
      titleColor: theme.text,
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: 'normal',
      labelPadding: 5,
      titlePadding: 10,
    },
    legend: { labelColor: theme.text, titleColor: theme.text, labelFontSize: 12, titleFontSize: 12 },
    title: { color: theme.text, subtitleColor: theme.muted, fontSize: 15, subtitleFontSize: 12, subtitlePadding: 6 },
    style: { cell: { stroke: 'transparent' } },
  };
}

/** The colours as CSS variables. */
export function cssColours(theme: Theme): string {
  const { series, ...names } = theme;
  const variables = [
    ...Object.entries(names).map(([name, colour]) => `--${name}:${colour}`),
    ...series.map((colour, i) => `--series-${i}:${colour}`),
  ];
  return variables.join(';');
}

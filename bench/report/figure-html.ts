import type { Figure } from './figure.ts';
import { escaped, prose } from './html.ts';
import { DASHES, SHAPES } from './theme.ts';

/** A figure with its controls; the page's script draws into `.plot`. */
export function figureHtml(figure: Figure): string {
  const { id, title, quantities, quantitiesAre, series, seriesAre, variants, caption, swatch } = figure;
  const radios = (name: string, legend: string, choices: readonly { key: string; label: string }[]) =>
    choices.length < 2
      ? ''
      : `<fieldset><legend>${escaped(legend)}</legend><div class="choices">${choices
          .map(
            ({ key, label }, i) =>
              `<label class="choice"><input type="radio" name="${id}-${name}" value="${escaped(key)}"${i === 0 ? ' checked' : ''}><span>${escaped(label)}</span></label>`,
          )
          .join('')}</div></fieldset>`;
  const boxes = `<fieldset><legend>${escaped(seriesAre)}</legend><div class="choices">${series
    .map(
      (label, i) =>
        `<label class="choice series"><input type="checkbox" name="${id}-series" value="${escaped(label)}" checked>${swatchOf(swatch, i)}<span>${escaped(label)}</span></label>`,
    )
    .join('')}</div></fieldset>`;
  return `<figure id="figure-${id}" data-figure="${id}">
<div class="controls" role="group" aria-label="${escaped(title)}: what is shown">
${radios('quantity', quantitiesAre, quantities)}
${boxes}
${radios('variant', 'Axes', variants)}
</div>
<p class="axis-title" aria-hidden="true">${escaped(quantities[0]!.label)}</p>
<div class="plot" role="img" aria-label="${escaped(quantities[0]!.summary)}"><noscript>The figure is drawn by a script; its numbers are in the table below.</noscript></div>
<p class="status" role="status"></p>
<figcaption>${prose(caption)}</figcaption>
</figure>`;
}

/** How a series looks: its colour, with its dashes and its shape, or as a piece of a bar. */
function swatchOf(kind: Figure['swatch'], i: number): string {
  const colour = `var(--series-${i % DASHES.length})`;
  if (kind === 'bar')
    return `<svg class="swatch bar" viewBox="0 0 14 14" aria-hidden="true"><rect width="14" height="14" rx="2" fill="${colour}"/></svg>`;
  const dashes = DASHES[i % DASHES.length]!.join(' ');
  return `<svg class="swatch" viewBox="0 0 34 14" aria-hidden="true"><path d="M0 7H34" stroke="${colour}" stroke-width="2" stroke-dasharray="${dashes}"/><path d="${PATHS[SHAPES[i % SHAPES.length]!]}" transform="translate(17 7)" fill="${colour}"/></svg>`;
}

/** The shapes of vega's symbols, around the origin. */
const PATHS: Record<string, string> = {
  circle: 'M4 0A4 4 0 1 1 -4 0A4 4 0 1 1 4 0Z',
  square: 'M-4 -4H4V4H-4Z',
  'triangle-up': 'M0 -5L5 4H-5Z',
  diamond: 'M0 -6L5 0L0 6L-5 0Z',
  cross: 'M-2 -5H2V-2H5V2H2V5H-2V2H-5V-2H-2Z',
  'triangle-down': 'M0 5L5 -4H-5Z',
  'triangle-right': 'M5 0L-4 5V-5Z',
  'triangle-left': 'M-5 0L4 5V-5Z',
};

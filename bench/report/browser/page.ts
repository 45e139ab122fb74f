// What runs in the page: draws the figures, follows the controls, hands out the data.
import type { Item, Spec, TooltipHandler, View } from 'vega';
import type { Figure, PageData, Row } from '../figure.ts';

interface Vega {
  readonly Error: number;
  readonly View: new (runtime: object, options: object) => View;
  readonly parse: (spec: Spec, config: object, options: object) => object;
  readonly expressionInterpreter: unknown;
}

/** Of the library, which another script of the page has put there. */
const vega = (globalThis as unknown as { vega: Vega }).vega;
const { figures, config, downloads } = JSON.parse(document.getElementById('page-data')!.textContent) as PageData;
const tip = document.getElementById('tip')!;
const dark = matchMedia('(prefers-color-scheme: dark)');

/** Of a bar with its gap, in pixels. */
const BAR = 32;

/** A figure in the page, with what is chosen for it. */
class Drawing {
  readonly #figure: Figure;
  readonly #root: HTMLElement;
  readonly #plot: HTMLElement;
  #view: View | undefined;

  constructor(figure: Figure) {
    this.#figure = figure;
    this.#root = document.getElementById(`figure-${figure.id}`)!;
    this.#plot = this.#root.querySelector<HTMLElement>('.plot')!;
    this.#root.addEventListener('change', () => void this.draw(true));
  }

  #chosen(name: string): string[] {
    const inputs = this.#root.querySelectorAll<HTMLInputElement>(`input[name="${this.#figure.id}-${name}"]`);
    return [...inputs].filter((input) => input.checked).map((input) => input.value);
  }

  /** @param tell - whether what is shown now is to be said aloud */
  async draw(tell = false): Promise<void> {
    const { quantities, variants, rows, series } = this.#figure;
    const shown = series.length > 0 ? this.#chosen('series') : [];
    const quantity = quantities.find(({ key }) => key === this.#chosen('quantity')[0]) ?? quantities[0]!;
    const variant = variants.find(({ key }) => key === this.#chosen('variant')[0]) ?? variants[0]!;
    const visible = (row: Row) =>
      (row.quantity === undefined || row.quantity === quantity.key) &&
      (row.series === undefined || shown.includes(row.series)) &&
      (row.variant === undefined || row.variant === variant.key);
    this.#view?.finalize();
    this.#view = undefined;
    this.#plot.replaceChildren();
    tip.hidden = true;
    this.#plot.setAttribute('aria-label', quantity.summary);
    this.#root.querySelector('.axis-title')!.textContent = quantity.label;
    const names = shown.length === series.length ? `all ${series.length}` : shown.join(', ');
    const axes = variants.length > 1 ? `; ${variant.label.toLowerCase()} axes` : '';
    const what = `${quantity.label}; ${this.#figure.seriesAre.toLowerCase()}: ${names || 'none'}${axes}.`;
    if (tell) this.#root.querySelector('.status')!.textContent = `Shown: ${what}`;
    if (!rows.points!.some(visible)) {
      const empty = document.createElement('p');
      empty.className = 'empty';
      empty.textContent = shown.length === 0 ? 'Nothing is chosen.' : 'Nothing to draw: the target was never reached.';
      this.#plot.append(empty);
      return;
    }
    const theme = isDark() ? 'dark' : 'light';
    const bars = new Set(rows.points!.filter(visible).map(({ bar }) => bar)).size;
    const spec: Spec = { ...variant.spec, ...(this.#figure.swatch === 'bar' && { height: BAR * bars }) };
    // The plot is a picture with a description; what vega says of each mark is not for reading.
    const canvas = document.createElement('div');
    canvas.ariaHidden = 'true';
    this.#plot.append(canvas);
    const view = new vega.View(vega.parse(spec, config[theme], { ast: true }), {
      renderer: 'svg',
      container: canvas,
      hover: true,
      logLevel: vega.Error,
      expr: vega.expressionInterpreter,
      tooltip: showTip,
    });
    const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    view.signal('unit', quantity.unit);
    view.signal('ink', colour('--text')).signal('quiet', colour('--line')).signal('paper', colour('--page'));
    for (const [name, all] of Object.entries(rows)) view.data(name, all.filter(visible));
    this.#view = view;
    await view.runAsync();
  }
}

const showTip: TooltipHandler = (_: unknown, event: MouseEvent, __: Item, value: unknown) => {
  tip.hidden = typeof value !== 'string' || value === '';
  if (tip.hidden) return;
  tip.textContent = value as string;
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, document.documentElement.clientWidth - width - 8);
  const above = event.clientY - height - 14;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${above < 8 ? event.clientY + 18 : above}px`;
};

function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === undefined ? dark.matches : theme === 'dark';
}

const drawings = figures.map((figure) => new Drawing(figure));
const drawAll = () => Promise.all(drawings.map((drawing) => drawing.draw()));

document.getElementById('theme')!.addEventListener('change', (event) => {
  const { value } = event.target as HTMLInputElement;
  if (value === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
  void drawAll();
});
dark.addEventListener('change', () => void drawAll());
addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') tip.hidden = true;
});
addEventListener('scroll', () => (tip.hidden = true), { passive: true });
for (const [i, button] of document.querySelectorAll<HTMLButtonElement>('button[data-download]').entries()) {
  button.addEventListener('click', () => {
    const { name, type, text } = downloads[i]!;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}
document.documentElement.classList.add('scripted');
void drawAll().then(() => (document.documentElement.dataset.drawn = 'true'));

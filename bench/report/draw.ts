// Pictures in files.
import { Resvg } from '@resvg/resvg-js';
import { createRequire } from 'node:module';
import { parse, type Spec, View } from 'vega';
import { compile as compileSpec, type TopLevelSpec } from 'vega-lite';
import { LIGHT, vegaConfig } from './theme.ts';

const FONT = 'DejaVu Sans';
const resolve = createRequire(import.meta.url).resolve;

/** Draws on white paper. */
export function asSvg(spec: TopLevelSpec): Promise<string> {
  const { config, ...rest } = compileSpec(spec).spec;
  return drawn({ ...rest, config: { ...config } });
}

function drawn(spec: Spec): Promise<string> {
  const config = { ...vegaConfig(LIGHT, `${FONT}, Verdana, sans-serif`), background: LIGHT.page };
  return new View(parse(spec, config), { renderer: 'none' }).toSVG();
}

/**
 * Draws an SVG at twice its size, with a font that comes along: the machine need not have any.
 * @returns a PNG
 */
export function asPng(svg: string): Uint8Array {
  const font = {
    loadSystemFonts: false,
    fontFiles: ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) => resolve(`dejavu-fonts-ttf/ttf/${file}`)),
    defaultFontFamily: FONT,
    sansSerifFamily: FONT,
  };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: 2 }, background: LIGHT.page }).render().asPng();
}

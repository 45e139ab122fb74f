import type { Spec } from 'vega';
import { compile as compileSpec, type TopLevelSpec } from 'vega-lite';
import type { PositionFieldDef } from 'vega-lite/build/src/channeldef.js';
import type { LayerSpec, UnitSpec } from 'vega-lite/build/src/spec/index.js';
import type { Row } from './figure.ts';
import { DASHES, LIGHT, SHAPES } from './theme.ts';

/** What a chart of points with intervals, one line for each series, needs to know. */
export interface Look {
  readonly series: readonly string[];
  /** Title of the x axis. */
  readonly x: string;
  /** Where x was measured. */
  readonly ticks: readonly number[];
  readonly domain: readonly [number, number];
  /** Series stand a little apart on logarithmic axes, so that their intervals do not hide each other. */
  readonly apart?: boolean;
  /** For x alone: what is counted in ones does not belong on a logarithmic axis. */
  readonly xLinear?: boolean;
  /** Lines that were not measured, by data set. */
  readonly curves?: readonly { readonly data: string; readonly style: 'ideal' | 'fit' | 'prediction' }[];
}

interface Asked extends Look {
  readonly variant: 'log' | 'linear';
  readonly height: number;
  /** In a page titles and legend are in the page, and values come with what is chosen. */
  readonly print?: Print;
}

interface Print {
  readonly rows: Readonly<Record<string, readonly Row[]>>;
  readonly y: string;
  readonly unit: string;
  readonly title: string;
  readonly subtitle: readonly string[];
}

type Layer = LayerSpec<string> | UnitSpec<string>;
type Position = PositionFieldDef<string>;

/** "10 ms", "1.5 k", "0.25": with a prefix, and the unit that the signal `unit` says; what has no unit is not told in thousandths. */
export const WITH_UNIT =
  "unit === '' && abs(datum.value) < 1000 ? format(datum.value, '.3~g') : " +
  "trim(replace(format(datum.value, '.3~s'), /([^0-9]?)$/, ' $1') + unit)";

/** On a logarithmic axis of some length 1, 2, 3 and 5 are enough of each decade. */
const THINNED = `domain('y')[1] > 8 * domain('y')[0] && indexof('1235', slice(format(datum.value, '.0e'), 0, 1)) < 0 ? '' : ${WITH_UNIT}`;

/** Compiled for a page: without values, as wide as its container. */
export function compiled(asked: Asked): Spec {
  return compileSpec({
    width: 'container',
    height: asked.height,
    autosize: { type: 'fit-x', contains: 'padding', resize: true },
    padding: 2,
    background: 'transparent',
    params: params(''),
    layer: layers(asked),
    config: { aria: false },
  }).spec;
}

/** For paper: with values, titles and a legend; several charts one above the other. */
export function onPaper(charts: readonly (Asked & { print: Print })[]): TopLevelSpec {
  const stacked = charts.length > 1;
  const views = charts.map((asked) => ({
    width: stacked ? 560 : 640,
    height: asked.height,
    title: {
      text: asked.print.title,
      subtitle: asked.print.subtitle.flatMap(wrapped),
      anchor: 'start' as const,
      frame: 'group' as const,
      offset: 20,
    },
    layer: layers(asked, stacked),
  }));
  const common = { padding: 16, params: params(charts[0]!.print.unit), config: { aria: false } };
  if (!stacked) return { ...common, ...views[0]! };
  return { ...common, vconcat: views, resolve: { scale: { x: 'independent', y: 'independent' } } };
}

/** What the page sets: the unit of the axis, and the colours of what belongs to no series. */
export function params(unit: string): { name: string; value: string }[] {
  return [
    { name: 'unit', value: unit },
    { name: 'ink', value: LIGHT.text },
    { name: 'quiet', value: LIGHT.line },
    { name: 'paper', value: LIGHT.page },
  ];
}

function layers(asked: Asked, stacked = false): Layer[] {
  const { variant, print, series, curves = [], height } = asked;
  const x = xOf(asked, asked.apart && variant === 'log' ? 'shown' : 'x');
  const exact = xOf(asked);
  const data = (name: string) => {
    const rows = print?.rows[name] ?? [];
    return print ? { values: rows.filter((row) => row.variant === undefined || row.variant === variant) } : { name };
  };
  const y: Position = {
    field: 'median',
    type: 'quantitative',
    scale: variant === 'log' ? { type: 'log', nice: false, padding: 10 } : { type: 'linear', nice: true, zero: true },
    axis: {
      title: print?.y ?? null,
      labelExpr: variant === 'log' && !stacked ? THINNED : WITH_UNIT,
      tickCount: 6,
      labelOverlap: 'greedy',
    },
  };
  const legend =
    print && series.length > 1 ? { orient: 'bottom' as const, symbolStrokeWidth: 0, symbolOpacity: 1 } : null;
  const scale = { domain: [...series] };
  const color = { field: 'series', type: 'nominal' as const, title: null, legend, scale };
  const dash = { ...color, scale: { ...scale, range: DASHES } };
  const shape = { ...color, scale: { ...scale, range: SHAPES } };
  const kind = (name: string) => ({ filter: `datum.kind === '${name}'` });
  // The lanes hang in pixels, outside of the scale.
  const hang = { field: 'top', type: 'quantitative' as const, scale: null, axis: null };
  return [
    {
      data: data('lanes'),
      layer: [
        ...(['cache', 'predicted'] as const).map((name) => ({
          transform: [kind(name)],
          mark: { type: 'rule' as const, strokeWidth: 1.25, opacity: 0.9 },
          encoding: { x: exact, y: hang, y2: { value: height }, color, strokeDash: dash },
        })),
        {
          transform: [kind('recommended')],
          mark: { type: 'rule', stroke: { expr: 'ink' }, strokeWidth: 1.25 },
          encoding: { x: exact, y: hang, y2: { value: height } },
        },
        ...labels(exact),
      ],
    },
    ...curves.map(({ data: name, style }) => curveLayer(data(name), style, { x: exact, y, color })),
    {
      data: data('points'),
      mark: { type: 'line', strokeWidth: 2, clip: true },
      encoding: { x, y, color, strokeDash: dash },
    },
    {
      data: data('points'),
      mark: { type: 'rule', strokeWidth: 2 },
      encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
    },
    {
      data: data('open'),
      mark: { type: 'rule', strokeWidth: 2, strokeDash: [2, 2] },
      encoding: { x, y: { ...y, field: 'low' }, y2: { value: 0 }, color },
    },
    {
      data: data('points'),
      mark: { type: 'point', filled: true, size: 55, opacity: 1 },
      encoding: { x, y, color, shape },
    },
    {
      data: data('points'),
      transform: [{ filter: 'datum.best' }],
      mark: { type: 'point', shape: 'circle', size: 210, strokeWidth: 1.75, opacity: 1 },
      encoding: { x, y, color },
    },
    {
      data: data('never'),
      mark: { type: 'text', text: '×', fontSize: 18, baseline: 'top', opacity: 1 },
      encoding: { x, y: { value: 0 }, color, tooltip: { field: 'tip', type: 'nominal' } },
    },
    {
      data: data('points'),
      mark: { type: 'point', shape: 'circle', filled: true, size: 700, opacity: 0 },
      encoding: { x, y, tooltip: { field: 'tip', type: 'nominal' } },
    },
  ];
}

function xOf({ x, domain: [low, high], ticks, variant, xLinear }: Asked, field = 'x'): Position {
  const log = variant === 'log' && xLinear !== true;
  const margin = high > low ? 0.04 * (high - low) : 1;
  return {
    field,
    type: 'quantitative',
    scale: log
      ? { type: 'log', base: 2, domain: [low / 1.2, high * 1.2], nice: false }
      : { domain: [low - margin, high + margin], nice: false, zero: false },
    axis: {
      title: x,
      format: 'd',
      grid: false,
      labelOverlap: 'greedy',
      ...(log || xLinear ? { values: [...ticks] } : { tickCount: 8 }),
    },
  };
}

/** Of the lanes; with a rim in the colour of the page, because lines of higher lanes pass through them. */
function labels(x: Position): UnitSpec<string>[] {
  return (['cache', 'predicted', 'recommended'] as const).flatMap((name) =>
    (['left', 'right'] as const).flatMap((align) =>
      ([true, false] as const).map((rim) => ({
        transform: [{ filter: `datum.kind === '${name}' && datum.align === '${align}'` }],
        mark: {
          type: 'text' as const,
          align,
          baseline: 'middle' as const,
          dx: align === 'left' ? 4 : -4,
          fontSize: 11,
          ...(name === 'recommended' && { fontWeight: 'bold' as const }),
          fill: { expr: rim ? 'paper' : 'ink' },
          ...(rim && { stroke: { expr: 'paper' }, strokeWidth: 4, strokeJoin: 'round' as const }),
        },
        encoding: {
          x,
          y: { field: 'text', type: 'quantitative' as const, scale: null, axis: null },
          text: { field: 'label' },
        },
      })),
    ),
  );
}

interface Encodings {
  readonly x: Position;
  readonly y: Position;
  readonly color: object;
}

function curveLayer(
  data: { name: string } | { values: object[] },
  style: 'ideal' | 'fit' | 'prediction',
  { x, y, color }: Encodings,
): Layer {
  if (style === 'ideal') {
    return {
      data,
      layer: [
        { mark: { type: 'line', stroke: { expr: 'quiet' }, strokeWidth: 1 }, encoding: { x, y } },
        {
          transform: [{ filter: 'isValid(datum.label)' }],
          mark: { type: 'text', fontSize: 11, fill: { expr: 'ink' }, align: 'right', dx: -6, dy: -6 },
          encoding: { x, y, text: { field: 'label' } },
        },
      ],
    };
  }
  const detail = { field: 'law', type: 'nominal' as const };
  const line = style === 'fit' ? { strokeWidth: 1, opacity: 0.8 } : { strokeWidth: 1.5, strokeDash: [5, 4] };
  return {
    data,
    layer: [
      { mark: { type: 'line', ...line }, encoding: { x, y, color, detail } },
      ...(style === 'fit'
        ? []
        : ([
            {
              transform: [{ filter: 'isValid(datum.low)' }],
              mark: { type: 'rule', strokeWidth: 1.5, strokeDash: [2, 2] },
              encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
            },
            {
              transform: [{ filter: 'isValid(datum.low)' }],
              mark: { type: 'point', size: 50, strokeWidth: 1.5, filled: false, opacity: 1 },
              encoding: { x, y, color, tooltip: { field: 'tip', type: 'nominal' } },
            },
            ...[true, false].map((below) => ({
              transform: [{ filter: `isValid(datum.label) && datum.below === ${below}` }],
              mark: { type: 'text', fontSize: 11, fill: { expr: 'ink' }, align: 'right', dx: 12, dy: below ? 10 : -10 },
              encoding: { x, y: { ...y, field: 'labelAt' }, text: { field: 'label' } },
            })),
          ] as Layer[])),
    ] as Layer[],
  };
}

/** In lines that are not wider than a plot. */
function wrapped(text: string): string[] {
  return text.match(/.{1,66}(?=\s|$)\s?/g)?.map((line) => line.trim()) ?? [text];
}

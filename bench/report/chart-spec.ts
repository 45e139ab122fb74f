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
  /** For paper: with values, titles and a legend. In a page all of these are in the page. */
  readonly print?: {
    readonly rows: Readonly<Record<string, readonly Row[]>>;
    readonly y: string;
    readonly unit: string;
    readonly title: string;
    readonly subtitle: readonly string[];
    readonly width?: number;
  };
}

type Layer = LayerSpec<string> | UnitSpec<string>;
type Position = PositionFieldDef<string>;

/** "10 ms", "1.5 k", "0.25": with a prefix, and the unit that the signal `unit` says; what has no unit is not told in thousandths. */
export const WITH_UNIT =
  "unit === '' && abs(datum.value) < 1000 ? format(datum.value, '.3~g') : " +
  "trim(replace(format(datum.value, '.3~s'), /([^0-9]?)$/, ' $1') + unit)";

/** Compiled for a page: without values, as wide as its container. */
export function compiled(asked: Asked): Spec {
  return compileSpec(chart(asked)).spec;
}

/** The chart for vega-lite. */
export function chart(asked: Asked): TopLevelSpec & { layer: Layer[] } {
  const { print, height } = asked;
  return {
    ...(print
      ? {
          width: print.width ?? 640,
          padding: 16,
          title: {
            text: print.title,
            subtitle: print.subtitle.flatMap(wrapped),
            anchor: 'start',
            frame: 'group',
            offset: 20,
          },
          datasets: Object.fromEntries(
            Object.entries(print.rows).map(([name, rows]) => [name, rows.filter((row) => shown(row, asked.variant))]),
          ),
        }
      : {
          width: 'container',
          autosize: { type: 'fit-x', contains: 'padding', resize: true },
          padding: 2,
          background: 'transparent',
        }),
    height,
    params: params(print?.unit ?? ''),
    layer: layers(asked),
    config: { aria: false },
  };
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

function layers(asked: Asked): Layer[] {
  const { variant, print, series, curves = [], height } = asked;
  const x = xOf(asked, asked.apart && variant === 'log' ? 'shown' : 'x');
  const exact = xOf(asked);
  const y: Position = {
    field: 'median',
    type: 'quantitative',
    scale: variant === 'log' ? { type: 'log', nice: false, padding: 10 } : { type: 'linear', nice: true, zero: true },
    axis: { title: print?.y ?? null, labelExpr: WITH_UNIT, tickCount: 6, labelOverlap: 'greedy' },
  };
  const legend = print && series.length > 1 ? { orient: 'bottom' as const } : null;
  const scale = { domain: [...series] };
  const color = { field: 'series', type: 'nominal' as const, title: null, legend, scale };
  const dash = { ...color, legend: null, scale: { ...scale, range: DASHES } };
  const shape = { ...color, scale: { ...scale, range: SHAPES } };
  const kind = (name: string) => ({ filter: `datum.kind === '${name}'` });
  // The lanes hang in pixels, outside of the scale.
  const hang = { field: 'top', type: 'quantitative' as const, scale: null, axis: null };
  return [
    {
      data: { name: 'lanes' },
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
    ...curves.map(({ data, style }) => curveLayer(data, style, { x: exact, y, color })),
    {
      data: { name: 'points' },
      mark: { type: 'line', strokeWidth: 2, clip: true },
      encoding: { x, y, color, strokeDash: dash },
    },
    {
      data: { name: 'points' },
      mark: { type: 'rule', strokeWidth: 2 },
      encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
    },
    {
      data: { name: 'open' },
      mark: { type: 'rule', strokeWidth: 2, strokeDash: [2, 2] },
      encoding: { x, y: { ...y, field: 'low' }, y2: { value: 0 }, color },
    },
    {
      data: { name: 'points' },
      mark: { type: 'point', filled: true, size: 55, opacity: 1 },
      encoding: { x, y, color, shape },
    },
    {
      data: { name: 'points' },
      transform: [{ filter: 'datum.best' }],
      mark: { type: 'point', shape: 'circle', size: 210, strokeWidth: 1.75, opacity: 1 },
      encoding: { x, y, color },
    },
    {
      data: { name: 'never' },
      mark: { type: 'text', text: '×', fontSize: 18, baseline: 'top', opacity: 1 },
      encoding: { x, y: { value: 0 }, color, tooltip: { field: 'tip', type: 'nominal' } },
    },
    {
      data: { name: 'points' },
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
      ...((log || xLinear) && { values: [...ticks] }),
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

function curveLayer(data: string, style: 'ideal' | 'fit' | 'prediction', { x, y, color }: Encodings): Layer {
  if (style === 'ideal') {
    return {
      data: { name: data },
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
    data: { name: data },
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
            {
              transform: [{ filter: 'isValid(datum.label)' }],
              mark: { type: 'text', fontSize: 11, fill: { expr: 'ink' }, align: 'right', dx: -6, dy: -12 },
              encoding: { x, y, text: { field: 'label' } },
            },
          ] as Layer[])),
    ] as Layer[],
  } as Layer;
}

/** What a chart on paper has: the first variant, and rows of its one quantity. */
function shown({ variant }: Row, wanted: string): boolean {
  return variant === undefined || variant === wanted;
}

/** In lines that are not wider than a plot. */
function wrapped(text: string): string[] {
  return text.match(/.{1,66}(?=\s|$)\s?/g)?.map((line) => line.trim()) ?? [text];
}

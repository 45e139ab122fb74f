import type { Spec } from 'vega';
import { compile as compileSpec, type TopLevelSpec } from 'vega-lite';
import { params, WITH_UNIT } from './chart-spec.ts';

/** Bars that lie, of pieces one after the other: a row for each `bar`, a colour for each series, `from` ... `to` in seconds. */
function barsChart(series: readonly string[], x: string): TopLevelSpec {
  const hang = { field: 'top', type: 'quantitative' as const, scale: null, axis: null };
  const at = { field: 'x', type: 'quantitative' as const };
  return {
    width: 'container',
    autosize: { type: 'fit-x', contains: 'padding', resize: true },
    padding: 2,
    background: 'transparent',
    // The page makes it as high as there are bars.
    height: 30,
    params: params('s'),
    layer: [
      {
        data: { name: 'points' },
        mark: { type: 'bar', height: { band: 0.74 }, stroke: { expr: 'paper' }, strokeWidth: 0.5 },
        encoding: {
          x: {
            field: 'from',
            type: 'quantitative',
            title: x,
            scale: { nice: false, zero: true },
            axis: { labelExpr: WITH_UNIT, tickCount: 5, labelOverlap: 'greedy' },
          },
          x2: { field: 'to' },
          y: { field: 'bar', type: 'nominal', sort: null, title: null, axis: { labelLimit: 120 } },
          color: {
            field: 'series',
            type: 'nominal',
            title: null,
            legend: null,
            scale: { domain: [...series] },
          },
          tooltip: { field: 'tip', type: 'nominal' },
        },
      },
      {
        data: { name: 'lanes' },
        mark: { type: 'rule', stroke: { expr: 'quiet' }, strokeDash: [3, 3] },
        encoding: { x: at, y: hang, y2: { value: 'height' } },
      },
      {
        data: { name: 'lanes' },
        mark: { type: 'text', align: 'left', dx: 3, fontSize: 11, fill: { expr: 'ink' } },
        encoding: { x: at, y: { ...hang, field: 'text' }, text: { field: 'label' } },
      },
    ],
    config: { aria: false },
  };
}

export function compiledBars(series: readonly string[], x: string): Spec {
  return compileSpec(barsChart(series, x)).spec;
}

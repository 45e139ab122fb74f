import { cachesInWords } from '../../src/cli/caches.ts';
import { curveFigure } from './curve-figure.ts';
import type { Figure } from './figure.ts';
import { figureHtml } from './figure-html.ts';
import { details, escaped, list, prose, section, tableOf } from './html.ts';
import type { CurveData, CurvePointData, Span } from './kinds.ts';
import { amount, bytes, counted, type Form, seconds, withInterval } from '../../src/cli/numbers.ts';
import { recommendation, verdict } from '../../src/cli/curve-words.ts';

export interface Part {
  readonly html: string;
  readonly figures: readonly Figure[];
}

/** The recommendation large, the rest of the verdict in sentences. */
export function verdictSection(report: CurveData): string {
  const { best, points, target } = report;
  const at = points.find((point) => point.workers === best.workers && point.batchSize === best.recommended);
  const value = at?.[best.quantity];
  const facts: { name: string; text: string; note?: string }[] = [
    { name: 'Recommended', text: `B = ${best.recommended} on ${counted(best.workers, 'worker')}` },
    ...(value
      ? [
          {
            name: best.quantity === 'timeToTarget' ? 'Time to target' : 'Time per epoch',
            text: seconds(value.median),
            note: `${seconds(value.low)} to ${seconds(value.high)}`,
          },
        ]
      : []),
    { name: 'Not shown to be slower', text: best.batchSizes.join(', ') },
    ...(target?.noiseScale
      ? [{ name: 'Gradient noise scale', text: `${target.noiseScale.noiseScale.toFixed(0)} rows` }]
      : []),
    ...(target && target.predicted.length > 0
      ? [
          {
            name: 'Predicted optimum B*',
            text: target.predicted.map((one) => one.batchSize.toFixed(0)).join(', '),
            note: `on ${target.predicted.map((one) => one.workers).join(', ')} workers`,
          },
        ]
      : []),
  ];
  const cards = facts.map(({ name, text, note }) => {
    const small = note === undefined ? '' : `<span class="note">${prose(note)}</span>`;
    return `<div><dt>${escaped(name)}</dt><dd>${prose(text)}${small}</dd></div>`;
  });
  return section(
    'verdict',
    'Verdict',
    `<dl class="facts">${cards.join('')}</dl>\n<p class="lead">${prose(recommendation(report))}.</p>\n${list(verdict(report))}`,
  );
}

/** The curves, the caches in words and the numbers. */
export function curveSection(report: CurveData): Part {
  const figure = curveFigure(report);
  const { network, patterns, points, environment } = report;
  const shape = [network.inputs, ...network.layers.map(({ units }) => units)].join('-');
  const what = `${shape} with ${network.parameters} parameters, ${patterns} patterns, batch sizes ${points[0]!.batchSize} to ${points.at(-1)!.batchSize}; each point is measured for at least ${seconds(report.sampleSeconds)} in each of ${counted(report.rounds, 'round')}.`;
  const html = section(
    'batch-size',
    'Time against batch size',
    `<p>${prose(what)}</p>
${figureHtml(figure)}
<h3>Caches</h3>
${list(cachesInWords(points, environment.caches))}
${details(
  'Numbers of the curves',
  tableOf(
    'Times by number of workers and batch size, medians with 95% intervals',
    HEAD,
    points.map((point) => timeRow(report, point)),
  ),
)}
${report.target ? details('Numbers of the trainings to the target', targetTable(report)) : ''}
${details('How each point was trained', tableOf('Backend, strategy and working set of each point', ['point', 'backend', 'strategy', 'rows at a time', 'working set of a worker'], points.map(trainerRow)))}`,
  );
  return { html, figures: [figure] };
}

const HEAD = ['point', 'time per epoch', 'time per update', 'time per row', 'rows per second', 'best'];

function nameOf({ workers, batchSize }: CurvePointData): string {
  return `${counted(workers, 'worker')}, B = ${batchSize}`;
}

function markOf({ workers, batchSize }: CurvePointData, best: CurveData['best']['timePerEpoch'] = []): string {
  const own = best.find((one) => one.workers === workers);
  return own?.fastest === batchSize ? 'fastest' : own?.batchSizes.includes(batchSize) ? 'as good' : '';
}

function timeRow({ best }: CurveData, point: CurvePointData): string[] {
  const cell = (span: Span, form: Form) => withInterval(span, form);
  return [
    nameOf(point),
    cell(point.timePerEpoch, seconds),
    cell(point.timePerUpdate, seconds),
    cell(point.timePerRow, seconds),
    cell(point.samplesPerSecond, amount),
    markOf(point, best.timePerEpoch),
  ];
}

function targetTable({ points, best, target }: CurveData): string {
  const rows = points.flatMap((point) => {
    const runs = target?.batchSizes.find(({ batchSize }) => batchSize === point.batchSize);
    if (!runs || !point.timeToTarget || !point.updatesToTarget) return [];
    return [
      [
        nameOf(point),
        withInterval(point.timeToTarget, seconds),
        withInterval(point.updatesToTarget, amount),
        `${runs.arrived} of ${runs.updates.length}`,
        `${amount(runs.learningRate)} (${runs.rule})`,
        markOf(point, best.timeToTarget),
      ],
    ];
  });
  return tableOf(
    'Trainings to the target by number of workers and batch size, medians with 95% intervals',
    ['point', 'time to target', 'updates to target', 'arrived', 'learning rate', 'best'],
    rows,
  );
}

function trainerRow(point: CurvePointData): string[] {
  const { backend, path, strategy, blockRows } = point.trainer;
  const whole = blockRows >= point.batchSize ? 'whole batch' : String(blockRows);
  return [nameOf(point), `${backend} (${path})`, strategy, whole, bytes(point.workingSet)];
}

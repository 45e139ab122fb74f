import { axesOf, capacityFigures } from './capacity-figures.ts';
import type { Part } from './curve-section.ts';
import { figureHtml } from './figure-html.ts';
import { details, escaped, list, prose, section, tableOf } from './html.ts';
import type { CapacityData, Machine, ScalingData } from './kinds.ts';
import { amount, bytes, counted, plain, seconds, withInterval } from '../../src/cli/numbers.ts';
import { inOrder } from './phases.ts';
import { scalingFigures, seriesName } from './scaling-figures.ts';
import { type Piece, timelineFigure } from './timeline.ts';

export function scalingSection(report: ScalingData): Part {
  const figures = scalingFigures(report);
  const { points, series } = report;
  const numbers = tableOf(
    'Scaling, medians with 95% intervals',
    ['point', 'B', 'time per update', 'rows per second', 'speed-up', 'efficiency', 'serial fraction (Karp-Flatt)'],
    points.map((point) => [
      `${seriesName(point)}, ${counted(point.workers, 'worker')}`,
      point.batchSize,
      withInterval(point.timePerUpdate, seconds),
      withInterval(point.samplesPerSecond, amount),
      withInterval(point.speedup, plain),
      withInterval(point.efficiency, plain),
      point.karpFlatt ? withInterval(point.karpFlatt, plain) : '',
    ]),
  );
  const predictions = series.flatMap((one) =>
    one.predictions.map((p) => [
      `${seriesName(one)}, ${counted(p.workers, 'worker')}`,
      p.law === 'usl' ? 'universal scalability law' : "Amdahl's law",
      withInterval(p.speedup, plain),
    ]),
  );
  const phases = inOrder(points.flatMap((point) => point.phases.flatMap((own) => Object.keys(own))));
  const spent = points.flatMap((point) =>
    point.phases.map((own, worker) => [
      `${seriesName(point)}, worker ${worker + 1} of ${point.workers}`,
      ...phases.map((phase) => seconds(own[phase] ?? 0)),
    ]),
  );
  const html = section(
    'scaling',
    'Time against workers',
    `${report.state === 'partial' ? `<p>Ended early, after ${counted(report.rounds, 'round')}.</p>` : ''}
${figures.slice(0, 1).map(figureHtml).join('')}
<h3>What the laws say</h3>
${list(series.flatMap(lawInWords))}
<h3>Where the time goes</h3>
${figures.slice(1).map(figureHtml).join('')}
${details('Numbers of the scaling', numbers)}
${predictions.length > 0 ? details('Predictions beyond what was measured', tableOf('Predicted speed-ups, medians with 95% intervals', ['series and workers', 'law', 'speed-up'], predictions)) : ''}
${details('Numbers of the phases', tableOf('Seconds of an update by worker and phase', ['worker', ...phases], spent))}`,
  );
  return { html, figures };
}

function lawInWords(series: ScalingData['series'][number]): string[] {
  const { amdahl, usl, gustafson, caveats } = series;
  const name = seriesName(series);
  return [
    ...(amdahl
      ? [
          `${name}: by Amdahl's law a share of ${withInterval(amdahl.serial, plain)} is serial, so the speed-up stays below ${withInterval(amdahl.limit, plain)}.`,
        ]
      : []),
    ...(usl
      ? [
          `${name}: by the universal scalability law contention is ${withInterval(usl.alpha, plain)}, coherency ${withInterval(usl.beta, plain)}; the speed-up is greatest on ${withInterval(usl.peak, plain)} workers.`,
        ]
      : []),
    ...(gustafson
      ? [
          `${name}: by Gustafson's law a worker spends a share of ${withInterval(gustafson.serial, plain)} on what is not divided.`,
        ]
      : []),
    ...caveats.map((caveat) => `${name}: ${caveat}`),
  ];
}

export function capacitySection(report: CapacityData): Part {
  const figures = capacityFigures(report);
  const { patterns, sideBySide, best, points } = report;
  const what = `${patterns.training} patterns to train, ${patterns.validation} to validate, ${patterns.test} to test. ${counted(sideBySide.together, 'training')} at a time with ${counted(sideBySide.workersEach, 'worker')} each: ${sideBySide.why}`;
  const tables = axesOf(report).map((axis) =>
    details(
      `Numbers against ${axis}`,
      tableOf(
        `Errors (${report.quantity}) against ${axis}, medians with 95% intervals`,
        [axis, 'parameters', 'training', 'validation', 'test', 'seconds of a training', 'epochs'],
        points
          .filter((point) => point.axis === axis)
          .map((point) => [
            point[axis],
            point.parameters,
            withInterval(point.training, plain),
            withInterval(point.validation, plain),
            withInterval(point.test, plain),
            withInterval(point.seconds, seconds),
            withInterval(point.epochs, plain),
          ]),
      ),
    ),
  );
  const html = section(
    'capacity',
    'Error against width and depth',
    `${report.state === 'partial' ? '<p>Ended early.</p>' : ''}<p>${prose(what)}</p>
${list(best.map(({ text }) => text))}
${figures.map((figure) => `<h3>${escaped(figure.title)}</h3>\n${figureHtml(figure)}`).join('\n')}
${tables.join('\n')}`,
  );
  return { html, figures };
}

export function timelineSection(pieces: readonly Piece[]): Part {
  const figure = timelineFigure(pieces);
  const rows = pieces.map(({ party, update, phase, start, end }) => [
    `${party}, update ${update}, ${phase}`,
    seconds(start),
    seconds(end - start),
  ]);
  const numbers = tableOf('Phases of the updates shown', ['phase', 'begins', 'takes'], rows);
  return {
    html: section('timeline', 'Timeline', `${figureHtml(figure)}\n${details('Numbers of the timeline', numbers)}`),
    figures: [figure],
  };
}

/** A column for each report. */
export function environmentSection(machines: readonly { readonly name: string; readonly machine: Machine }[]): string {
  const caches = ({ caches: list }: Machine) =>
    list.map(({ level, type, bytes: size }) => `L${level} ${type.toLowerCase()} ${bytes(size)}`).join(', ') ||
    'not told';
  const rows: [string, (machine: Machine) => string][] = [
    ['CPU', ({ cpu }) => cpu],
    ['cores', ({ cores, availableCores }) => `${cores}, ${availableCores} of them available`],
    ['caches of the first core', caches],
    ['CPUs that the control group allows', ({ quota }) => (quota === undefined ? 'all' : plain(quota))],
    ['memory', ({ memory }) => bytes(memory)],
    ['load of the last 1, 5, 15 minutes', ({ load }) => load.map((value) => value.toFixed(2)).join(', ')],
    ['operating system', ({ os }) => os],
    ['Node', ({ node, v8 }) => `${node}, V8 ${v8}`],
    ['flags of Node', ({ flags }) => flags.join(' ') || 'none'],
    ['SIMD', ({ simd }) => simd],
    ['gradpool', ({ version, commit }) => `${version}${commit === undefined ? '' : `, commit ${commit.slice(0, 10)}`}`],
    ['time', ({ time }) => time],
  ];
  const table = tableOf(
    'Machine and software',
    ['', ...machines.map(({ name }) => name)],
    rows.map(([name, of]) => [name, ...machines.map(({ machine }) => of(machine))]),
  );
  return section('environment', 'Where it was measured', table);
}

// Reports on disk.
import { readFileSync } from 'node:fs';
import { writeWhole } from '../../src/cli/text.ts';
import { capacityChart } from './capacity-figures.ts';
import { curveChart } from './curve-figure.ts';
import { asPng, asSvg } from './draw.ts';
import { kindOf, load } from './kinds.ts';
import { type PageInput, reportPage } from './page.ts';
import { scalingChart } from './scaling-figures.ts';
import { lastUpdates } from './timeline.ts';

/** Time per epoch against batch size with intervals, best sets, caches and the recommended B. */
export function curveAsSvg(report: object): Promise<string> {
  return asSvg(curveChart(load('report', 'batch-curve', report).report));
}

/** Speed-up and efficiency against workers with fits and predictions. */
export function scalingAsSvg(report: object): Promise<string> {
  return asSvg(scalingChart(load('report', 'scaling', report).report));
}

/** Training, validation and test error against width and depth. */
export function capacityAsSvg(report: object): Promise<string> {
  return asSvg(capacityChart(load('report', 'capacity', report).report));
}

/**
 * Writes `<path>.svg`, `<path>.png` and `<path>.html` of one report.
 * @param path - without its ending
 * @returns what was written
 */
export async function writePictures(path: string, report: object, timeline?: object): Promise<string[]> {
  const kind = kindOf('report', report);
  const [svg, input]: [string, PageInput] =
    kind === 'batch-curve'
      ? [await curveAsSvg(report), { curve: report }]
      : kind === 'scaling'
        ? [await scalingAsSvg(report), { scaling: report }]
        : [await capacityAsSvg(report), { capacity: report }];
  await writeWhole(`${path}.svg`, svg);
  await writeWhole(`${path}.png`, asPng(svg));
  await writeWhole(`${path}.html`, reportPage({ ...input, timeline }));
  return [`${path}.svg`, `${path}.png`, `${path}.html`];
}

const NAMES = { 'batch-curve': 'curve', scaling: 'scaling', capacity: 'capacity' } as const;

/**
 * Makes one page of saved reports, at most one of each kind, and of a trace.
 * @throws RangeError naming the file that cannot be read, is no report, or is the second of its kind
 */
export function pageOfFiles(paths: readonly string[], tracePath?: string): string {
  const found = new Map<string, { path: string; report: object }>();
  for (const path of paths) {
    const report = readJson(path);
    const name = NAMES[kindOf(path, report)];
    const before = found.get(name);
    if (before) throw new RangeError(`"${path}" expected a kind that is not in ${before.path} already, got ${name}`);
    load(path, kindOf(path, report), report);
    found.set(name, { path, report });
  }
  const input = Object.fromEntries([...found].map(([name, { report }]) => [name, report]));
  if (tracePath === undefined) return reportPage(input);
  const timeline = readJson(tracePath);
  lastUpdates(tracePath, timeline);
  return reportPage({ ...input, timeline });
}

function readJson(path: string): object {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new RangeError(`"${path}" expected a file of JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null) throw new RangeError(`"${path}" expected an object of JSON`);
  return value;
}

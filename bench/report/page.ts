import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { capacityCsv, curveCsv, scalingCsv } from './csv.ts';
import { curveSection, type Part, verdictSection } from './curve-section.ts';
import type { PageData } from './figure.ts';
import { embedded, escaped, section } from './html.ts';
import { type Kind, load, type Loaded, type Machine } from './kinds.ts';
import { capacitySection, environmentSection, scalingSection, timelineSection } from './other-sections.ts';
import { cssColours, DARK, LIGHT, vegaConfig } from './theme.ts';
import { lastUpdates } from './timeline.ts';

/** What goes into a page; at least one of the first three. Each is looked at as if a stranger had written it. */
export interface PageInput {
  /** Of `measureBatchCurve`. */
  readonly curve?: object | undefined;
  /** Of kind 'scaling'. */
  readonly scaling?: object | undefined;
  /** Of kind 'capacity'. */
  readonly capacity?: object | undefined;
  /** Events as the option `trace` writes them; the last updates are shown. */
  readonly timeline?: object | undefined;
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
const ROOT = new URL('../../../', import.meta.url);
const resolve = createRequire(import.meta.url).resolve;

/**
 * A page of HTML that needs nothing but itself: figures, verdict, numbers, environment, and the data to download.
 * Its policy lets it load nothing, and run no script but its own.
 * @throws RangeError naming what is wrong with a report
 */
export function reportPage({ curve, scaling, capacity, timeline }: PageInput): string {
  const reports = {
    curve: curve && load('curve', 'batch-curve', curve),
    scaling: scaling && load('scaling', 'scaling', scaling),
    capacity: capacity && load('capacity', 'capacity', capacity),
  };
  const there = Object.entries(reports).flatMap(([name, loaded]) => (loaded ? [{ name, loaded }] : []));
  if (there.length === 0)
    throw new RangeError('"reportPage" expected a curve, a scaling or a capacity report, got none');
  const parts: Part[] = [
    ...(reports.curve
      ? [{ html: verdictSection(reports.curve.report), figures: [] }, curveSection(reports.curve.report)]
      : []),
    ...(reports.scaling ? [scalingSection(reports.scaling.report)] : []),
    ...(reports.capacity ? [capacitySection(reports.capacity.report)] : []),
    ...(timeline ? [timelineSection(lastUpdates('timeline', timeline))] : []),
  ];
  const machines = there.map(({ name, loaded }) => ({ name, machine: loaded.report.environment }));
  const files = downloads(reports);
  const body = [...parts.map(({ html }) => html), environmentSection(machines), downloadSection(files)].join('\n');
  const data: PageData = {
    figures: parts.flatMap(({ figures }) => figures),
    config: { light: vegaConfig(LIGHT, FONT), dark: vegaConfig(DARK, FONT) },
    downloads: files,
  };
  return page(machines[0]!.machine, body, data);
}

function downloads(reports: {
  readonly curve: Loaded<'batch-curve'> | undefined;
  readonly scaling: Loaded<'scaling'> | undefined;
  readonly capacity: Loaded<'capacity'> | undefined;
}): PageData['downloads'] {
  const { curve, scaling, capacity } = reports;
  const pair = <K extends Kind>(
    name: string,
    loaded: Loaded<K> | undefined,
    csv: (report: Loaded<K>['report']) => string,
  ) =>
    loaded
      ? [
          { name: `${name}.json`, type: 'application/json', text: `${JSON.stringify(loaded.whole, null, 2)}\n` },
          { name: `${name}.csv`, type: 'text/csv', text: csv(loaded.report) },
        ]
      : [];
  return [
    ...pair('batch-curve', curve, curveCsv),
    ...pair('scaling', scaling, scalingCsv),
    ...pair('capacity', capacity, capacityCsv),
  ];
}

function downloadSection(files: PageData['downloads']): string {
  const buttons = files.map(
    ({ name, text }) =>
      `<button type="button" data-download="${escaped(name)}">${escaped(name)} <span class="size">${(text.length / 1000).toFixed(1)} kB</span></button>`,
  );
  return section(
    'data',
    'Data',
    `<p>The whole reports as JSON, and every sample as a table. Null is what never came: a target that was not reached.</p>
<p class="buttons">${buttons.join('\n')}</p>`,
  );
}

function page({ cpu, time }: Machine, body: string, data: PageData): string {
  const scripts = [
    { attributes: '', code: library('vega/build/vega.min.js') },
    { attributes: '', code: library('vega-interpreter/build/vega-interpreter.min.js') },
    { attributes: ' type="module"', code: readFileSync(new URL('browser/page.js', import.meta.url), 'utf8') },
  ].map(({ attributes, code }) => ({ attributes, code: inScript(code) }));
  const hashes = scripts.map(({ code }) => `'sha256-${createHash('sha256').update(code).digest('base64')}'`);
  const policy = `default-src 'none'; script-src ${hashes.join(' ')}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
  const links = [...body.matchAll(/<section id="([\w-]+)"[^>]*><h2[^>]*>([^<]*)/g)];
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>gradpool report, ${escaped(time.slice(0, 10))}</title>
<link rel="icon" href="data:,">
<style>${styles()}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>
<div><h1>gradpool report</h1>
<p>${escaped(cpu)}, ${escaped(time.slice(0, 16).replace('T', ' '))} UTC</p></div>
<fieldset id="theme"><legend>Colours</legend><div class="choices">${['auto', 'light', 'dark']
    .map(
      (theme) =>
        `<label class="choice"><input type="radio" name="theme" value="${theme}"${theme === 'auto' ? ' checked' : ''}><span>${theme}</span></label>`,
    )
    .join('')}</div></fieldset>
</header>
<nav aria-label="Parts of the report"><ul>${links.map(([, id, title]) => `<li><a href="#${id}">${title}</a></li>`).join('')}</ul></nav>
<main id="main" tabindex="-1">
${body}
</main>
<footer><details><summary>What draws the figures</summary><pre>${escaped(readFileSync(new URL('bench/report/notices.txt', ROOT), 'utf8'))}</pre></details></footer>
<div id="tip" hidden></div>
<script type="application/json" id="page-data">${embedded(data)}</script>
${scripts.map(({ attributes, code }) => `<script${attributes}>${code}</script>`).join('\n')}
</body>
</html>
`;
}

/** The colours of both themes, then the rest of the style sheet. */
function styles(): string {
  const dark = cssColours(DARK);
  return `:root{color-scheme:light;${cssColours(LIGHT)}}
@media (prefers-color-scheme:dark){:root:not([data-theme="light"]){color-scheme:dark;${dark}}}
:root[data-theme="dark"]{color-scheme:dark;${dark}}
${readFileSync(new URL('bench/report/style.css', ROOT), 'utf8')}`;
}

function library(path: string): string {
  // A map that is not there would be asked for.
  return readFileSync(resolve(path), 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
}

/** A script that cannot end before its end. */
function inScript(code: string): string {
  return code.replace(/<(?=\/script|!--)/gi, '\\x3c');
}

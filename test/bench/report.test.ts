// The page and the pictures, without a browser.
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { measureBatchCurve } from 'gradpool';
import { cacheMarks, cachesInWords } from '#src/cli/caches.js';
import { asPng } from '#bench/report/draw.js';
import type { PageData } from '#bench/report/figure.js';
import { capacityAsSvg, curveAsSvg, pageOfFiles, scalingAsSvg, writePictures } from '#bench/report/files.js';
import { forBothAxes } from '#bench/report/log-rows.js';
import { inLanes } from '#bench/report/lanes.js';
import { seconds, withInterval } from '#src/cli/numbers.js';
import { reportPage } from '#bench/report/page.js';
import { lastUpdates, timelineFigure } from '#bench/report/timeline.js';
import { classes, classifier } from '../train/problem.ts';
import { capacity, curve, ENVIRONMENT, scaling, trace } from './reports.ts';

const everything = reportPage({
  curve: curve({ arrived: 2 }),
  scaling: scaling(),
  capacity: capacity(),
  timeline: trace(),
});

/** The scripts of a page: attributes and text. */
function scriptsOf(html: string): { attributes: string; text: string }[] {
  return [...html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)].map(([, attributes, text]) => ({
    attributes: attributes!,
    text: text!,
  }));
}

function dataOf(html: string): PageData {
  return JSON.parse(scriptsOf(html).find(({ attributes }) => attributes.includes('json'))!.text) as PageData;
}

/** The page without what its scripts say. */
function markupOf(html: string): string {
  return html.replace(/<script[\s\S]*?<\/script>/g, '');
}

describe('a page', () => {
  it('asks for nothing', () => {
    const markup = markupOf(everything);
    const links = [...markup.matchAll(/(?:src|href|action|srcset|poster)\s*=\s*"([^"]*)"/g)].map(([, to]) => to!);
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((to) => !to.startsWith('#') && to !== 'data:,')).toEqual([]);
    expect(markup).not.toMatch(/@import|url\(|<iframe|<object|<embed/i);
    expect(everything).not.toContain('sourceMappingURL');
  });

  it('lets nothing be loaded and no script run but its own', () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(everything)![1]!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe-eval');
    const scripts = scriptsOf(everything).filter(({ attributes }) => !attributes.includes('json'));
    expect(scripts).toHaveLength(3);
    for (const { text } of scripts) {
      expect(policy).toContain(`'sha256-${createHash('sha256').update(text).digest('base64')}'`);
    }
    expect(policy.match(/sha256-/g)).toHaveLength(3);
  });

  it('carries every sample, as JSON and as CSV', () => {
    const reports = { 'batch-curve': curve({ arrived: 2 }), scaling: scaling(), capacity: capacity() };
    const files = new Map(dataOf(everything).downloads.map(({ name, text }) => [name, text]));
    for (const [name, report] of Object.entries(reports)) {
      expect(JSON.parse(files.get(`${name}.json`)!)).toEqual(JSON.parse(JSON.stringify(report)));
    }
    const column = (name: string, index: number) =>
      files
        .get(name)!
        .trim()
        .split('\r\n')
        .slice(1)
        .map((line) => line.split(/,(?! )/).at(index)!);
    const { points, target } = reports['batch-curve'];
    const updates = target!.batchSizes.flatMap((one) => one.updates);
    const samples = [...points.flatMap((point) => point.samples), ...updates];
    expect(column('batch-curve.csv', -1)).toEqual(samples.map((value) => (value === null ? '' : String(value))));
    expect(column('scaling.csv', -1)).toEqual(reports.scaling.points.flatMap((point) => point.samples.map(String)));
    expect(column('capacity.csv', 7)).toEqual(
      reports.capacity.points.flatMap(({ runs }) => runs.map((r) => String(r.test))),
    );
  });

  it('shows hostile words as words', () => {
    const hostile = `</script><script>alert(1)</script><img src=x onerror="alert(2)">' & <!-- <script>`;
    const bad = curve();
    bad.environment = { ...ENVIRONMENT, cpu: hostile, flags: [hostile] as never, os: hostile };
    bad.shape.timePerEpoch[0]!.text = hostile;
    bad.points[0]!.trainer.strategy = hostile;
    const events = trace();
    Object.assign(events.traceEvents[1]!.args, { name: hostile });
    const html = reportPage({
      curve: bad,
      scaling: { ...scaling(), series: [{ ...scaling().series[0], caveats: [hostile] }] },
      timeline: events,
    });
    expect(scriptsOf(html)).toHaveLength(scriptsOf(everything).length);
    expect(markupOf(html)).not.toMatch(/<img|<script|<!--/);
    expect(markupOf(html)).toContain('&lt;img src=x onerror=&quot;alert(2)&quot;&gt;');
    expect(dataOf(html).downloads[0]!.text).toContain('alert(1)');
  });

  it('names its tables, its parts and the heads of rows and columns', () => {
    const markup = markupOf(everything);
    expect(markup.match(/<table>/g)!.length).toBe(markup.match(/<caption>/g)!.length);
    for (const section of markup.matchAll(/<section [^>]*>/g)) expect(section[0]).toContain('aria-labelledby');
    expect(markup).not.toMatch(/<th(?! scope)(?!ead)/);
  });
});

describe('what a page is made of', () => {
  it.each([
    ['one worker', curve({ workers: [1] })],
    ['one batch size', curve({ batchSizes: [64] })],
    ['one round', curve({ rounds: 1, state: 'partial' })],
    ['a target that nobody reaches', curve({ arrived: 0 })],
    ['a target that some reach', curve({ arrived: 2 })],
    ['no caches', { ...curve(), environment: { ...ENVIRONMENT, caches: [] } }],
  ])('may be a curve with %s', async (_, report) => {
    const html = reportPage({ curve: report });
    expect(html).toContain('<h2 id="verdict-title">');
    expect(await curveAsSvg(report)).toMatch(/^<svg [\s\S]*recommended B[\s\S]*<\/svg>$/);
  });

  it('may be what the laboratory measures, with runs that never arrive', { timeout: 60_000 }, async () => {
    const report = await measureBatchCurve(classifier(), classes(64), {
      batchSizes: [8, 16, 32],
      workers: [1, 2],
      rounds: 2,
      sampleSeconds: 0.002,
      target: { loss: 1e-9, seeds: 1, mostEpochs: 1, rules: ['none'] },
    });
    expect(report.points[0]!.timeToTarget!.median).toBe(Infinity);
    const html = reportPage({ curve: report });
    expect(markupOf(html)).toContain('No training reached the target.');
    expect(markupOf(html)).toContain('never');
    expect(dataOf(html).figures[0]!.rows.never!.length).toBeGreaterThan(0);
  });

  it.each([
    ['nothing', {}, /expected a curve, a scaling or a capacity report/],
    ['another kind', { curve: scaling() }, /"curve.kind" expected "batch-curve"/],
    ['a later version', { curve: { ...curve(), version: 3 } }, /"curve.version" expected 2/],
    ['no points', { curve: { ...curve(), points: [] } }, /"curve.points"/],
    ['a word for a number', { scaling: { ...scaling(), rounds: 'many' } }, /"scaling.rounds" expected number/],
    ['no trace', { curve: curve(), timeline: { points: [] } }, /"timeline" expected a trace/],
    ['an empty trace', { curve: curve(), timeline: [] }, /"timeline" expected events of updates, got none/],
  ])('must not be %s', (_, input, message) => {
    expect(() => reportPage(input)).toThrow(RangeError);
    expect(() => reportPage(input)).toThrow(message);
  });
});

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gradpool-report-'));
  const saved = (name: string, value: unknown) => {
    writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
    return join(folder, name);
  };

  it('become one page', () => {
    const html = pageOfFiles([saved('c.json', curve()), saved('s.json', scaling())], saved('t.json', trace()));
    const parts = [...html.matchAll(/<section id="(\w[\w-]*)"/g)].map(([, id]) => id);
    expect(parts).toEqual(['verdict', 'batch-size', 'scaling', 'timeline', 'environment', 'data']);
  });

  it.each([
    ['not there', () => [join(folder, 'none.json')], /none.json" expected a file of JSON: ENOENT/],
    ['no JSON', () => [saved('text.json', 'hello')], /text.json" expected a file of JSON/],
    [
      'no report',
      () => [saved('other.json', { kind: 'other' })],
      /other.json" expected a report of kind .*'capacity', got "other"/,
    ],
    [
      'two of a kind',
      () => [saved('a.json', curve()), saved('b.json', curve())],
      /b.json" expected a kind that is not in .*a.json/,
    ],
    ['damaged', () => [saved('d.json', { ...curve(), rounds: null })], /d.json.rounds" expected number/],
  ])('are named when they are %s', (_, paths, message) => {
    expect(() => pageOfFiles(paths())).toThrow(message);
  });

  it('are written as SVG, PNG and HTML', async () => {
    const written = await writePictures(join(folder, 'capacity'), capacity());
    expect(written.map((path) => path.slice(path.lastIndexOf('.')))).toEqual(['.svg', '.png', '.html']);
    const [svg, png, html] = written.map((path) => readFileSync(path));
    expect(svg!.toString()).toMatch(/^<svg /);
    expect([...png!.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
    expect(html!.toString()).toContain('Error against width');
  });
});

describe('pictures', () => {
  it('say what they show', async () => {
    const [one, two, three] = await Promise.all([
      curveAsSvg(curve()),
      scalingAsSvg(scaling()),
      capacityAsSvg(capacity()),
    ]);
    for (const word of ['recommended B = 1024', 'L2, 1 worker', 'Made-up CPU', '2 workers'])
      expect(one).toContain(word);
    for (const word of ['Speed-up', 'Efficiency', 'ideal', 'predicted, Amdahl']) expect(two).toContain(word);
    for (const word of ['least test error: 64', 'least test error: 3', 'validation']) expect(three).toContain(word);
  });

  it('have their text as PNG too, without fonts of the machine', () => {
    const svg = (text: string) =>
      `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30"><text x="4" y="20" font-family="sans-serif">${text}</text></svg>`;
    expect(asPng(svg('words')).length).toBeGreaterThan(asPng(svg('')).length + 200);
    // Twice as large: width and height stand in the header.
    expect(new DataView(asPng(svg('')).buffer).getUint32(16)).toBe(180);
  });
});

test('an interval says a unit once that both its ends have', () => {
  expect(withInterval({ median: 1e-3, low: 9e-4, high: 1.5e-3 }, seconds)).toBe('1.00 ms (900 µs to 1.50 ms)');
  expect(withInterval({ median: 2e-3, low: 1e-3, high: 3e-3 }, seconds)).toBe('2.00 ms (1.00 to 3.00 ms)');
  expect(withInterval({ median: 2, low: 1, high: null }, seconds)).toBe('2.00 s (1.00 s to never)');
});

test('what is nothing has no place on a logarithmic axis', () => {
  const row = { x: 1, median: 2, low: 1, high: 3 };
  expect(forBothAxes(row)).toEqual([row]);
  expect(forBothAxes({ ...row, low: 0 })).toEqual([
    { ...row, low: 0, variant: 'linear' },
    { ...row, low: 2, variant: 'log' },
  ]);
  expect(forBothAxes({ ...row, median: 0, low: 0 })).toEqual([{ ...row, median: 0, low: 0, variant: 'linear' }]);
});

describe('caches', () => {
  const points = [16, 64, 256].map((batchSize) => ({ batchSize, workers: 1, workingSet: 1000 + 10 * batchSize }));
  const cache = (bytes: number) => [{ level: 2, type: 'Unified', bytes, sharedBy: undefined }];

  it('are marked where weights and rows fill them', () => {
    expect(cacheMarks(points, cache(2000))).toEqual([{ workers: 1, cache: 'L2', bytes: 2000, batchSize: 100 }]);
    // What just fits, fits.
    expect(cacheMarks(points, cache(1640))[0]!.batchSize).toBe(64);
    expect(cacheMarks(points, cache(1000))).toEqual([]);
    expect(cacheMarks(points, cache(3560))).toEqual([]);
  });

  it('are told in words', () => {
    const { points: measured } = curve({ workers: [1] });
    expect(cachesInWords(measured as never, ENVIRONMENT.caches)).toEqual([
      'On 1 worker the working set of one worker (476 KiB to 5.27 MiB) is larger than L1d (32 KiB) at every B, ' +
        'outgrows L2 (1 MiB) at B = 128 and fits into L3 (32 MiB, shared by 4 CPUs) at every B.',
    ]);
    expect(cachesInWords(measured as never, [])).toEqual([
      'The machine does not tell the sizes of its caches: none is marked.',
    ]);
  });
});

test('no two labels above a plot share a place, and no line to the right of its label crosses another', () => {
  const mark = fc.record({ x: fc.integer({ min: 16, max: 4096 }), label: fc.string({ minLength: 1, maxLength: 12 }) });
  fc.assert(
    fc.property(fc.array(mark, { maxLength: 8 }), (marks) => {
      const lanes = inLanes(
        marks.map((one) => ({ ...one, kind: 'cache' })),
        16,
        4096,
      ).filter(({ variant }) => variant === 'log');
      expect(lanes).toHaveLength(marks.length);
      const place = (x: number) => Math.log2(x / 16) / 8;
      for (const a of lanes.filter(({ align }) => align === 'left')) {
        const width = 0.026 * (a.label.length + 1);
        const crossing = lanes.filter(
          (b) =>
            b !== a &&
            b.align === 'left' &&
            b.top <= a.top &&
            place(b.x) > place(a.x) &&
            place(b.x) < place(a.x) + width,
        );
        expect(crossing).toEqual([]);
      }
    }),
  );
});

describe('a timeline', () => {
  it('is made of the last updates that all workers logged', () => {
    const events = trace();
    events.traceEvents = events.traceEvents.filter((one) => !('ts' in one && one.tid === 1 && one.args.update === 6));
    const pieces = lastUpdates('trace', events, 3);
    expect([...new Set(pieces.map(({ update }) => update))]).toEqual([2, 3, 7]);
    expect(pieces[0]).toEqual({ party: 'worker 0', phase: 'forward', update: 2, start: 0.002, end: 0.0024 });
  });

  it('leaves out the time between updates that follow on others', () => {
    const { rows } = timelineFigure(lastUpdates('trace', trace(), 4));
    const starts = rows
      .lanes!.filter(({ quantity }) => quantity === 'last 4')
      .map(({ x }) => Math.round((x as number) * 1e6));
    // 2 and 3 follow on each other, 0.9 ms long; 6 begins a tenth of its length after 3 ended.
    expect(starts).toEqual([0, 1000, 1990, 2990]);
  });
});

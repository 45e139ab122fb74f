// The browser build, in Node and in a headless Chromium: the same file, the same predictions.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { networkToBytes, type PredictorInfo } from 'gradpool';
import * as alone from 'gradpool/predict';
import { chromium } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { expectClose, largest } from '../close.ts';
import { samples } from '../formats/networks.ts';

const BUNDLE = resolve(import.meta.dirname, '../../dist/browser/gradpool-predict.js');
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

interface Predicted {
  readonly isolated: boolean;
  readonly info: PredictorInfo;
  readonly reference: PredictorInfo;
  readonly classes: readonly string[];
  readonly one: readonly number[];
  readonly many: readonly number[];
  readonly slow: readonly number[];
}

it('is one module without imports', () => {
  const code = readFileSync(BUNDLE, 'utf8');
  expect(code.match(/^\s*(import|export)\s.*from\s.*$/gm)).toBeNull();
  expect(code).not.toMatch(/\bimport\s*\(/);
  expect(code.length).toBeLessThan(100_000);
});

describe.each(samples())('in Node: $name', ({ network, rows }) => {
  it('predicts the same', () => {
    const loaded = alone.networkFromBytes(networkToBytes(network));
    const predictor = new alone.Predictor(loaded.network);
    expect(predictor.info.backend).toBe('wasm');
    const expected = network.predict(rows);
    expectClose('outputs', predictor.predict(rows), expected, { relative: 1e-5, floor: largest(expected) });
  });
});

/** A server of the bundle, the files of models, and an empty page, with no header that isolates the page from others. */
async function serve(models: readonly Uint8Array[]): Promise<{ url: string; close: () => void }> {
  const server = createServer(({ url = '/' }, response) => {
    const model = models[Number(url.slice(1).replace('.safetensors', ''))];
    if (url === '/predict.js') response.setHeader('content-type', 'text/javascript').end(readFileSync(BUNDLE));
    else if (url === '/')
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>prediction</title>');
    else if (model) response.end(model);
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
}

describe('in Chromium', () => {
  if (CHROMIUM === undefined) {
    it('is not tested: there is no /usr/bin/chromium', () =>
      expect(process.env.CI_HAS_CHROMIUM, 'CI has Chromium').toBeUndefined());
    return;
  }

  it('the same files give the same predictions; a bad one is ERR_BAD_FILE', { timeout: 60_000 }, async () => {
    const list = samples();
    const { url, close } = await serve([
      ...list.map(({ network }) => networkToBytes(network, { classes: ['a', 'b'] })),
      Uint8Array.of(1, 2, 3),
    ]);
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    try {
      const page = await browser.newPage();
      await page.goto(url);
      for (const [i, { name, network, rows }] of list.entries()) {
        const predicted = await page.evaluate<Predicted>(predictInPage(`/${i}.safetensors`, rows));
        const expected = network.predict(rows);
        const tolerance = { relative: 1e-5, floor: largest(expected) };
        expect(predicted.isolated).toBe(false);
        expect(predicted.info.backend).toBe('wasm');
        expect(predicted.reference.backend).toBe('reference');
        expect(predicted.classes).toEqual(['a', 'b']);
        expectClose(`${name}: one`, predicted.one, network.predict(rows[0]!), tolerance);
        expectClose(`${name}: many`, predicted.many, expected, tolerance);
        expectClose(`${name}: reference`, predicted.slow, expected, tolerance);
      }
      for (const [path, message] of [
        [`${url}${list.length}.safetensors`, 'expected at least 8 bytes, got 3'],
        [`${url}none.safetensors`, 'the server answered 404 Not Found'],
      ] as const) {
        const caught = `import('/predict.js').then(({ fetchNetwork }) => fetchNetwork('${path}')).catch(({ code, message }) => ({ code, message }))`;
        expect(await page.evaluate(caught)).toEqual({
          code: 'ERR_BAD_FILE',
          message: `${path} is not a gradpool model: ${message}`,
        });
      }
    } finally {
      await browser.close();
      close();
    }
  });
});

/** What the page does, as text: it is not compiled with the test. */
function predictInPage(path: string, rows: readonly number[][]): string {
  return `(async () => {
    const { fetchNetwork, Predictor } = await import('/predict.js');
    const { network, classes } = await fetchNetwork('${path}');
    const rows = ${JSON.stringify(rows)};
    const predictor = new Predictor(network);
    const reference = new Predictor(network, { backend: 'reference' });
    return {
      isolated: crossOriginIsolated,
      info: predictor.info,
      reference: reference.info,
      classes,
      one: Array.from(predictor.predictOne(rows[0])),
      many: Array.from(predictor.predict(rows)),
      slow: Array.from(reference.predict(rows)),
    };
  })()`;
}

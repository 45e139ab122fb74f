// The browser build, in Node and in a headless Chromium: the same file, the same predictions.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Network, networkToBytes, Predictor, type PredictorInfo, saveNetwork } from 'gradpool';
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

/** 784-128-10, and rows for it. */
function digits(): { name: string; network: Network; rows: number[][] } {
  const layers = [
    { units: 128, activation: 'relu' as const },
    { units: 10, activation: 'softmax' as const },
  ];
  const rows = Array.from({ length: 7 }, (_, r) => Array.from({ length: 784 }, (_, i) => Math.sin(i * (r + 1))));
  return { name: '784-128-10', network: new Network({ inputs: 784, layers }), rows };
}

/** Of the outputs. */
const namesOf = ({ spec }: Network) => Array.from({ length: spec.layers.at(-1)!.units }, (_, k) => `class ${k}`);

/** The bytes of the file that Node writes. */
async function savedFile(network: Network): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'gradpool-browser-'));
  try {
    const path = join(folder, 'model.safetensors');
    await saveNetwork(path, network, { classes: namesOf(network) });
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

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
    const list = [...samples(), digits()];
    const { url, close } = await serve([
      ...(await Promise.all(list.map(({ network }) => savedFile(network)))),
      Uint8Array.of(1, 2, 3),
    ]);
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    try {
      const page = await browser.newPage();
      await page.goto(url);
      let same = 0;
      for (const [i, { name, network, rows }] of list.entries()) {
        const predicted = await page.evaluate<Predicted>(predictInPage(`/${i}.safetensors`, rows));
        const expected = network.predict(rows);
        const tolerance = { relative: 1e-5, floor: largest(expected) };
        expect(predicted.isolated).toBe(false);
        expect(predicted.info.backend).toBe('wasm');
        expect(predicted.reference.backend).toBe('reference');
        expect(predicted.classes).toEqual(namesOf(network));
        expectClose(`${name}: one`, predicted.one, network.predict(rows[0]!), tolerance);
        expectClose(`${name}: many`, predicted.many, expected, tolerance);
        expectClose(`${name}: reference`, predicted.slow, expected, tolerance);
        const here = new Predictor(network);
        if (here.info.path !== predicted.info.path) continue;
        // The same kernels: the same bits.
        expect(predicted.one, name).toEqual(Array.from(here.predictOne(rows[0]!)));
        expect(predicted.many, name).toEqual(Array.from(here.predict(rows)));
        same++;
      }
      expect(same, 'networks compared to the bit').toBe(process.env.CI_HAS_CHROMIUM ? list.length : same);
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

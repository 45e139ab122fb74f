// The page as a reader has it: in a browser, from a file, with mouse, keyboard and an audit of accessibility.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportPage } from '#bench/report/page.js';
import { capacity, curve, scaling, trace } from './reports.ts';

/** Debian's. */
const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'gradpool-page-'));

interface Opened {
  readonly page: Page;
  /** What the page complained about, and what it asked for beside itself. */
  readonly complaints: string[];
}

/** What axe found. */
interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { html: string }[];
}

let browser: Browser;
let whole: string;

async function open(name: string, html: string, width: number, colorScheme: 'light' | 'dark'): Promise<Opened> {
  const path = join(folder, `${name}.html`);
  writeFileSync(path, html);
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
  const page = await context.newPage();
  const url = pathToFileURL(path).href;
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
  page.on('request', (request) => {
    if (request.url() !== url && !/^(data|blob):/.test(request.url())) complaints.push(`asked: ${request.url()}`);
  });
  await page.goto(url);
  await page.locator('html[data-drawn="true"]').waitFor({ state: 'attached' });
  return { page, complaints };
}

/** By Tab alone, as somebody without a mouse gets there. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press('Tab');
    if (await page.locator(`${selector}:focus`).count()) return;
  }
  throw new Error(`${selector} was not reached by Tab`);
}

if (existsSync(CHROMIUM)) describe('in a browser', { timeout: 60_000 }, tests);
else
  it(`the page is not tested in a browser: there is no ${CHROMIUM}`, () =>
    expect(process.env.CI_HAS_CHROMIUM, 'CI has Chromium').toBeUndefined());

function tests() {
  beforeAll(async () => {
    whole = reportPage({ curve: curve({ arrived: 2 }), scaling: scaling(), capacity: capacity(), timeline: trace() });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  }, 60_000);
  afterAll(() => browser.close());

  it.each(['light', 'dark'] as const)(
    '%s: draws every figure, asks for nothing, fits phone and desk, can be used by everybody',
    async (scheme) => {
      const { page, complaints } = await open(scheme, whole, 360, scheme);
      await page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))");
      expect(await page.locator('#figure-curve .plot svg path[d]').count()).toBeGreaterThan(10);
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        for (const plot of await page.locator('.plot').all()) {
          const drawn = async () => (await plot.locator('svg').boundingBox())!.width;
          await expect.poll(drawn).toBeLessThanOrEqual(width);
          await expect.poll(drawn).toBeGreaterThan(0.7 * Math.min(width, 992));
          expect(await plot.getAttribute('role')).toBe('img');
          expect((await plot.getAttribute('aria-label'))!.length).toBeGreaterThan(30);
        }
        expect(await page.locator('.plot svg').count()).toBe(6);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      }
      await page.evaluate(AXE);
      const { violations } = await page.evaluate<{ violations: Violation[] }>('axe.run()');
      const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 80)).join(' ')}`)).toEqual(
        [],
      );
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );

  it('is worked by the keyboard, and says what changed', async () => {
    const { page, complaints } = await open('keyboard', whole, 1280, 'light');
    const lines = page.locator('#figure-curve .plot svg .mark-line path');
    const before = await lines.count();
    await page.keyboard.press('Tab');
    expect(await page.locator('a.skip:focus').count()).toBe(1);
    await tabTo(page, 'input[name="curve-series"][value="1 worker"]');
    await page.keyboard.press('Space');
    await expect.poll(() => lines.count()).toBe(before - 1);
    const status = page.locator('#figure-curve [role="status"]');
    expect(await status.textContent()).toContain('workers: 2 workers');
    await page.keyboard.press('Space');
    await expect.poll(() => lines.count()).toBe(before);
    await page.locator('input[name="curve-quantity"]:checked').focus();
    const label = await page.locator('#figure-curve .plot').getAttribute('aria-label');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => status.textContent()).toContain('Time per update');
    expect(await page.locator('#figure-curve .plot').getAttribute('aria-label')).not.toBe(label);
    await page.locator('input[name="curve-variant"]:checked').focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => status.textContent()).toContain('linear axes');
    await page.locator('input[name="theme"][value="dark"]').check();
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(20, 23, 27)');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows values where the mouse is, and hands out the data', async () => {
    const { page, complaints } = await open('mouse', whole, 1280, 'light');
    // The marks that catch the mouse are the last of the figure.
    const mark = page.locator('#figure-curve .plot svg .mark-symbol').last().locator('path').first();
    await mark.hover({ force: true });
    const tip = page.locator('#tip');
    await tip.waitFor({ state: 'visible' });
    expect(await tip.textContent()).toMatch(/^B = 16, 1 worker\nTime per epoch: .*s\n95%: .* to .*s/);
    await page.keyboard.press('Escape');
    expect(await tip.isVisible()).toBe(false);
    const button = page.locator('button[data-download="batch-curve.json"]');
    const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
    expect(download.suggestedFilename()).toBe('batch-curve.json');
    const saved = JSON.parse(readFileSync(await download.path(), 'utf8')) as unknown;
    expect(saved).toEqual(JSON.parse(JSON.stringify(curve({ arrived: 2 }))));
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it.each([
    ['one worker', { workers: [1] }, 'Time per epoch'],
    ['one batch size', { batchSizes: [64] }, 'Time per epoch'],
    ['one round', { rounds: 1, state: 'partial' as const }, 'Ended early'],
    ['a target that nobody reaches', { arrived: 0 }, 'No training reached the target.'],
  ])('draws a curve with %s', async (_, asked, words) => {
    const { page, complaints } = await open('few', reportPage({ curve: curve(asked) }), 360, 'light');
    expect(await page.locator('#figure-curve .plot svg').count()).toBe(1);
    expect(await page.locator('main').textContent()).toContain(words);
    for (const radio of await page.locator('figure input[type="radio"]').all()) await radio.check();
    const { arrived } = asked as { arrived?: number };
    if (arrived === 0) {
      await page.locator('input[value="timeToTarget"]').check();
      await expect.poll(() => page.locator('#figure-curve .empty').textContent()).toContain('never reached');
    }
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('runs nothing that a report says', async () => {
    const bad = curve();
    bad.environment = {
      ...bad.environment,
      cpu: '</script><script>document.title = "run"</script><img src=x onerror="document.title = 1">',
    };
    const { page, complaints } = await open('hostile', reportPage({ curve: bad }), 360, 'light');
    expect(await page.title()).toMatch(/^gradpool report/);
    expect(await page.locator('header p').textContent()).toContain('<img src=x');
    expect(complaints).toEqual([]);
    await page.context().close();
  });
}

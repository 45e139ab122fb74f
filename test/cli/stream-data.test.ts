// When a table is trained from disk.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bytes } from '#src/cli/parse.js';
import { ofLimit, planInstead, planStream } from '#src/cli/stream-data.js';
import { bytesText } from '#src/cli/text.js';

const folder = mkdtempSync(join(tmpdir(), 'plan-'));
const file = (name: string) => join(folder, name);

beforeAll(() => {
  for (const name of ['a.csv', 'a.csv.gz', 'a.parquet', 'large.csv', 'huge.csv']) {
    writeFileSync(file(name), '');
    truncateSync(file(name), name === 'huge.csv' ? 2 ** 42 : name === 'large.csv' ? 5 * 2 ** 30 : 1000);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

it('a table that is expected to need more than the limit is, of packed files a larger part is expected', () => {
  const planned = (name: string, memoryLimit: number) => planStream(file(name), { stream: 'auto', memoryLimit });
  expect(planned('a.csv', 2000)).toBeUndefined();
  expect(planned('a.csv', 1999)).toMatchObject({ limit: 1999, folder });
  for (const packed of ['a.csv.gz', 'a.parquet']) {
    expect(planned(packed, 8000)).toBeUndefined();
    expect(planned(packed, 7999)).toBeDefined();
  }
});

it('without a limit half of the available memory is one', () => {
  expect(planStream(file('a.csv'), { stream: 'auto' })).toBeUndefined();
  const plan = planStream(file('huge.csv'), { stream: 'auto', scratch: '/elsewhere' })!;
  expect(plan.why).toMatch(
    /^it is expected to need 8 TiB of memory, and half of the available memory is [\d.]+ [MG]iB$/,
  );
  expect(plan.folder).toBe('/elsewhere');
  expect(plan.limit).toBeLessThan(process.availableMemory());
});

it('patterns of more than 4 GiB are not for memory, however much there is', () => {
  const memoryLimit = 2 ** 40;
  const { why, folder: where } = planStream(file('large.csv'), { stream: 'auto', memoryLimit })!;
  expect(why).toBe('its patterns are expected to need 5 GiB, and in memory they have 4 GiB at most');
  expect(where).toBe(folder);
  expect(planStream(file('large.csv'), { stream: 'never', memoryLimit })).toBeUndefined();
  const late = planInstead(file('a.csv'), { memoryLimit: 2 ** 20 }, 'it turned out so');
  expect(late).toEqual({ why: 'it turned out so', limit: 2 ** 20, windows: 2 ** 18, folder });
});

it('can be forced and forbidden', () => {
  const [stream, memoryLimit] = ['always' as const, 2 ** 29];
  expect(planStream(file('a.csv'), { stream, memoryLimit })!.why).toBe('as was asked for, with 512 MiB of memory');
  expect(planStream(file('huge.csv'), { stream: 'never', memoryLimit })).toBeUndefined();
});

it('sizes are read and written', () => {
  expect(['512M', '2g', '1.5K', '800', '1GiB', '3kb'].map(bytes)).toEqual([2 ** 29, 2 ** 31, 1536, 800, 2 ** 30, 3072]);
  for (const text of ['', 'M', '3 k', '-1', '0', '1X', '1e3'])
    expect(() => bytes(text), text).toThrow('Expected a number of bytes');
  expect([0, 1023, 1536, 2 ** 29, 5 * 2 ** 40].map(bytesText)).toEqual([
    '0 bytes',
    '1023 bytes',
    '1.5 KiB',
    '512 MiB',
    '5 TiB',
  ]);
});

it('a limit that is too small is told of as the limit, of which a set has a quarter', () => {
  const error = new RangeError('"memory" expected at least 704, for rows of 24 bytes, got 256');
  expect(String(ofLimit(error))).toBe('Error: --memory-limit expected at least 2816 bytes, for rows of 24 bytes');
  expect(ofLimit(new RangeError('"x"'))).toEqual(new RangeError('"x"'));
});

// Damaged arrays and Parquet files that are read in pieces: rows or typed errors, as in memory.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type FileFormat, GradpoolError, readTable } from 'gradpool';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveReadOptions } from '#src/data/read-options.js';
import { tableRows } from '#src/data/table-rows.js';

const FOLDERS = ['tables', 'parquet-testing'].map((name) => join(import.meta.dirname, '../fixtures', name));
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'hostile-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function filesOf(format: FileFormat): Uint8Array[] {
  return FOLDERS.flatMap((from) =>
    readdirSync(from)
      .filter((name) => name.endsWith(`.${format}`))
      .map((name) => Uint8Array.from(readFileSync(join(from, name))))
      .filter((bytes) => bytes.length < 20_000),
  );
}

/** Rows that are visited, of all columns; what is thrown must be typed. */
async function visited(path: string, format: FileFormat): Promise<number | undefined> {
  let rows = 0;
  const visitor = {
    wanted: [] as boolean[],
    begin: (names: readonly string[]) => void (visitor.wanted = names.map(() => true)),
    row: () => ++rows > 0,
  };
  try {
    await tableRows(path, path, resolveReadOptions(path, { format })).visit(visitor);
    return rows;
  } catch (error) {
    expect(error).toBeInstanceOf(GradpoolError);
    expect(error).toMatchObject({ code: 'ERR_BAD_FILE' });
    return undefined;
  }
}

async function rowsInMemory(bytes: Uint8Array, format: FileFormat): Promise<number | undefined> {
  try {
    return (await readTable(bytes, { format })).rows;
  } catch (error) {
    expect(error).toBeInstanceOf(GradpoolError);
    expect((error as Error).message).not.toMatch(/undefined|not a function|Invalid typed array|out of bounds/);
    return undefined;
  }
}

it.each([
  ['npy', 150],
  ['npz', 150],
  ['parquet', 200],
] as const)('%s', { timeout: 120_000 }, async (format, numRuns) => {
  const path = join(folder, `damaged.${format}`);
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const damage = fc.tuple(place, fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.constantFrom(1, 1, 2, 8));
  let [read, refused] = [0, 0];
  for (const good of filesOf(format)) if ((await rowsInMemory(good, format)) !== undefined) read++;
  expect(read).toBeGreaterThan(0);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...filesOf(format)),
      fc.array(damage, { maxLength: 3 }),
      place,
      async (good, all, cut) => {
        const bytes = good.slice(0, cut < 0.2 ? Math.ceil(5 * cut * good.length) : good.length);
        for (const [share, value, length] of all)
          bytes.fill(value, share * bytes.length, share * bytes.length + length);
        writeFileSync(path, bytes);
        const [whole, pieces] = [await rowsInMemory(bytes, format), await visited(path, format)];
        if (whole === undefined || pieces === undefined) refused++;
        else read++;
        // Where a table is read either way, it is the same.
        if (whole !== undefined && pieces !== undefined) expect(pieces).toBe(whole);
      },
    ),
    { numRuns, endOnFailure: true },
  );
  expect(refused).toBeGreaterThan(0);
});

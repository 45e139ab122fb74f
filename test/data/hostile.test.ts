import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { DataTable, type FileFormat, GradpoolError, readTable } from 'gradpool';
import { expect, it } from 'vitest';

const TABLES = join(import.meta.dirname, '../fixtures/tables');
const TEXT = 'a,"b ""c""",d\n' + '1,"x\ny",0.5\n-2,u,\n3,"v,w",1e9\n'.repeat(4);

function filesOf(format: FileFormat): Uint8Array[] {
  if (format === 'csv') return [Buffer.from(TEXT), Buffer.from(`\uFEFF${TEXT}`), gzipSync(TEXT)];
  const names = readdirSync(TABLES).filter((name) => name.endsWith(`.${format}`));
  return names.map((name) => readFileSync(join(TABLES, name)));
}

/** Something done to the bytes of a file, at a share of its length. */
type Damage = readonly [at: number, kind: 'set' | 'flip' | 'cut' | 'fill' | 'insert' | 'remove', value: number];

function damaged(file: Uint8Array, damages: readonly Damage[]): Uint8Array {
  let bytes = Array.from(file);
  for (const [share, kind, value] of damages) {
    const at = Math.floor(share * bytes.length);
    if (kind === 'set') bytes[at] = value;
    else if (kind === 'flip') bytes[at] = (bytes[at] ?? 0) ^ (1 << (value & 7));
    else if (kind === 'cut') bytes = bytes.slice(0, at);
    else if (kind === 'fill') bytes.fill(value, at, at + 1 + (value % 6));
    else bytes.splice(at, kind === 'remove' ? 1 + (value % 9) : 0, ...(kind === 'insert' ? [value, 255, value] : []));
  }
  return Uint8Array.from(bytes);
}

const damage = fc.tuple(
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  fc.constantFrom('set', 'flip', 'cut', 'fill', 'insert', 'remove'),
  fc.oneof(fc.constantFrom(0, 0x22, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
) as fc.Arbitrary<Damage>;

it.each([
  ['csv', 600],
  ['npy', 600],
  ['npz', 400],
  ['parquet', 600],
] as const)('damaged files are tables or typed errors: %s', { timeout: 120_000 }, async (format, numRuns) => {
  const before = process.memoryUsage().rss;
  const outcome = { tables: 0, errors: 0, slowest: 0, largest: 0 };
  const file = fc.constantFrom(...filesOf(format));
  await fc.assert(
    fc.asyncProperty(file, fc.array(damage, { maxLength: 4 }), async (good, damages) => {
      const start = performance.now();
      try {
        const table = await readTable(damaged(good, damages), { format });
        expect(table).toBeInstanceOf(DataTable);
        for (const column of table.columns) {
          expect((column.kind === 'numeric' ? column.values : column.codes).length).toBe(table.rows);
        }
        table.row(table.rows - 1);
        outcome.tables++;
      } catch (error) {
        if (!(error instanceof GradpoolError)) throw error;
        expect(error.code).toBe('ERR_BAD_FILE');
        expect(error.message).toContain('"path"');
        outcome.errors++;
      }
      outcome.slowest = Math.max(outcome.slowest, performance.now() - start);
      outcome.largest = Math.max(outcome.largest, process.memoryUsage().rss - before);
    }),
    { numRuns, endOnFailure: true },
  );
  expect(outcome.tables).toBeGreaterThan(0);
  expect(outcome.errors).toBeGreaterThan(0);
  expect(outcome.slowest).toBeLessThan(10_000);
  expect(outcome.largest).toBeLessThan(600e6);
});

it("import 'gradpool' loads none of the readers that other packages are", () => {
  const root = resolve(import.meta.dirname, '../../dist/src/index.js');
  const loaded = new Set<string>();
  const outside = new Set<string>();
  const visit = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const [, to] of readFileSync(path, 'utf8').matchAll(/^(?:import|export) (?:.* from )?["']([^"']+)["'];/gm)) {
      if (to!.startsWith('.')) visit(resolve(dirname(path), to!));
      else outside.add(to!);
    }
  };
  visit(root);
  expect(loaded.size).toBeGreaterThan(60);
  expect([...outside].filter((name) => !name.startsWith('node:'))).not.toContain('csv-parse');
  expect([...outside].filter((name) => name.startsWith('hyparquet'))).toEqual([]);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyEncoding, encodeTable, readTable, streamDataset } from 'gradpool';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-zeros-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('digits with zeros before them', () => {
  const CODES = ['007', '010', '011'];
  const path = join(folder, 'codes.csv');
  writeFileSync(path, `x,code\n${Array.from({ length: 60 }, (_, i) => `${i}.5,${CODES[i % 3]}`).join('\n')}\n`);

  it('are class labels as they are written, in memory and on disk', async () => {
    const table = await readTable(path);
    const { dataset, encoding, notes } = encodeTable(table, { target: 'code' });
    expect(encoding.classes).toEqual(CODES);
    expect(encoding.targets[0]).toMatchObject({ kind: 'categorical', numbers: false });
    expect(notes).toEqual([]);
    const streamed = await streamDataset(path, { target: 'code' });
    await using disk = streamed.datasets[0];
    expect(disk.length).toBe(60);
    expect(streamed.encoding).toEqual(encoding);
    // Read as the encoding says, and not.
    for (const other of [await readTable(path, { encoding }), table, table.split(0.5)[0]])
      expect(applyEncoding(encoding, other).length).toBe(other.rows);
    expect(applyEncoding(encoding, table).pattern(2)).toEqual(dataset.pattern(2));
  });

  it('are numbers in an input, which is said, and names where that is asked for', async () => {
    const table = await readTable(path);
    const { encoding, notes } = encodeTable(table, { target: 'x' });
    expect(encoding.inputs).toMatchObject([{ name: 'code', kind: 'numeric' }]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/column "code" holds 3 digits in every row.*"categorical" \(--categorical/);
    expect((await streamDataset(path, { target: 'x' })).notes).toEqual(notes);
    const named = encodeTable(table, { target: 'x', categorical: ['code'] });
    expect(named.encoding.inputs).toMatchObject([{ categories: CODES }]);
    expect(named.notes).toEqual([]);
    const given = encodeTable(table, { target: 'code', classes: [11, 10, 7] });
    expect(given.encoding.classes).toEqual(['011', '010', '007']);
  });

  it.each([
    ['different lengths', '7', '010'],
    ['no zeros', '107', '110'],
    ['points', '0.7', '1.0'],
    ['one digit', '0', '1'],
  ])('%s make numbers', async (_, a, b) => {
    const table = await readTable(Buffer.from(`x,code\n1,${a}\n2,${b}\n3,${a}\n4,${b}\n`), { format: 'csv' });
    const { encoding, notes } = encodeTable(table, { target: 'code', task: 'classification' });
    expect(encoding.classes).toEqual([String(Number(a)), String(Number(b))]);
    expect(notes).toEqual([]);
  });
});

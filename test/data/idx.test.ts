import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Dataset } from 'gradpool';
import { afterAll, describe, expect, it } from 'vitest';
import { parseIdx, readIdx } from '#src/data/idx.js';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-idx-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface ElementType {
  readonly code: number;
  readonly name: string;
  readonly bytes: number;
  readonly write: (view: DataView, at: number, value: number) => void;
  readonly array: { readonly name: string };
  readonly values: readonly number[];
}

/** Each element type, with values that read otherwise in the other byte order or with the other sign. */
const TYPES: readonly ElementType[] = [
  {
    code: 8,
    name: 'unsigned byte',
    bytes: 1,
    write: (v, at, x) => v.setUint8(at, x),
    array: Uint8Array,
    values: [0, 1, 128, 255],
  },
  {
    code: 9,
    name: 'signed byte',
    bytes: 1,
    write: (v, at, x) => v.setInt8(at, x),
    array: Int8Array,
    values: [0, 1, -128, -1],
  },
  {
    code: 11,
    name: 'short',
    bytes: 2,
    write: (v, at, x) => v.setInt16(at, x),
    array: Int16Array,
    values: [0, 1, -2, 30000],
  },
  {
    code: 12,
    name: 'int',
    bytes: 4,
    write: (v, at, x) => v.setInt32(at, x),
    array: Int32Array,
    values: [0, 1, -2, 2e9],
  },
  {
    code: 13,
    name: 'float',
    bytes: 4,
    write: (v, at, x) => v.setFloat32(at, x),
    array: Float32Array,
    values: [0, 1.5, -2.25, 1e20].map(Math.fround),
  },
  {
    code: 14,
    name: 'double',
    bytes: 8,
    write: (v, at, x) => v.setFloat64(at, x),
    array: Float64Array,
    values: [0, 0.1, -1e-300, 1e300],
  },
];

function header(code: number, shape: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  view.setUint8(2, code);
  view.setUint8(3, shape.length);
  shape.forEach((size, i) => view.setUint32(4 + 4 * i, size));
  return new Uint8Array(view.buffer);
}

function idx(type: ElementType, shape: readonly number[], values: readonly number[]): Uint8Array {
  const head = header(type.code, shape);
  const file = new Uint8Array(head.length + values.length * type.bytes);
  file.set(head);
  values.forEach((x, i) => type.write(new DataView(file.buffer), head.length + i * type.bytes, x));
  return file;
}

const bytes = (shape: number[], values: number[]) => idx(TYPES[0]!, shape, values);
const BAD = (message: string | RegExp): object =>
  expect.objectContaining({
    name: 'GradpoolError',
    code: 'ERR_BAD_FILE',
    message: expect.stringMatching(message) as string,
  }) as object;

describe.each(TYPES)('$name', (type) => {
  it.each(['plain', 'gzip'])('%s', async (how) => {
    const plain = idx(type, [2, 2], type.values);
    const { values, shape } = await readIdx('images', how === 'gzip' ? gzipSync(plain) : plain);
    expect(shape).toEqual([2, 2]);
    expect(values.constructor.name).toBe(type.array.name);
    expect(Array.from(values)).toEqual(type.values);
  });
});

it('reads from a path, a file URL, and bytes that begin anywhere', async () => {
  const path = join(folder, 'a b.idx');
  const file = bytes([3], [1, 2, 3]);
  writeFileSync(path, file);
  const shifted = new Uint8Array(file.length + 1).subarray(1);
  shifted.set(file);
  for (const source of [path, pathToFileURL(path), shifted, Buffer.from(file)]) {
    expect(Array.from((await readIdx('images', source)).values)).toEqual([1, 2, 3]);
  }
  await expect(readIdx('images', join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(readIdx('images', 5 as never)).rejects.toThrow('"images" expected path, file URL or Uint8Array, got 5');
});

describe('hostile files are ERR_BAD_FILE', () => {
  const good = bytes([2, 2], [1, 2, 3, 4]);
  it.each([
    ['empty', new Uint8Array(0), 'header of at least 4 bytes, got 0'],
    ['text', new TextEncoder().encode('hello world'), 'expected two zero bytes first, got 104, 101'],
    ['an unknown element type', Uint8Array.of(0, 0, 10, 1, 0, 0, 0, 0), 'expected an element type of 8, 9, 11.*got 10'],
    ['no dimension', Uint8Array.of(0, 0, 8, 0), 'at least one dimension'],
    ['a cut header', good.subarray(0, 9), 'header of 12 bytes, got 9'],
    ['255 dimensions in 4 bytes', Uint8Array.of(0, 0, 8, 255), 'header of 1024 bytes, got 4'],
    ['cut data', good.subarray(0, 15), '2 x 2 of type unsigned byte expected 16 bytes in all, got 15'],
    ['data left over', Uint8Array.of(...good, 0), 'expected 16 bytes in all, got 17'],
    ['a giant', header(14, [2 ** 32 - 1, 2 ** 32 - 1]), 'of type double expected .* bytes in all, got 12'],
    ['more dimensions than numbers', header(8, new Array<number>(255).fill(2 ** 32 - 1)), 'bytes in all, got 1024'],
    ['sizes whose product wraps to 0', header(8, [65536, 65536]), '65536 x 65536 of type unsigned byte'],
    ['cut gzip', gzipSync(good).subarray(0, 20), 'not sound gzip'],
    ['gzip of text', gzipSync('hello world'), 'expected two zero bytes first'],
    [
      'gzip with a wrong checksum',
      gzipSync(good).map((x, i, all) => (i === all.length - 5 ? x ^ 1 : x)),
      'not sound gzip',
    ],
  ])('%s', async (_, file, message) => {
    await expect(readIdx('images', file)).rejects.toEqual(BAD(message));
  });

  it('the message names the file', async () => {
    const path = join(folder, 'broken.idx');
    writeFileSync(path, 'nonsense');
    await expect(readIdx('images', path)).rejects.toEqual(BAD('broken\\.idx is not an IDX file'));
    await expect(readIdx('labels', Uint8Array.of(1))).rejects.toEqual(BAD('^"labels" is not an IDX file'));
  });

  it('nothing is allocated for what a header promises', () => {
    const before = process.memoryUsage().arrayBuffers;
    const promise = header(13, [2 ** 27]);
    for (let i = 0; i < 20; i++)
      expect(() => parseIdx('file', promise)).toThrow(expect.objectContaining({ code: 'ERR_BAD_FILE' }));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });

  // 150 MB of zeros make a gzip of 700 kB; the header says ten bytes.
  it('a gzip is not unpacked beyond what its header promises', { timeout: 30_000 }, async () => {
    const zeros = Buffer.alloc(150e6);
    header(8, [10]).forEach((byte, i) => (zeros[i] = byte));
    const bomb = gzipSync(zeros, { level: 1 });
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)), 5);
    await expect(readIdx('images', bomb)).rejects.toEqual(BAD('bytes'));
    clearInterval(timer);
    expect(most).toBeLessThan(50e6);
  });
});

describe('Dataset.fromIdx', () => {
  const images = bytes([3, 2, 2], [0, 51, 102, 153, 204, 255, 0, 0, 255, 255, 255, 255]);
  const labels = bytes([3], [0, 1, 2]);

  it('takes images of any shape; bytes are used as 1/255 of them, and stay bytes', async () => {
    const dataset = await Dataset.fromIdx({ images, labels: gzipSync(labels) });
    expect([dataset.length, dataset.inputSize]).toEqual([3, 4]);
    expect(dataset.storage.inputs.values).toBeInstanceOf(Uint8Array);
    expect(dataset.storage.inputs.values.buffer).toBeInstanceOf(SharedArrayBuffer);
    const { inputs, targets } = dataset.pattern(0);
    expect(inputs.map((x) => Math.round(x * 1e9) / 1e9)).toEqual([0, 0.2, 0.4, 0.6]);
    expect(targets).toEqual([0]);
  });

  it('takes another scale, and other types unscaled', async () => {
    const scaled = await Dataset.fromIdx({ images, labels, scale: 2 });
    expect(scaled.pattern(0).inputs).toEqual([0, 102, 204, 306]);
    const floats = idx(TYPES[4]!, [3, 1], [1.5, 2.5, 3.5]);
    const values = idx(TYPES[4]!, [3, 2], [1, 2, 3, 4, 5, 6]);
    const unscaled = await Dataset.fromIdx({ images: floats, labels: values });
    expect(unscaled.pattern(2)).toEqual({ inputs: [3.5], targets: [5, 6] });
  });

  it('refuses files that do not go together, and files of nothing', async () => {
    await expect(Dataset.fromIdx({ images, labels: bytes([2], [0, 1]) })).rejects.toThrow(
      new RangeError('"labels" expected one for each of 3 images, got 2'),
    );
    for (const empty of [bytes([0, 2], []), bytes([3, 0], [])]) {
      const none = { images: empty, labels: empty[7] === 0 ? bytes([0], []) : labels };
      await expect(Dataset.fromIdx(none)).rejects.toEqual(BAD('at least one pattern'));
    }
    await expect(Dataset.fromIdx({ images, labels, scales: 1 } as never)).rejects.toThrow(
      '"files" has no option "scales"',
    );
    await expect(Dataset.fromIdx({ images, labels, scale: NaN })).rejects.toThrow(RangeError);
    const nan = idx(TYPES[4]!, [3, 1], [1, NaN, 2]);
    await expect(Dataset.fromIdx({ images: nan, labels })).rejects.toThrow(
      '"images[1]" expected a finite number, got NaN',
    );
  });
});

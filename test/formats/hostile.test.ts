import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { GradpoolError, importSafetensors, loadNetwork, Network, networkFromBytes, networkToBytes } from 'gradpool';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'gradpool-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

const layers = [
  { units: 3, activation: 'tanh' as const },
  { units: 2, activation: 'softmax' as const },
];
const network = new Network({
  inputs: 2,
  layers,
  normalization: { inputs: { scale: Float64Array.of(1, 2), shift: Float64Array.of(0, 0.5) }, targets: undefined },
});
const WIDE = { units: 2 ** 20, activation: 'relu' };
const GOOD = networkToBytes(network, { encoding: { a: [1, 'x'] }, classes: ['no', 'yes'] });
/** Far more than the files here need, and far less than their headers promise. */
const MOST_BYTES = 64 * 2 ** 20;

type Json = Record<string, unknown>;
type Entry = { dtype: unknown; shape: unknown; data_offsets: unknown };

/** A file of a header and data; the length of the header is as it should be unless another is given. */
function file(header: string | Uint8Array, data: Uint8Array = new Uint8Array(0), length?: bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const LENGTH = Number(new DataView(GOOD.buffer).getBigUint64(0, true));
const HEADER = new TextDecoder().decode(GOOD.subarray(8, 8 + LENGTH));
const DATA = GOOD.subarray(8 + LENGTH);

/** The good file with its header changed. */
function changed(change: (header: Json & Record<string, Entry>) => void, data = DATA): Uint8Array {
  const header = JSON.parse(HEADER) as Json & Record<string, Entry>;
  change(header);
  return file(JSON.stringify(header), data);
}

function changedMeta(key: string, value: unknown): Uint8Array {
  return changed((header) => ((header.__metadata__ as unknown as Json)[`gradpool.${key}`] = value));
}

const changedSpec = (spec: unknown) => changedMeta('network', JSON.stringify(spec));
const withFloat = (value: number) => {
  const data = DATA.slice();
  new DataView(data.buffer).setFloat32(4, value, true);
  return file(HEADER, data);
};

function failure(load: () => unknown): GradpoolError {
  try {
    load();
  } catch (error) {
    expect(error).toBeInstanceOf(GradpoolError);
    return error as GradpoolError;
  }
  return expect.fail('it was loaded');
}

describe('hostile files are ERR_BAD_FILE', () => {
  const deep = (n: number) => '['.repeat(n) + ']'.repeat(n);
  it.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(0), 'expected at least 8 bytes, got 0'],
    ['a cut prefix', GOOD.subarray(0, 7), 'expected at least 8 bytes, got 7'],
    ['a header of 2^64 - 1 bytes', file(HEADER, DATA, 2n ** 64n - 1n), 'is longer than 100000000 bytes'],
    ['a header longer than the file', file(HEADER, DATA, BigInt(GOOD.length - 7)), 'does not fit into'],
    ['a cut header', GOOD.subarray(0, 200), 'does not fit into 200 bytes'],
    ['a header that ends early', file(HEADER, DATA, 20n), 'the header is not JSON'],
    ['no header', file('', DATA), 'the header does not begin with {'],
    ['a list', file('[]'), 'the header does not begin with {'],
    ['a byte order mark', file(`\ufeff${HEADER}`, DATA), 'the header does not begin with {'],
    ['bytes that are not UTF-8', file(Uint8Array.of(0x7b, 0xff, 0x7d)), 'the header is not UTF-8'],
    ['deep nesting', file(`{"a":${deep(100_000)}}`), 'the header is nested more than 3 deep'],
    ['more values than a header has', file(`{"a":[${'0,'.repeat(1e6)}0]}`), 'the header has more than 1000000 values'],
    ['a name twice', file('{"a":1,"a":2}'), 'the header has the key "a" twice'],
    ['a name twice, once escaped', file('{"a":1,"\\u0061":2}'), 'the header has the key "a" twice'],
    ['__proto__', file('{"__proto__":{"polluted":1}}'), 'the header has the key "__proto__"'],
    ['__proto__ in the metadata', file('{"__metadata__":{"\\u005f_proto__":"x"}}'), 'the key "__proto__"'],
    ['metadata that is no text', file('{"__metadata__":{"a":1}}'), '"__metadata__" "a" expected a string, got 1'],
    ['metadata that is a list', file('{"__metadata__":[]}'), '"__metadata__" expected an object of strings'],
    ['a tensor that is a number', file('{"a":1}'), 'tensor "a" expected { dtype, shape, data_offsets }, got 1'],
    [
      'an unknown dtype',
      changed((h) => (h['0.weight']!.dtype = 'F31')),
      'tensor "0.weight" has the unknown dtype "F31"',
    ],
    [
      'a dtype of Object',
      changed((h) => (h['0.weight']!.dtype = 'constructor')),
      'has the unknown dtype "constructor"',
    ],
    ['no dtype', changed((h) => (h['0.weight']!.dtype = undefined)), 'has the unknown dtype undefined'],
    ['another dtype', changed((h) => (h['0.weight']!.dtype = 'I32')), 'tensor "0.weight" expected dtype F32, got I32'],
    ['a shape of null', changed((h) => (h['0.weight']!.shape = [null, 3])), 'expected a list of sizes, got [null,3]'],
    ['a shape of 1e999', file(HEADER.replace('[3,2]', '[1e999,2]'), DATA), 'expected a list of sizes, got [null,2]'],
    ['a negative shape', changed((h) => (h['0.weight']!.shape = [-3, -2])), 'expected a list of sizes, got [-3,-2]'],
    ['a broken shape', changed((h) => (h['0.weight']!.shape = [1.5, 4])), 'expected a list of sizes, got [1.5,4]'],
    [
      'a giant',
      changed((h) => (h['0.weight']!.shape = [2 ** 40, 2 ** 40])),
      'takes 4.835703278458517e+24 bytes, got 24',
    ],
    [
      '17 dimensions',
      changed((h) => (h['0.weight']!.shape = new Array<number>(17).fill(1))),
      'expected a list of sizes',
    ],
    ['no offsets', changed((h) => (h['0.weight']!.data_offsets = undefined)), 'expected [begin, end], got nothing'],
    [
      'three offsets',
      changed((h) => (h['0.weight']!.data_offsets = [0, 24, 24])),
      'expected [begin, end], got [0,24,24]',
    ],
    ['offsets backwards', changed((h) => (h['0.weight']!.data_offsets = [24, 0])), 'takes 24 bytes, got -24'],
    [
      'negative offsets',
      changed((h) => (h['0.weight']!.data_offsets = [-24, 0])),
      'expected [begin, end], got [-24,0]',
    ],
    ['an overlap', changed((h) => (h['0.bias']!.data_offsets = [12, 24])), 'overlaps the one before it'],
    ['a hole', changed((h) => (h['0.bias']!.data_offsets = [28, 40])), 'leaves a hole before it'],
    ['cut data', GOOD.subarray(0, GOOD.length - 1), `its tensors take ${DATA.length} bytes, got ${DATA.length - 1}`],
    ['data left over', file(HEADER, Uint8Array.of(...DATA, 0)), `got ${DATA.length + 1} bytes of data`],
    ['NaN', withFloat(NaN), 'tensor "0.weight" has NaN at 1'],
    ['infinity', withFloat(Infinity), 'tensor "0.weight" has Infinity at 1'],
    ['no gradpool model', file('{}'), 'files of other libraries are read by importSafetensors'],
    ['a later format', changedMeta('format', '2'), 'its format "2" of gradpool'],
    ['no spec', changedMeta('network', undefined), '"gradpool.network" expected an object, got undefined'],
    ['a spec that is no JSON', changedMeta('network', '{'), '"gradpool.network" is not JSON'],
    ['a spec nested deeply', changedMeta('network', deep(1e5)), '"gradpool.network" is nested more than 64 deep'],
    [
      'a spec with a wrong unit',
      changedSpec({ inputs: 2, layers: [{ units: '3' }] }),
      '"layers[0].units" expected integer',
    ],
    ['a spec with no layer', changedSpec({ inputs: 2, layers: [], loss: 'mse' }), 'expected at least one layer'],
    [
      'a spec of 4 TiB',
      changedSpec({ inputs: 2, layers: [WIDE, WIDE, layers[1]] }),
      'tensor "0.weight" expected shape [1048576, 2], got [3, 2]',
    ],
    ['a layer more', changedSpec({ inputs: 2, layers: [...layers, layers[1]] }), '"layers[1].activation" is softmax'],
    [
      'a layer too few',
      changedSpec({ inputs: 2, layers: [{ ...layers[0], activation: 'linear' }] }),
      'expected 2 tensors',
    ],
    ['a wrong loss', changedSpec({ inputs: 2, layers, loss: 'mse' }), '"loss" "mse" does not go with'],
    ['a scale too few', changedMeta('normalization', '{"inputs":{"scale":[1],"shift":[0]}}'), 'expected a list of 2'],
    ['a scale of 0', changedMeta('normalization', '{"inputs":{"scale":[1,0],"shift":[0,0]}}'), 'inputs.scale has a 0'],
    ['a scale of 1e999', changedMeta('normalization', '{"inputs":{"scale":[1,1e999],"shift":[0,0]}}'), 'list of 2'],
    ['normalised classes', changedMeta('normalization', '{"targets":{"scale":[1,1],"shift":[0,0]}}'), 'no targets for'],
    ['classes that are no text', changedMeta('classes', '[1]'), '"meta.classes[0]" expected string, got 1'],
    ['__proto__ in the encoding', changedMeta('encoding', '{"__proto__":{}}'), '"gradpool.encoding" has the key'],
  ])('%s', async (name, bytes, message) => {
    const error = failure(() => networkFromBytes(bytes));
    expect(error.code).toBe('ERR_BAD_FILE');
    expect(error.message).toContain(message);
    expect(error.message.startsWith('"bytes" is not a gradpool model: ')).toBe(true);
    expect(error.message.length).toBeLessThan(400);
    const path = join(folder, `${name.replace(/\W/g, '-')}.safetensors`);
    writeFileSync(path, bytes);
    const same = (await loadNetwork(path).catch((reason: unknown) => reason)) as GradpoolError;
    expect(same.code).toBe('ERR_BAD_FILE');
    expect(same.message).toBe(error.message.replace('"bytes"', path));
  });

  it('a folder and a device are no files', async () => {
    await expect(loadNetwork('/dev/zero')).rejects.toMatchObject({ code: 'ERR_BAD_FILE' });
    await expect(loadNetwork(folder)).rejects.toMatchObject({
      code: expect.stringMatching(/ERR_BAD_FILE|EISDIR/) as string,
    });
  });

  it('nothing was polluted', () => {
    expect(({} as Json).polluted).toBeUndefined();
  });
});

describe('whatever a file holds, it is loaded or is ERR_BAD_FILE, quickly and in little memory', () => {
  let before: number;
  beforeAll(() => (before = process.memoryUsage().rss));

  /** Loads it with both readers; anything but a network or the right error fails, and so does anything large. */
  async function tryAll(bytes: Uint8Array): Promise<void> {
    const allocations = watchAllocations(MOST_BYTES / 16);
    try {
      try {
        const { network: loaded } = networkFromBytes(bytes);
        expect(loaded.predict([0.5, 1].slice(0, loaded.spec.inputs)).length).toBeGreaterThan(0);
      } catch (error) {
        expectBadFile(error);
      }
      await importSafetensors(bytes).catch(expectBadFile);
    } finally {
      allocations.restore();
    }
    expect(allocations.largest).toBeLessThan(2 ** 20);
  }

  it('mutations of a good file', async () => {
    const edit = fc.record({
      at: fc.nat(GOOD.length - 1),
      with: fc.uint8Array({ maxLength: 12 }),
      remove: fc.nat(12),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        let bytes: Uint8Array = GOOD;
        for (const { at, with: inserted, remove } of edits) {
          bytes = Uint8Array.of(...bytes.subarray(0, at), ...inserted, ...bytes.subarray(at + remove));
        }
        await tryAll(bytes);
      }),
      { numRuns: 1500 },
    );
  }, 20_000);

  it('headers whose numbers and words are changed', async () => {
    const number = fc.oneof(fc.integer({ min: -2, max: 40 }), fc.maxSafeInteger(), fc.double());
    const anything = fc.oneof(number, fc.constantFrom('F32', 'F64', 'F16', 'U8', '', '__proto__'), fc.jsonValue());
    const path = fc.constantFrom('0.weight', '0.bias', '2.weight', '2.bias', '__metadata__', 'other');
    const change = fc.record({
      path,
      key: fc.constantFrom('dtype', 'shape', 'data_offsets', 'gradpool.network', 'gradpool.normalization'),
      value: fc.oneof(
        anything,
        fc.array(number, { maxLength: 3 }),
        fc.jsonValue().map((value) => JSON.stringify(value)),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const bytes = changed((header) => {
          for (const { path: name, key, value } of changes) {
            header[name] = { ...header[name], [key]: value } as unknown as Entry;
          }
        });
        await tryAll(bytes);
      }),
      { numRuns: 1500 },
    );
  }, 20_000);

  it('generated files: any JSON as header, any length, any bytes', async () => {
    const header = fc.oneof(
      fc.json(),
      fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value)),
      fc.uint8Array({ maxLength: 200 }),
    );
    await fc.assert(
      fc.asyncProperty(
        header,
        fc.uint8Array(),
        fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
        (text, data, length) => tryAll(file(text, data, length ?? undefined)),
      ),
      { numRuns: 1000 },
    );
  }, 20_000);

  it('a large buffer would be seen', () => {
    const allocations = watchAllocations(2 ** 20);
    try {
      expect(() => new Float32Array(2 ** 21)).toThrow('Float32Array of 2097152');
    } finally {
      allocations.restore();
    }
    expect(new Float32Array(2 ** 21)).toHaveLength(2 ** 21);
  });

  it('the process has not grown', () => {
    expect(process.memoryUsage().rss - before).toBeLessThan(8 * MOST_BYTES);
  });
});

function expectBadFile(error: unknown): void {
  expect(error).toBeInstanceOf(GradpoolError);
  expect((error as GradpoolError).code, (error as GradpoolError).message).toBe('ERR_BAD_FILE');
}

/** Sees the size of each buffer that is made while it watches, and refuses those beyond a limit. */
function watchAllocations(limit: number): { largest: number; restore(): void } {
  const originals = { ArrayBuffer, Uint8Array, Float32Array, Float64Array };
  const seen = { largest: 0, restore: () => void Object.assign(globalThis, originals) };
  for (const [name, Original] of Object.entries(originals)) {
    const Watched = new Proxy(Original, {
      construct(target, args: [unknown], self) {
        const size = typeof args[0] === 'number' ? args[0] : 0;
        seen.largest = Math.max(seen.largest, size);
        if (size > limit) throw new Error(`${name} of ${size}`);
        return Reflect.construct(target, args, self) as object;
      },
    });
    Object.assign(globalThis, { [name]: Watched });
  }
  return seen;
}

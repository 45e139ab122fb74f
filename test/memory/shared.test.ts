import { expect, it } from 'vitest';
import { allocate, checkFits, detectSharedMemory } from '#src/memory/shared.js';

type Global = NonNullable<Parameters<typeof detectSharedMemory>[0]>;
const { SharedArrayBuffer, Atomics } = globalThis;
const WebAssembly = (globalThis as { WebAssembly?: unknown }).WebAssembly;

function reason(global: Global): string {
  const answer = detectSharedMemory(global);
  if (answer.available) return expect.fail('it was found');
  return answer.reason;
}

it('finds it here', () => expect(detectSharedMemory()).toEqual({ available: true }));

it('names the first thing that is missing', () => {
  expect(reason({})).toBe('SharedArrayBuffer is not defined');
  expect(reason({ Atomics, WebAssembly })).toBe('SharedArrayBuffer is not defined');
  expect(reason({ SharedArrayBuffer, WebAssembly })).toBe('Atomics.wait is not defined');
  expect(reason({ SharedArrayBuffer, WebAssembly, Atomics: {} })).toBe('Atomics.wait is not defined');
  expect(reason({ SharedArrayBuffer, Atomics })).toMatch(/^WebAssembly is switched off/);
  expect(reason({ SharedArrayBuffer, Atomics, WebAssembly: {} })).toMatch(/^WebAssembly is switched off/);
});

it('does not believe in shared memory that is refused or is not shared', () => {
  class Refused {
    constructor() {
      throw new RangeError('no shared memory today');
    }
  }
  class Unshared {
    readonly buffer = new ArrayBuffer(65536);
  }
  expect(reason({ SharedArrayBuffer, Atomics, WebAssembly: { Memory: Refused } })).toMatch(/no shared memory today/);
  expect(reason({ SharedArrayBuffer, Atomics, WebAssembly: { Memory: Unshared } })).toBe(
    'WebAssembly.Memory does not give shared memory',
  );
});

it('allocates zeroed shared memory', () => {
  const buffer = allocate(100);
  expect(buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(new Uint8Array(buffer)).toEqual(new Uint8Array(100));
});

it('more than 4 GiB, and more than there is, are refused with what to do', () => {
  const bad = (what: RegExp): unknown =>
    expect.objectContaining({ code: 'ERR_DOES_NOT_FIT', message: expect.stringMatching(what) as string });
  const far = /^4294967297 bytes of data \(4.00 GiB\) are more than one array may have.*streamDataset/;
  expect(() => allocate(2 ** 32 + 1)).toThrow(bad(far));
  expect(() => checkFits(2 ** 32 + 1)).toThrow(bad(far));
  expect(() => checkFits(2 ** 32)).not.toThrow();
});

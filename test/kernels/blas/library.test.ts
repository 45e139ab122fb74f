// A BLAS that is missing, broken or wrong is named in one line, and training goes on without it.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Trainer } from 'gradpool';
import { checkProduct, findBlas } from '#src/kernels/blas/library.js';
import { child, classes, classifier } from '../../train/problem.ts';

afterEach(() => vi.unstubAllEnvs());

const folder = mkdtempSync(join(tmpdir(), 'gradpool-blas-'));
const text = join(folder, 'libtext.so');
writeFileSync(text, 'this is no library\n');

/** Libraries that every Linux has, without a BLAS in them. */
const NO_BLAS = process.platform === 'linux' ? ['libm.so.6'] : [];

describe.each(['/nowhere/libblas.so', text, ...NO_BLAS])('GRADPOOL_BLAS=%s', (path) => {
  it('is an obstacle that names the path', () => {
    vi.stubEnv('GRADPOOL_BLAS', path);
    const found = findBlas();
    expect(found).not.toHaveProperty('blas');
    expect((found as { obstacle: string }).obstacle).toContain(`GRADPOOL_BLAS=${path} cannot be used: `);
    expect((found as { obstacle: string }).obstacle).not.toContain('\n');
  });

  it('auto trains with wasm and says so', async () => {
    vi.stubEnv('GRADPOOL_BLAS', path);
    await using trainer = await Trainer.create(classifier(), { workers: 2, batchSize: 8 });
    expect(trainer.info).toMatchObject({ backend: 'wasm' });
    expect(trainer.info.reason).toContain(`GRADPOOL_BLAS=${path} cannot be used`);
    expect(trainer.info).not.toHaveProperty('measured');
    expect(await trainer.fit(classes(40))).toHaveLength(1);
  });
});

it('a library that multiplies wrongly is refused', () => {
  const pinned = new Map<number, ArrayBufferLike>();
  const pin = (memory: ArrayBufferLike) => {
    pinned.set(4096, memory);
    return { memory, address: 4096 };
  };
  expect(() => checkProduct(() => undefined, pin, 'libwrong.so')).toThrow(
    'libwrong.so multiplies wrongly: [1, 1, 1, 1] instead of [117, 129, 279, 309]',
  );
  const right = () => new Float32Array(pinned.get(4096)!).set([117, 129, 279, 309], 32);
  expect(() => checkProduct(right, pin, 'libright.so')).not.toThrow();
});

interface Bare {
  info: { backend: string; reason: string };
  blas?: { code: string; message: string };
  loss: number;
}

it('without the optional package training works, and says what is missing', async () => {
  const { info, blas, loss } = await child<Bare>('no-koffi.mjs', {});
  expect(info.backend).toBe('wasm');
  expect(info.reason).toMatch(/the optional package koffi cannot be loaded: .*not found/);
  expect(blas).toMatchObject({ code: 'ERR_BACKEND_UNAVAILABLE' });
  expect(blas!.message).toContain('koffi');
  expect(loss).toBeGreaterThan(0);
});

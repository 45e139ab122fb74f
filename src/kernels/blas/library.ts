import { createRequire } from 'node:module';
import { platform } from 'node:os';
import type * as koffi from 'koffi';
import { describe } from '../../core/checks.ts';

/** cblas_sgemm on row-major matrices; pointers are addresses. C = alpha op(A) op(B) + beta C. */
export type Sgemm = (
  order: number,
  transA: number,
  transB: number,
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  beta: number,
  c: number,
  ldc: number,
) => void;

/** Copies bytes between addresses. */
export type Memcpy = (to: number, from: number, bytes: number) => void;

export const ROW_MAJOR = 101;
export const AS_IS = 111;
export const TRANSPOSED = 112;

/** Shared memory and where it lies. Who passes on the address keeps this object: the address alone keeps no memory. */
export interface Pinned {
  readonly address: number;
  readonly memory: ArrayBufferLike;
}

/** A BLAS as one thread has it. */
export interface Blas {
  /** The name or path under which it was opened. */
  readonly library: string;
  /** What the library says of itself, if anything. */
  readonly version: string;
  readonly sgemm: Sgemm;
  /** The C library's, where it can be found through the BLAS: for long rows faster than a loop. */
  readonly memcpy: Memcpy | undefined;
  readonly pin: (memory: ArrayBufferLike) => Pinned;
}

type Koffi = typeof koffi;

/** Where each system keeps its BLAS; the first that opens is taken. */
const NAMES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: [
    'libopenblas.so.0',
    'libopenblas.so',
    'libmkl_rt.so.2',
    'libmkl_rt.so',
    'libblis.so.4',
    'libblis.so',
    'libcblas.so.3',
    'libblas.so.3',
  ],
  darwin: [
    '/System/Library/Frameworks/Accelerate.framework/Accelerate',
    'libopenblas.dylib',
    '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
    '/usr/local/opt/openblas/lib/libopenblas.dylib',
  ],
  win32: ['libopenblas.dll', 'openblas.dll', 'mkl_rt.2.dll', 'mkl_rt.dll'],
};

const SGEMM =
  'void cblas_sgemm(int order, int transA, int transB, int m, int n, int k, float alpha, uintptr_t a, int lda, ' +
  'uintptr_t b, int ldb, float beta, uintptr_t c, int ldc)';

/** How the libraries are told to use the calling thread alone. */
const ONE_THREAD = [
  { symbol: 'openblas_set_num_threads', signature: 'void openblas_set_num_threads(int threads)' },
  { symbol: 'MKL_Set_Num_Threads', signature: 'void MKL_Set_Num_Threads(int threads)' },
  { symbol: 'bli_thread_set_num_threads', signature: 'void bli_thread_set_num_threads(int64_t threads)' },
  { symbol: 'BLASSetThreading', signature: 'int BLASSetThreading(unsigned int threading)' },
];
const VERSIONS = ['openblas_get_config', 'bli_info_get_version_str'];

/**
 * Looks for a BLAS: at GRADPOOL_BLAS if that is set, else under the names that are usual on this system.
 * @returns the library, opened, set to one thread and seen to multiply rightly; or why there is none
 */
export function findBlas(): { readonly blas: Blas } | { readonly obstacle: string } {
  const ffi = loadKoffi();
  if (typeof ffi === 'string') return { obstacle: ffi };
  const forced = process.env.GRADPOOL_BLAS;
  const names = forced ? [forced] : (NAMES[platform()] ?? []);
  const obstacles: string[] = [];
  for (const name of names) {
    try {
      return { blas: open(ffi, name) };
    } catch (error) {
      obstacles.push(describe(error).replace(/\s+/g, ' '));
    }
  }
  return forced
    ? { obstacle: `GRADPOOL_BLAS=${forced} cannot be used: ${obstacles[0]}` }
    : { obstacle: `no BLAS was found (looked for ${names.join(', ')}); GRADPOOL_BLAS can name one` };
}

/**
 * Opens a library on this thread.
 * @throws Error if it is not there, is no BLAS or multiplies wrongly
 */
export function openBlas(library: string): Blas {
  const ffi = loadKoffi();
  if (typeof ffi === 'string') throw new Error(ffi);
  return open(ffi, library);
}

function open(ffi: Koffi, library: string): Blas {
  const handle = ffi.load(library);
  const sgemm = handle.func(SGEMM) as unknown as Sgemm;
  for (const { symbol, signature } of ONE_THREAD) callIfPresent(() => handle.func(signature)(1), symbol);
  const versions = VERSIONS.map((symbol) => callIfPresent(() => handle.func(`const char *${symbol}()`)(), symbol));
  const version = versions.find((text) => typeof text === 'string')?.trim() ?? '';
  const pin = (memory: ArrayBufferLike) => ({ memory, address: Number(ffi.address(new Uint8Array(memory))) });
  checkProduct(sgemm, pin, library);
  const memcpy = findMemcpy(handle);
  return { library, version, sgemm, memcpy, pin };
}

function loadKoffi(): Koffi | string {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi;
  } catch (error) {
    return `the optional package koffi cannot be loaded: ${describe(error).split('\n')[0]}`;
  }
}

function findMemcpy(handle: koffi.LibraryHandle): Memcpy | undefined {
  const signature = 'void memcpy(uintptr_t to, uintptr_t from, size_t bytes)';
  let memcpy: Memcpy | undefined;
  callIfPresent(() => (memcpy = handle.func(signature) as unknown as Memcpy), 'memcpy');
  return memcpy;
}

function callIfPresent(call: () => unknown, symbol: string): unknown {
  try {
    return call();
  } catch (error) {
    // koffi's own message for a symbol that the library has not.
    if (describe(error).includes(symbol)) return undefined;
    throw error;
  }
}

/**
 * A 2 x 3 by 3 x 2 product in whole numbers, with both transpositions, alpha and beta: right to the last bit.
 * @throws Error if it is not
 */
export function checkProduct(sgemm: Sgemm, pin: Blas['pin'], library: string): void {
  const numbers = new Float32Array(new SharedArrayBuffer(64 * 4));
  const at = pin(numbers.buffer).address;
  // A^T (3 x 2) at 0, B^T (2 x 3) at 16, C at 32: C = 2 A B + 1 C.
  numbers.set([1, 4, 2, 5, 3, 6], 0);
  numbers.set([7, 9, 11, 8, 10, 12], 16);
  numbers.set([1, 1, 1, 1], 32);
  sgemm(ROW_MAJOR, TRANSPOSED, TRANSPOSED, 2, 2, 3, 2, at, 2, at + 64, 3, 1, at + 128, 2);
  const product = Array.from(numbers.subarray(32, 36));
  if (product.join() !== '117,129,279,309') {
    throw new Error(`${library} multiplies wrongly: [${product.join(', ')}] instead of [117, 129, 279, 309]`);
  }
}

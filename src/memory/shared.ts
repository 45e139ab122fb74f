import { GradpoolError } from '../core/errors.ts';

/** The most bytes that one array of a data set may have: what every supported engine can index in any type. */
const MOST_ARRAY_BYTES = 2 ** 32;
import { isSharedBuffer } from '../core/realm.ts';

/** Whether threads can share memory here, and if not, why. */
export type SharedMemory = { readonly available: true } | { readonly available: false; readonly reason: string };

/**
 * Asks the platform for each thing that training on several threads needs, and names the first that is missing.
 * @param global - where to look; for tests
 */
export function detectSharedMemory(
  global: { SharedArrayBuffer?: unknown; WebAssembly?: unknown; Atomics?: { wait?: unknown } } = globalThis,
): SharedMemory {
  if (typeof global.SharedArrayBuffer !== 'function') {
    return { available: false, reason: 'SharedArrayBuffer is not defined' };
  }
  if (typeof global.Atomics?.wait !== 'function') {
    return { available: false, reason: 'Atomics.wait is not defined' };
  }
  const wasm = global.WebAssembly as typeof WebAssembly | undefined;
  if (typeof wasm?.Memory !== 'function') {
    return { available: false, reason: 'WebAssembly is switched off (--jitless does that)' };
  }
  try {
    const memory = new wasm.Memory({ initial: 1, maximum: 1, shared: true });
    if (!isShared(memory.buffer)) {
      return { available: false, reason: 'WebAssembly.Memory does not give shared memory' };
    }
  } catch (error) {
    return { available: false, reason: `a shared WebAssembly.Memory cannot be made: ${String(error)}` };
  }
  return { available: true };
}

/**
 * A zeroed buffer that threads share where they can, and a plain one elsewhere.
 * @throws GradpoolError ERR_DOES_NOT_FIT if it is more than one array holds, or than the system has
 */
export function allocate(bytes: number): ArrayBufferLike {
  checkFits(bytes);
  try {
    return typeof SharedArrayBuffer === 'function' ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  } catch (cause) {
    throw new GradpoolError('ERR_DOES_NOT_FIT', `${inWords(bytes)} could not be allocated: ${REMEDY}`, { cause });
  }
}

/** @throws GradpoolError ERR_DOES_NOT_FIT before an array of so many bytes is made */
export function checkFits(bytes: number): void {
  if (!(bytes > MOST_ARRAY_BYTES)) return;
  const most = `more than one array may have (${MOST_ARRAY_BYTES}, 4 GiB)`;
  throw new GradpoolError('ERR_DOES_NOT_FIT', `${inWords(bytes)} are ${most}: ${REMEDY}`);
}

const REMEDY = 'use fewer rows at a time, or keep them on a disk, with streamDataset or StreamedDataset.store';

function inWords(bytes: number): string {
  return `${bytes} bytes of data (${(bytes / 2 ** 30).toFixed(2)} GiB)`;
}

/** Whether threads can see the same bytes. */
export function isShared(buffer: ArrayBufferLike): boolean {
  return isSharedBuffer(buffer);
}

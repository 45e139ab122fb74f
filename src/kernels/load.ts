import { readFileSync } from 'node:fs';
import { GradpoolError } from '../core/errors.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { WasmModule } from '../core/wasm.ts';
import type { Table } from '../core/table.ts';
import type { Arena } from '../memory/arena.ts';
import type { BlockPlan, Format } from '../memory/layout.ts';
import type { Backend, BackendChoice, BackendReport, Kernels, KernelPath, KernelSource } from './kernels.ts';
import { ReferenceKernels } from './reference/kernels.ts';
import { instantiate, type KernelExports } from './exports.ts';
import { WasmKernels } from './wasm.ts';

/** A module of one function that multiplies and adds in one step: valid where relaxed SIMD is on. */
const RELAXED_PROBE = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 17, 65, 0, 253, 17, 65,
  0, 253, 17, 253, 133, 2, 11,
]);
/** The same with a plain SIMD addition. */
const SIMD_PROBE = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 0, 253, 17, 65, 0, 253, 17,
  253, 228, 1, 11,
]);

/** What the engine can run. A twin is valid or it is not; nothing is compiled to find out. */
export function probeSimd(): 'relaxed-simd' | 'simd' | 'none' {
  if (typeof WebAssembly === 'undefined') return 'none';
  if (WebAssembly.validate(RELAXED_PROBE)) return 'relaxed-simd';
  return WebAssembly.validate(SIMD_PROBE) ? 'simd' : 'none';
}

/**
 * Chooses and compiles the backend.
 * @param choice - 'auto' takes wasm where it can run
 * @param twin - forces one of the wasm twins; for tests and benchmarks
 * @throws GradpoolError ERR_BACKEND_UNAVAILABLE if the one that was asked for cannot run
 */
export function loadBackend(
  choice: BackendChoice,
  sharedMemory: boolean,
  twin?: 'relaxed-simd' | 'simd',
): { source: KernelSource; report: BackendReport } {
  if (choice === 'blas') {
    throw new GradpoolError(
      'ERR_BACKEND_UNAVAILABLE',
      `backend 'blas' is not part of this version; there are 'wasm' and 'reference'`,
    );
  }
  if (choice === 'reference') return reference('it was asked for');
  const simd = probeSimd();
  const obstacle =
    simd === 'none' ? 'this engine has no WebAssembly SIMD' : !sharedMemory ? 'there is no shared memory' : undefined;
  if (obstacle !== undefined) {
    if (choice === 'wasm') throw new GradpoolError('ERR_BACKEND_UNAVAILABLE', `backend 'wasm' cannot run: ${obstacle}`);
    return reference(`wasm cannot run: ${obstacle}`);
  }
  const path = twin ?? (simd === 'none' ? 'simd' : simd);
  const why = choice === 'wasm' ? 'it was asked for' : 'the fastest that can run here';
  const note = path === 'simd' && twin === undefined ? '; relaxed SIMD (fused multiply-add) is off in this engine' : '';
  const source: KernelSource = { backend: 'wasm', path, module: compile(path) };
  return { source, report: { backend: 'wasm', path, reason: why + note } };
}

function reference(reason: string): { source: KernelSource; report: BackendReport } {
  const chosen = { backend: 'reference', path: 'float64' } as const;
  return { source: { ...chosen, module: undefined }, report: { ...chosen, reason } };
}

/** Compiles one twin from the file beside this one. */
export function compile(path: Exclude<KernelPath, 'float64'>): WasmModule {
  const bytes = readFileSync(new URL(`./${path}.wasm`, import.meta.url));
  return new WebAssembly.Module(bytes);
}

/** How the backend wants its tensors. */
export function formatOf(backend: Backend): Format {
  return backend === 'wasm' ? 'panels-f32' : 'rows-f64';
}

/** Makes kernels on one arena for this thread; the module is instantiated once for all of them. */
export class KernelFactory {
  readonly #spec: NetworkSpec;
  readonly #arena: Arena;
  readonly #wasm: KernelExports | undefined;

  constructor(source: KernelSource, spec: NetworkSpec, arena: Arena) {
    this.#spec = spec;
    this.#arena = arena;
    const { memory } = arena.handle;
    this.#wasm = source.module && memory ? instantiate(source.module, memory) : undefined;
  }

  /** The kernels of one worker for one of its blocks and one data set. */
  create(worker: number, block: BlockPlan, table: Table): Kernels {
    return this.#wasm === undefined
      ? new ReferenceKernels(this.#spec, this.#arena, worker, block, table)
      : new WasmKernels(this.#wasm, this.#spec, this.#arena, worker, block, table);
  }
}

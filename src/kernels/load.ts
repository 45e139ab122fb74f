import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { GradpoolError } from '../core/errors.ts';
import { packageFile } from '../core/package-file.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { WasmModule } from '../core/wasm.ts';
import type { Table } from '../core/table.ts';
import type { Arena } from '../memory/arena.ts';
import type { BlockPlan, Format } from '../memory/layout.ts';
import { BlasKernels } from './blas/kernels.ts';
import { type Blas, findBlas, openBlas } from './blas/library.ts';
import type { Backend, BackendChoice, BackendReport, Kernels, KernelSource, Twin } from './kernels.ts';
import { ReferenceKernels } from './reference/kernels.ts';
import { instantiate, type KernelExports } from './exports.ts';
import { probeSimd } from './probe.ts';
import { WasmKernels } from './wasm.ts';

export { probeSimd } from './probe.ts';

export interface Chosen {
  readonly source: KernelSource;
  readonly report: BackendReport;
}

/**
 * Loads the backend that was asked for; for 'auto' the fastest without a library: wasm, or the reference where it cannot run.
 * @param twin - forces one of the wasm twins; for tests and benchmarks
 * @throws GradpoolError ERR_BACKEND_UNAVAILABLE if the one that was asked for cannot run
 */
export function loadBackend(choice: BackendChoice, sharedMemory: boolean, twin?: Twin): Chosen {
  if (choice === 'reference') return reference('it was asked for');
  const simd = probeSimd();
  const obstacle =
    simd === 'none' ? 'this engine has no WebAssembly SIMD' : !sharedMemory ? 'there is no shared memory' : undefined;
  if (obstacle !== undefined) {
    if (choice !== 'auto') throw unavailable(choice, obstacle);
    return reference(`wasm cannot run: ${obstacle}`);
  }
  const path = twin ?? (simd === 'none' ? 'simd' : simd);
  if (choice === 'blas') {
    const found = loadBlas(path);
    if ('obstacle' in found) throw unavailable('blas', found.obstacle);
    return found;
  }
  const why = choice === 'wasm' ? 'it was asked for' : 'the fastest that can run here';
  const note = path === 'simd' && twin === undefined ? '; relaxed SIMD (fused multiply-add) is off in this engine' : '';
  const source: KernelSource = { backend: 'wasm', path, module: compile(path) };
  return { source, report: { backend: 'wasm', path, reason: why + note } };
}

/** The blas backend, with the wasm twin for what lies between the products; or why there is none. */
export function loadBlas(twin: Twin): Chosen | { readonly obstacle: string } {
  const found = findBlas();
  if ('obstacle' in found) return found;
  const { library, version } = found.blas;
  return {
    source: { backend: 'blas', path: 'sgemm', module: compile(twin), blas: { library, parts: availableParallelism() } },
    report: {
      backend: 'blas',
      path: 'sgemm',
      reason: 'it was asked for',
      library: version === '' ? library : `${library} (${version})`,
    },
  };
}

function unavailable(choice: BackendChoice, obstacle: string): GradpoolError {
  return new GradpoolError('ERR_BACKEND_UNAVAILABLE', `backend '${choice}' cannot run: ${obstacle}`);
}

function reference(reason: string): Chosen {
  const chosen = { backend: 'reference', path: 'float64' } as const;
  return { source: { ...chosen, module: undefined }, report: { ...chosen, reason } };
}

/**
 * Compiles one twin from the file beside this one.
 * @throws GradpoolError ERR_FILE_MISSING
 */
export function compile(path: Twin): WasmModule {
  const bytes = readFileSync(packageFile(`./${path}.wasm`, import.meta.url));
  return new WebAssembly.Module(bytes);
}

const FORMATS: Record<Backend, Format> = { wasm: 'panels-f32', blas: 'rows-f32', reference: 'rows-f64' };

/** How the backend wants its tensors. */
export function formatOf(backend: Backend): Format {
  return FORMATS[backend];
}

/** Makes kernels on one arena for this thread; the module is instantiated and the library opened once for all of them. */
export class KernelFactory {
  readonly #spec: NetworkSpec;
  readonly #arena: Arena;
  readonly #wasm: KernelExports | undefined;
  readonly #blas: { readonly open: Blas; readonly parts: number } | undefined;

  constructor({ module, blas }: KernelSource, spec: NetworkSpec, arena: Arena) {
    this.#spec = spec;
    this.#arena = arena;
    const { memory } = arena.handle;
    this.#wasm = module && memory ? instantiate(module, memory) : undefined;
    this.#blas = blas && { open: openBlas(blas.library), parts: blas.parts };
  }

  /** The kernels of one worker for one of its blocks and one data set. */
  create(worker: number, block: BlockPlan, table: Table): Kernels {
    const [wasm, blas, spec, arena] = [this.#wasm, this.#blas, this.#spec, this.#arena];
    if (wasm === undefined) return new ReferenceKernels(spec, arena, worker, block, table);
    if (blas === undefined) return new WasmKernels(wasm, spec, arena, worker, block, table);
    return new BlasKernels(wasm, blas.open, blas.parts, spec, arena, worker, block, table);
  }
}

// One worker's kernels on an arena of their own, with every matrix readable and writable by name.
import { describe, expect, it } from 'vitest';
import type { Random } from '#src/core/random.js';
import type { NetworkSpec } from '#src/core/spec.js';
import type { Table } from '#src/core/table.js';
import { findBlas } from '#src/kernels/blas/library.js';
import { formatOf, KernelFactory, loadBackend, probeSimd } from '#src/kernels/load.js';
import type { Kernels, KernelPath, Twin } from '#src/kernels/kernels.js';
import { Arena } from '#src/memory/arena.js';
import { type BlockPlan, type MatrixPlan, place, planTraining } from '#src/memory/layout.js';

/** Declares the tests of both wasm twins and of the blas backend; what cannot run here is named as such. */
export function describeFloat32(tests: (path: Exclude<KernelPath, 'float64'>) => void): void {
  describeTwins(tests);
  const found = findBlas();
  if ('blas' in found) describe(`sgemm of ${found.blas.library}`, () => tests('sgemm'));
  else
    it(`blas is not tested: ${found.obstacle}`, () => expect(process.env.CI_HAS_BLAS, 'CI has a BLAS').toBeUndefined());
}

/** Declares the tests of both wasm twins; one that this engine cannot run is named as such. */
export function describeTwins(tests: (twin: Twin) => void): void {
  for (const twin of ['simd', 'relaxed-simd'] as const) {
    if (probeSimd() === 'relaxed-simd' || probeSimd() === twin) describe(twin, () => tests(twin));
    else it(`${twin} is off in this engine: not tested`, () => expect(probeSimd()).not.toBe('relaxed-simd'));
  }
}

/** Odd sizes around the tiles of 4 rows and the panels of 8 columns. */
export const SIZES = [1, 2, 3, 5, 7, 8, 9, 31, 33, 127];

/** Every pair of sizes. */
export const PAIRS: readonly (readonly [number, number])[] = SIZES.flatMap((a) => SIZES.map((b) => [a, b] as const));

/**
 * Triples of sizes in which every pair of every two dimensions occurs (a Latin square), and all the corners.
 */
export const TRIPLES: readonly (readonly [number, number, number])[] = [
  ...SIZES.flatMap((a, i) => SIZES.map((b, j) => [a, b, SIZES[(i + j) % SIZES.length]!] as const)),
  ...[1, 127].flatMap((a) => [1, 127].flatMap((b) => [1, 127].map((c) => [a, b, c] as const))),
];

export interface RigOptions {
  readonly path: KernelPath;
  readonly spec: NetworkSpec;
  readonly rows: number;
  readonly table?: Table;
  readonly workers?: number;
  readonly stateVectors?: number;
  readonly norm?: boolean;
}

export class Rig {
  readonly arena: Arena;
  readonly kernels: Kernels;
  readonly block: BlockPlan;

  constructor({ path, spec, rows, table, workers = 1, stateVectors = 0, norm = false }: RigOptions) {
    const { source } =
      path === 'float64'
        ? loadBackend('reference', true)
        : path === 'sgemm'
          ? loadBackend('blas', true)
          : loadBackend('wasm', true, path);
    expect(source.path).toBe(path);
    const format = formatOf(source.backend);
    const request = { spec, batchSize: rows * workers, workers, stateVectors, norm, format };
    this.arena = Arena.allocate(planTraining(request));
    this.block = this.arena.plan.workerPlans[0]!.train;
    this.kernels = new KernelFactory(source, spec, this.arena).create(0, this.block, table ?? emptyTable(spec));
  }

  /** The elements of the first `rows` rows, row-major, without the padding. */
  read(plan: MatrixPlan, rows = plan.rows, base = 0): Float64Array {
    const values = new Float64Array(rows * plan.columns);
    this.#each(plan, rows, plan.columns, base, (at, r, c) => (values[r * plan.columns + c] = this.#get(at)));
    return values;
  }

  /** Writes the first rows and zeroes their padding. */
  write(plan: MatrixPlan, values: ArrayLike<number>, base = 0): void {
    const rows = values.length / plan.columns;
    this.#each(plan, rows, plan.paddedColumns, base, (at, r, c) =>
      this.#set(at, c < plan.columns ? values[r * plan.columns + c]! : 0),
    );
  }

  /** Fails unless the padding of the first `rows` rows is zero. */
  expectZeroPadding(what: string, plan: MatrixPlan, rows = plan.rows, base = 0): void {
    this.#each(plan, rows, plan.paddedColumns, base, (at, r, c) => {
      if (c >= plan.columns && this.#get(at) !== 0) expect.fail(`${what}: padding [${r}][${c}] is ${this.#get(at)}`);
    });
  }

  /** Leaves NaN wherever a kernel has no business: everywhere but in the parameter slots, whose padding is zero. */
  poison(): void {
    const { buffer } = this.arena.handle;
    const { scale, slots } = this.arena.plan;
    this.words(scale.offset).fill(NaN);
    new Uint8Array(buffer, slots.offset, slots.bytes * slots.count).fill(0);
  }

  /** The arena's scalars from a byte offset on. */
  words(offset: number, count?: number): Float32Array | Float64Array {
    const { buffer } = this.arena.handle;
    return this.arena.plan.format === 'rows-f64'
      ? new Float64Array(buffer, offset, count)
      : new Float32Array(buffer, offset, count);
  }

  #each(
    plan: MatrixPlan,
    rows: number,
    columns: number,
    base: number,
    visit: (at: number, r: number, c: number) => void,
  ) {
    const { format } = this.arena.plan;
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) visit(base + place(format, plan, r, c), r, c);
  }

  #get(at: number): number {
    const view = new DataView(this.arena.handle.buffer);
    return this.arena.plan.format === 'rows-f64' ? view.getFloat64(at, true) : view.getFloat32(at, true);
  }

  #set(at: number, value: number): void {
    const view = new DataView(this.arena.handle.buffer);
    if (this.arena.plan.format === 'rows-f64') view.setFloat64(at, value, true);
    else view.setFloat32(at, value, true);
  }
}

function emptyTable(spec: NetworkSpec): Table {
  const columns = (size: number) => ({ values: new Float32Array(size), size, stride: size });
  return {
    inputs: columns(spec.inputs),
    affine: { scale: new Float64Array(spec.inputs).fill(1), shift: new Float64Array(spec.inputs) },
    targets: { kind: 'values', columns: columns(spec.layers.at(-1)!.units), affine: undefined },
  };
}

/** Normal numbers that float32 holds exactly, so that every backend starts from the same. */
export function normals(random: Random, count: number, scale = 1): Float64Array {
  return Float64Array.from({ length: count }, () => Math.fround(scale * random.normal()));
}

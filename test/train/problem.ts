// Small problems, and ways to train them that the tests of src/train share.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  Dataset,
  type FitOptions,
  type LayerParameters,
  Network,
  type StreamedDataset,
  Trainer,
  type TrainerOptions,
} from 'gradpool';
import { findBlas } from '#src/kernels/blas/library.js';
import { flatten, largest, expectClose } from '../close.ts';

export const STRATEGIES = ['data-parallel', 'coordinator', 'owner-computes'] as const;

/** All backends that can run here: 'blas' where there is a library. */
export const BACKENDS =
  'blas' in findBlas() ? (['wasm', 'blas', 'reference'] as const) : (['wasm', 'reference'] as const);

/** In [-1, 1], the same on every run. */
function value(i: number): number {
  return Math.sin(i * 12.9898 + 0.5);
}

/** Rows of 9 inputs in 4 classes. */
export function classes(rows: number, first = 0): Dataset {
  return Dataset.fromArrays({
    inputs: Float32Array.from({ length: rows * 9 }, (_, i) => value(first * 9 + i)),
    inputSize: 9,
    targets: Uint8Array.from({ length: rows }, (_, r) => (first + r) % 4),
  });
}

/** 9-13-4 for `classes`. */
export function classifier(seed = 5): Network {
  return new Network({
    inputs: 9,
    layers: [
      { units: 13, activation: 'tanh' },
      { units: 4, activation: 'softmax' },
    ],
    seed,
  });
}

/** Bytes with `inputs` to a row in 4 classes: large sets quickly. */
export function bytes(rows: number, inputs: number): Dataset {
  return Dataset.fromArrays({
    inputs: Uint8Array.from({ length: rows * inputs }, (_, i) => Math.imul(i, 2654435761) >>> 31),
    inputSize: inputs,
    targets: Uint8Array.from({ length: rows }, (_, r) => r % 4),
  });
}

/** A trainer for the length of `work`. */
export async function withTrainer<T>(
  network: Network,
  options: TrainerOptions,
  work: (trainer: Trainer) => Promise<T>,
): Promise<T> {
  const trainer = await Trainer.create(network, options);
  try {
    return await work(trainer);
  } finally {
    await trainer.close();
  }
}

/** What a training from the start gives. */
export function train(
  network: Network,
  data: Dataset | StreamedDataset,
  options: TrainerOptions,
  fit: FitOptions = {},
) {
  return withTrainer(network, options, async (trainer) => {
    const history = await trainer.fit(data, fit);
    return { history, losses: history.map(({ loss }) => loss), parameters: network.parameters, info: trainer.info };
  });
}

/** Equal to 1e-5 of the largest parameter of the layer. */
export function expectCloseParameters(
  what: string,
  actual: readonly LayerParameters[],
  expected: readonly LayerParameters[],
): void {
  actual.forEach((layer, l) => {
    const wanted = flatten([expected[l]!]);
    expectClose(`${what}, layer ${l + 1}`, flatten([layer]), wanted, { relative: 1e-5, floor: largest(wanted) });
  });
}

/** Runs a program of test/fixtures in a process of its own; its last line is what it reports, as JSON. */
export async function child<T>(fixture: string, argument: object, flags: string[] = []): Promise<T & { ms: number }> {
  const file = join(import.meta.dirname, '..', 'fixtures', fixture);
  const began = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, file, JSON.stringify(argument)], {
    timeout: 25_000,
  });
  const report = JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
  return { ...report, ms: performance.now() - began };
}

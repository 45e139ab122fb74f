import type { Table } from '../src/core/table.ts';
import { resolveSpec } from '../src/core/spec.ts';
import { compile, KernelFactory } from '../src/kernels/load.ts';
import type { Kernels, Twin } from '../src/kernels/kernels.ts';
import { instantiate } from '../src/kernels/exports.ts';
import { Arena } from '../src/memory/arena.ts';
import { planTraining } from '../src/memory/layout.ts';
import { makeDataset } from './networks.ts';
import { duration, table } from '../src/cli/text.ts';
import { type Candidate, type Effort, timeInRounds } from './timing.ts';

/** Rows, inputs, units: the middle layers and the edges of the networks that are compared. */
const SHAPES = [
  [64, 784, 128],
  [128, 1024, 1024],
  [64, 128, 10],
  [64, 32, 32],
  [1, 784, 128],
  [1, 32, 32],
] as const;
const PEAK_LOOPS = 100_000;
/** 12 products of 4 lanes, each a multiplication and an addition. */
const PEAK_FLOPS = PEAK_LOOPS * 12 * 4 * 2;

/** Every kernel on several shapes: GFLOP/s, and the share of the FMA peak measured between them. */
export async function benchKernels(effort: Effort) {
  const paths: Twin[] = ['simd', 'relaxed-simd'];
  const runnable = paths.filter((path) => canCompile(path));
  const candidates: (Candidate & { flops: number })[] = [];
  for (const path of runnable) {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const wasm = instantiate(compile(path), memory);
    candidates.push({
      name: `${path} peak`,
      repeat: 1,
      flops: PEAK_FLOPS,
      run: () => void wasm.fmaPeak(PEAK_LOOPS),
    });
    for (const shape of SHAPES) candidates.push(...shapeCandidates(path, shape));
  }
  const times = await timeInRounds(candidates, effort);
  const rate = (name: string, flops: number) => flops / times.get(name)!.median / 1e9;
  const peak = Math.max(...runnable.map((path) => rate(`${path} peak`, PEAK_FLOPS)));
  const results = candidates.map(({ name, flops }) => ({
    name,
    seconds: times.get(name)!,
    gflops: rate(name, flops),
    share: rate(name, flops) / peak,
  }));
  return {
    results: { peak, kernels: results },
    text: table(
      ['kernel', 'time', 'GFLOP/s', 'of peak'],
      results.map((r) => [r.name, duration(r.seconds.median), r.gflops.toFixed(1), r.share.toFixed(2)]),
    ),
  };
}

function canCompile(path: Twin): boolean {
  try {
    compile(path);
    return true;
  } catch {
    return false;
  }
}

function shapeCandidates(path: Twin, [rows, inputs, units]: readonly [number, number, number]) {
  const kernels = kernelsOf(path, rows, inputs, units);
  const flops = 2 * rows * inputs * units;
  const repeat = Math.max(1, Math.round(2e6 / flops));
  const label = (what: string) => `${path} ${what} ${rows} x ${inputs} x ${units}`;
  const times = (name: string, call: () => void) => ({
    name: label(name),
    repeat,
    flops,
    run: () => {
      for (let i = 0; i < repeat; i++) call();
    },
  });
  return [
    times('forward', () => kernels.forward(2, 0, rows)),
    times('backward', () => kernels.backward(1, 0, rows)),
    times('gradient', () => kernels.gradient(2, 1, rows, false)),
  ];
}

/** The second of two layers: the first only gives `backward` a delta to write. */
function kernelsOf(path: Twin, rows: number, inputs: number, units: number): Kernels {
  const spec = resolveSpec({
    inputs: 8,
    layers: [
      { units: inputs, activation: 'relu' },
      { units, activation: 'linear' },
    ],
  });
  const arena = Arena.allocate(planTraining({ spec, batchSize: rows, workers: 1, format: 'panels-f32' }));
  new Float32Array(arena.handle.buffer).fill(0.01, arena.plan.slots.offset / 4);
  const data: Table = makeDataset([8, 2], rows).bind(
    { ...spec, loss: 'cross-entropy' },
    { inputs: undefined, targets: undefined },
  ).table;
  const source = { backend: 'wasm', path, module: compile(path) } as const;
  return new KernelFactory(source, spec, arena).create(0, arena.plan.workerPlans[0]!.train, data);
}

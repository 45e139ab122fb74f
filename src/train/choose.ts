import { setImmediate as turn } from 'node:timers/promises';
import { type NetworkSpec, trainingFlops } from '../core/spec.ts';
import type { Table } from '../core/table.ts';
import { type BackendChoice, type BackendReport, type KernelSource, stepOf } from '../kernels/kernels.ts';
import { Masks } from '../kernels/masks.ts';
import { type Chosen, formatOf, KernelFactory, loadBackend, loadBlas } from '../kernels/load.ts';
import { Arena } from '../memory/arena.ts';
import { planTraining } from '../memory/layout.ts';
import { Stopwatch } from './stopwatch.ts';
import { soleUpdate, type Worker } from './update.ts';

/** Enough rows to tell the backends apart, few enough to be quick. */
const MOST_ROWS = 128;
const MOST_FLOPS = 1e9;
/** Wider layers are timed as if they had so many units: that is wide enough for the difference to be clear. */
const MOST_UNITS = 512;
/** The engine compiles its fast code while the slow one runs; ms. */
const WARM_UP = 25;
/** Long enough for the clock; ms. */
const SAMPLE = 2;
const SAMPLES = 7;
/** No more samples are taken once the timing has taken so long; ms. */
const BUDGET = 250;

/**
 * Decides what does the arithmetic. For 'auto' with a BLAS at hand, one worker's part of an update is timed on both, here
 * and now, with this network; some 0.1 to 0.3 s, in slices between which the event loop turns.
 * @param workers - among which the rows of a batch are divided
 * @throws GradpoolError ERR_BACKEND_UNAVAILABLE if the backend that was asked for cannot run
 */
export async function chooseBackend(
  choice: BackendChoice,
  sharedMemory: boolean,
  spec: NetworkSpec,
  batchSize: number,
  workers: number,
): Promise<Chosen> {
  const first = loadBackend(choice, sharedMemory);
  const { path, reason } = first.report;
  if (choice !== 'auto' || first.report.backend !== 'wasm' || (path !== 'simd' && path !== 'relaxed-simd'))
    return first;
  const second = loadBlas(path);
  if ('obstacle' in second) return { ...first, report: { ...first.report, reason: `${reason}; ${second.obstacle}` } };
  const sample = narrowed(spec);
  const affordable = Math.max(8, Math.floor(MOST_FLOPS / trainingFlops(sample)));
  const rows = Math.min(MOST_ROWS, affordable, Math.ceil(batchSize / workers));
  const key = JSON.stringify([sample, rows, path, second.report.library]);
  const known = MEASURED.get(key) ?? timeUpdates(first.source, second.source, sample, rows);
  MEASURED.set(key, known);
  const measured = await known;
  const [winner, loser] = measured.blas < measured.wasm ? [second, first] : [first, second];
  const ratio = (measured[loser.report.backend as 'wasm'] / measured[winner.report.backend as 'wasm']).toFixed(2);
  const why = `measured at the start: ${ratio} times as fast as ${loser.report.backend} on ${rows} rows of this network`;
  const library = second.report.library!;
  return { ...winner, report: { ...winner.report, library, measured, reason: why } };
}

type Measured = NonNullable<BackendReport['measured']>;
/** What this process has measured: the next trainer of the same network need not wait. */
const MEASURED = new Map<string, Promise<Measured>>();

/** Seconds of an update of `rows` rows on both: the best of several turns. */
async function timeUpdates(wasm: KernelSource, blas: KernelSource, spec: NetworkSpec, rows: number): Promise<Measured> {
  const runs = [wasm, blas].map((source) => updateOf(source, spec, rows));
  const repeats = [];
  for (const run of runs) {
    const [count, spent] = runFor(run, WARM_UP);
    repeats.push(Math.max(1, Math.round((SAMPLE * count) / spent)));
    await turn();
  }
  const best = runs.map(() => Infinity);
  const end = performance.now() + BUDGET;
  for (let sample = 0; sample === 0 || (sample < SAMPLES && performance.now() < end); sample++) {
    for (const [i, run] of runs.entries()) {
      const start = performance.now();
      for (let n = 0; n < repeats[i]!; n++) run();
      best[i] = Math.min(best[i]!, (performance.now() - start) / repeats[i]! / 1000);
      await turn();
    }
  }
  return { wasm: best[0]!, blas: best[1]! };
}

function narrowed(spec: NetworkSpec): NetworkSpec {
  const cut = (n: number) => Math.min(MOST_UNITS, n);
  return {
    ...spec,
    inputs: cut(spec.inputs),
    layers: spec.layers.map((layer) => ({ ...layer, units: cut(layer.units) })),
  };
}

function runFor(run: () => void, ms: number): [count: number, spent: number] {
  const start = performance.now();
  for (let count = 1; ; count++) {
    run();
    const spent = performance.now() - start;
    if (spent > ms) return [count, spent];
  }
}

/** One update on a small arena of its own, at a learning rate of 0: numbers stay tame however often it runs. */
function updateOf(source: KernelSource, spec: NetworkSpec, rows: number): () => void {
  const format = formatOf(source.backend);
  const arena = Arena.allocate(planTraining({ spec, batchSize: rows, workers: 1, format }));
  const { slots, workerPlans } = arena.plan;
  new Float32Array(arena.handle.buffer, slots.offset, slots.bytes / 4).fill(1 / 64);
  const block = workerPlans[0]!.train;
  const worker: Worker = {
    kernels: new KernelFactory(source, spec, arena).create(0, block, sampleTable(spec, rows)),
    blockRows: block.rows,
    layers: spec.layers.length,
    control: arena.control,
    watch: new Stopwatch(arena.statistics(0)),
    squares: arena.squares,
    masks: Masks.of(spec, 0),
  };
  const order = Uint32Array.from({ length: block.rows }, (_, i) => i);
  const still = stepOf({}, 0);
  let slot = 0;
  return () => {
    soleUpdate(worker, order, 0, block.rows, slot, 1 - slot, still);
    slot = 1 - slot;
  };
}

function sampleTable(spec: NetworkSpec, rows: number): Table {
  const columns = (size: number) => ({ values: new Float32Array(rows * size).fill(0.5), size, stride: size });
  const size = spec.inputs;
  return {
    inputs: columns(size),
    affine: { scale: new Float64Array(size).fill(1), shift: new Float64Array(size) },
    targets: { kind: 'values', columns: columns(spec.layers.at(-1)!.units), affine: undefined },
  };
}

import { trainingFlops } from '../src/core/spec.ts';
import { Trainer } from '../src/index.ts';
import { compile } from '../src/kernels/load.ts';
import { instantiate } from '../src/kernels/exports.ts';
import { type Interval, medianInterval } from '../src/lab/statistics.ts';
import { PHASES } from '../src/memory/control.ts';
import type { PhaseSeconds } from '../src/train/outcome.ts';
import { probeSimd } from '../src/kernels/load.ts';
import { makeDataset, makeNetwork, nameOf, NETWORKS } from './networks.ts';
import { count, duration, table } from './output.ts';
import type { Effort } from './timing.ts';

const CELLS = [
  ['A', 1],
  ['A', 64],
  ['A', 256],
  ['B', 64],
  ['B', 256],
  ['C', 1],
  ['C', 64],
  ['C', 256],
] as const;
/** Epochs long enough that starting one does not count: some 20 ms and more. */
const PATTERNS = { A: 8192, B: 8192, C: 65_536 };
const PEAK_LOOPS = 200_000;

/** Training on one and on two workers, update by update: its time, its share of the FMA peak and its phases. */
export async function benchUpdate({ rounds, time }: Effort) {
  const peak = peakMeter();
  const cells = [];
  for (const [name, batchSize] of CELLS) {
    const widths = NETWORKS[name];
    const data = makeDataset(widths, PATTERNS[name]);
    for (const workers of [1, 2]) {
      const network = makeNetwork(widths);
      const trainer = await Trainer.create(network, { workers, batchSize, learningRate: 0.01 });
      cells.push({
        name,
        widths,
        batchSize,
        workers,
        trainer,
        data,
        flops: trainingFlops(network.spec) * batchSize,
        perUpdate: [] as number[],
        share: [] as number[],
        phases: undefined as PhaseSeconds | undefined,
        updates: 1,
      });
    }
  }
  for (let round = 0; round <= rounds; round++) {
    for (const cell of cells) {
      const gflops = peak();
      const [seconds, phases, updates] = await measure(cell.trainer, cell.data, cell.updates);
      cell.updates = Math.max(1, Math.ceil(time / 1000 / seconds));
      if (round === 0) continue;
      cell.perUpdate.push(seconds);
      cell.share.push(cell.flops / seconds / 1e9 / gflops);
      cell.phases = perUpdate(phases, updates);
    }
  }
  await Promise.all(cells.map(({ trainer }) => trainer.close()));
  const results = cells.map(({ name, widths, batchSize, workers, perUpdate: samples, share, phases, flops }) => {
    const seconds = medianInterval(samples, 1);
    return {
      network: name,
      layers: nameOf(widths),
      batchSize,
      workers,
      seconds,
      share: medianInterval(share, 1),
      gflops: flops / seconds.median / 1e9,
      patternsPerSecond: batchSize / seconds.median,
      phases: phases!,
    };
  });
  return { results, text: [mainTable(results), phaseTable(results)].join('\n') };
}

type Result = {
  layers: string;
  batchSize: number;
  workers: number;
  seconds: Interval;
  share: Interval;
  gflops: number;
  patternsPerSecond: number;
  phases: PhaseSeconds;
};

function mainTable(results: readonly Result[]): string {
  return table(
    ['network', 'B', 'workers', 'per update', 'patterns/s', 'GFLOP/s', "of one core's FMA peak"],
    results.map((r) => [
      r.layers,
      r.batchSize,
      r.workers,
      duration(r.seconds.median),
      count(r.patternsPerSecond),
      r.gflops.toFixed(1),
      `${r.share.median.toFixed(2)} (${r.share.low.toFixed(2)} to ${r.share.high.toFixed(2)})`,
    ]),
  );
}

function phaseTable(results: readonly Result[]): string {
  return table(
    ['first worker', 'B', 'workers', ...PHASES],
    results.map((r) => [r.layers, r.batchSize, r.workers, ...PHASES.map((phase) => duration(r.phases[phase]))]),
  );
}

async function measure(
  trainer: Trainer,
  data: ReturnType<typeof makeDataset>,
  updates: number,
): Promise<[number, PhaseSeconds, number]> {
  const perEpoch = Math.ceil(data.length / trainer.info.batchSize);
  const options = { epochs: Math.ceil(updates / perEpoch), maxUpdates: updates };
  // The trainers take turns: while others were measured this one's threads slept and its caches went cold.
  await trainer.fit(data, options);
  const history = await trainer.fit(data, options);
  const done = history.reduce((sum, epoch) => sum + epoch.updates, 0);
  const phases = Object.fromEntries(
    PHASES.map((p) => [p, history.reduce((sum, epoch) => sum + epoch.phases[0]![p], 0)]),
  ) as PhaseSeconds;
  return [history.reduce((sum, epoch) => sum + epoch.seconds, 0) / done, phases, done];
}

function perUpdate(phases: PhaseSeconds, updates: number): PhaseSeconds {
  return Object.fromEntries(PHASES.map((p) => [p, phases[p] / updates])) as PhaseSeconds;
}

/** GFLOP/s of independent fused multiply-adds on this thread, now. */
function peakMeter(): () => number {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const simd = probeSimd();
  const wasm = instantiate(compile(simd === 'relaxed-simd' ? simd : 'simd'), memory);
  const once = () => {
    const start = performance.now();
    wasm.fmaPeak(PEAK_LOOPS);
    return (PEAK_LOOPS * 12 * 8) / (performance.now() - start) / 1e6;
  };
  for (let i = 0; i < 20; i++) once();
  return () => Math.max(once(), once(), once());
}

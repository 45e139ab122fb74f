import { GradpoolError } from '../core/errors.ts';
import type { Backend } from '../kernels/kernels.ts';
import { detectSharedMemory } from '../memory/shared.ts';
import { Network } from '../nn/network.ts';
import { chooseBackend } from '../train/choose.ts';
import {
  type CapacityData,
  type CapacityOptions,
  type ResolvedCapacity,
  resolveCapacity,
  type Size,
} from './capacity-options.ts';
import { type CapacityReport, capacityReport, completeRepeats } from './capacity-report.ts';
import { type CapacityRun, trainOnce } from './capacity-run.ts';
import { chooseSideBySide, doTogether } from './side-by-side.ts';

/**
 * Measures how training, validation and test error depend on the width and on the depth of a network: which size has the least
 * test error, which cannot be told from it, and whether the error rises again beyond it.
 *
 * Every size is trained several times, from other starting weights and with the patterns in other orders; the same seeds serve
 * all sizes, which are compared seed by seed. Small networks are faster in several trainings side by side than in one on
 * all workers, so both are measured first. The weights are the same bits either way; of a loss, which is a sum
 * per worker, the last digits may differ.
 *
 * @returns after an abort, a report of the repeats that were complete, if there are any
 * @throws TypeError, RangeError naming the argument; GradpoolError as `Trainer.fit`
 * @example
 * const [train, validation, test] = dataset.split([0.5, 0.2]);
 * const report = await measureCapacity({ train, validation, test }, { output: { units: 1, activation: 'linear' } });
 * for (const { text } of report.best) console.log(text);
 */
export async function measureCapacity(data: CapacityData, given: CapacityOptions): Promise<CapacityReport> {
  const o = resolveCapacity(data, given);
  const runs = o.sizes.map(() => [] as CapacityRun[]);
  // Repeat by repeat, so that an abort leaves whole ones.
  const jobs = Array.from({ length: o.repeats }, (_, repeat) => o.sizes.map((size, i) => ({ size, i, repeat }))).flat();
  const backends = await chooseBackends(o);
  const sideBySide = await chooseSideBySide(
    extremes(o.sizes).map((i) => ({
      network: new Network({ ...o.sizes[i]!.spec, normalization: o.normalization }),
      backend: backends[i]!,
    })),
    data.train,
    o.trainer,
    o.sideBySide,
    o.signal,
  );
  let state: CapacityReport['state'] = 'complete';
  let done = 0;
  try {
    await doTogether(jobs, sideBySide.together, o.signal, async ({ size, i, repeat }, signal) => {
      const means = { workers: sideBySide.workersEach, backend: backends[i]! };
      runs[i]![repeat] = await trainOnce(size, o.seed + repeat, o, means, signal);
      const { width, depth } = size;
      o.onProgress?.({ done: ++done, total: jobs.length, width, depth, seed: o.seed + repeat });
    });
  } catch (error) {
    const aborted = o.signal?.aborted && error instanceof GradpoolError && error.code === 'ERR_ABORTED';
    if (!aborted || completeRepeats(runs) === 0) throw error;
    state = 'partial';
  }
  return capacityReport(o, runs, sideBySide, state);
}

/** What computes each network, on whatever number of workers: what 'auto' chooses for one. */
async function chooseBackends({ sizes, trainer }: ResolvedCapacity): Promise<Backend[]> {
  const { available } = detectSharedMemory();
  const backends: Backend[] = [];
  for (const { spec } of sizes) {
    const chosen = await chooseBackend(trainer.backend ?? 'auto', available, spec, trainer.batchSize, 1);
    backends.push(chosen.report.backend);
  }
  return backends;
}

/** Where the smallest and the largest network are; one place, if there is one. */
function extremes(sizes: readonly Size[]): number[] {
  const counts = sizes.map(({ parameters }) => parameters);
  return [...new Set([Math.min(...counts), Math.max(...counts)].map((count) => counts.indexOf(count)))];
}

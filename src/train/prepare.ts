import { availableParallelism } from 'node:os';
import { wrongType } from '../core/checks.ts';
import { GradpoolError } from '../core/errors.ts';
import { RULES } from '../core/optimizers.ts';
import type { NetworkSpec } from '../core/spec.ts';
import type { BackendReport } from '../kernels/kernels.ts';
import { formatOf } from '../kernels/load.ts';
import { Arena } from '../memory/arena.ts';
import { BLOCK_ROWS, planTraining, type PlanRequest } from '../memory/layout.ts';
import { detectSharedMemory } from '../memory/shared.ts';
import { Network } from '../nn/network.ts';
import { chooseBackend } from './choose.ts';
import { checkClassWeights } from './class-weights.ts';
import { type NumericOptions, type ResolvedOptions, resolveOptions, type Strategy } from './options.ts';
import type { CoordinatorSetup } from './outcome.ts';
import type { TrainerInfo } from './report.ts';
import { chooseStrategy } from './strategy.ts';
import { allocateTrace } from './trace.ts';

/**
 * Looks at a barrier before sleeping: some 0.1 ms. Longer than a sleeper takes to wake (10 to 100 µs), or two workers
 * with short updates keep falling asleep on each other: each wakes when the other has just given up spinning.
 */
const SPINS = 15_000;

/** The longest wait at a barrier in ms. The coordinator's watch over the heartbeats ends a stalled epoch long before. */
const BARRIER_LIMIT = 600_000;

/** A BLAS wants so many rows at a time on each core. */
const ROWS_PER_CORE = 128;

/** Everything that is decided before a thread starts: options, backend, plan, memory. */
export async function prepare(
  network: Network,
  given: NumericOptions,
): Promise<{ resolved: ResolvedOptions; info: TrainerInfo; arena: Arena; setup: CoordinatorSetup }> {
  if (!(network instanceof Network)) throw wrongType('network', 'Network', network);
  const resolved = resolveOptions(given);
  checkClassWeights(network.spec, resolved.classWeights);
  const sharedMemory = detectSharedMemory();
  if (!sharedMemory.available && resolved.sharedMemory === 'required') {
    throw new GradpoolError('ERR_NO_SHARED_MEMORY', `shared memory was required: ${sharedMemory.reason}`);
  }
  const inline = resolved.sharedMemory === 'off' || !sharedMemory.available;
  const workers = inline ? 1 : resolved.workers;
  const { batchSize } = resolved;
  const { spec } = network;
  const cores = availableParallelism();
  const { strategy, shards, ofCores, why } = strategyOf(resolved, spec, cores);
  const micro = resolved.accumulated?.microBatchSize;
  const rows = micro === undefined ? batchSize : micro * workers;
  const { source, report } = await chooseBackend(resolved.backend, sharedMemory.available, spec, rows, workers);
  const format = formatOf(source.backend);
  const stateVectors = RULES[resolved.step.rule].vectors;
  const norm = resolved.clipNorm !== Infinity;
  const memory = memoryOf(strategy, batchSize, workers, shards);
  const together = micro === undefined ? resolved.blockRows : memory.sharedBlock ? rows : micro;
  const blockRows = together ?? (source.backend === 'blas' ? ROWS_PER_CORE * Math.max(2, cores) : BLOCK_ROWS);
  const request = { spec, batchSize, workers, stateVectors, norm, format, blockRows, evaluateRows: micro, ...memory };
  const arena = Arena.allocate(planTraining(request));
  // A thread that spins keeps a core from the one it waits for, where there are more threads than cores.
  const { averagingPeriod, seed } = resolved;
  // Where threads take turns on the cores, each is away for as long as the others run.
  const stallTimeout = resolved.stallTimeout * Math.max(1, Math.floor(workers / cores));
  const spins = workers <= cores ? SPINS : 0;
  const trace = resolved.trace === undefined ? undefined : allocateTrace(workers);
  const barrierLimit = Math.max(BARRIER_LIMIT, 2 * stallTimeout);
  const waits = { spins, barrierLimit };
  const session = { spec, seed, strategy, averagingPeriod, arena: arena.handle, source, trace, ...waits };
  const { bytes } = arena.plan;
  const execution = inline ? 'inline' : 'threads';
  const free = strategy === 'owner-computes' || shards !== undefined;
  const tuned = resolved.tuned && free && workers > 1;
  const info: TrainerInfo = {
    ...report,
    workers,
    tuned,
    cores,
    strategy,
    strategyReason: why,
    shards: arena.plan.shards,
    ...(strategy === 'local-sgd' && { averagingPeriod }),
    batchSize,
    ...(micro !== undefined && { microBatchSize: micro, accumulation: batchSize / rows }),
    blockRows: arena.plan.workerPlans[0]!.train.rows,
    reproducible: reproducibility(strategy, workers, free, ofCores, report, micro !== undefined),
    sharedMemory,
    execution,
    bytes,
  };
  return { resolved, info, arena, setup: { session, strategy, stallTimeout, tuned } };
}

/** Where memory is to be bounded, no gradients are kept beside those of the batch. */
function strategyOf({ strategy, batchSize, accumulated }: ResolvedOptions, spec: NetworkSpec, cores: number) {
  if (strategy !== 'auto' || accumulated === undefined) return chooseStrategy(strategy, spec, batchSize, cores);
  const why = 'with accumulation, no gradients but those of the whole batch are kept';
  return { ...chooseStrategy('owner-computes', spec, batchSize, cores), why };
}

function reproducibility(
  strategy: Strategy,
  workers: number,
  free: boolean,
  ofCores: boolean,
  { backend, measured }: BackendReport,
  accumulated: boolean,
): string {
  if (strategy === 'hogwild' && workers > 1) return 'other bits in every run: the steps of the workers race';
  const same = accumulated ? ', microBatchSize x workers being the same' : '';
  const count = free ? `any number of workers${same}` : 'the same number of workers';
  const library = backend === 'blas' ? ' and the same library' : '';
  const where = library !== '' || ofCores ? `, on machines with as many cores${library}` : '';
  const choice = measured ? '; the backend was measured, and may be another next time: name one to be sure' : '';
  return `the same bits with ${count}${where}${choice}`;
}

/** What a strategy needs in the arena. */
function memoryOf(
  strategy: Strategy,
  batchSize: number,
  workers: number,
  shards: number | undefined,
): Partial<PlanRequest> {
  if (strategy === 'owner-computes') return { sharedBlock: true };
  // The weights of its own take turns.
  if (strategy === 'local-sgd') return { ownSlots: 2, workerRows: Math.ceil(batchSize / workers) };
  if (strategy === 'hogwild') return { ownSlots: 1, workerRows: batchSize };
  return { shards };
}

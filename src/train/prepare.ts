import { availableParallelism } from 'node:os';
import { wrongType } from '../core/checks.ts';
import { GradpoolError } from '../core/errors.ts';
import { formatOf, loadBackend } from '../kernels/load.ts';
import { Arena } from '../memory/arena.ts';
import { planTraining } from '../memory/layout.ts';
import { detectSharedMemory } from '../memory/shared.ts';
import { Network } from '../nn/network.ts';
import { type ResolvedOptions, resolveOptions, type TrainerOptions } from './options.ts';
import type { CoordinatorSetup } from './outcome.ts';
import type { TrainerInfo } from './report.ts';

/**
 * Looks at a barrier before sleeping: some 0.1 ms. Longer than a sleeper takes to wake (10 to 100 µs), or two workers
 * with short updates keep falling asleep on each other: each wakes when the other has just given up spinning.
 */
const SPINS = 15_000;

/** Everything that is decided before a thread starts: options, backend, plan, memory. */
export function prepare(
  network: Network,
  given: TrainerOptions,
): { resolved: ResolvedOptions; info: TrainerInfo; arena: Arena; setup: CoordinatorSetup } {
  if (!(network instanceof Network)) throw wrongType('network', 'Network', network);
  const resolved = resolveOptions(given);
  const sharedMemory = detectSharedMemory();
  if (!sharedMemory.available && resolved.sharedMemory === 'required') {
    throw new GradpoolError('ERR_NO_SHARED_MEMORY', `shared memory was required: ${sharedMemory.reason}`);
  }
  const inline = resolved.sharedMemory === 'off' || !sharedMemory.available;
  const workers = inline ? 1 : resolved.workers;
  const { strategy, batchSize, stallTimeout } = resolved;
  const { source, report } = loadBackend(resolved.backend, sharedMemory.available);
  const { spec } = network;
  const format = formatOf(source.backend);
  const momentum = resolved.momentum > 0;
  const sharedBlock = strategy === 'owner-computes';
  const arena = Arena.allocate(planTraining({ spec, batchSize, workers, momentum, format, sharedBlock }));
  const cores = availableParallelism();
  // A thread that spins keeps a core from the one it waits for, where there are more threads than cores.
  const session = { spec, strategy, arena: arena.handle, source, spins: workers <= cores ? SPINS : 0 };
  const { bytes } = arena.plan;
  const execution = inline ? 'inline' : 'threads';
  const info: TrainerInfo = { ...report, workers, cores, strategy, batchSize, sharedMemory, execution, bytes };
  return { resolved, info, arena, setup: { session, strategy, stallTimeout } };
}

import { BACKENDS } from '../kernels/kernels.ts';
import { loadBackend } from '../kernels/load.ts';
import { describeEnvironment } from '../lab/environment.ts';
import { detectSharedMemory } from '../memory/shared.ts';
import type { Output } from './output.ts';
import { table } from './text.ts';

/** Says what this machine has and what can be used of it. */
export function info(output: Output): void {
  const environment = describeEnvironment();
  const sharedMemory = detectSharedMemory();
  const backends = describeBackends(sharedMemory.available);
  output.event('info', { environment, sharedMemory, backends });
  const caches = environment.caches
    .filter(({ type }) => type !== 'Instruction')
    .map(
      ({ level, bytes, sharedBy }) =>
        `L${level} ${Math.round(bytes / 1024)} KiB${(sharedBy ?? 1) > 1 ? ` shared by ${sharedBy}` : ''}`,
    );
  output.text(
    table(
      ['', ''],
      [
        ['gradpool', environment.version],
        ['Node', `${environment.node}, V8 ${environment.v8}`],
        ['CPU', environment.cpu],
        [
          'cores',
          `${environment.availableCores} of ${environment.cores}${environment.quota ? `, at most ${environment.quota} CPUs` : ''}`,
        ],
        ['caches', caches.join(', ') || 'not known'],
        ['memory', `${(environment.memory / 2 ** 30).toFixed(1)} GiB`],
        ['shared memory', sharedMemory.available ? 'yes' : `no: ${sharedMemory.reason}`],
        ...backends.map(({ backend, available, why }) => [`backend ${backend}`, `${available ? 'yes' : 'no'}: ${why}`]),
      ],
    ),
  );
}

function describeBackends(sharedMemory: boolean): { backend: string; available: boolean; why: string }[] {
  return BACKENDS.filter((backend) => backend !== 'auto').map((backend) => {
    try {
      const { report } = loadBackend(backend, sharedMemory);
      return { backend, available: true, why: [report.path, report.library].filter(Boolean).join(', ') };
    } catch (error) {
      return { backend, available: false, why: error instanceof Error ? error.message : String(error) };
    }
  });
}

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { VERSION } from '../core/version.ts';
import { probeSimd } from '../kernels/load.ts';

/** The machine and the software that a measurement was made on. */
export interface Environment {
  cpu: string;
  /** Of the machine, and those that this process may use. */
  cores: number;
  availableCores: number;
  /**
   * Of the first core, in bytes, from sysfs, else from `getconf`, which does not say how many CPUs share one; empty where
   * neither tells.
   */
  caches: { level: number; type: string; bytes: number; sharedBy: number | undefined }[];
  /** CPUs that the control group allows, if it limits them. */
  quota: number | undefined;
  memory: number;
  /** Of the last 1, 5 and 15 minutes. */
  load: readonly number[];
  os: string;
  node: string;
  v8: string;
  flags: readonly string[];
  simd: string;
  /** Of this package, and the commit if it runs from a repository. */
  version: string;
  commit: string | undefined;
  /** ISO 8601. */
  time: string;
}

/** Describes where this process runs. Never throws: what cannot be read is left out. */
export function describeEnvironment(): Environment {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    availableCores: availableParallelism(),
    caches: readCaches(),
    quota: readQuota(),
    memory: totalmem(),
    load: loadavg(),
    os: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    flags: process.execArgv,
    simd: probeSimd(),
    version: VERSION,
    commit: readCommit(),
    time: new Date().toISOString(),
  };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function text(path: string): string {
  return readFileSync(path, 'utf8').trim();
}

function readCaches(): Environment['caches'] {
  const root = '/sys/devices/system/cpu/cpu0/cache';
  const names = attempt(() => readdirSync(root).filter((name) => name.startsWith('index'))) ?? [];
  if (names.length === 0) return attempt(askForCaches) ?? [];
  return names.flatMap((name) => {
    const cache = attempt(() => ({
      level: Number(text(`${root}/${name}/level`)),
      type: text(`${root}/${name}/type`),
      bytes: parseSize(text(`${root}/${name}/size`)),
      sharedBy: countCpus(text(`${root}/${name}/shared_cpu_list`)),
    }));
    return cache ? [cache] : [];
  });
}

/** What the C library reads from the processor itself: there are virtual machines that have no sysfs of caches. */
function askForCaches(): Environment['caches'] {
  const types = { DCACHE: 'Data', ICACHE: 'Instruction', CACHE: 'Unified' };
  const lines = execFileSync('getconf', ['-a'], {
    encoding: 'utf8',
    timeout: 1000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return [...lines.matchAll(/^LEVEL(\d)_([DI]?CACHE)_SIZE\s+([1-9]\d*)$/gm)].map(([, level, type, bytes]) => ({
    level: Number(level),
    type: types[type as keyof typeof types],
    bytes: Number(bytes),
    sharedBy: undefined,
  }));
}

/** "1024K" in bytes. */
function parseSize(size: string): number {
  const unit = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[size.at(-1)!] ?? 1;
  return parseInt(size, 10) * unit;
}

/** "0-3,8" is 5. */
function countCpus(list: string): number {
  return list.split(',').reduce((sum, range) => {
    const [first, last] = range.split('-').map(Number);
    return sum + (last ?? first!) - first! + 1;
  }, 0);
}

function readQuota(): number | undefined {
  const unified = attempt(() => text('/sys/fs/cgroup/cpu.max').split(' '));
  const [quota, period] = unified ?? [
    attempt(() => text('/sys/fs/cgroup/cpu/cpu.cfs_quota_us')),
    attempt(() => text('/sys/fs/cgroup/cpu/cpu.cfs_period_us')),
  ];
  const cpusAllowed = Number(quota) / Number(period);
  return cpusAllowed > 0 && Number.isFinite(cpusAllowed) ? cpusAllowed : undefined;
}

function readCommit(): string | undefined {
  return attempt(() => {
    const root = new URL('../../../', import.meta.url);
    const head = readFileSync(new URL('.git/HEAD', root), 'utf8').trim();
    return head.startsWith('ref: ') ? readFileSync(new URL(`.git/${head.slice(5)}`, root), 'utf8').trim() : head;
  });
}

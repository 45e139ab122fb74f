import { availableParallelism } from 'node:os';
import { aborted, onAbort } from '../core/aborts.ts';
import type { DataSource } from '../core/table.ts';
import type { Backend } from '../kernels/kernels.ts';
import { Network } from '../nn/network.ts';
import type { TrainerOptions } from '../train/options.ts';
import { Trainer } from '../train/trainer.ts';

/** How many trainings run at once, on how many workers each, and why. */
export interface SideBySide {
  together: number;
  workersEach: number;
  why: string;
}

/** Both ways train each network for so long before it counts, and then in each turn; seconds. */
const WARM_UP = 0.1;
const SAMPLE = 0.05;
const TURNS = 3;

/** Patterns per second of both ways on one network. */
interface Rates {
  readonly name: string;
  /** As many trainers as there are cores, on one worker each, together. */
  readonly sideBySide: number;
  /** One trainer on all workers. */
  readonly alone: number;
}

/**
 * Decides how many trainings are to run: side by side they wait for nobody, but share the machine's caches; a large network
 * may be faster on all workers. Both ways train both networks, in turns; that counts which needs less time for a pattern of each.
 * @param wanted - undefined: measured, in some 2 s
 * @throws as `Trainer.create`, `Trainer.fit`
 */
export async function chooseSideBySide(
  networks: readonly { readonly network: Network; readonly backend: Backend }[],
  train: DataSource,
  options: TrainerOptions,
  wanted: boolean | undefined,
  signal: AbortSignal | undefined,
): Promise<SideBySide> {
  const cores = availableParallelism();
  const alone = { together: 1, workersEach: cores };
  const apart = { together: cores, workersEach: 1 };
  if (cores === 1) return { ...alone, why: 'there is one core' };
  if (wanted !== undefined) return { ...(wanted ? apart : alone), why: 'it was asked for' };
  const rates: Rates[] = [];
  for (const { network, backend } of networks) {
    const found = await measureRates(network, train, { ...options, backend }, cores, signal);
    if (found === undefined)
      return { ...alone, workersEach: 1, why: 'there are no threads: training is on the calling thread' };
    rates.push(found);
  }
  const time = (of: (rate: Rates) => number) => rates.reduce((sum, rate) => sum + 1 / of(rate), 0);
  const better = time((rate) => rate.sideBySide) < time((rate) => rate.alone) ? apart : alone;
  const each = rates.map(
    ({ name, ...rate }) =>
      `${name} ${rate.sideBySide.toPrecision(3)} patterns/s in ${cores} trainings on one worker each, ${rate.alone.toPrecision(3)} in one on ${cores}`,
  );
  return { ...better, why: `measured: ${each.join('; ')}` };
}

async function measureRates(
  network: Network,
  train: DataSource,
  options: TrainerOptions,
  cores: number,
  signal: AbortSignal | undefined,
): Promise<Rates | undefined> {
  const workers = [...Array.from({ length: cores }, () => 1), cores];
  const trainers: Trainer[] = [];
  try {
    for (const count of workers) {
      const copy = new Network({ ...network.spec, normalization: network.normalization });
      trainers.push(await Trainer.create(copy, { ...options, workers: count }));
    }
    if (trainers[0]!.info.execution === 'inline') return undefined;
    const ways = [trainers.slice(0, -1), trainers.slice(-1)].map((own) => ({ own, epochs: 1, best: 0 }));
    for (const way of ways) {
      for (let spent = 0; spent < WARM_UP;) {
        const seconds = await time(way.own, train, way.epochs, signal);
        spent += seconds;
        way.epochs = Math.max(1, Math.min(4 * way.epochs, Math.ceil((way.epochs * SAMPLE) / seconds)));
      }
    }
    for (let turn = 0; turn < TURNS; turn++) {
      for (const way of ways) {
        const seconds = await time(way.own, train, way.epochs, signal);
        way.best = Math.max(way.best, (way.own.length * way.epochs * train.length) / seconds);
      }
    }
    const { inputs, layers } = network.spec;
    const name = [inputs, ...layers.map(({ units }) => units)].join('-');
    return { name, sideBySide: ways[0]!.best, alone: ways[1]!.best };
  } finally {
    await Promise.all(trainers.map((trainer) => trainer.close()));
  }
}

/** Seconds until all of them have trained so many epochs. */
async function time(
  trainers: readonly Trainer[],
  train: DataSource,
  epochs: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const start = performance.now();
  await Promise.all(trainers.map((trainer) => trainer.fit(train, { epochs, signal })));
  return (performance.now() - start) / 1000;
}

/**
 * Does all jobs, in their order, so many at a time. When one fails or the signal stops them, the others end before this rejects.
 * @throws what the first that failed threw; GradpoolError ERR_ABORTED
 */
export async function doTogether<T>(
  jobs: readonly T[],
  together: number,
  signal: AbortSignal | undefined,
  work: (job: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const own = new AbortController();
  const end = onAbort(signal, () => own.abort(signal!.reason));
  if (signal?.aborted) own.abort(signal.reason);
  const stop = own.signal;
  let next = 0;
  const errors: unknown[] = [];
  const lane = async () => {
    while (next < jobs.length && errors.length === 0) {
      try {
        if (stop.aborted) throw aborted('training', stop);
        await work(jobs[next++]!, stop);
      } catch (error) {
        errors.push(error);
        own.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: together }, lane)).finally(end);
  if (errors.length > 0) throw errors[0];
}

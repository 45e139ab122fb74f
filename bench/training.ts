// Trainers that are timed in turns.
import { trainingFlops } from '../src/core/spec.ts';
import { Random } from '../src/core/random.ts';
import { Trainer, type TrainerOptions } from '../src/index.ts';
import { PHASES } from '../src/memory/control.ts';
import { exactly } from '../src/train/order.ts';
import type { PhaseSeconds } from '../src/train/outcome.ts';
import { makeDataset, makeNetwork, nameOf, NETWORKS, type NetworkName } from './networks.ts';
import { type Effort, FULL } from './timing.ts';

/** Epochs long enough that starting one does not count: some 20 ms and more. */
export const PATTERNS = { A: 8192, B: 8192, C: 65_536 };

/** What is to be timed: a network, a batch size, and how it is trained. */
export interface Cell {
  readonly network: NetworkName;
  readonly batchSize: number;
  readonly options: TrainerOptions;
}

/** A cell with its trainer. */
export interface Runner {
  readonly cell: Cell;
  readonly layers: string;
  readonly trainer: Trainer;
  /** Of an update. */
  readonly flops: number;
  readonly data: ReturnType<typeof makeDataset>;
  /** In a measurement. */
  updates: number;
}

export interface Timed {
  /** Of an update. */
  readonly seconds: number;
  /** Seconds of each phase of an update on the first worker. */
  readonly phases: PhaseSeconds;
}

/** All of them; where it is only to be seen that they work, two do. */
export function cellsOf<T>(cells: readonly T[], effort: Effort): readonly T[] {
  return effort === FULL ? cells : cells.slice(-2);
}

/** Makes a trainer for each cell; cells of one network share its data. */
export async function makeRunners(cells: readonly Cell[]): Promise<Runner[]> {
  const sets = new Map<NetworkName, ReturnType<typeof makeDataset>>();
  const runners: Runner[] = [];
  for (const cell of cells) {
    const widths = NETWORKS[cell.network];
    const data = sets.get(cell.network) ?? makeDataset(widths, PATTERNS[cell.network]);
    sets.set(cell.network, data);
    const network = makeNetwork(widths);
    const trainer = await Trainer.create(network, { learningRate: 0.01, ...cell.options, batchSize: cell.batchSize });
    const flops = trainingFlops(network.spec) * cell.batchSize;
    runners.push({ cell, layers: nameOf(widths), trainer, flops, data, updates: 1 });
  }
  return runners;
}

/** Visits the runners once a round, each round in a random order; the first round only warms up. */
export async function inRounds<T, M>(
  runners: readonly T[],
  { rounds, time }: Effort,
  visit: (runner: T, seconds: number) => Promise<M>,
  keep: (runner: T, measured: M) => void,
): Promise<void> {
  const random = new Random(1);
  for (let round = 0; round <= rounds; round++) {
    const order = Uint32Array.from(runners.keys());
    random.shuffle(order);
    for (const i of order) {
      const measured = await visit(runners[i]!, time / 1000);
      if (round > 0) keep(runners[i]!, measured);
    }
  }
}

/** Trains for about so many seconds. */
export async function timeRunner(runner: Runner, seconds: number): Promise<Timed> {
  const { trainer, data } = runner;
  const fit = () => trainer.fit(data, exactly(runner.updates, data.length, trainer.info.batchSize));
  // The trainers take turns: while others were measured this one's threads slept and its caches went cold.
  await fit();
  const history = await fit();
  const sum = (of: (epoch: (typeof history)[number]) => number) =>
    history.reduce((total, epoch) => total + of(epoch), 0);
  const updates = sum((epoch) => epoch.updates);
  const each = sum((epoch) => epoch.seconds) / updates;
  const phases = Object.fromEntries(PHASES.map((p) => [p, sum((epoch) => epoch.phases[0]![p]) / updates]));
  runner.updates = Math.max(1, Math.ceil(seconds / each));
  return { seconds: each, phases: phases as PhaseSeconds };
}

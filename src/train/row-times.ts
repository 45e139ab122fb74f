import { Random } from '../core/random.ts';
import type { NetworkSpec } from '../core/spec.ts';
import { Dataset } from '../data/dataset.ts';
import type { Backend } from '../kernels/kernels.ts';
import { allocate } from '../memory/shared.ts';
import { Network } from '../nn/network.ts';
import type { FitOptions } from './fit-options.ts';
import type { NumericOptions } from './options.ts';
import { exactly } from './order.ts';
import type { EpochReport } from './report.ts';

/** Seconds of training before the clock counts: of the first trainer, whose code the others share, and of each. */
const FIRST_WARM_UP = 0.05;
const WARM_UP = 0.01;
/** Seconds of training that are one measurement: shorter ones would time how threads wake. */
const PIECE = 0.04;
/** No more rounds are begun so many seconds after the first trainer was asked for, or after so many rounds. */
const BUDGET = 1.4;
const LEAST_ROUNDS = 2;
const MOST_ROUNDS = 9;

/** A learning rate with which made-up patterns do not make numbers grow. */
const TAME = 1e-3;

/** A trainer, as far as it is needed here. */
export interface Trains {
  readonly info: { readonly backend: Backend };
  fit(data: Dataset, options: FitOptions): Promise<EpochReport[]>;
  close(): Promise<void>;
}

/** What a row takes with batches of one size. */
export interface RowTime {
  readonly batchSize: number;
  readonly secondsPerRow: number;
}

class Point {
  /** At best so far: whatever else runs on the machine only adds to it. */
  secondsPerRow = Infinity;
  readonly batchSize: number;
  readonly #trainer: Trains;
  readonly #data: Dataset;
  #updates = 1;

  constructor(batchSize: number, trainer: Trains, data: Dataset) {
    this.batchSize = batchSize;
    this.#trainer = trainer;
    this.#data = data;
  }

  /** Until so much time is spent and a measurement is long enough: starting one costs some 0.5 ms. */
  async warmUp(seconds: number): Promise<void> {
    let spent = 0;
    let each: number;
    do {
      each = await this.#secondsPerUpdate();
      spent += each * this.#updates;
      this.#updates = Math.max(1, Math.min(8 * this.#updates, Math.ceil(PIECE / each)));
    } while (spent < seconds || this.#updates * each < PIECE / 2);
  }

  async measure(): Promise<void> {
    this.secondsPerRow = Math.min(this.secondsPerRow, (await this.#secondsPerUpdate()) / this.batchSize);
  }

  async #secondsPerUpdate(): Promise<number> {
    const history = await this.#trainer.fit(this.#data, exactly(this.#updates, this.#data.length, this.batchSize));
    const sum = (of: (epoch: EpochReport) => number) => history.reduce((total, epoch) => total + of(epoch), 0);
    return sum((epoch) => epoch.seconds) / sum((epoch) => epoch.updates);
  }

  close(): Promise<void> {
    return this.#trainer.close();
  }
}

/**
 * Measures what a row takes with each of the batch sizes, in rounds: each once in every round, in a random order, so that
 * what disturbs the machine falls on all alike; the best of all rounds counts. Made-up patterns are trained.
 * @param sizes - from small to large
 * @param create - makes a trainer; all are there together
 * @param hopeless - what takes so many times the least after two rounds, or twice that after one, is left out of later rounds
 */
export async function measureRowTimes(
  spec: NetworkSpec,
  given: NumericOptions,
  sizes: readonly number[],
  create: (network: Network, options: NumericOptions) => Promise<Trains>,
  hopeless: number,
): Promise<RowTime[]> {
  const data = patterns(spec, sizes.at(-1)!);
  const network = new Network(spec);
  const points: Point[] = [];
  const end = performance.now() + 1000 * BUDGET;
  // That of the largest batch, which comes first, serves for all: where batches are long enough, so does the fastest backend.
  let { backend } = given;
  try {
    for (const batchSize of [...sizes].reverse()) {
      const rest = { learningRate: TAME, schedule: undefined, trace: undefined };
      const trainer = await create(network, { ...given, ...rest, backend, batchSize });
      ({ backend } = trainer.info);
      points.unshift(new Point(batchSize, trainer, data));
      await points[0]!.warmUp(points.length === 1 ? FIRST_WARM_UP : WARM_UP);
    }
    await inRounds(points, hopeless, end);
  } finally {
    await Promise.all(points.map((point) => point.close()));
  }
  return points.map(({ batchSize, secondsPerRow }) => ({ batchSize, secondsPerRow }));
}

async function inRounds(points: readonly Point[], hopeless: number, end: number): Promise<void> {
  const random = new Random(1);
  let hopeful = points;
  for (let round = 0; round < LEAST_ROUNDS || (round < MOST_ROUNDS && performance.now() < end); round++) {
    const order = Uint32Array.from(hopeful.keys());
    random.shuffle(order);
    for (const i of order) await hopeful[i]!.measure();
    const least = Math.min(...points.map((point) => point.secondsPerRow));
    // One round may have been disturbed.
    const limit = (round === 0 ? 2 : 1) * hopeless * least;
    hopeful = points.filter((point) => point.secondsPerRow <= limit);
  }
}

/** As many patterns as a batch of the largest size has; the values do not matter, but denormal numbers would. */
function patterns({ inputs, layers, loss }: NetworkSpec, count: number): Dataset {
  const random = new Random(1);
  const K = layers.at(-1)!.units;
  const values = new Float32Array(allocate(4 * count * inputs));
  for (let i = 0; i < values.length; i++) values[i] = random.uniform() - 0.5;
  const targets =
    loss === 'cross-entropy'
      ? { targets: Uint32Array.from({ length: count }, (_, i) => i % K) }
      : { targets: new Float32Array(count * K).fill(0.5), targetSize: K };
  return Dataset.fromArrays({ inputs: values, inputSize: inputs, ...targets });
}

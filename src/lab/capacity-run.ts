import type { Backend } from '../kernels/kernels.ts';
import type { DataSource } from '../core/table.ts';
import type { Dataset } from '../data/dataset.ts';
import type { LayerParameters } from '../memory/arena.ts';
import { Network } from '../nn/network.ts';
import { Trainer } from '../train/trainer.ts';
import type { ResolvedCapacity, Size } from './capacity-options.ts';

/** What came of one training: errors with the weights that it ended with, Infinity where the loss was not finite. */
export interface CapacityRun {
  /** Of the starting weights and of the orders of the patterns. */
  seed: number;
  training: number;
  validation: number;
  test: number;
  /** Trained; with early stopping the epoch that had the least validation error. */
  epochs: number;
  /** Of training, without evaluation. */
  seconds: number;
}

/** How a trainer is to compute. */
export interface Means {
  readonly workers: number;
  readonly backend: Backend;
}

/** Trains one network from the starting weights of a seed, and measures its errors on all three parts. */
export async function trainOnce(
  { spec }: Size,
  seed: number,
  { data, normalization, trainer: options, quantity, ...o }: ResolvedCapacity,
  means: Means,
  signal: AbortSignal | undefined,
): Promise<CapacityRun> {
  const network = new Network({ ...spec, normalization, seed });
  await using trainer = await Trainer.create(network, { ...options, ...means, seed });
  const errorOn = (part: Dataset) => measureError(trainer, network, part, quantity);
  const trained =
    o.patience === undefined
      ? await trainThrough(trainer, data.train, o.epochs, signal)
      : await trainUntilWorse(
          trainer,
          network,
          data.train,
          o.epochs,
          o.patience,
          () => errorOn(data.validation),
          signal,
        );
  const errors = {
    training: await errorOn(data.train),
    validation: await errorOn(data.validation),
    test: await errorOn(data.test),
  };
  const { finite, ...run } = trained;
  const converged = finite && Object.values(errors).every(Number.isFinite);
  return { seed, ...(converged ? errors : { training: Infinity, validation: Infinity, test: Infinity }), ...run };
}

interface Trained {
  readonly epochs: number;
  readonly seconds: number;
  /** The loss always was. */
  readonly finite: boolean;
}

async function trainThrough(
  trainer: Trainer,
  train: DataSource,
  epochs: number,
  signal: AbortSignal | undefined,
): Promise<Trained> {
  const history = await trainer.fit(train, { epochs, signal });
  const seconds = history.reduce((sum, epoch) => sum + epoch.seconds, 0);
  return { epochs, seconds, finite: history.every(({ loss }) => Number.isFinite(loss)) };
}

/** Leaves the network with the weights of the epoch that had the least validation error. */
async function trainUntilWorse(
  trainer: Trainer,
  network: Network,
  train: DataSource,
  most: number,
  patience: number,
  validationError: () => Promise<number>,
  signal: AbortSignal | undefined,
): Promise<Trained> {
  let best = { epoch: 0, error: Infinity, parameters: undefined as LayerParameters[] | undefined };
  let seconds = 0;
  for (let epoch = 1; epoch <= most && epoch - best.epoch <= patience; epoch++) {
    const [report] = await trainer.fit(train, { signal });
    seconds += report!.seconds;
    if (!Number.isFinite(report!.loss)) return { epochs: epoch, seconds, finite: false };
    const error = await validationError();
    if (error < best.error) best = { epoch, error, parameters: network.parameters };
  }
  if (best.parameters) network.setParameters(best.parameters);
  return { epochs: best.epoch, seconds, finite: best.parameters !== undefined };
}

/** The share of wrong answers, or the mean loss in the units of the data. */
async function measureError(
  trainer: Trainer,
  network: Network,
  part: Dataset,
  quantity: ResolvedCapacity['quantity'],
): Promise<number> {
  const { loss, accuracy } = await trainer.evaluate(part);
  if (quantity === 'error rate') return Number.isFinite(loss) ? 1 - accuracy! : Infinity;
  const scale = network.normalization.targets?.scale;
  if (scale === undefined || network.spec.loss !== 'mse') return loss;
  // A normalised error is `scale` times as large as that in the units of the data; the loss is of its square.
  if (scale.every((factor) => factor === scale[0])) return loss / scale[0]! ** 2;
  return inUnitsOfData(network).evaluate(part).loss;
}

/** The same network without normalised targets: y = (u - shift) / scale goes into the last layer, which is linear. */
function inUnitsOfData({ spec, normalization, parameters }: Network): Network {
  const { scale, shift } = normalization.targets!;
  const { weights, bias } = parameters.at(-1)!;
  weights.forEach((w, i) => (weights[i] = w / scale[i % bias.length]!));
  bias.forEach((b, k) => (bias[k] = (b - shift[k]!) / scale[k]!));
  const network = new Network({ ...spec, normalization: { ...normalization, targets: undefined } });
  network.setParameters([...parameters.slice(0, -1), { weights, bias }]);
  return network;
}

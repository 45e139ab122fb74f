import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Activation, LayerSpec, Loss } from '../core/spec.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Encoding, Task } from '../data/encoding.ts';
import { Normalization } from '../data/normalization.ts';
import { StreamedDataset } from '../data/streamed-dataset.ts';
import { saveNetwork } from '../formats/model-file.ts';
import type { JsonValue } from '../formats/plain-json.ts';
import type { BackendChoice } from '../kernels/kernels.ts';
import type { LayerParameters } from '../memory/arena.ts';
import { measureMetrics } from '../nn/metrics.ts';
import { Network } from '../nn/network.ts';
import type { OptimizerName } from '../train/optimizer.ts';
import type { StrategyChoice, TrainerOptions } from '../train/options.ts';
import type { EpochReport, Progress } from '../train/report.ts';
import { Trainer } from '../train/trainer.ts';
import { type DataFlags, type LoadedData, loadData } from './load-data.ts';
import { metricsText } from './metrics-text.ts';
import type { Output } from './output.ts';
import { count, duration } from './text.ts';

export interface TrainFlags extends DataFlags {
  model: string;
  hidden: number[];
  activation: Activation;
  normalize: 'z-score' | 'min-max' | 'none';
  epochs: number;
  patience: number;
  batchSize: number | 'auto' | 'adaptive';
  optimizer: OptimizerName;
  learningRate?: number;
  momentum?: number;
  nesterov?: boolean;
  weightDecay: number;
  schedule: 'constant' | 'cosine' | 'one-cycle';
  workers?: number;
  strategy: StrategyChoice;
  backend: BackendChoice;
  trace?: string;
}

const OUTPUT: Record<Task, { activation: Activation; loss: Loss }> = {
  classification: { activation: 'softmax', loss: 'cross-entropy' },
  regression: { activation: 'linear', loss: 'mse' },
  'multi-label': { activation: 'sigmoid', loss: 'binary-cross-entropy' },
};

/** Trains a network on a file, judges it on the rows that were kept apart, and saves it. */
export async function train(path: string, flags: TrainFlags, output: Output, signal: AbortSignal): Promise<void> {
  prepareFolder(flags.model);
  const data = await loadData(path, flags, (text) => output.note(text), signal);
  try {
    await trainOn(path, data, flags, output, signal);
  } finally {
    for (const part of [data.train, data.validation, data.test])
      if (part instanceof StreamedDataset) await part.close();
  }
}

async function trainOn(
  path: string,
  data: LoadedData,
  flags: TrainFlags,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const network = makeNetwork(data, flags);
  output.note(describeData(path, data, network));
  const ended = await runTraining(network, data, flags, output, signal);
  await saveNetwork(flags.model, network, {
    ...(data.encoding && { encoding: asJson(data.encoding) }),
    ...(data.classes && { classes: data.classes }),
  });
  output.note(`${flags.model} written, with the weights after ${ended.kept} epochs`);
  output.event('saved', { model: flags.model, epochs: ended.kept });
  if (ended.error !== undefined) throw ended.error;
  const [part, rows] = data.test
    ? (['test', data.test] as const)
    : data.validation
      ? (['validation', data.validation] as const)
      : (['training', data.train] as const);
  const metrics = await measureMetrics(network, rows, { signal });
  const names = data.classes ?? data.encoding?.targets.map(({ name }) => name);
  output.text(metricsText(part, metrics, names));
  output.event('done', { model: flags.model, epochs: ended.kept, part, metrics });
}

/** Before the work, not after it, comes out that nothing can be written there. */
function prepareFolder(model: string): void {
  const folder = dirname(model);
  mkdirSync(folder, { recursive: true });
  accessSync(folder, constants.W_OK);
}

function asJson(encoding: Encoding): JsonValue {
  return JSON.parse(JSON.stringify(encoding)) as JsonValue;
}

function makeNetwork(
  { train, task, outputs, encoding }: LoadedData,
  { hidden, activation, normalize, seed }: Pick<TrainFlags, 'hidden' | 'activation' | 'normalize' | 'seed'>,
): Network {
  const last: LayerSpec = { units: outputs, activation: OUTPUT[task].activation };
  // Bytes of images are in [0, 1] already.
  const method = encoding === undefined || normalize === 'none' ? undefined : normalize;
  const normalization =
    method && Normalization.fit(train, { inputs: method, ...(task === 'regression' && { targets: method }) });
  return new Network({
    inputs: train.inputSize,
    layers: [...hidden.map((units): LayerSpec => ({ units, activation })), last],
    loss: OUTPUT[task].loss,
    normalization,
    seed,
  });
}

/** What suits small sets of data; other optimisers have their own. */
const SGD = { learningRate: 0.02, momentum: 0.9 };

function trainerOptions(flags: TrainFlags): TrainerOptions {
  const { batchSize, optimizer, learningRate, momentum, nesterov, weightDecay, schedule, epochs } = flags;
  const { workers, strategy, backend, seed, trace } = flags;
  return {
    batchSize: batchSize === 'adaptive' ? { adaptive: true } : batchSize,
    optimizer,
    ...(optimizer === 'sgd'
      ? { learningRate: learningRate ?? SGD.learningRate, momentum: momentum ?? SGD.momentum, nesterov }
      : { learningRate, momentum, nesterov }),
    schedule: schedule === 'constant' ? schedule : { name: schedule, epochs },
    ...{ weightDecay, workers, strategy, backend, seed, trace },
  };
}

interface Ended {
  /** Epochs after which the network has the weights that it has. */
  readonly kept: number;
  /** What broke it off. */
  readonly error: Error | undefined;
}

/**
 * Trains until the epochs are over, the validation loss has not fallen for `patience` epochs, the signal comes or something fails;
 * then the network has the best weights, or with `patience` 0 those of the last whole epoch.
 * @throws what came before the end of the first epoch
 */
async function runTraining(
  network: Network,
  { train: rows, validation }: LoadedData,
  flags: TrainFlags,
  output: Output,
  signal: AbortSignal,
): Promise<Ended> {
  const options = trainerOptions(flags);
  if (typeof options.batchSize === 'number') options.batchSize = Math.min(options.batchSize, rows.length);
  await using trainer = await Trainer.create(network, options);
  const { workers, strategy, backend, path, reason } = trainer.info;
  output.note(`${workers} workers, strategy ${strategy}, backend ${backend} (${path}: ${reason})`);
  output.event('start', { network: network.spec, parameters: network.parameterCount, trainer: trainer.info });
  let best: { epoch: number; loss: number; parameters: LayerParameters[] } | undefined;
  let failure: Error | undefined;
  const bar = output.bar('epoch {epoch} [{bar}] {percentage}% | loss {loss} | {rate} rows/s | {eta_formatted}');
  const onProgress = bar && ((progress: Progress) => show(bar, progress));
  try {
    for await (const report of trainer.epochs(rows, { epochs: flags.epochs, validation, signal, onProgress })) {
      bar?.stop();
      tell(report, output);
      const { epoch } = report;
      const { loss } = report.validation ?? report;
      if (!Number.isFinite(loss))
        throw new Error(`the training has diverged in epoch ${epoch}: try a smaller --learning-rate`);
      const { parameters } = network;
      if (flags.patience === 0 || best === undefined || loss < best.loss) best = { epoch, loss, parameters };
      if (epoch - best.epoch >= Math.max(1, flags.patience)) break;
    }
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  } finally {
    bar?.stop();
  }
  // Nothing is worth saving.
  if (best === undefined) throw failure!;
  network.setParameters(best.parameters);
  return { kept: best.epoch, error: failure };
}

function show(bar: NonNullable<ReturnType<Output['bar']>>, progress: Progress): void {
  const { epoch, updates, totalUpdates, loss, samples, seconds } = progress;
  const shown = { epoch, loss: loss.toPrecision(4), rate: count(samples / seconds) };
  if (bar.isActive) {
    bar.setTotal(totalUpdates);
    bar.update(updates, shown);
  } else bar.start(totalUpdates, updates, shown);
}

function tell(report: EpochReport, output: Output): void {
  const { epoch, loss, accuracy, validation, seconds, samplesPerSecond } = report;
  const { phases: _, ...figures } = report;
  output.event('epoch', figures);
  const share = (value: number | undefined) => (value === undefined ? '' : `  accuracy ${(100 * value).toFixed(2)}%`);
  const other = validation && `  validation loss ${validation.loss.toPrecision(4)}${share(validation.accuracy)}`;
  output.note(
    `epoch ${String(epoch).padStart(3)}  loss ${loss.toPrecision(4)}${share(accuracy)}${other ?? ''}  ` +
      `${duration(seconds)}  ${count(samplesPerSecond)} rows/s`,
  );
}

function describeData(
  path: string,
  { train: rows, validation, test, task, encoding }: LoadedData,
  network: Network,
): string {
  const part = (name: string, dataset: Dataset | StreamedDataset | undefined) =>
    dataset ? [`${dataset.length} ${name}`] : [];
  const parts = [...part('to train', rows), ...part('to validate', validation), ...part('to test', test)].join(', ');
  const layers = [network.spec.inputs, ...network.spec.layers.map(({ units }) => units)].join('-');
  const dropped =
    encoding && encoding.training.dropped > 0 ? `, ${encoding.training.dropped} dropped for missing values` : '';
  return `${path}: ${task}, rows: ${parts}${dropped}; network ${layers}, ${network.parameterCount} parameters`;
}

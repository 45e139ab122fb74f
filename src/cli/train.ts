import { type OptimizerName, OPTIMIZERS } from '../core/optimizers.ts';
import type { Activation, LayerSpec, Loss } from '../core/spec.ts';
import type { Dataset } from '../data/dataset.ts';
import { type Encoding, type Task, widthOf } from '../data/encoding.ts';
import { Normalization, type NormalizationOptions } from '../data/normalization.ts';
import { StreamedDataset } from '../data/streamed-dataset.ts';
import { saveNetwork } from '../formats/model-file.ts';
import type { JsonValue } from '../formats/plain-json.ts';
import type { BackendChoice } from '../kernels/kernels.ts';
import { measureMetrics } from '../nn/metrics.ts';
import type { Initialisation } from '../nn/initialise.ts';
import { Network } from '../nn/network.ts';
import type { TrainingCallback } from '../train/callbacks.ts';
import type { ClassWeights } from '../train/class-weights.ts';
import type { Optimizer } from '../train/optimizer.ts';
import type { LastBatch, StrategyChoice, TrainerOptions } from '../train/options.ts';
import type { EpochReport, Progress } from '../train/report.ts';
import { type DataFlags, type LoadedData, loadOrStream } from './load-data.ts';
import { type LogFlags, openLogs } from './logs.ts';
import { metricsText } from './metrics-text.ts';
import { counted } from './numbers.ts';
import type { Output } from './output.ts';
import { checkpointOptions, checkSaving, type SavingFlags, startTrainer, tellHowToResume } from './saving.ts';
import { LEARNING_RATES } from './shared-options.ts';
import type { StreamFlags } from './stream-data.ts';
import { recordOf, splitAgain } from './split-flags.ts';
import { describeData, tellAbsent, tellColumns } from './summary.ts';
import { checkFolder, count, duration, prepareOutputs } from './text.ts';

type Rows = Dataset | StreamedDataset;

export interface StepFlags {
  optimizer: OptimizerName;
  learningRate?: number;
  momentum?: number;
  nesterov?: boolean;
  weightDecay?: number;
}

export interface TrainFlags extends DataFlags, StreamFlags, StepFlags, SavingFlags, LogFlags {
  model: string;
  hidden: number[];
  activation: Activation;
  dropout: number;
  initialisation: Initialisation;
  normalize: 'z-score' | 'min-max' | 'none';
  epochs: number;
  patience: number;
  batchSize: number | 'auto' | 'adaptive';
  lastBatch: LastBatch;
  classWeights?: ClassWeights;
  schedule: 'constant' | 'cosine' | 'one-cycle';
  workers?: number;
  strategy: StrategyChoice;
  backend: BackendChoice;
  trace?: string;
  config?: string;
}

/** What predicts each kind of targets. */
export const OUTPUT: Record<Task, { activation: Activation; loss: Loss }> = {
  classification: { activation: 'softmax', loss: 'cross-entropy' },
  regression: { activation: 'linear', loss: 'mse' },
  'multi-label': { activation: 'sigmoid', loss: 'binary-cross-entropy' },
};

/** Trains a network on a file, judges it on the rows that were kept apart, and saves it. */
export async function train(path: string, flags: TrainFlags, output: Output, signal: AbortSignal): Promise<void> {
  for (const option of ['checkpoint', 'resume', 'tensorboard'] as const) checkFolder(option, flags[option]);
  checkFolder('scratch', flags.scratch, false);
  checkSaving(flags);
  const { labels, testData, testLabels, config } = flags;
  const { model, history, trace } = flags;
  prepareOutputs({ model, history, trace }, [path, labels, testData, testLabels, config]);
  const note = (text: string) => output.note(text);
  const split = await splitAgain(flags, note);
  const data = await loadOrStream(path, flags, split, note, signal);
  try {
    await trainOn(path, data, { ...flags, record: recordOf(split) }, output, signal);
  } finally {
    for (const part of [data.train, data.validation, data.test])
      if (part instanceof StreamedDataset) await part.close();
  }
}

async function trainOn(
  path: string,
  data: LoadedData<Rows>,
  flags: TrainFlags,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const network = makeNetwork(data, flags);
  output.note(describeData(path, data, network));
  output.remarks(data.notes);
  await tellColumns(data, output);
  const ended = await runTraining(network, data, flags, output, signal).catch((error: unknown) => {
    tellHowToResume(flags, error, output);
    throw error;
  });
  await saveNetwork(flags.model, network, {
    ...(data.encoding && { encoding: asJson(data.encoding) }),
    ...(data.classes && { classes: data.classes }),
  });
  const after = ended.error && flags.patience === 0 ? 'of the last update, after' : 'after';
  output.note(`${flags.model} written, with the weights ${after} ${counted(ended.kept, 'epoch')}`);
  output.event('saved', { model: flags.model, epochs: ended.kept });
  if (ended.error !== undefined) {
    tellHowToResume(flags, ended.error, output);
    throw ended.error;
  }
  const [part, rows] = data.test
    ? (['test', data.test] as const)
    : data.validation
      ? (['validation', data.validation] as const)
      : (['training', data.train] as const);
  const metrics = await measureMetrics(network, rows, { intervals: part !== 'training', signal });
  const names = data.classes ?? data.encoding?.targets.map(({ name }) => name);
  output.text(metricsText(part, metrics, names));
  tellAbsent(part, metrics, names, output);
  if (flags.groupColumn !== undefined && metrics.intervals !== undefined)
    output.note(`the interval takes rows one by one: those of one ${flags.groupColumn} are alike, so it is too narrow`);
  output.event('done', { model: flags.model, epochs: ended.kept, part, metrics });
}

function asJson(encoding: Encoding): JsonValue {
  return JSON.parse(JSON.stringify(encoding)) as JsonValue;
}

/** A network with starting weights, for data as they were loaded. */
export function makeNetwork(
  { train, task, outputs, encoding }: LoadedData<Rows>,
  {
    hidden,
    activation,
    dropout,
    initialisation,
    normalize,
    seed,
  }: Pick<TrainFlags, 'hidden' | 'activation' | 'dropout' | 'initialisation' | 'normalize' | 'seed'>,
): Network {
  const last: LayerSpec = { units: outputs, activation: OUTPUT[task].activation };
  const methods = methodsOf({ task, encoding }, normalize);
  return new Network({
    inputs: train.inputSize,
    layers: [...hidden.map((units): LayerSpec => ({ units, activation, dropout })), last],
    loss: OUTPUT[task].loss,
    initialisation,
    normalization: methods && Normalization.fit(train, methods),
    seed,
  });
}

/** How columns are normalised: bytes of images are in [0, 1] already, and so are the inputs that categories become. */
export function methodsOf(
  { task, encoding }: Pick<LoadedData, 'task' | 'encoding'>,
  normalize: TrainFlags['normalize'],
): NormalizationOptions | undefined {
  if (encoding === undefined || normalize === 'none') return undefined;
  const inputs = encoding.inputs.flatMap((column) =>
    Array.from({ length: widthOf(column) }, () => (column.kind === 'numeric' ? normalize : 'none')),
  );
  return { inputs, ...(task === 'regression' && { targets: normalize }) };
}

/** How weights step. Weight decay of its own, as AdamW has, belongs to the optimiser. */
export function stepOptions({
  optimizer: name,
  learningRate = LEARNING_RATES[name],
  momentum = name === 'sgd' ? 0.9 : undefined,
  nesterov,
  weightDecay,
}: StepFlags): Pick<TrainerOptions, keyof StepFlags> {
  const own = weightDecay !== undefined && 'weightDecay' in OPTIMIZERS[name].hyperparameters;
  const optimizer = own ? ({ name, weightDecay } as Optimizer) : name;
  return { optimizer, learningRate, momentum, nesterov, weightDecay: own ? undefined : weightDecay };
}

function trainerOptions(flags: TrainFlags): TrainerOptions {
  const { batchSize, schedule, epochs } = flags;
  const { classWeights, lastBatch, workers, strategy, backend, seed, trace } = flags;
  return {
    batchSize: batchSize === 'adaptive' ? { adaptive: true } : batchSize,
    ...stepOptions(flags),
    schedule: schedule === 'constant' ? schedule : { name: schedule, epochs },
    ...{ classWeights, lastBatch, workers, strategy, backend, seed, trace },
  };
}

interface Ended {
  /** The epoch that has the weights; where something broke off a training without patience, the last whole one before them. */
  readonly kept: number;
  /** What broke it off. */
  readonly error: Error | undefined;
}

/**
 * Trains until the epochs are over, the validation loss has not fallen for `patience` epochs, the signal comes or something fails;
 * then the network has the best weights, or with `patience` 0 the last.
 * @throws what came before the end of the first epoch, or has left no weights worth saving
 */
async function runTraining(
  network: Network,
  { train: rows, validation }: LoadedData<Rows>,
  flags: TrainFlags,
  output: Output,
  signal: AbortSignal,
): Promise<Ended> {
  const options = trainerOptions(flags);
  // Where rows that are too few for a batch are dropped, it is not to be made smaller.
  if (typeof options.batchSize === 'number' && options.lastBatch === 'keep')
    options.batchSize = Math.min(options.batchSize, rows.length);
  await using trainer = await startTrainer(network, options, flags, output);
  await using logs = await openLogs(flags, trainer.resumed?.history.length);
  const { workers, strategy, backend, path, reason } = trainer.info;
  const why = trainer.resumed ? 'as in the checkpoint' : reason;
  output.note(`${workers} workers, strategy ${strategy}, backend ${backend} (${path}: ${why})`);
  output.event('start', { network: network.spec, parameters: network.parameterCount, trainer: trainer.info });
  const bar = output.bar('{epoch} [{bar}] loss {losses} | {rate} rows/s | {left} left');
  const { epochs, patience } = flags;
  const monitor = validation ? 'validation loss' : 'training loss';
  const earlyStopping = patience === 0 ? undefined : ({ patience, monitor } as const);
  let last: EpochReport | undefined;
  const telling: TrainingCallback = {
    onTrainBegin() {
      last = trainer.resumed?.history.at(-1);
    },
    ...(bar && { onProgress: (progress) => show(bar, progress, epochs, last) }),
    onEpochEnd(report) {
      bar?.stop();
      tell(report, output);
      const { loss } = report.validation ?? report;
      if (Number.isFinite(loss)) last = report;
      else {
        // Nothing is worth saving without weights to go back to.
        if (!earlyStopping) last = undefined;
        throw new Error(`the training has diverged in epoch ${report.epoch}: try a smaller --learning-rate`);
      }
    },
  };
  const error = await trainer
    .fit(rows, {
      epochs,
      validation,
      earlyStopping,
      callbacks: [telling, logs],
      checkpoint: checkpointOptions(flags),
      signal,
    })
    .then(() => undefined)
    .catch((thrown: unknown) => (thrown instanceof Error ? thrown : new Error(String(thrown))))
    .finally(() => bar?.stop());
  if (last === undefined) throw error!;
  if (last.stopped) output.note(`stopped: ${last.stopped.why}`);
  return { kept: last.earlyStopping?.best.epoch ?? last.epoch, error };
}

/** @param last - the epoch before, if there was one */
function show(
  bar: NonNullable<ReturnType<Output['bar']>>,
  { epoch, updates, totalUpdates, loss, samples, seconds }: Progress,
  epochs: number,
  last: EpochReport | undefined,
): void {
  const validation = last?.validation ? `, validation ${last.validation.loss.toPrecision(3)}` : '';
  const left = (seconds / updates) * ((epochs - epoch + 1) * totalUpdates - updates);
  const shown = {
    epoch: `${epoch}/${epochs}`,
    losses: loss.toPrecision(3) + validation,
    rate: count(samples / seconds),
    left: updates > 0 ? duration(left) : '?',
  };
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

import { finite, flag, integer, oneOf, options, wrongType } from '../core/checks.ts';
import { type Activation, type LayerSpec, type NetworkSpec, parameterCount, resolveSpec } from '../core/spec.ts';
import { Dataset } from '../data/dataset.ts';
import { Normalization, type NormalizationOptions } from '../data/normalization.ts';
import { Network } from '../nn/network.ts';
import { bind } from '../train/bound.ts';
import { resolveOptions, type TrainerOptions } from '../train/options.ts';
import { checkWatched, differentIntegers } from './arguments.ts';

/** Three parts of one data set: to train with, to choose by, and to judge with. */
export interface CapacityData {
  train: Dataset;
  /** Decides when to stop, with `earlyStopping`; else only measured. */
  validation: Dataset;
  /** Never looked at before a training is over. */
  test: Dataset;
}

/** The mean loss in the units of the data, or the share of wrong answers. */
export type CapacityQuantity = 'loss' | 'error rate';
const QUANTITIES: readonly CapacityQuantity[] = ['loss', 'error rate'];

/** What every trainer gets beside its workers and seed; the strategies are those whose bits do not depend on the workers. */
export type CapacityTrainer = Omit<
  TrainerOptions,
  'workers' | 'microBatchSize' | 'accumulation' | 'seed' | 'batchSize' | 'strategy' | 'averagingPeriod' | 'trace'
> & {
  /** B; default 64, or all patterns where there are fewer. */
  batchSize?: number | undefined;
  strategy?: 'auto' | 'owner-computes' | undefined;
};

export interface CapacityOptions {
  /** The output layer; the loss follows from its activation. */
  output: LayerSpec;
  /** Of the hidden layers; default relu. */
  activation?: Activation | undefined;
  /** Units of each hidden layer; default 1, 2, 4, ..., 256. An empty list leaves the series out. */
  widths?: readonly number[] | undefined;
  /** Hidden layers of the series over `widths`; default 1. */
  depth?: number | undefined;
  /** Hidden layers; default 0, 1, ..., 6. An empty list leaves the series out. */
  depths?: readonly number[] | undefined;
  /** Units of each hidden layer of the series over `depths`; default 16. */
  width?: number | undefined;
  /** Fitted on the training part. Default none. */
  normalization?: NormalizationOptions | undefined;
  /** What counts as the error; default error rate for cross-entropy, else loss. */
  quantity?: CapacityQuantity | undefined;
  /** Of a training; the most with `earlyStopping`. Default 100. */
  epochs?: number | undefined;
  /** Stops after so many epochs without a smaller validation error, and goes back to the weights of the epoch that had the least. */
  earlyStopping?: { patience: number } | undefined;
  /** Trainings of each size, with other starting weights and orders of the patterns; default 5. */
  repeats?: number | undefined;
  /** Of the first repeat, the next has the next number; and of the resamplings. Default 0. */
  seed?: number | undefined;
  /** By how much the test error may be larger than the least and still count as good; default 0.05. */
  tolerance?: number | undefined;
  trainer?: CapacityTrainer | undefined;
  /** true: as many trainings at once as there are cores, on one worker each; false: one after another on all; default 'auto': measured. */
  sideBySide?: 'auto' | boolean | undefined;
  /** Ends the measurement; with the repeats that are complete, if there are any. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: CapacityProgress) => void) | undefined;
}

/** A training is over. */
export interface CapacityProgress {
  /** Trainings. */
  done: number;
  total: number;
  width: number;
  depth: number;
  seed: number;
}

const KEYS = [
  'output',
  'activation',
  'widths',
  'depth',
  'depths',
  'width',
  'normalization',
  'quantity',
  'epochs',
  'earlyStopping',
  'repeats',
  'seed',
  'tolerance',
  'trainer',
  'sideBySide',
  'signal',
  'onProgress',
] as const;

/** What each training gets, or follows from it. */
const OWN = ['workers', 'microBatchSize', 'accumulation', 'seed', 'trace'] as const;

/** One network of the series; where both have it, it is trained once. */
export interface Size {
  readonly width: number;
  readonly depth: number;
  readonly axes: readonly ('width' | 'depth')[];
  readonly spec: NetworkSpec;
  readonly parameters: number;
}

export type ResolvedCapacity = ReturnType<typeof resolveCapacity>;

/** @throws TypeError, RangeError naming the argument */
export function resolveCapacity(given: CapacityData, wanted: CapacityOptions) {
  const data = options<CapacityData>('data', given, ['train', 'validation', 'test']);
  for (const part of ['train', 'validation', 'test'] as const)
    if (!(data[part] instanceof Dataset)) throw wrongType(`data.${part}`, 'Dataset', data[part]);
  const o = options<CapacityOptions>('options', wanted, KEYS);
  const activation = o.activation ?? 'relu';
  const sizes = resolveSizes(data.train.inputSize, activation, o);
  const normalization = o.normalization && Normalization.fit(data.train, o.normalization);
  const first = new Network({ ...sizes[0]!.spec, normalization });
  for (const part of ['train', 'validation', 'test'] as const) bind(first, `data.${part}`, data[part]);
  const { loss } = first.spec;
  const usual = loss === 'cross-entropy' ? 'error rate' : 'loss';
  const quantity = oneOf('quantity', o.quantity ?? usual, QUANTITIES);
  if (quantity === 'error rate' && loss === 'mse')
    throw new RangeError('"quantity" expected loss with linear outputs: their answers are not right or wrong');
  checkWatched(o);
  const sideBySide = o.sideBySide ?? 'auto';
  return {
    data,
    activation,
    sizes,
    normalization,
    quantity,
    epochs: integer('epochs', o.epochs ?? 100, 1),
    patience: o.earlyStopping && resolvePatience(o.earlyStopping),
    repeats: integer('repeats', o.repeats ?? 5, 1, 1000),
    seed: integer('seed', o.seed ?? 0, 0),
    tolerance: finite('tolerance', o.tolerance ?? 0.05, 0),
    trainer: resolveTrainer(data.train, o.trainer ?? {}),
    sideBySide: sideBySide === 'auto' ? undefined : flag('sideBySide', sideBySide),
    signal: o.signal,
    onProgress: o.onProgress,
  };
}

function resolvePatience(earlyStopping: { patience: number }): number {
  const { patience } = options<{ patience: number }>('earlyStopping', earlyStopping, ['patience']);
  return integer('earlyStopping.patience', patience, 1);
}

function resolveSizes(inputs: number, activation: Activation, o: CapacityOptions): Size[] {
  const powers = Array.from({ length: 9 }, (_, i) => 2 ** i);
  const widths = differentIntegers('widths', o.widths ?? powers, 1);
  const depths = differentIntegers('depths', o.depths ?? [0, 1, 2, 3, 4, 5, 6], 0, MOST_LAYERS);
  const depth = integer('depth', o.depth ?? 1, 1, MOST_LAYERS);
  const width = integer('width', o.width ?? 16, 1);
  if (widths.length + depths.length === 0) throw new RangeError('"widths" expected a size, or "depths", got none');
  const wanted = [
    ...widths.map((units) => ({ width: units, depth, axis: 'width' as const })),
    ...depths.map((layers) => ({ width, depth: layers, axis: 'depth' as const })),
  ];
  const sizes: Size[] = [];
  for (const { axis, ...size } of wanted) {
    const same = sizes.findIndex((one) => one.width === size.width && one.depth === size.depth);
    if (same >= 0) sizes[same] = { ...sizes[same]!, axes: [...sizes[same]!.axes, axis] };
    else {
      const hidden = Array.from({ length: size.depth }, () => ({ units: size.width, activation }));
      const spec = resolveSpec({ inputs, layers: [...hidden, o.output] });
      sizes.push({ ...size, axes: [axis], spec, parameters: parameterCount(spec) });
    }
  }
  return sizes;
}

const MOST_LAYERS = 1000;

/** @throws TypeError, RangeError: an option that each training gets of its own, or a strategy whose results depend on the workers */
export function resolveTrainer(train: Dataset, given: CapacityTrainer): CapacityTrainer & { batchSize: number } {
  if (typeof given !== 'object' || given === null) throw wrongType('trainer', 'object of options', given);
  for (const name of OWN)
    if (name in given) throw new RangeError(`"trainer" expected no ${name}: each training gets its own`);
  const { strategy } = resolveOptions(given);
  if (typeof given.schedule === 'object' && given.schedule.name === 'plateau')
    throw new RangeError('"trainer" expected a "schedule" that needs no validation, got plateau');
  if (strategy !== 'auto' && strategy !== 'owner-computes')
    throw new RangeError(
      `"trainer" expected "strategy" auto or owner-computes, got ${strategy}: its results depend on the workers`,
    );
  const batchSize = integer('trainer.batchSize', given.batchSize ?? Math.min(64, train.length), 1, train.length);
  return { ...given, batchSize };
}
